/* rANS under a trellis, sixteen lanes at a time. Lanes that are idle are masked out; of words only those are read that exist. */
#include "kernels.h"

#ifdef NNTC_AVX512
#include <immintrin.h>

#pragma GCC diagnostic ignored "-Wsign-conversion" /* of gcc's own macros, without optimization */

_Static_assert(offsetof(decoding_table, packed) == 4096 && sizeof(decoding_table) == 5120, "gathers go by these");

#define GATHER(mask, base, at) _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), mask, at, (const void *)(base), 1)
#define LOAD(from) _mm512_loadu_si512((const void *)(from))

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,popcnt"))) NNTC_LOCAL const u8 *nntc_trellis_avx512(
    const record *rec, const buffers *b, const plain *p, const u8 *words, const u8 *end, u32 active, u8 *tokens) {
    const lane_arrays *at = &b->lanes;
    const u32 kind = (rec->flags & 3u) - 1;
    const __m512i next = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)nntc_next[kind]));
    const __m512i quantizer = _mm512_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)nntc_q[kind]));
    const __m512i one = _mm512_set1_epi32(1), byte = _mm512_set1_epi32(255);
    for (u32 l = 0; l < active; l += 16) {
        __mmask16 mask = (__mmask16)(active - l >= 16 ? 0xFFFFu : (1u << (active - l)) - 1), ended = 0, more;
        __m512i x = LOAD(at->x + l), state = LOAD(at->state + l), table = _mm512_permutexvar_epi32(state, quantizer);
        if (p->contexts > 1) {
            __m512i column = LOAD(at->column + l), sum = LOAD(at->row_class + l);
            if (b->column_class != NULL) /* reads up to 3 bytes more, where the tables are */
                sum = _mm512_add_epi32(sum, _mm512_and_si512(GATHER(mask, b->column_class, column), byte));
            sum = _mm512_min_epu32(sum, _mm512_set1_epi32((int)p->contexts - 1));
            table = _mm512_add_epi32(table, _mm512_slli_epi32(sum, 1));
            column = _mm512_add_epi32(column, one);
            ended = _mm512_mask_cmpeq_epi32_mask(mask, column, LOAD(at->size + l));
            _mm512_mask_storeu_epi32(at->column + l, mask, column);
        }
        __m512i base = _mm512_mullo_epi32(table, _mm512_set1_epi32(5120)), slot = _mm512_and_si512(x, _mm512_set1_epi32(4095));
        __m512i token = _mm512_and_si512(GATHER(mask, b->tables, _mm512_add_epi32(base, slot)), byte);
        __m512i entry = GATHER(mask, b->tables->packed, _mm512_add_epi32(base, _mm512_slli_epi32(token, 2)));
        x = _mm512_mullo_epi32(_mm512_and_si512(entry, _mm512_set1_epi32(0xFFFF)), _mm512_srli_epi32(x, 12));
        x = _mm512_add_epi32(x, _mm512_sub_epi32(slot, _mm512_srli_epi32(entry, 16)));
        more = _mm512_mask_cmplt_epu32_mask(mask, x, _mm512_set1_epi32(65536));
        __m256i word = end - words >= 32 ? _mm256_maskz_expand_epi16(more, _mm256_loadu_si256((const __m256i *)(const void *)words))
                                         : _mm256_maskz_expandloadu_epi16(more, words);
        x = _mm512_mask_or_epi32(x, more, _mm512_slli_epi32(x, 16), _mm512_cvtepu16_epi32(word));
        words += 2 * (u32)__builtin_popcount(more);
        state = _mm512_or_si512(_mm512_slli_epi32(state, 1), _mm512_and_si512(token, one));
        _mm512_mask_storeu_epi32(at->x + l, mask, x);
        _mm512_mask_storeu_epi32(at->state + l, mask, _mm512_permutexvar_epi32(state, next));
        _mm512_mask_cvtepi32_storeu_epi8(tokens + l, mask, token);
        for (u32 bits = ended; bits != 0; bits &= bits - 1) {
            u32 lane = l + (u32)__builtin_ctz(bits);
            at->column[lane] = 0;
            nntc_enter_row(rec, b, lane, at->row[lane] + 1);
        }
    }
    return words;
}
#undef GATHER
#undef LOAD
#endif
