/* Clause 9.8: inverse Walsh-Hadamard transform across planes, inverse DCT of each, in 64-bit integers. R-550. */
#include "internal.h"

static const int16_t *basis(u32 n) { return nntc_basis + (n - 1) * n * (2 * n - 1) / 6; } /* 1 + 4 + 9 + ... before it */

NNTC_LOCAL void nntc_inverse_transform(int32_t *x, u32 planes, u32 height, u32 breadth, i64 *y) {
    u32 size = height * breadth;
    const int16_t *down = basis(height), *across = basis(breadth);
    i64 z[256];
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
    for (u32 m = 0; m < planes; m++, x += size, y += size) {
        for (u32 u = 0; u < height; u++)
            for (u32 i = 0; i < breadth; i++) {
                i64 sum = 0;
                for (u32 v = 0; v < breadth; v++) sum += (i64)x[u * breadth + v] * across[v * breadth + i];
                z[u * breadth + i] = sum;
            }
        for (u32 j = 0; j < height; j++)
            for (u32 i = 0; i < breadth; i++) {
                i64 sum = 0;
                for (u32 u = 0; u < height; u++) sum += z[u * breadth + i] * down[u * height + j];
                y[j * breadth + i] = sum;
            }
    }
}
