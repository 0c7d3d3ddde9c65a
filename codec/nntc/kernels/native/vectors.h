/* Sixteen numbers side by side, in the vector types of gcc and clang: they use what the processor has, or do without. */
#ifndef NNTC_VECTORS_H
#define NNTC_VECTORS_H

#include "kernels.h"

#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0
#error "binary32 must be computed as such; without these kernels numpy does"
#endif

enum { LANES = 16 };
typedef float floats __attribute__((vector_size(4 * LANES)));
typedef i32 ints __attribute__((vector_size(4 * LANES)));
typedef double doubles __attribute__((vector_size(8 * LANES)));

ALWAYS_INLINE floats all_floats(float value) { return value - (floats){0}; }
ALWAYS_INLINE ints all_ints(i32 value) { return value - (ints){0}; }
ALWAYS_INLINE ints numbered(i32 first) { return (ints){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} + first; }
/* One of both by a mask of ones or zeros: what a comparison returns. */
ALWAYS_INLINE ints choose_ints(ints mask, ints a, ints b) { return (mask & a) | (~mask & b); }
ALWAYS_INLINE floats choose_floats(ints mask, floats a, floats b) { return (floats)choose_ints(mask, (ints)a, (ints)b); }
ALWAYS_INLINE floats least(floats a, floats b) { return choose_floats(b < a, b, a); }
ALWAYS_INLINE ints least_ints(ints a, ints b) { return choose_ints(b < a, b, a); }
ALWAYS_INLINE floats magnitudes(floats x) { return (floats)((ints)x & 0x7FFFFFFF); }
ALWAYS_INLINE floats floats_of(ints x) { return __builtin_convertvector(x, floats); }
ALWAYS_INLINE floats floats_of_doubles(doubles x) { return __builtin_convertvector(x, floats); }
ALWAYS_INLINE doubles doubles_of(floats x) { return __builtin_convertvector(x, doubles); }
ALWAYS_INLINE ints truncated(floats x) { return __builtin_convertvector(x, ints); }
ALWAYS_INLINE floats gathered(const float *table, ints at) {
    floats found;
    for (u32 i = 0; i < LANES; i++) found[i] = table[at[i]];
    return found;
}

#if defined(__GNUC__) && !defined(__clang__)
#define SHUFFLED(from, count, at) \
    if (count == 1) return __builtin_shuffle(from[0], at); \
    if (count == 2) return __builtin_shuffle(from[0], from[1], at);
#else
#define SHUFFLED(from, count, at) (void)count;
#endif
/* Makes a function that returns numbers number at[i] of a few vectors, at below LANES * count. */
#define TAKES(name, vector) \
    ALWAYS_INLINE vector name(const vector *from, u32 count, ints at) { \
        vector found; \
        SHUFFLED(from, count, at) \
        for (u32 i = 0; i < LANES; i++) found[i] = from[(u32)at[i] / LANES][(u32)at[i] % LANES]; \
        return found; \
    }
TAKES(taken_ints, ints)
TAKES(taken, floats)

#endif
