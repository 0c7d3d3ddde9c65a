/* Clause 8: integer blocks, symbol blocks, symbol data other than rANS..
 *
 * Symbol data is read twice. Phase 2 checks the syntax of a whole section and adds up what memory it takes. Phase 3 reads the
 * same fields again, with a stream to be made ready: then tables are built, and class lists decoded, where they stand. */
#include "internal.h"

/* Memory for a stream. The section asked for enough, unless the file has changed since it was checked. */
NNTC_LOCAL bool nntc_take_stream(record *rec, const reader *r, u64 bytes, void *pointer) {
    void *block = nntc_take(&rec->room, bytes);
    memcpy(pointer, &block, sizeof block);
    return block != NULL || nntc_fail(r, NNTC_SOURCE, 0);
}

static bool lane_lengths(const record *rec, reader *r, stream *s, u64 lanes, u64 *sum) {
    u64 length = 0;
    for (u64 l = 0; l < lanes; l++) {
        TRY(nntc_varint(r, &length));
        if (s != NULL) {
            huffman_lane lane = {*sum, 0, (u16)(length < 65535 ? length : 65535), 0, 0};
            s->huffman[l] = lane;
        }
        if (*sum <= r->size) *sum += length; /* saturates */
    }
    if (s == NULL) return true;
    for (u64 l = 0; l < lanes; l++) s->huffman[l].next += r->at;
    if (r->source == NULL) return true;
    u64 bytes = rec->window_size / lanes; /* the stream's window is shared by all lanes */
    s->lane_window = (u8)(bytes < 255 ? bytes : 255);
    return true;
}

static bool huffman(record *rec, reader *r, u32 n, stream *s) { /* clause 8.5 */
    u64 at = r->at, lanes, sum = 0, lengths;
    u32 first, last, kraft = 0, code = 0, lone = 0;
    TRY(nntc_u8(r, &first));
    TRY(nntc_u8(r, &last));
    lengths = r->at;
    TRY(nntc_skip(r, last / 2 + 1));
    if (first + last > 255) return nntc_fail(r, NNTC_E_TABLE, at);                            /* */
    if (!nntc_padded(r, lengths, 4 * ((u64)last + 1))) return nntc_fail(r, NNTC_E_TABLE, at); /* */
    for (u32 i = 0; i <= last; i++) {
        TRY(nntc_field(r, lengths, i, 4, &code));
        if (i == 0) lone = code;
        if (code == 0 && (i == 0 || i == last)) return nntc_fail(r, NNTC_E_TABLE, at);        /* */
        kraft += code == 0 ? 0 : 1u << (15 - code);
    }
    if (last == 0 ? lone != 1 : kraft != 1u << 15) return nntc_fail(r, NNTC_E_TABLE, at);     /* */
    at = r->at;
    TRY(nntc_count(r, 1, n < 65536 ? n : 65536, NNTC_E_LIMIT, &lanes)); /* */
    if (n > 8192 * lanes) return nntc_fail(r, NNTC_E_LIMIT, at);
    nntc_needs(rec, s, 1024 + 16 * lanes);
    if (s != NULL) {
        s->lanes = (u32)lanes;
        TRY(nntc_take_stream(rec, r, sizeof *s->codes, &s->codes));
        TRY(nntc_take_stream(rec, r, lanes * sizeof *s->huffman, &s->huffman));
        TRY(nntc_huffman_codes(s, r, lengths, first, last));
    }
    TRY(lane_lengths(rec, r, s, lanes, &sum));
    return nntc_skip(r, sum);
}

/* Clause 8.3, bzip2 and zstd: the tokens themselves are kept. */
static bool compressed(record *rec, reader *r, u32 n, stream *s) {
    u64 length;
    const bool zstd = s != NULL && s->coder == ZSTD;
    TRY(nntc_varint(r, &length));
    u64 at = r->at;
    TRY(nntc_skip(r, length));
    if (s == NULL) {
        if (r->source != NULL && length > rec->stored) rec->stored = length;
        return true;
    }
    const nntc_coders *coders = &rec->nntc->limits.coders;
    const u8 *src = r->data + (at - r->begin);
    TRY(nntc_take_stream(rec, r, n, &s->tokens));
    if (r->source != NULL) { /* their coders want all bytes at once */
        if (length > rec->stored) return nntc_fail(r, NNTC_SOURCE, 0);
        TRY(nntc_read(r->source, r->base + at, rec->stored_bytes, length, r->error));
        src = rec->stored_bytes;
    }
    s->failed = zstd ? nntc_zstd_frame(coders, src, length, s->tokens, n, (u64)1 << 23)
                     : nntc_bzip2_stream(coders, src, length, s->tokens, n); /* */
    return true;
}

