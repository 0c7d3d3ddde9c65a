/* Steps of rANS decoding, eight lanes at a time. Idle lanes are left as they are; of words only those are read that exist. */
#include "rans_decode.h"

#ifdef KERNELS_X86
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,popcnt")))
_Static_assert(offsetof(decoding_table, packed) == 4096 && sizeof(decoding_table) == 5120, "gathers go by these");

/* For each set of lanes that take a word, which of the next words each takes: how many lanes before it do. */
#define PLACE(set, lane) __builtin_popcount((set) & ((1u << (lane)) - 1))
#define PLACES(set) {PLACE(set, 0), PLACE(set, 1), PLACE(set, 2), PLACE(set, 3), PLACE(set, 4), PLACE(set, 5), PLACE(set, 6), PLACE(set, 7)}
#define PLACES_4(set) PLACES(set), PLACES(set + 1), PLACES(set + 2), PLACES(set + 3)
#define PLACES_16(set) PLACES_4(set), PLACES_4(set + 4), PLACES_4(set + 8), PLACES_4(set + 12)
#define PLACES_64(set) PLACES_16(set), PLACES_16(set + 16), PLACES_16(set + 32), PLACES_16(set + 48)
static const u8 places[256][8] = {PLACES_64(0), PLACES_64(64), PLACES_64(128), PLACES_64(192)};

TARGET ALWAYS_INLINE __m256i all(u32 value) { return _mm256_set1_epi32((int)value); }
TARGET ALWAYS_INLINE __m256i numbers(const u8 *bytes) { return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)bytes)); }
TARGET ALWAYS_INLINE __m256i first_lanes(u32 count) { return _mm256_cmpgt_epi32(all(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)); }

TARGET ALWAYS_INLINE __m128i next_words(const rans_stream *s, u32 count) {
    u16 some[8] = {0};
    if (s->end - s->words >= 16) return _mm_loadu_si128((const void *)s->words);
    memcpy(some, s->words, 2 * (size_t)count);
    return _mm_loadu_si128((const void *)some);
}

/* Takes a token of each active lane: returns them. */
TARGET ALWAYS_INLINE __m256i advance(rans_stream *s, __m256i active, __m256i table, u32 *lanes) {
    __m256i before = _mm256_loadu_si256((const void *)lanes), slot = _mm256_and_si256(before, all(4095));
    __m256i base = _mm256_mullo_epi32(table, all(5120));
    __m256i token = _mm256_and_si256(_mm256_i32gather_epi32((const void *)s->tables, _mm256_add_epi32(base, slot), 1), all(255));
    __m256i entry = _mm256_i32gather_epi32((const void *)s->tables->packed, _mm256_add_epi32(base, _mm256_slli_epi32(token, 2)), 1);
    __m256i x = _mm256_mullo_epi32(_mm256_and_si256(entry, all(0xFFFF)), _mm256_srli_epi32(before, 12));
    x = _mm256_add_epi32(x, _mm256_sub_epi32(slot, _mm256_srli_epi32(entry, 16)));
    __m256i more = _mm256_and_si256(active, _mm256_cmpeq_epi32(_mm256_srli_epi32(x, 16), _mm256_setzero_si256()));
    u32 set = (u32)_mm256_movemask_ps(_mm256_castsi256_ps(more)), count = (u32)_mm_popcnt_u32(set);
    __m256i words = _mm256_permutevar8x32_epi32(_mm256_cvtepu16_epi32(next_words(s, count)), numbers(places[set]));
    x = _mm256_blendv_epi8(x, _mm256_or_si256(_mm256_slli_epi32(x, 16), words), more);
    s->words += 2 * count;
    _mm256_storeu_si256((void *)lanes, _mm256_blendv_epi8(before, x, active));
    return token;
}

/* Contexts of eight lanes, `count` of them active; 0 for the others. */
TARGET ALWAYS_INLINE __m256i contexts_of(const u8 *contexts, u32 count) {
    u8 some[8] = {0};
    if (contexts == NULL) return _mm256_setzero_si256();
    if (count >= 8) return numbers(contexts);
    memcpy(some, contexts, count);
    return numbers(some);
}

/* Eight numbers of 16 bits. */
TARGET ALWAYS_INLINE __m128i narrowed(__m256i x) { return _mm_packus_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1)); }

TARGET ALWAYS_INLINE void store(__m128i from, size_t size, void *to) {
    u8 bytes[16];
    _mm_storeu_si128((void *)bytes, from);
    memcpy(to, bytes, size);
}

TARGET ALWAYS_INLINE void plain_lanes(rans_stream *s, const u8 *contexts, u32 l, u32 count, u8 *out) {
    __m256i table = contexts_of(contexts == NULL ? NULL : contexts + l, count);
    __m128i tokens = narrowed(advance(s, first_lanes(count), table, s->x + l));
    store(_mm_packus_epi16(tokens, tokens), count, out + l);
}

TARGET void rans_plain_avx2(rans_stream *s, const u8 *contexts, u32 active, void *out) {
    u32 l = 0;
    for (; active - l >= 8; l += 8) plain_lanes(s, contexts, l, 8, out);
    if (l < active) plain_lanes(s, contexts, l, active - l, out);
}

TARGET ALWAYS_INLINE void trellis_lanes(rans_stream *s, const u8 *contexts, u32 l, u32 count, u16 *out) {
    const u8(*next)[2] = kernels_next[s->trellis - 1];
    u8 even[8], odd[8];
    for (u32 i = 0; i < 8; i++) even[i] = next[i][0], odd[i] = next[i][1];
    __m256i active = first_lanes(count), state = _mm256_loadu_si256((const void *)(s->state + l));
    __m256i q = _mm256_permutevar8x32_epi32(numbers(kernels_quantizer[s->trellis - 1]), state);
    __m256i table = _mm256_slli_epi32(contexts_of(contexts == NULL ? NULL : contexts + l, count), 1);
    __m256i token = advance(s, active, _mm256_add_epi32(table, q), s->x + l);
    __m256i is_odd = _mm256_cmpeq_epi32(_mm256_and_si256(token, all(1)), all(1));
    store(narrowed(_mm256_or_si256(token, _mm256_slli_epi32(q, 8))), 2 * (size_t)count, out + l);
    __m256i after_even = _mm256_permutevar8x32_epi32(numbers(even), state), after_odd = _mm256_permutevar8x32_epi32(numbers(odd), state);
    __m256i high = _mm256_slli_epi32(_mm256_srli_epi32(state, 3), 2), after = _mm256_blendv_epi8(after_even, after_odd, is_odd);
    state = _mm256_blendv_epi8(state, _mm256_xor_si256(high, after), active); /* by the low bits: next_state */
    _mm256_storeu_si256((void *)(s->state + l), state);
}

TARGET void rans_trellis_avx2(rans_stream *s, const u8 *contexts, u32 active, void *out) {
    u32 l = 0;
    for (; active - l >= 8; l += 8) trellis_lanes(s, contexts, l, 8, out);
    if (l < active) trellis_lanes(s, contexts, l, active - l, out);
}
#endif
