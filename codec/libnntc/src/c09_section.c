/* Clause 9.3: memory, phases and verdict of a TENSOR section..
 *
 * Elements are handed out while tokens are still to come. The error that is reported is nevertheless the first in decode
 * order: after any fault the tokens that are left are decoded too, in stored order, and nothing more is handed out. */
#include "internal.h"
#include "arithmetic.h"

NNTC_LOCAL void *nntc_take(space *m, u64 bytes) {
    u64 begin = (m->used + ALIGN - 1) & ~(u64)(ALIGN - 1);
    if (begin > m->size || bytes > m->size - begin) return NULL;
    m->used = begin + bytes;
    return m->base + begin;
}

NNTC_LOCAL bool nntc_take_for(decoding *d, u64 bytes, void *pointer) {
    void *block = nntc_take(&d->rec->room, bytes);
    memcpy(pointer, &block, sizeof block);
    return block != NULL || nntc_fail(&d->r, NNTC_SOURCE, 0); /* the section asked for enough, unless the file has changed */
}

/* Windows of the section, of its streams, of a class list and its tables, of escapes, low bits, row bases and base offsets. */
static u32 windows(const record *rec) { return rec->streams + 7; }

static bool from_the_base(const record *rec) { return rec->differs && !rec->later; }

/* Bytes of scratch: what clause 11.2 counts, and what the 1,024 of these for the section do not hold. */
NNTC_LOCAL u64 nntc_scratch(const record *rec, bool spare) {
    u64 own = rec->streams * (sizeof(stream) + 6 * ALIGN) + 8 * ALIGN;
    return rec->need + (spare ? rec->faster : 0) + (own > 1024 ? own - 1024 : 0) + rec->stored + nntc_window(rec->nntc) +
           (from_the_base(rec) ? nntc_base_window(rec->nntc) : 0);
}

NNTC_LOCAL bool nntc_window_of(record *rec, reader *r) {
    if (r->source == NULL) return true;
    if (rec->windows_used == windows(rec)) return nntc_fail(r, NNTC_SOURCE, 0);
    nntc_move_window(r, rec->windows + (size_t)rec->windows_used++ * rec->window_size, rec->window_size);
    return true;
}

static bool take_windows(decoding *d) {
    record *rec = d->rec;
    const u64 size = nntc_window(rec->nntc), each = size / windows(rec);
    rec->window_size = (u32)(each < UINT32_MAX ? each : UINT32_MAX);
    return size == 0 || (nntc_take_for(d, size, &rec->windows) && nntc_take_for(d, rec->stored, &rec->stored_bytes));
}

/* Ragged: sums of row lengths. */
static bool row_starts(decoding *d) {
    record *rec = d->rec;
    reader *r = &d->r;
    u64 length = 0, sum = 0;
    if (rec->head.view_kind != RAGGED) return true;
    TRY(nntc_take_for(d, 4 * ((u64)rec->head.rows + 1), &rec->row_start));
    r->at = rec->row_lengths;
    rec->row_start[0] = 0;
    for (u32 i = 0; i < rec->head.rows; i++) {
        TRY(nntc_count(r, 1, INT32_MAX, NNTC_SOURCE, &length));
        sum += length;
        if (sum > rec->head.elements) return nntc_fail(r, NNTC_SOURCE, 0); /* the file has changed */
        rec->row_start[i + 1] = (u32)sum;
    }
    return sum == rec->head.elements || nntc_fail(r, NNTC_SOURCE, 0);
}

/* Row codes, column codes or rank codes, all of which are kept. */
NNTC_LOCAL bool nntc_kept_tokens(decoding *d, u64 at, u32 count, u8 **kept) {
    record *rec = d->rec;
    stream s;
    TRY(nntc_take_for(d, count, kept));
    const space before = rec->room;
    const u32 used = rec->windows_used;
    d->r.at = at;
    TRY(nntc_symbol_block(rec, &d->r, count, false, &s));
    bool ok = nntc_tokens(&s, *kept, count) && nntc_finish(&s);
    rec->room = before;
    rec->windows_used = used;
    return ok || nntc_fail(&d->r, s.failed, s.failed_at);
}

