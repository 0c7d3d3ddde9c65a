/* Rows of small matrices become columns: eight by eight words, sixteen by sixteen bytes. */
#ifndef NNTC_TRANSPOSED_H
#define NNTC_TRANSPOSED_H

#include "kernels.h"

#ifdef KERNELS_X86
#include <emmintrin.h>

/* One pass of log2(rows): numbers of rows of both halves come to stand beside each other. */
#define INTERLEAVE(rows, width) \
    { \
        __m128i after[rows]; \
        for (u32 i = 0; i < rows / 2; i++) { \
            after[2 * i] = _mm_unpacklo_epi##width(row[i], row[i + rows / 2]); \
            after[2 * i + 1] = _mm_unpackhi_epi##width(row[i], row[i + rows / 2]); \
        } \
        memcpy(row, after, sizeof after); \
    }

ALWAYS_INLINE void transpose_words(const u16 *from, size_t step, u16 *to, size_t to_step) {
    __m128i row[8];
    for (u32 i = 0; i < 8; i++) row[i] = _mm_loadu_si128((const __m128i *)(const void *)(from + i * step));
    INTERLEAVE(8, 16)
    INTERLEAVE(8, 16)
    INTERLEAVE(8, 16)
    for (u32 i = 0; i < 8; i++) _mm_storeu_si128((__m128i *)(void *)(to + i * to_step), row[i]);
}

ALWAYS_INLINE void transpose_bytes(const u8 *from, size_t step, u8 *to, size_t to_step) {
    __m128i row[16];
    for (u32 i = 0; i < 16; i++) row[i] = _mm_loadu_si128((const __m128i *)(const void *)(from + i * step));
    INTERLEAVE(16, 8)
    INTERLEAVE(16, 8)
    INTERLEAVE(16, 8)
    INTERLEAVE(16, 8)
    for (u32 i = 0; i < 16; i++) _mm_storeu_si128((__m128i *)(void *)(to + i * to_step), row[i]);
}
#else
ALWAYS_INLINE void transpose_words(const u16 *from, size_t step, u16 *to, size_t to_step) {
    for (u32 i = 0; i < 8; i++)
        for (u32 k = 0; k < 8; k++) to[k * to_step + i] = from[i * step + k];
}

ALWAYS_INLINE void transpose_bytes(const u8 *from, size_t step, u8 *to, size_t to_step) {
    for (u32 i = 0; i < 16; i++)
        for (u32 k = 0; k < 16; k++) to[k * to_step + i] = from[i * step + k];
}
#endif

#endif
