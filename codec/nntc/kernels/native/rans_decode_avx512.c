/* Steps of rANS decoding, sixteen lanes at a time. Idle lanes are masked out; of words only those are read that exist. */
#include "rans_decode.h"

#ifdef KERNELS_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,popcnt")))
_Static_assert(offsetof(decoding_table, packed) == 4096 && sizeof(decoding_table) == 5120, "gathers go by these");

#define GATHER(mask, base, at) _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), mask, at, (const void *)(base), 1)

/* Takes a token of each lane of the mask: returns them. */
TARGET ALWAYS_INLINE __m512i advance(rans_stream *s, __mmask16 mask, __m512i table, u32 *lanes) {
    __m512i x = _mm512_loadu_si512(lanes), slot = _mm512_and_si512(x, _mm512_set1_epi32(4095));
    __m512i base = _mm512_mullo_epi32(table, _mm512_set1_epi32(5120));
    __m512i token = _mm512_and_si512(GATHER(mask, s->tables, _mm512_add_epi32(base, slot)), _mm512_set1_epi32(255));
    __m512i entry = GATHER(mask, s->tables->packed, _mm512_add_epi32(base, _mm512_slli_epi32(token, 2)));
    x = _mm512_mullo_epi32(_mm512_and_si512(entry, _mm512_set1_epi32(0xFFFF)), _mm512_srli_epi32(x, 12));
    x = _mm512_add_epi32(x, _mm512_sub_epi32(slot, _mm512_srli_epi32(entry, 16)));
    __mmask16 more = _mm512_mask_cmplt_epu32_mask(mask, x, _mm512_set1_epi32(65536));
    __m256i word = s->end - s->words >= 32 ? _mm256_maskz_expand_epi16(more, _mm256_loadu_si256((const void *)s->words))
                                           : _mm256_maskz_expandloadu_epi16(more, s->words);
    x = _mm512_mask_or_epi32(x, more, _mm512_slli_epi32(x, 16), _mm512_cvtepu16_epi32(word));
    s->words += 2 * (u32)_mm_popcnt_u32(more);
    _mm512_mask_storeu_epi32(lanes, mask, x);
    return token;
}

TARGET ALWAYS_INLINE __mmask16 lanes_of(u32 left) { return (__mmask16)(left >= 16 ? 0xFFFFu : (1u << left) - 1); }

TARGET ALWAYS_INLINE __m512i contexts_of(const u8 *contexts, __mmask16 mask) {
    return contexts == NULL ? _mm512_setzero_si512() : _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, contexts));
}

TARGET void rans_plain_avx512(rans_stream *s, const u8 *contexts, u32 active, void *out) {
    for (u32 l = 0; l < active; l += 16) {
        __mmask16 mask = lanes_of(active - l);
        __m512i table = contexts_of(contexts == NULL ? NULL : contexts + l, mask);
        _mm512_mask_cvtepi32_storeu_epi8((u8 *)out + l, mask, advance(s, mask, table, s->x + l));
    }
}

TARGET void rans_trellis_avx512(rans_stream *s, const u8 *contexts, u32 active, void *out) {
    const u32 kind = s->trellis - 1;
    const __m512i next = _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)kernels_next[kind]));
    const __m512i quantizers = _mm512_cvtepu8_epi32(_mm_shuffle_epi32(_mm_loadl_epi64((const void *)kernels_quantizer[kind]), 0x44));
    for (u32 l = 0; l < active; l += 16) {
        __mmask16 mask = lanes_of(active - l);
        __m512i state = _mm512_loadu_si512(s->state + l), q = _mm512_permutexvar_epi32(state, quantizers);
        __m512i table = _mm512_slli_epi32(contexts_of(contexts == NULL ? NULL : contexts + l, mask), 1);
        __m512i token = advance(s, mask, _mm512_add_epi32(table, q), s->x + l);
        _mm512_mask_cvtepi32_storeu_epi16((u16 *)out + l, mask, _mm512_or_si512(token, _mm512_slli_epi32(q, 8)));
        __m512i high = _mm512_and_si512(_mm512_srli_epi32(state, 1), _mm512_set1_epi32(0x3C));
        state = _mm512_or_si512(_mm512_slli_epi32(state, 1), _mm512_and_si512(token, _mm512_set1_epi32(1)));
        state = _mm512_xor_si512(high, _mm512_permutexvar_epi32(state, next)); /* by the low bits: next_state */
        _mm512_mask_storeu_epi32(s->state + l, mask, state);
    }
}
#endif
