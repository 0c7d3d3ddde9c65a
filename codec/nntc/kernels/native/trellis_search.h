/* Trellis search: levels of least distortion and rate, as ../numpy/trellis_search.py finds them. */
#ifndef NNTC_TRELLIS_SEARCH_H
#define NNTC_TRELLIS_SEARCH_H

#include "kernels.h"

enum { SEARCHED_AT_ONCE = 16 }; /* segments */

/* Values in coded order; costs: [contexts][2][MAGNITUDES]; zeros may be NULL. */
typedef struct trellis_search {
    const float *x;
    const u16 *contexts;
    const u8 *zeros;
    const float *costs;
    u64 count;
    u32 segment, kind; /* kind: 0 for four states, 1 for eight, 2 for 128 */
    i32 *levels;
    u8 *quantizers;
} trellis_search;

size_t trellis_scratch(u32 segment, u32 kind);
/* Searches SEARCHED_AT_ONCE segments from number `first` on, those that there are. */
void search_segments(const trellis_search *s, u64 first, void *scratch);

#endif
