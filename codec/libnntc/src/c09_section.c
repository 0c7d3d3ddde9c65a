/* Clause 9.3: memory, phases and verdict of a TENSOR section..
 *
 * Elements are handed out while tokens are still to come. The error that is reported is nevertheless the first in decode
 * order: after any fault the tokens that are left are decoded too, in stored order, and nothing more is handed out. */
#include "internal.h"

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

/* Windows of the section, of its streams, of a class list and its tables, of escapes, low bits and row bases. */
static u32 windows(const record *rec) { return rec->streams + 6; }

/* Bytes of scratch: what clause 11.2 counts, and what the 1,024 of these for the section do not hold. */
NNTC_LOCAL u64 nntc_scratch(const record *rec, bool spare) {
    u64 own = rec->streams * (sizeof(stream) + 6 * ALIGN) + 8 * ALIGN;
    return rec->need + (spare ? rec->faster : 0) + (own > 1024 ? own - 1024 : 0) + rec->stored + nntc_window(rec->nntc);
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

/* Row codes or column codes, all of which are kept. */
static bool codes(decoding *d, u64 at, u32 count, u8 **kept) {
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
static bool open_streams(decoding *d) {
    record *rec = d->rec;
    const integers *b = &rec->integers;
    const bool is_sparse = rec->streams == 2 && rec->head.tool != PLANES;
    for (; d->count < rec->streams; d->count++) {
        stream *s = &d->streams[d->count];
        bool ok, gaps = is_sparse && d->count == 0;
        if (rec->head.tool == PLANES) {
            d->r.at = rec->planes[d->count];
            ok = nntc_symbol_block(rec, &d->r, d->count == 0 ? rec->head.elements : rec->other, d->count == 0 || rec->common_count == 0, s);
        } else {
            d->r.at = gaps ? b->gaps : b->tokens;
            ok = gaps ? nntc_symbol_block(rec, &d->r, b->n, false, s) : nntc_integer_tokens(rec, &d->r, s);
            s->counts = !gaps && (b->flags & ESCAPE) != 0;
        }
        if (!ok) {
            d->count++;
            return false;
        }
    }
    if (rec->head.tool == PLANES) return true;
    levels *l = &d->levels;
    l->block = b;
    l->tokens = l->coded.from = &d->streams[d->count - 1];
    l->gaps.from = &d->streams[0];
    l->next = -1;
    l->escapes = l->low = d->r;
    l->escapes.at = b->escapes;
    return nntc_window_of(rec, &l->escapes) && nntc_window_of(rec, &l->low);
}

/* The first error in decode order. */
static bool verdict(decoding *d) {
    const record *rec = d->rec;
    const integers *b = &rec->integers;
    for (u32 i = 0; i < d->count && d->error->id == NNTC_OK; i++)
        if (!nntc_finish(&d->streams[i])) return nntc_fail(&d->r, d->streams[i].failed, d->streams[i].failed_at);
    if (d->error->id != NNTC_OK) return false;
    if (rec->head.tool == PLANES) return !d->wrong || nntc_fail(&d->r, NNTC_E_RANGE, rec->count_at);
    if ((b->flags & ESCAPE) != 0 && d->levels.tokens->escapes != b->escape_count) return nntc_fail(&d->r, NNTC_E_ESCAPE, b->at);
    if ((b->flags & LOW) != 0 && !nntc_padded(&d->levels.low, b->low, (u64)b->n * b->low_bits)) return nntc_fail(&d->r, NNTC_E_PADDING, b->at);
    return !d->wrong || nntc_fail(&d->r, NNTC_E_RANGE, b->at);
}

static bool write_out(payload *p, const u8 *data, u64 bytes) {
    if (p->write == NULL || p->write(p->context, data, (size_t)bytes) == 0) return true;
    if (p->error->id == NNTC_OK) p->error->id = NNTC_SINK;
    return false;
}

/* Clause 7.2: a transposed view has period elements of a row and channel side by side. */
static void move_elements(payload *p, u32 count) {
    const nntc_record *head = p->head;
    const u8 *from = p->some;
    for (u32 some; count > 0; count -= some) {
        u8 *to = p->whole + (((u64)p->channel * head->rows + p->row) * head->period + p->position) * head->width;
        some = head->period - p->position < count ? head->period - p->position : count;
        if (some == 1 && head->width == 4) memcpy(to, from, 4);
        else memcpy(to, from, (size_t)some * head->width);
        from += (size_t)some * head->width;
        if ((p->position += some) < head->period) continue;
        p->position = 0;
        if (++p->channel < head->channels) continue;
        p->channel = 0;
        p->row++;
    }
}

NNTC_LOCAL bool nntc_put(payload *p, u32 count) {
    const u32 bytes = count * p->head->width;
    p->at += bytes;
    if (p->moved) move_elements(p, count);
    return p->whole != NULL || write_out(p, p->some, bytes);
}

static bool decode_tool(decoding *d) {
    switch (d->rec->head.tool) {
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
    const u64 bytes = (u64)rec->head.elements * rec->head.width;
    const bool kept = out->moved && out->whole == NULL;
    TRY(take_windows(&d) && nntc_window_of(rec, &d.r));
    TRY(nntc_take_for(&d, rec->streams * sizeof(stream), &d.streams));
    if (kept) TRY(nntc_take_for(&d, bytes, &out->whole));
    TRY(row_starts(&d));
    if ((rec->flags & ROW_CODES) != 0) TRY(codes(&d, rec->row_codes, rec->head.rows, &d.row_codes));
    if ((rec->flags & COLUMN_CODES) != 0) TRY(codes(&d, rec->column_codes, rec->columns, &d.column_codes));
    d.wrong = open_streams(&d) && !decode_tool(&d);
    return verdict(&d) && (!kept || write_out(out, out->whole, bytes));
}

/* Phases 1 and 2. */
NNTC_LOCAL bool nntc_open_section(const nntc *n, const section *s, nntc_memory memory, reader *r, record *rec, nntc_error *error) {
    return nntc_section_reader(n, s, memory, r, error) && nntc_parse_record(n, s, r, rec);
}

static bool has_spare(const nntc *n, u64 bytes) {
    return FAST && (!n->limits.has_memory || n->limits.max_memory - n->summary.bound >= bytes);
}

/* Phases 3 to 5, with tables that are looked up at once where that much memory is given, else with small ones. */
NNTC_LOCAL bool nntc_decode_section(const nntc *n, nntc_memory memory, const reader *r, record *rec, payload *out) {
    u64 least = nntc_scratch(rec, false), most = nntc_scratch(rec, true);
    void *block = NULL;
    rec->spare = has_spare(n, rec->faster);
    if (rec->spare && most < SIZE_MAX / 2) block = memory.get(memory.context, (size_t)most, NNTC_SCRATCH);
    rec->spare = block != NULL;
    if (!rec->spare) TRY(nntc_get(memory, least, NNTC_SCRATCH, r->error, &block));
    return section_payload(rec, r, block, rec->spare ? most : least, out);
}
