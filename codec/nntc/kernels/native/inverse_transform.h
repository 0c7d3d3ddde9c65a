/* SPEC.md 9.8: the inverse transform, of eight blocks side by side. All sums are exact, whatever their order. */
#ifndef NNTC_INVERSE_TRANSFORM_H
#define NNTC_INVERSE_TRANSFORM_H

#include "kernels.h"

/* Blocks of 2^mix planes; what planes are multiplied by from both sides, rows of frequencies. */
typedef struct transform {
    u32 height, width, mix;
    const double *vertical, *horizontal;
} transform;

#ifdef __clang__
#define UNROLLED _Pragma("clang loop unroll_count(8)")
#else
#define UNROLLED _Pragma("GCC unroll 8")
#endif

enum { AT_ONCE = 8 };
typedef double lanes __attribute__((vector_size(8 * AT_ONCE), may_alias));

ALWAYS_INLINE lanes all(double value) { return (lanes){value, value, value, value, value, value, value, value}; }

/* Number p of each of `blocks` blocks beside each other. */
ALWAYS_INLINE void spread(const double *x, u64 period, u64 blocks, lanes *out) {
    double *to = (double *)out;
    if (blocks < AT_ONCE) memset(out, 0, period * sizeof *out);
    for (u64 b = 0; b < blocks; b++)
        UNROLLED
        for (u64 p = 0; p < period; p++) to[p * AT_ONCE + b] = x[b * period + p];
}

ALWAYS_INLINE void collect(const lanes *from, u64 period, u64 blocks, double *x) {
    const double *in = (const double *)from;
    for (u64 b = 0; b < blocks; b++)
        UNROLLED
        for (u64 p = 0; p < period; p++) x[b * period + p] = in[p * AT_ONCE + b];
}

ALWAYS_INLINE void mix_planes(lanes *x, u64 area, u64 period) {
    for (u64 near = area; near < period; near *= 2)
        for (u64 pair = 0; pair < period; pair += 2 * near)
            for (u64 p = pair; p < pair + near; p++) {
                lanes a = x[p], b = x[p + near];
                x[p] = a + b;
                x[p + near] = a - b;
            }
}

/* Sums begin with +0, so that none ends as -0. */
ALWAYS_INLINE void transform_plane(lanes *x, u32 h, u32 w, const double *vertical, const double *horizontal, lanes *rows) {
    for (u32 u = 0; u < h; u++)
        for (u32 to = 0; to < w; to++) {
            lanes sum = {0};
            for (u32 v = 0; v < w; v++) sum += x[u * w + v] * all(horizontal[v * w + to]);
            rows[u * w + to] = sum;
        }
    for (u32 to = 0; to < h; to++)
        for (u32 v = 0; v < w; v++) {
            lanes sum = {0};
            for (u32 u = 0; u < h; u++) sum += rows[u * w + v] * all(vertical[u * h + to]);
            x[to * w + v] = sum;
        }
}

/* Elements of a block; doubles of scratch for one. */
ALWAYS_INLINE u64 period_of(const transform *t) { return (u64)t->height * t->width << t->mix; }
ALWAYS_INLINE u64 transform_scratch(const transform *t) { return 2 * AT_ONCE * period_of(t); }

ALWAYS_INLINE void transform_planes(const transform *t, lanes *x, u64 period, lanes *rows) {
    const u32 h = t->height, w = t->width;
    if (h == 5 && w == 5) /* the compiler knows the numbers */
        for (u64 p = 0; p < period; p += 25) transform_plane(x + p, 5, 5, t->vertical, t->horizontal, rows);
    else if (h == 1 && w == 1)
        for (u64 p = 0; p < period; p++) x[p] *= all(0x1p24);
    else
        for (u64 p = 0; p < period; p += h * w) transform_plane(x + p, h, w, t->vertical, t->horizontal, rows);
}

/* Planes of 3 x 3 one by one, each number times what it adds to all nine: `both` is the product of the matrices. */
ALWAYS_INLINE void transform_nine(const transform *t, double *x, u64 count) {
    lanes first[9] = {{0}};
    double last[9];
    for (u32 k = 0; k < 9; k++) {
        for (u32 to = 0; to < 8; to++) first[k][to] = t->vertical[k / 3 * 3 + to / 3] * t->horizontal[k % 3 * 3 + to % 3];
        last[k] = t->vertical[k / 3 * 3 + 2] * t->horizontal[k % 3 * 3 + 2];
    }
    for (u64 at = 0; at < count; at += 9) {
        lanes sum = {0};
        double ninth = 0;
        for (u32 k = 0; k < 9; k++) {
            sum += all(x[at + k]) * first[k];
            ninth += x[at + k] * last[k];
        }
        memcpy(x + at, &sum, sizeof sum);
        x[at + 8] = ninth;
    }
}

/* Whole blocks one after the other; `scratch` is aligned to vectors. */
ALWAYS_INLINE void inverse_transform(const transform *t, double *x, u64 count, void *scratch) {
    const u64 period = period_of(t), area = period >> t->mix;
    lanes *side_by_side = scratch, *rows = side_by_side + period;
    if (t->height == 3 && t->width == 3 && t->mix == 0) {
        transform_nine(t, x, count);
        return;
    }
    for (u64 at = 0; at < count; at += period * AT_ONCE) {
        u64 blocks = (count - at) / period < AT_ONCE ? (count - at) / period : AT_ONCE;
        spread(x + at, period, blocks, side_by_side);
        mix_planes(side_by_side, area, period);
        transform_planes(t, side_by_side, period, rows);
        collect(side_by_side, period, blocks, x + at);
    }
}

#endif