/* Makes the streams ready in stored order; stops at one whose class lists are at fault, which the verdict comes to. */
NNTC_LOCAL bool nntc_open_streams(decoding *d) {
    record *rec = d->rec;
    const integers *b = &rec->integers;
    const bool is_sparse = rec->streams == 2 && rec->coding != PLANES;
    for (; d->count < rec->streams; d->count++) {
        stream *s = &d->streams[d->count];
        bool ok, gaps = is_sparse && d->count == 0;
        if (rec->coding == PLANES) {
            d->r.at = rec->planes[d->count];
            ok = nntc_symbol_block(rec, &d->r, d->count == 0 ? rec->head.elements : rec->other, d->count == 0 || rec->common_count == 0, s);
        } else {
            d->r.at = gaps ? b->gaps : b->tokens;
            ok = gaps ? nntc_symbol_block(rec, &d->r, b->n, false, s) : nntc_integer_tokens(rec, &d->r, b, s);
            s->counts = !gaps && (b->flags & ESCAPE) != 0;
        }
        if (!ok) {
            d->count++;
            return false;
        }
    }
    if (rec->coding == PLANES) return true;
    levels *l = &d->levels;
    l->block = b;
    l->tokens = l->coded.from = &d->streams[d->count - 1];
    l->gaps.from = &d->streams[0];
    l->next = -1;
    l->escapes = l->low = d->r;
    l->escapes.at = b->escapes;
    return nntc_window_of(rec, &l->escapes) && nntc_window_of(rec, &l->low);
}

NNTC_LOCAL bool nntc_streams_end(decoding *d) {
    for (u32 i = 0; i < d->count && d->error->id == NNTC_OK; i++)
        if (!nntc_finish(&d->streams[i])) return nntc_fail(&d->r, d->streams[i].failed, d->streams[i].failed_at);
    return d->error->id == NNTC_OK;
}

NNTC_LOCAL bool nntc_integers_end(const decoding *d, const reader *r) {
    const integers *b = &d->rec->integers;
    reader low = d->levels.low;
    if ((b->flags & ESCAPE) != 0 && d->levels.tokens->escapes != b->escape_count) return nntc_fail(r, NNTC_E_ESCAPE, b->at);
    if ((b->flags & LOW) != 0 && !nntc_padded(&low, b->low, (u64)b->n * b->low_bits)) return nntc_fail(r, NNTC_E_PADDING, b->at);
    return !d->wrong || nntc_fail(r, NNTC_E_RANGE, b->at);
}

/* The first error in decode order. */
static bool verdict(decoding *d) {
    TRY(nntc_streams_end(d));
    if (d->rec->coding == PLANES) return !d->wrong || nntc_fail(&d->r, NNTC_E_RANGE, d->rec->count_at);
    return nntc_integers_end(d, &d->r);
}

static bool write_out(payload *p, const u8 *data, u64 bytes) {
    if (p->write == NULL || p->write(p->context, data, (size_t)bytes) == 0) return true;
    if (p->error->id == NNTC_OK) p->error->id = NNTC_SINK;
    return false;
}

/* Clause 7.2: a transposed view has period elements of a row and channel side by side. Where the next of them are, at most
 * count, and how many; moves past them. */
static u8 *next_place(payload *p, u32 count, u32 *some) {
    const nntc_record *head = p->head;
    u8 *place = p->whole + (((u64)p->channel * head->rows + p->row) * head->period + p->position) * head->width;
    *some = head->period - p->position < count ? head->period - p->position : count;
    if ((p->position += *some) < head->period) return place;
    p->position = 0;
    if (++p->channel < head->channels) return place;
    p->channel = 0;
    p->row++;
    return place;
}

static void move_elements(payload *p, u32 count) {
    const u8 *from = p->some;
    for (u32 some; count > 0; count -= some) {
        u8 *to = next_place(p, count, &some);
        if (some == 1 && p->head->width == 4) memcpy(to, from, 4);
        else memcpy(to, from, (size_t)some * p->head->width);
        from += (size_t)some * p->head->width;
    }
}

NNTC_LOCAL void nntc_elements_before(payload *p, u32 count, u8 *out) {
    const u32 row = p->row, channel = p->channel, position = p->position;
    if (!p->moved) memcpy(out, p->whole + p->at, (size_t)count * p->head->width);
    for (u32 some; p->moved && count > 0; count -= some) {
        const u8 *from = next_place(p, count, &some);
        memcpy(out, from, (size_t)some * p->head->width);
        out += (size_t)some * p->head->width;
    }
    p->row = row;
    p->channel = channel;
    p->position = position;
}

NNTC_LOCAL bool nntc_put(payload *p, u32 count) {
    const u32 bytes = count * p->head->width;
    if (p->moved) move_elements(p, count);
    else if (p->differs && p->whole != NULL) memcpy(p->whole + p->at, p->some, bytes);
    p->at += bytes;
    return p->whole != NULL || write_out(p, p->some, bytes);
}

static bool decode_tool(decoding *d) {
    switch (d->rec->coding) {
    case PLANES: return nntc_decode_planes(d);
    case CODEBOOK: return nntc_decode_codebook(d);
    default: return nntc_decode_uniform(d);
    }
}

