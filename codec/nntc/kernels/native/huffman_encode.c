/* SPEC.md 8.5: Huffman lanes, written. */
#include "huffman_encode.h"

u64 huffman_encode_lane(const u8 *tokens, u64 lane, u64 lanes, u64 count, const u8 lengths[256], const u16 codes[256], u8 *out) {
    u64 written = 0, bits = 0; /* the low `held` bits of bits are still to be written */
    u32 held = 0;
    for (u64 i = lane; i < count; i += lanes) {
        bits = bits << lengths[tokens[i]] | codes[tokens[i]];
        held += lengths[tokens[i]];
        for (; held >= 8; held -= 8) out[written++] = (u8)(bits >> (held - 8));
    }
    if (held > 0) out[written++] = (u8)(bits << (8 - held));
    return written;
}
