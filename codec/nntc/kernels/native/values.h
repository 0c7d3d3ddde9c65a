/* SPEC.md 9.5, 9.7: what tokens stand for, looked up. */
#ifndef NNTC_VALUES_H
#define NNTC_VALUES_H

#include "kernels.h"

/* out[i] = table[indices[i]], elements of `width` bytes (1, 2, 4, 8), indices of `index_width` (1, 2, 4) bytes; false, and
 * nothing beyond the table is read, if an index is none of its `size` elements. */
bool look_up(const void *table, u64 size, u32 width, const void *indices, u32 index_width, u64 count, void *out);

#endif