static bool symbol_data(record *rec, reader *r, u32 n, u32 coder, bool of_view, bool trellis, stream *s) { /* clause 8.3 */
    u64 at = r->at;
    u32 width;
    if (s != NULL) {
        memset(s, 0, sizeof *s);
        s->rec = rec;
        s->in = *r;
        s->at = s->failed_at = at;
        s->n = n;
        s->coder = (u8)coder;
        TRY(nntc_window_of(rec, &s->in));
    }
    switch (coder) {
    case PACKED: /* clause 8.4 */
        TRY(nntc_u8(r, &width));
        if (width < 1 || width > 8) return nntc_fail(r, NNTC_E_RESERVED, at); /* */
        if (s != NULL) {
            s->width = (u8)width;
            s->in.at = r->at;
        }
        return nntc_skip(r, nntc_rounded_up((u64)n * width, 8));
    case RANS: return nntc_rans_data(rec, r, n, of_view, trellis, s);
    case HUFFMAN: return huffman(rec, r, n, s);
    default:
        nntc_needs(rec, s, (u64)n + (coder == ZSTD ? 262144 : 4194304));
        return compressed(rec, r, n, s);
    }
}

/* Clause 13: the first profile that has a coder. */
static const u8 profile_of[] = {0, 0, 0, 2, 1};

NNTC_LOCAL bool nntc_symbol_block(record *rec, reader *r, u32 n, bool of_view, stream *s) {
    u64 at = r->at;
    u32 coder;
    TRY(nntc_u8(r, &coder));
    if (coder > ZSTD) return nntc_fail(r, NNTC_E_RESERVED, at); /* */
    if (profile_of[coder] > rec->nntc->summary.profile) return nntc_fail(r, NNTC_E_PROFILE, at); /* */
    return symbol_data(rec, r, n, coder, of_view, false, s);
}

NNTC_LOCAL bool nntc_integer_tokens(record *rec, reader *r, const integers *b, stream *s) {
    bool trellis = rec->coding == UNIFORM && (rec->flags & 3) != 0;
    return symbol_data(rec, r, b->n, b->flags & 7u, b->of_view && (b->flags & SPARSE) == 0, trellis, s);
}

NNTC_LOCAL bool nntc_parse_integers(record *rec, reader *r, integers *b, u32 size, bool of_view, bool trellis) { /* clause 8.1 */
    u32 flags, low_bits;
    u64 at = r->at, count;
    i64 escape;
    b->at = at;
    b->n = b->size = size;
    b->of_view = of_view;
    TRY(nntc_u8(r, &flags));
    if (flags > 63 || (flags & 7) > ZSTD) return nntc_fail(r, NNTC_E_RESERVED, at); /* */
    if (profile_of[flags & 7] > rec->nntc->summary.profile) return nntc_fail(r, NNTC_E_PROFILE, at); /* */
    if (trellis && ((flags & 7) != RANS || (flags & (LOW | SPARSE)) != 0)) return nntc_fail(r, NNTC_E_TRELLIS, at); /* */
    b->flags = (u8)flags;
    at = r->at;
    TRY(nntc_svarint(r, &b->lo)); /* */
    if (trellis && b->lo % 2 != 0) return nntc_fail(r, NNTC_E_TRELLIS, at); /* */
    if ((flags & LOW) != 0) {
        at = r->at;
        TRY(nntc_u8(r, &low_bits));
        if (low_bits < 1 || low_bits > 24) return nntc_fail(r, NNTC_E_LIMIT, at); /* */
        b->low_bits = (u8)low_bits;
    }
    if ((flags & ESCAPE) != 0) {
        TRY(nntc_count(r, 1, size, NNTC_E_LIMIT, &b->escape_count)); /* */
        b->escapes = r->at;
        for (u64 i = 0; i < b->escape_count; i++) {
            at = r->at;
            TRY(nntc_svarint(r, &escape)); /* */
            if (escape >= b->lo && escape <= b->lo + 254) return nntc_fail(r, NNTC_E_ESCAPE, at); /* */
            if (trellis && escape % 2 == 0) return nntc_fail(r, NNTC_E_TRELLIS, at);              /* */
        }
    }
    if ((flags & SPARSE) != 0) {
        TRY(nntc_svarint(r, &b->background)); /* */
        TRY(nntc_count(r, 1, size, NNTC_E_LIMIT, &count)); /* */
        b->n = (u32)count;
    }
    b->low = r->at;
    if ((flags & LOW) != 0) TRY(nntc_skip(r, nntc_rounded_up((u64)b->n * b->low_bits, 8)));
    b->gaps = r->at;
    if ((flags & SPARSE) != 0) TRY(nntc_symbol_block(rec, r, b->n, false, NULL));
    b->tokens = r->at;
    return nntc_integer_tokens(rec, r, b, NULL);
}
