/* SPEC.md 9.5, 9.7, 9.8: from tokens to elements, in one pass. */
#ifndef NNTC_RECONSTRUCT_H
#define NNTC_RECONSTRUCT_H

#include "inverse_transform.h"

/* A record without gaps. Rows end at `ends`, or each has `columns` elements where that is NULL. */
typedef struct reconstruction {
    u64 count;
    const void *tokens; /* [count]: u8, or under a trellis u16 token | quantizer << 8 */
    bool dependent;
    i32 lowest;         /* integer of token 0 */
    const i32 *escapes; /* of tokens 255, or NULL */
    u64 escape_count;
    const u8 *low; /* `low_bits` bits of each integer, at most 24; not under a trellis */
    u64 low_size;
    u32 low_bits;
    u64 rows, columns;
    const i64 *ends;
    const double *factors; /* [rows], or one: what scaled levels are multiplied by */
    bool has_row_factors;
    const u8 *column_codes; /* [columns], or NULL */
    const double *steps;    /* [256]: number of each step code */
    const i64 *bases;       /* [rows], or NULL: added to integers, before they are put on the fine grid */
    const transform *transform; /* NULL: none */
    double offset, limit; /* limit: greatest magnitude of a scaled level */
    u32 element;
    void *out;
} reconstruction;

/* Elements that are worked on at once; columns whose numbers are looked up once, 0 if they are too many. */
u64 reconstruct_stretch(const reconstruction *r);
u64 reconstruct_columns(const reconstruction *r);
/* Bytes of scratch, aligned to 64 bytes, that it takes. */
size_t reconstruct_scratch(const reconstruction *r);
/* Makes all elements; false if the number of escapes, or any range of SPEC.md, is not kept. */
bool reconstruct(const reconstruction *r, void *scratch);
#ifdef KERNELS_X86
bool reconstruct_avx2(const reconstruction *r, void *scratch);
bool reconstruct_avx512(const reconstruction *r, void *scratch);
#endif

ALWAYS_INLINE u64 padded_doubles(u64 count) { return (count + 7) & ~(u64)7; }

#endif
