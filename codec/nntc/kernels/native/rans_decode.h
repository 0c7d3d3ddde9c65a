/* SPEC.md 9.4: decoding of one rANS stream. */
#ifndef NNTC_RANS_DECODE_H
#define NNTC_RANS_DECODE_H

#include "kernels.h"

/* Token of each slot; frequency | start << 16 of each token. */
typedef struct decoding_table {
    u8 token[4096];
    u32 packed[256];
} decoding_table;

/* A stream. Arrays of lanes have room for a multiple of 16. */
typedef struct rans_stream {
    const decoding_table *tables;
    const u8 *contexts; /* of each token in coded order, NULL: all 0 */
    u32 count, segment, lanes;
    u32 trellis; /* 0: none, 1: four states, 2: eight, 3: 128 */
    u32 *x, *state;
    const u8 *words, *end; /* what is left of the words */
} rans_stream;

/* A token of lanes 0 to active - 1, for which words are left. contexts: of these lanes, or NULL. */
typedef void rans_step(rans_stream *s, const u8 *contexts, u32 active, void *out);

void rans_table(const u16 frequencies[256], decoding_table *table);

/* Bytes of scratch that a stream of so many lanes needs. */
size_t rans_scratch(u32 lanes);
/* Decodes a stream: without trellis u8 [count] tokens, with one u16 [count] token | quantizer << 8.
 * False if its words run out, are left over, or a lane does not end as it began. */
bool rans_decode(rans_stream *s, void *scratch, void *out);

#ifdef KERNELS_X86
rans_step rans_plain_avx2, rans_trellis_avx2, rans_plain_avx512, rans_trellis_avx512;
#endif

#endif
