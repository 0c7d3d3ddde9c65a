/* SPEC.md 9.5, 9.7, 9.8: from tokens to elements, in one pass. */
#ifndef NNTC_RECONSTRUCT_H
#define NNTC_RECONSTRUCT_H

#include "inverse_transform.h"

/* In the table of integers: an escape stands there. */
#define ESCAPED 0x1p60

/* A record without gaps. Rows end at `ends`, or each has `columns` elements where that is NULL. */
typedef struct reconstruction {
    u64 count;
    const void *indices; /* u8 or u16 [count]: of a table's integer */
    u32 index_width;
    const double *table; /* [size]: the integer of each index, ESCAPED where an escape is next */
    u64 size;
    const u8 *quantizers; /* [size]: of each index, 0 or 1 */
    const i32 *escapes;
    u64 escape_count;
    bool dependent; /* what the table has is on the fine grid, and escapes are to be put there */
    const u8 *low;  /* `low_bits` bits of each integer, at most 24 */
    u64 low_size;
    u32 low_bits;
    u64 rows, columns;
    const i64 *ends;
    const double *factors; /* [rows], or one: what scaled levels are multiplied by */
    bool has_row_factors;
    const u8 *column_codes; /* [columns], or NULL */
    const double *steps;    /* [256]: number of each step code */
    const i64 *bases;       /* [rows], or NULL: added to integers, before they are put on the fine grid */
    bool bases_dependent;
    const transform *transform; /* NULL: none */
    double offset, limit; /* limit: greatest magnitude of a scaled level */
    u32 element;
    void *out;
} reconstruction;

/* Most elements that are worked on at once, and bytes of scratch, aligned to 64 bytes, for them. */
u64 reconstruct_stretch(const reconstruction *r);
size_t reconstruct_scratch(const reconstruction *r);
/* Makes all elements; not valid if the number of escapes, or any range of SPEC.md, is not kept. */
void reconstruct(const reconstruction *r, void *scratch, bool *valid);

#endif
