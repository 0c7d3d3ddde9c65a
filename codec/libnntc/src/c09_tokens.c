/* Clause 9.4: tokens of symbol data in their order, as many at a time as are wanted (phase 3).. */
#include "internal.h"

static bool failed(stream *s, nntc_id id) {
    s->failed = id;
    return false;
}

static bool packed_tokens(stream *s, u8 *out, u32 count) {
    u32 token = 0;
    for (u32 i = 0; i < count; i++) {
        TRY(nntc_field(&s->in, s->in.at, s->taken + i, s->width, &token));
        out[i] = (u8)token;
    }
    return true;
}

/* Codes of one length stand one after another, after those of all shorter ones. */
NNTC_LOCAL bool nntc_huffman_codes(stream *s, reader *r, u64 lengths, u32 first, u32 last) {
    huffman_codes *c = s->codes;
    u32 end = 0, count = 0, code = 0; /* end: of the codes so far, in 15 bits */
    memset(c, 0, sizeof *c);
    for (u32 length = 1; length <= 15; length++) {
        c->before[length] = (u16)count;
        for (u32 i = 0; i <= last; i++) {
            TRY(nntc_field(r, lengths, i, 4, &code));
            if (code != length) continue;
            c->token[count++] = (u8)(first + i);
            for (u32 k = 0; length <= 8 && k < 1u << (8 - length); k++) c->quick[(end >> 7) + k] = (u16)((first + i) << 4 | length);
            end += 1u << (15 - length);
        }
        c->limit[length] = (u16)end;
    }
    return true;
}

/* The token whose code begins a window of 15 bits; length 0 if none does. */
static inline u32 huffman_token(const huffman_codes *c, u32 window, u32 *length) {
    u32 quick = c->quick[window >> 7], n = 9;
    if (quick != 0) {
        *length = quick & 15;
        return quick >> 4;
    }
    while (n <= 15 && window >= c->limit[n]) n++;
    *length = n <= 15 ? n : 0;
    return n <= 15 ? c->token[c->before[n] + ((window - c->limit[n - 1]) >> (15 - n))] : 0;
}

/* The next byte of a lane, which has one. Where a window is shared, each lane reads a few bytes ahead into its part. */
static inline bool lane_byte(stream *s, u32 l, u32 *byte) {
    huffman_lane *lane = &s->huffman[l];
    if (s->in.source == NULL) *byte = s->in.data[lane->next++];
    else if (s->lane_window == 0) {
        u8 one;
        TRY(nntc_read(s->in.source, s->in.base + lane->next++, &one, 1, s->in.error));
        *byte = one;
    } else {
        u8 *ahead = s->in.room + (size_t)l * s->lane_window;
        if (lane->ready == 0) {
            lane->ready = (u8)(lane->left < s->lane_window ? lane->left : s->lane_window);
            TRY(nntc_read(s->in.source, s->in.base + lane->next, ahead + (s->lane_window - lane->ready), lane->ready, s->in.error));
            lane->next += lane->ready;
        }
        *byte = ahead[s->lane_window - lane->ready--];
    }
    lane->left--;
    return true;
}

static bool huffman_tokens(stream *s, u8 *out, u32 count) {
    for (u32 i = 0; i < count; i++) {
        huffman_lane *lane = &s->huffman[s->lane];
        u32 length, byte = 0;
        while (lane->held < 15 && lane->left > 0) {
            TRY(lane_byte(s, s->lane, &byte));
            lane->bits = lane->bits << 8 | byte;
            lane->held = (u8)(lane->held + 8);
        }
        u32 window = (lane->held >= 15 ? lane->bits >> (lane->held - 15) : lane->bits << (15 - lane->held)) & 0x7FFF;
        out[i] = (u8)huffman_token(s->codes, window, &length);
        if (length == 0 || length > lane->held) return failed(s, NNTC_E_ENTROPY);
        lane->held = (u8)(lane->held - length);
        lane->bits &= (1u << lane->held) - 1;
        if (++s->lane == s->lanes) s->lane = 0;
    }
    return true;
}

static bool huffman_ended(const stream *s) {
    for (u32 l = 0; l < s->lanes; l++)
        if (s->huffman[l].left > 0 || s->huffman[l].held >= 8 || s->huffman[l].bits != 0) return false;
    return true;
}

/* The next count tokens, of those that are left. */
NNTC_LOCAL bool nntc_tokens(stream *s, u8 *out, u32 count) {
    if (s->failed != NNTC_OK) return false;
    switch (s->coder) {
    case PACKED: TRY(packed_tokens(s, out, count)); break;
    case RANS: TRY(nntc_rans_tokens(s, out, count)); break;
    case HUFFMAN: TRY(huffman_tokens(s, out, count)); break;
    default: memcpy(out, s->tokens + s->taken, count); break;
    }
    s->taken += count;
    if (s->counts)
        for (u32 i = 0; i < count; i++) s->escapes += out[i] == 255;
    return true;
}

/* Takes the tokens that are left; whether all of the symbol data is as it must be. */
NNTC_LOCAL bool nntc_finish(stream *s) {
    u8 some[64];
    while (s->failed == NNTC_OK && s->taken < s->n)
        if (!nntc_tokens(s, some, s->n - s->taken < sizeof some ? s->n - s->taken : (u32)sizeof some)) break;
    if (s->failed != NNTC_OK || s->in.error->id != NNTC_OK) return false;
    switch (s->coder) {
    case PACKED: return nntc_padded(&s->in, s->in.at, (u64)s->n * s->width) || failed(s, NNTC_E_PADDING);
    case RANS: return nntc_rans_ended(s) || failed(s, NNTC_E_ENTROPY);
    case HUFFMAN: return huffman_ended(s) || failed(s, NNTC_E_ENTROPY);
    default: return true;
    }
}
