/* SHA-256 by the SHA instructions of x86. */
#include "kernels.h"

#ifdef NNTC_X86
#include <immintrin.h>

/* Four rounds; w0 holds their words, and gets those of four rounds after the next twelve. */
#define ROUNDS(i, w0, w1, w2, w3) \
    do { \
        __m128i m = _mm_add_epi32(w0, _mm_loadu_si128((const __m128i *)(const void *)(nntc_sha256_constants + 4 * (i)))); \
        s1 = _mm_sha256rnds2_epu32(s1, s0, m); \
        s0 = _mm_sha256rnds2_epu32(s0, s1, _mm_shuffle_epi32(m, 0x0E)); \
        if ((i) < 12) \
            w0 = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4)), w3); \
    } while (0)
#define FOUR(i) \
    do { \
        ROUNDS(4 * (i), a, b, c, d); \
        ROUNDS(4 * (i) + 1, b, c, d, a); \
        ROUNDS(4 * (i) + 2, c, d, a, b); \
        ROUNDS(4 * (i) + 3, d, a, b, c); \
    } while (0)

__attribute__((target("sha,sse4.1,ssse3"))) NNTC_LOCAL void nntc_sha256_x86(u32 h[8], const u8 *data, size_t blocks) {
    const __m128i swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    __m128i *state = (__m128i *)(void *)h;
    __m128i t = _mm_shuffle_epi32(_mm_loadu_si128(state), 0xB1), s1 = _mm_shuffle_epi32(_mm_loadu_si128(state + 1), 0x1B);
    __m128i s0 = _mm_alignr_epi8(t, s1, 8); /* a b e f */
    s1 = _mm_blend_epi16(s1, t, 0xF0);      /* c d g h */
    for (; blocks > 0; blocks--, data += 64) {
        const __m128i *p = (const __m128i *)(const void *)data, old0 = s0, old1 = s1;
        __m128i a = _mm_shuffle_epi8(_mm_loadu_si128(p), swap), b = _mm_shuffle_epi8(_mm_loadu_si128(p + 1), swap);
        __m128i c = _mm_shuffle_epi8(_mm_loadu_si128(p + 2), swap), d = _mm_shuffle_epi8(_mm_loadu_si128(p + 3), swap);
        FOUR(0);
        FOUR(1);
        FOUR(2);
        FOUR(3);
        s0 = _mm_add_epi32(s0, old0);
        s1 = _mm_add_epi32(s1, old1);
    }
    t = _mm_shuffle_epi32(s0, 0x1B);
    s1 = _mm_shuffle_epi32(s1, 0xB1);
    _mm_storeu_si128(state, _mm_blend_epi16(t, s1, 0xF0));
    _mm_storeu_si128(state + 1, _mm_alignr_epi8(s1, t, 8));
}
#undef ROUNDS
#undef FOUR
#endif
