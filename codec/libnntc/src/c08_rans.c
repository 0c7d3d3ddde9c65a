/* Clause 8.6: rANS symbol data, with class lists and tables.. */
#include "internal.h"

static void add_class(stream *s, u32 k, u32 i, u8 class) {
    if (s->classes[k] != NULL) {
        s->classes[k][i] = class;
        return;
    }
    const u32 channels = s->rec->head.channels, period = s->rec->head.period;
    u8 *sums = s->columns_end - s->rec->columns;
    if (k == 1) memset(sums + (size_t)i * period, class, period);
    for (u32 c = 0; k == 2 && c < channels; c++) sums[(size_t)c * period + i] = (u8)(sums[(size_t)c * period + i] + class);
}

static bool add_classes(stream *s, stream *list, u32 k, u64 at) {
    bool small = true;
    u8 some[64];
    for (u32 i = 0, count; i < list->n; i += count) {
        count = list->n - i < sizeof some ? list->n - i : (u32)sizeof some;
        if (!nntc_tokens(list, some, count)) break;
        for (u32 j = 0; j < count; j++) {
            small = small && some[j] < 64;
            if (small) add_class(s, k, i + j, some[j]);
        }
    }
    bool ended = nntc_finish(list);
    if (ended && small) return true;
    s->failed = ended ? NNTC_E_RANGE : list->failed; /* */
    s->failed_at = ended ? at : list->failed_at;
    return false;
}

/* Class list k: of rows, channels or positions. */
static bool classes(record *rec, reader *r, u32 k, u32 count, stream *s) {
    u64 at = r->at;
    u32 present;
    u8 *sums;
    TRY(nntc_u8(r, &present));
    if (present > 1) return nntc_fail(r, NNTC_E_RESERVED, at); /* */
    if (present == 0) return true;
    nntc_needs(rec, s, count);
    if (s == NULL && k > 0) rec->faster += (u64)rec->columns + 3;
    if (s == NULL) return nntc_symbol_block(rec, r, count, false, NULL);
    if (!FAST || k == 0 || !rec->spare) TRY(nntc_take_stream(rec, r, count, &s->classes[k]));
    else if (s->columns_end == NULL) {
        TRY(nntc_take_stream(rec, r, rec->columns + 3u, &sums)); /* kernels read up to 3 bytes more */
        memset(sums, 0, rec->columns);
        s->columns_end = sums + rec->columns;
    }
    stream list;
    const space before = rec->room;
    const u32 windows = rec->windows_used;
    bool ok = nntc_symbol_block(rec, r, count, false, &list) && add_classes(s, &list, k, at);
    rec->room = before; /* what the list needed is free again */
    rec->windows_used = windows;
    return ok;
}

/* The tables of a stream, own ones at r or shared ones from number base on. */
static bool build_tables(record *rec, reader *r, stream *s, u32 count, bool shared, u64 base) {
    const nntc *n = rec->nntc;
    reader run = *r;
    const u32 windows = rec->windows_used;
    u64 begin = r->at, bit = r->at * 8, before = shared ? base % BETWEEN_MARKS : 0;
    frequencies freq;
    if (FAST && rec->spare) TRY(nntc_take_stream(rec, r, count * sizeof(fast_table), &s->fast));
    else TRY(nntc_take_stream(rec, r, count * sizeof(small_table), &s->tables));
    if (shared) {
        const section *tables = &n->sections[n->tables];
        const u8 *span = n->source.span;
        run = nntc_reader(span == NULL ? NULL : span + tables->offset, tables->length, tables->offset, r->error);
        run.source = r->source;
        TRY(nntc_window_of(rec, &run));
        begin = 0;
        bit = n->table_at[base / BETWEEN_MARKS];
    }
    for (u64 t = 0; t < before + count; t++) {
        TRY(nntc_frequencies(&run, begin, &bit, freq));
        if (t < before) continue;
        if (FAST && rec->spare) nntc_fast_table(freq, &s->fast[t - before]);
        else nntc_small_table(freq, &s->tables[t - before]);
    }
    rec->windows_used = windows;
    if (!shared) r->at = (bit + 7) / 8;
    return true;
}

static bool take_lanes(record *rec, const reader *r, stream *s) {
    u32 places = s->trellis != 0 ? s->lanes : 1, *lanes;
    TRY(nntc_take_stream(rec, r, 4 * (u64)s->lanes + 10 * (u64)places, &lanes));
    s->x = lanes;
    s->row = s->x + s->lanes;
    s->left = s->row + places;
    s->state = (u8 *)(s->left + places);
    s->row_class = s->state + places;
    return s->trellis == 0 || nntc_take_stream(rec, r, (u64)s->lanes * s->segment, &s->tokens);
}

NNTC_LOCAL bool nntc_rans_data(record *rec, reader *r, u32 n, bool of_view, bool trellis, stream *s) {
    u64 at = r->at, value = 1, base = 0, segment = trellis ? rec->segment : 1, segments = nntc_rounded_up(n, segment), words;
    u32 mode, contexts, x;
    TRY(nntc_u8(r, &mode));
    if (mode > 3) return nntc_fail(r, NNTC_E_RESERVED, at);                /* */
    if ((mode & 1) != 0 && !of_view) return nntc_fail(r, NNTC_E_VIEW, at); /* */
    if ((mode & 1) != 0) {
        TRY(nntc_count(r, 2, 64, NNTC_E_LIMIT, &value)); /* */
        TRY(classes(rec, r, 0, rec->head.rows, s));
        if (rec->head.view_kind != RAGGED) {
            TRY(classes(rec, r, 1, rec->head.channels, s));
            TRY(classes(rec, r, 2, rec->head.period, s));
        }
    }
    contexts = (u32)value;
    u32 tables = trellis ? 2 * contexts : contexts;
    bool shared = (mode & 2) != 0;
    if (shared) {
        at = r->at;
        TRY(nntc_varint(r, &base));
        if (base + tables > rec->nntc->table_count) return nntc_fail(r, NNTC_E_TABLE, at); /* */
    }
    if (s != NULL) TRY(build_tables(rec, r, s, tables, shared, base));
    else if (!shared) TRY(nntc_table_run(r, tables, NULL));
    at = r->at;
    TRY(nntc_count(r, 1, segments < 65536 ? segments : 65536, NNTC_E_LIMIT, &value)); /* */
    if (segment * nntc_rounded_up(segments, value) > 8192) return nntc_fail(r, NNTC_E_LIMIT, at);
    if (segment > n) segment = n;
    nntc_needs(rec, s, TABLE_NEED * (u64)tables + value * (16 + segment));
    if (s == NULL) rec->faster += (sizeof(fast_table) - TABLE_NEED) * tables;
    if (s != NULL) {
        s->contexts = contexts;
        s->lanes = (u32)value;
        s->segment = (u32)segment;
        s->trellis = trellis ? rec->flags & 3u : 0;
        TRY(take_lanes(rec, r, s));
    }
    TRY(nntc_varint(r, &words));
    at = r->at;
    if (4 * value > r->size - at) return nntc_fail(r, NNTC_E_TRUNCATED, at);
    for (u32 l = 0; l < value; l++) {
        TRY(nntc_u32(r, &x));
        if (x < 65536) return nntc_fail(r, NNTC_E_ENTROPY, at); /* */
        if (s != NULL) s->x[l] = x;
    }
    if (s != NULL) s->in.at = r->at;
    TRY(nntc_skip(r, words < r->size ? 2 * words : r->size + 1));
    if (s != NULL) s->end = r->at;
    return true;
}
