/* Clause 9.8: inverse Walsh-Hadamard transform across planes, inverse DCT of each. R-550. */
#include "internal.h"

static const int16_t *basis(u32 n) { return nntc_basis + (n - 1) * n * (2 * n - 1) / 6; } /* 1 + 4 + 9 + ... before it */

static void mix(int32_t *x, u32 planes, u32 size) {
    for (u32 half = 1; half < planes; half *= 2)
        for (u32 m = 0; m < planes; m++) {
            if ((m & half) != 0) continue;
            int32_t *a = x + (size_t)m * size, *b = a + (size_t)half * size;
            for (u32 i = 0; i < size; i++) {
                int32_t sum = a[i] + b[i], difference = a[i] - b[i];
                a[i] = sum;
                b[i] = difference;
            }
        }
}

/* One plane: rows to y, then columns in place. Inline, so that sizes which are known shape the loops. */
static inline void plane(const int32_t *x, u32 height, u32 breadth, nntc_sum *y) {
    const int16_t *down = basis(height), *across = basis(breadth);
    nntc_sum column[16];
    for (u32 u = 0; u < height; u++)
        for (u32 i = 0; i < breadth; i++) {
            nntc_sum sum = 0;
            for (u32 v = 0; v < breadth; v++) sum += (nntc_sum)x[u * breadth + v] * across[v * breadth + i];
            y[u * breadth + i] = sum;
        }
    for (u32 i = 0; i < breadth; i++) {
        for (u32 u = 0; u < height; u++) column[u] = y[u * breadth + i];
        for (u32 j = 0; j < height; j++) {
            nntc_sum sum = 0;
            for (u32 u = 0; u < height; u++) sum += column[u] * down[u * height + j];
            y[j * breadth + i] = sum;
        }
    }
}

NNTC_LOCAL void nntc_inverse_transform(int32_t *x, u32 planes, u32 height, u32 breadth, nntc_sum *y) {
    u32 size = height * breadth;
    mix(x, planes, size);
    for (u32 m = 0; m < planes; m++, x += size, y += size) {
        if (size == 1) y[0] = (nntc_sum)x[0] * 4096 * 4096;
        else if (height == 3 && breadth == 3) plane(x, 3, 3, y);
        else plane(x, height, breadth, y);
    }
}
