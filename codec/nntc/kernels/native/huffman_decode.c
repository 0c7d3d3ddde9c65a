/* SPEC.md 9.4: decoding of Huffman lanes. */
#include "huffman_decode.h"

void huffman_table(const u8 lengths[256], u16 table[1 << 15]) {
    u32 end = 0; /* codes ascend with length and token, so their stretches of the table follow each other */
    for (u32 length = 1; length <= 15; length++)
        for (u32 token = 0; token < 256; token++)
            if (lengths[token] == length)
                for (u32 k = 0; k < 1u << (15 - length) && end < 1u << 15; k++) table[end++] = (u16)(token << 4 | length);
    while (end < 1u << 15) table[end++] = 0;
}

bool huffman_decode_lane(const u16 *table, const u8 *data, u64 size, u64 lane, u64 lanes, u64 count, u8 *out) {
    u64 at = 0, bits = 0; /* the low `held` bits of bits come next */
    u32 held = 0;
    for (u64 i = lane; i < count; i += lanes) {
        if (held < 15)
            for (; held <= 56 && at < size; held += 8) bits = bits << 8 | data[at++];
        u16 found = table[(held >= 15 ? bits >> (held - 15) : bits << (15 - held)) & 0x7FFF];
        u32 length = found & 15;
        if (length == 0 || length > held) return false;
        out[i] = (u8)(found >> 4);
        held -= length;
    }
    return at == size && held < 8 && (bits & (((u64)1 << held) - 1)) == 0;
}
