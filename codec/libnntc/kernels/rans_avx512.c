/* rANS under a trellis, sixteen lanes at a time. Lanes that are idle are masked out; of words only those are read that exist. */
#include "kernels.h"

#ifdef NNTC_AVX512
#include <immintrin.h>

#pragma GCC diagnostic ignored "-Wsign-conversion" /* of gcc's own macros, without optimization */

_Static_assert(offsetof(fast_table, packed) == 4096 && sizeof(fast_table) == 5120, "gathers go by these");

#define GATHER(mask, base, at) _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), mask, at, (const void *)(base), 1)
#define LOAD(mask, from) _mm512_maskz_loadu_epi32(mask, from)
#define LOAD_BYTES(mask, from) _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, from))

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,popcnt"))) NNTC_LOCAL const u8 *nntc_trellis_avx512(
    stream *s, const u8 *words, const u8 *end, u32 active, u8 *tile, u32 k) {
    const u32 kind = s->trellis - 1, batch = s->batch, steps = s->steps;
    const __m512i next = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)nntc_next[kind]));
    const __m512i quantizer = _mm512_cvtepu8_epi32(_mm_shuffle_epi32(_mm_loadl_epi64((const __m128i *)(const void *)nntc_q[kind]), 0x44));
    const __m512i one = _mm512_set1_epi32(1), byte = _mm512_set1_epi32(255), most = _mm512_set1_epi32((int)s->contexts - 1);
    const fast_table *const fast = s->fast;
    const u8 *const columns_end = s->columns_end;
    const bool contexts = s->contexts > 1;
    for (u32 l = 0; l < active; l += 16) {
        __mmask16 mask = (__mmask16)(active - l >= 16 ? 0xFFFFu : (1u << (active - l)) - 1), ended = 0, more;
        __m512i x = LOAD(mask, s->x + l), state = LOAD_BYTES(mask, s->state + l), table = _mm512_permutexvar_epi32(state, quantizer), high;
        if (contexts) {
            __m512i left = LOAD(mask, s->left + l), sum = LOAD_BYTES(mask, s->row_class + l);
            if (columns_end != NULL) /* reads up to 3 bytes more, which there are */
                sum = _mm512_add_epi32(sum, _mm512_and_si512(GATHER(mask, columns_end, _mm512_sub_epi32(_mm512_setzero_si512(), left)), byte));
            table = _mm512_add_epi32(table, _mm512_slli_epi32(_mm512_min_epu32(sum, most), 1));
            left = _mm512_sub_epi32(left, one);
            ended = _mm512_mask_testn_epi32_mask(mask, left, left);
            _mm512_mask_storeu_epi32(s->left + l, mask, left);
        }
        __m512i base = _mm512_mullo_epi32(table, _mm512_set1_epi32(5120)), slot = _mm512_and_si512(x, _mm512_set1_epi32(4095));
        __m512i token = _mm512_and_si512(GATHER(mask, fast, _mm512_add_epi32(base, slot)), byte);
        __m512i entry = GATHER(mask, fast->packed, _mm512_add_epi32(base, _mm512_slli_epi32(token, 2)));
        x = _mm512_mullo_epi32(_mm512_and_si512(entry, _mm512_set1_epi32(0xFFFF)), _mm512_srli_epi32(x, 12));
        x = _mm512_add_epi32(x, _mm512_sub_epi32(slot, _mm512_srli_epi32(entry, 16)));
        more = _mm512_mask_cmplt_epu32_mask(mask, x, _mm512_set1_epi32(65536));
        __m256i word = end - words >= 32 ? _mm256_maskz_expand_epi16(more, _mm256_loadu_si256((const __m256i *)(const void *)words))
                                         : _mm256_maskz_expandloadu_epi16(more, words);
        x = _mm512_mask_or_epi32(x, more, _mm512_slli_epi32(x, 16), _mm512_cvtepu16_epi32(word));
        words += 2 * (u32)__builtin_popcount(more);
        high = _mm512_and_si512(_mm512_srli_epi32(state, 1), _mm512_set1_epi32(0x3C));
        state = _mm512_or_si512(_mm512_slli_epi32(state, 1), _mm512_and_si512(token, one));
        state = _mm512_xor_si512(high, _mm512_permutexvar_epi32(state, next)); /* by the low bits: nntc_next_state */
        _mm512_mask_storeu_epi32(s->x + l, mask, x);
        _mm512_mask_cvtepi32_storeu_epi8(s->state + l, mask, state);
        _mm512_mask_cvtepi32_storeu_epi8(tile + (size_t)l * steps + (size_t)k * (batch - l < 16 ? batch - l : 16), mask, token);
        for (u32 bits = ended; bits != 0; bits &= bits - 1) nntc_enter_row(s, l + (u32)__builtin_ctz(bits));
    }
    return words;
}
#undef GATHER
#undef LOAD
#undef LOAD_BYTES
#endif
