/* SPEC.md 8.5: Huffman lanes, written. */
#ifndef NNTC_HUFFMAN_ENCODE_H
#define NNTC_HUFFMAN_ENCODE_H

#include "kernels.h"

/* Writes the code words of tokens lane, lane + lanes, ... below count, most significant bit first, zero padded; returns the
 * bytes written. */
u64 huffman_encode_lane(const u8 *tokens, u64 lane, u64 lanes, u64 count, const u8 lengths[256], const u16 codes[256], u8 *out);

#endif
