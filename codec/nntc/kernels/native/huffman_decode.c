/* SPEC.md 9.4: decoding of Huffman lanes. */
#include "huffman_decode.h"

u32 huffman_table(const u8 lengths[256], u16 table[1 << 15]) {
    u32 end = 0, longest = 1; /* codes ascend with length and token, so their stretches of the table follow each other */
    for (u32 token = 0; token < 256; token++) longest = lengths[token] > longest && lengths[token] <= 15 ? lengths[token] : longest;
    for (u32 length = 1; length <= longest; length++)
        for (u32 token = 0; token < 256; token++)
            if (lengths[token] == length)
                for (u32 k = 0; k < 1u << (longest - length) && end < 1u << longest; k++) table[end++] = (u16)(token << 4 | length);
    while (end < 1u << longest) table[end++] = 0;
    return longest;
}

bool huffman_decode_lane(const u16 *table, u32 longest, const u8 *data, u64 size, u64 lane, u64 lanes, u64 count, u8 *out) {
    const u64 mask = ((u64)1 << longest) - 1;
    u64 at = 0, bits = 0; /* the low `held` bits of bits come next */
    u32 held = 0;
    for (u64 i = lane; i < count; i += lanes) {
        if (held < longest)
            for (; held <= 56 && at < size; held += 8) bits = bits << 8 | data[at++];
        u16 found = table[(held >= longest ? bits >> (held - longest) : bits << (longest - held)) & mask];
        u32 length = found & 15;
        if (length == 0 || length > held) return false;
        out[i] = (u8)(found >> 4);
        held -= length;
    }
    return at == size && held < 8 && (bits & (((u64)1 << held) - 1)) == 0;
}
