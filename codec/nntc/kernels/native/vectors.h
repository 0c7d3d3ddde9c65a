/* Sixteen numbers side by side, in the vector types of gcc and clang: they use what the processor has, or do without. */
#ifndef NNTC_VECTORS_H
#define NNTC_VECTORS_H

#include "kernels.h"

enum { LANES = 16 };
typedef float floats __attribute__((vector_size(4 * LANES)));
typedef i32 ints __attribute__((vector_size(4 * LANES)));

ALWAYS_INLINE floats all_floats(float value) { return value - (floats){0}; }
ALWAYS_INLINE ints all_ints(i32 value) { return value - (ints){0}; }
/* One of both by a mask of ones or zeros: what a comparison returns. */
ALWAYS_INLINE ints choose_ints(ints mask, ints a, ints b) { return (mask & a) | (~mask & b); }
ALWAYS_INLINE floats choose_floats(ints mask, floats a, floats b) { return (floats)choose_ints(mask, (ints)a, (ints)b); }
ALWAYS_INLINE floats least(floats a, floats b) { return choose_floats(b < a, b, a); }
ALWAYS_INLINE ints least_ints(ints a, ints b) { return choose_ints(b < a, b, a); }
ALWAYS_INLINE floats magnitudes(floats x) { return (floats)((ints)x & 0x7FFFFFFF); }
ALWAYS_INLINE floats floats_of(ints x) { return __builtin_convertvector(x, floats); }
ALWAYS_INLINE ints truncated(floats x) { return __builtin_convertvector(x, ints); }
ALWAYS_INLINE floats gathered(const float *table, ints at) {
    floats found;
    for (u32 i = 0; i < LANES; i++) found[i] = table[at[i]];
    return found;
}

#endif
