/* SPEC.md 9.4: decoding of Huffman lanes. */
#ifndef NNTC_HUFFMAN_DECODE_H
#define NNTC_HUFFMAN_DECODE_H

#include "kernels.h"

/* Table of as many of the next bits as the longest code has, which it returns: token << 4 | length of the code that they
 * begin with; 0 where they begin none. */
u32 huffman_table(const u8 lengths[256], u16 table[1 << 15]);
/* Decodes the tokens of a lane, bytes data[0..size), to out[0], out[lanes], ... below count; false if its bits do not end
 * as they must. */
bool huffman_decode_lane(const u16 *table, u32 longest, const u8 *data, u64 size, u64 lane, u64 lanes, u64 count, u8 *out);

#endif