/* Phases 3 to 5. scratch has the bytes that nntc_scratch said. */
static bool section_payload(record *rec, const reader *r, u8 *scratch, u64 size, payload *out) {
    decoding d;
    const space all = {scratch, 0, size};
    memset(&d, 0, offsetof(decoding, levels) + offsetof(levels, some));
    rec->room = all;
    rec->windows_used = 0;
    d.rec = rec;
    d.r = *r;
    d.out = out;
    d.error = r->error;
    out->head = &rec->head;
    out->error = r->error;
    out->moved = rec->head.view_kind == TRANSPOSED;
    out->differs = rec->differs;
    out->at = out->row = out->channel = out->position = 0;
    const u64 bytes = (u64)rec->head.elements * rec->head.width;
    const bool kept = out->moved && out->whole == NULL;
    TRY(take_windows(&d) && nntc_window_of(rec, &d.r));
    TRY(nntc_take_for(&d, rec->streams * sizeof(stream), &d.streams));
    if (kept) TRY(nntc_take_for(&d, bytes, &out->whole));
    TRY(row_starts(&d));
    if (from_the_base(rec)) TRY(nntc_open_before(&d));
    if (rec->coding == PRODUCT) TRY(nntc_decode_product(&d));
    else {
        if ((rec->flags & ROW_CODES) != 0) TRY(nntc_kept_tokens(&d, rec->row_codes, rec->head.rows, &d.row_codes));
        if ((rec->flags & COLUMN_CODES) != 0) TRY(nntc_kept_tokens(&d, rec->column_codes, rec->columns, &d.column_codes));
        d.wrong = nntc_open_streams(&d) && !decode_tool(&d);
        TRY(verdict(&d));
    }
    return !kept || write_out(out, out->whole, bytes);
}

/* The records of a section, one after another, in `whole` of the payload. scratch: for any of them. */
static bool all_records(const section *s, const reader *r, record *rec, u8 *scratch, u64 size, payload *out) {
    reader next = *r;
    const u32 count = rec->head.records;
    const nntc *n = rec->nntc;
    const bool spare = rec->spare;
    TRY(section_payload(rec, r, scratch, size, out));
    for (u32 i = 1; i < count; i++) {
        next.at = rec->end;
        if (next.source != NULL) nntc_move_window(&next, scratch, nntc_window(n)); /* all of scratch is free */
        TRY(nntc_parse_record(n, s, &next, i, rec));
        rec->spare = spare;
        TRY(section_payload(rec, &next, scratch, size, out));
    }
    return true;
}

/* Phases 1 and 2. */
NNTC_LOCAL bool nntc_open_section(const nntc *n, const section *s, nntc_memory memory, reader *r, record *rec, nntc_error *error) {
    const arithmetic before = nntc_arithmetic();
    TRY(nntc_section_reader(n, s, memory, r, error));
    nntc_compute_as(NNTC_STANDARD);
    const bool ok = nntc_parse_section(n, s, r, rec);
    nntc_compute_as(before);
    return ok;
}

static bool has_spare(const nntc *n, u64 bytes) {
    return FAST && (!n->limits.has_memory || n->limits.max_memory - n->summary.bound >= bytes);
}

/* Bytes of scratch for all records, and for the elements if there is no other place to keep them from one to the next. */
static u64 whole_scratch(const record *rec, bool spare, bool kept) {
    const u64 elements = ALIGN * nntc_rounded_up((u64)rec->head.elements * rec->head.width, ALIGN);
    return (spare ? rec->most_faster : rec->most_scratch) + (kept ? elements : 0);
}

NNTC_LOCAL u64 nntc_section_scratch(const record *rec) { return whole_scratch(rec, false, rec->head.records > 1); }

/* Phases 3 to 5, with tables that are looked up at once where that much memory is given, else with small ones. */
NNTC_LOCAL bool nntc_decode_section(const nntc *n, const section *s, nntc_memory memory, const reader *r, record *rec, payload *out) {
    const bool kept = rec->head.records > 1 && out->whole == NULL;
    const u64 least = whole_scratch(rec, false, kept), most = whole_scratch(rec, true, kept);
    void *block = NULL;
    if (from_the_base(rec) && n->base_missing) return nntc_no_base(n, r->error);
    rec->spare = has_spare(n, most - least);
    if (rec->spare && most < SIZE_MAX / 2) block = memory.get(memory.context, (size_t)most, NNTC_SCRATCH);
    rec->spare = block != NULL;
    if (!rec->spare) TRY(nntc_get(memory, least, NNTC_SCRATCH, r->error, &block));
    const u64 size = rec->spare ? most : least, keep = kept ? whole_scratch(rec, false, true) - whole_scratch(rec, false, false) : 0;
    if (kept) out->whole = block;
    const arithmetic before = nntc_arithmetic();
    nntc_compute_as(NNTC_STANDARD);
    const bool ok = all_records(s, r, rec, (u8 *)block + keep, size - keep, out);
    nntc_compute_as(before);
    TRY(ok);
    return !kept || write_out(out, block, s->output);
}
