/* SPEC.md 9.4: decoding of one rANS stream. */
#include "rans_decode.h"
#include "transposed.h"

enum { STEPS = 16 }; /* steps of all lanes between one change of order and the next */

void rans_table(const u16 frequencies[256], decoding_table *table) {
    u32 start = 0;
    for (u32 v = 0; v < 256; v++) {
        table->packed[v] = frequencies[v] | start << 16;
        if (frequencies[v] != 0) memset(table->token + start, (int)v, frequencies[v]);
        start += frequencies[v];
    }
}

/* sure: a word is left, so that it can be read before it is known whether it is needed. */
ALWAYS_INLINE bool advance(u32 *x, const decoding_table *t, rans_stream *s, bool sure, u32 *token) {
    u32 slot = *x & 4095, v = t->token[slot], entry = t->packed[v];
    u32 next = (entry & 0xFFFF) * (*x >> 12) + slot - (entry >> 16);
    *token = v;
    if (sure) {
        u32 word = (u32)s->words[0] | (u32)s->words[1] << 8, more = next < 65536;
        *x = more != 0 ? next << 16 | word : next;
        s->words += 2 * more;
        return true;
    }
    if (next < 65536) {
        if (s->words == s->end) return false;
        next = next << 16 | (u32)s->words[0] | (u32)s->words[1] << 8;
        s->words += 2;
    }
    *x = next;
    return true;
}

ALWAYS_INLINE bool plain_step(rans_stream *s, const u8 *contexts, u32 active, bool sure, u8 *out) {
    for (u32 l = 0; l < active; l++) {
        u32 token;
        if (!advance(&s->x[l], &s->tables[contexts == NULL ? 0 : contexts[l]], s, sure, &token)) return false;
        out[l] = (u8)token;
    }
    return true;
}

ALWAYS_INLINE bool trellis_step(rans_stream *s, const u8 *contexts, u32 active, bool sure, u16 *out) {
    const u32 kind = s->trellis - 1;
    for (u32 l = 0; l < active; l++) {
        u32 token, q = quantizer_of(kind, s->state[l]), context = contexts == NULL ? 0 : contexts[l];
        if (!advance(&s->x[l], &s->tables[2 * context + q], s, sure, &token)) return false;
        out[l] = (u16)(token | q << 8);
        s->state[l] = next_state(kind, s->state[l], token);
    }
    return true;
}

static void rans_plain_portable(rans_stream *s, const u8 *contexts, u32 active, void *out) {
    plain_step(s, contexts, active, true, out);
}

static void rans_trellis_portable(rans_stream *s, const u8 *contexts, u32 active, void *out) {
    trellis_step(s, contexts, active, true, out);
}

static bool words_left(const rans_stream *s, u32 count) { return (u64)(s->end - s->words) >= 2 * (u64)count; }

/* Without trellis a segment is one token: lanes take tokens in coded order. */
static bool decode_plain(rans_stream *s, u8 *out) {
    rans_step *step = rans_plain_portable;
#ifdef KERNELS_X86
    if (kernels_processor.avx2) step = rans_plain_avx2;
    if (kernels_processor.vbmi2) step = rans_plain_avx512;
#endif
    for (u64 i = 0; i < s->count; i += s->lanes) {
        u32 active = s->count - i < s->lanes ? (u32)(s->count - i) : s->lanes;
        const u8 *contexts = s->contexts == NULL ? NULL : s->contexts + i;
        if (words_left(s, active)) step(s, contexts, active, out + i);
        else if (!plain_step(s, contexts, active, false, out + i)) return false;
    }
    return true;
}

/* Contexts of `count` places of every lane, from coded order: of a place of all lanes side by side. */
static void gather_contexts(const u8 *from, u32 segment, u32 lanes, u32 count, u32 last_count, u32 padded, u8 *staged) {
    u32 l = 0;
    if (count == STEPS)
        for (; l + 16 < lanes; l += 16) transpose_bytes(from + (size_t)l * segment, segment, staged + l, padded);
    for (; l < lanes; l++) {
        u32 own = l + 1 < lanes ? count : last_count;
        for (u32 k = 0; k < own; k++) staged[(size_t)k * padded + l] = from[(size_t)l * segment + k];
    }
}

/* And tokens back to coded order. */
static void scatter_tokens(const u16 *staged, u32 padded, u32 lanes, u32 segment, u32 count, u32 last_count, u16 *to) {
    u32 l = 0;
    if (count == STEPS)
        for (; l + 8 < lanes; l += 8) {
            transpose_words(staged + l, padded, to + (size_t)l * segment, segment);
            transpose_words(staged + l + 8 * (size_t)padded, padded, to + (size_t)l * segment + 8, segment);
        }
    for (; l < lanes; l++) {
        u32 own = l + 1 < lanes ? count : last_count;
        for (u32 k = 0; k < own; k++) to[(size_t)l * segment + k] = staged[(size_t)k * padded + l];
    }
}

static u32 padded_lanes(u32 lanes) { return (lanes + 15) & ~15u; }

size_t rans_scratch(u32 lanes) { return (size_t)padded_lanes(lanes) * STEPS * 3; }

/* With one, lanes advance side by side, `segment` tokens each. */
static bool decode_trellis(rans_stream *s, void *scratch, u16 *out) {
    u32 segment = s->segment, padded = padded_lanes(s->lanes);
    u16 *tokens = scratch;
    u8 *contexts = (u8 *)(tokens + (size_t)padded * STEPS);
    rans_step *step = rans_trellis_portable;
#ifdef KERNELS_X86
    if (kernels_processor.avx2) step = rans_trellis_avx2;
    if (kernels_processor.vbmi2) step = rans_trellis_avx512;
#endif
    memset(contexts, 0, (size_t)padded * STEPS);
    for (u64 begin = 0; begin < s->count; begin += (u64)s->lanes * segment) {
        u64 left = s->count - begin;
        u32 lanes = left / segment < s->lanes ? (u32)(left / segment + (left % segment != 0)) : s->lanes;
        u32 last = left < (u64)lanes * segment ? (u32)(left % segment) : segment; /* tokens of the last lane */
        memset(s->state, 0, lanes * sizeof *s->state);
        for (u32 from = 0; from < segment; from += STEPS) {
            u32 count = segment - from < STEPS ? segment - from : STEPS;
            u32 last_count = last <= from ? 0 : last - from < count ? last - from : count;
            if (s->contexts != NULL)
                gather_contexts(s->contexts + begin + from, segment, lanes, count, last_count, padded, contexts);
            for (u32 k = 0; k < count; k++) {
                u32 active = k < last_count ? lanes : lanes - 1;
                const u8 *own = s->contexts == NULL ? NULL : contexts + (size_t)k * padded;
                u16 *to = tokens + (size_t)k * padded;
                if (words_left(s, active)) step(s, own, active, to);
                else if (!trellis_step(s, own, active, false, to)) return false;
            }
            scatter_tokens(tokens, padded, lanes, segment, count, last_count, out + begin + from);
        }
    }
    return true;
}

bool rans_decode(rans_stream *s, void *scratch, void *out) {
    if (!(s->trellis == 0 ? decode_plain(s, out) : decode_trellis(s, scratch, out))) return false;
    for (u32 l = 0; l < s->lanes; l++)
        if (s->x[l] != 65536) return false;
    return s->words == s->end;
}
