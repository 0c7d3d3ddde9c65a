/* Clause 9.9: tool difference, from what elements are changed, and to what. R-560. Compile with -ffp-contract=off. */
#include "internal.h"

/* The range of the next part. */
static bool next_range(decoding *d) {
    const record *rec = d->rec;
    from_base *b = &d->before;
    const u32 part = b->part++;
    i64 offset;
    b->left = rec->row_start == NULL ? rec->head.elements : rec->row_start[part + 1] - rec->row_start[part];
    TRY(nntc_wide_svarint(&b->offsets, &offset));
    const i64 start = b->end + offset;
    const u64 size = (u64)b->left * rec->base_width;
    const base_entry *file = nntc_base_holding(rec->nntc, start, size);
    if (file == NULL) return nntc_fail(&d->r, NNTC_SOURCE, 0); /* the file has changed */
    b->file = nntc_reader(file->source->span, file->size, 0, d->error);
    if (file->source->span == NULL) {
        b->file.source = file->source;
        nntc_move_window(&b->file, b->window, nntc_base_window(rec->nntc));
    }
    b->file.at = (u64)start - file->start;
    b->end = start + (i64)size;
    return true;
}

/* The next count elements of the base, in payload order. */
static bool base_elements(decoding *d, u32 count, u8 *out) {
    const record *rec = d->rec;
    from_base *b = &d->before;
    for (u32 some; count > 0; count -= some) {
        if (b->left == 0) TRY(next_range(d));
        const u8 *p = nntc_look(&b->file, b->file.at, rec->base_width);
        if (p == NULL) return false;
        const u64 held = (b->file.begin + b->file.held - b->file.at) / rec->base_width;
        some = b->left < count ? b->left : count;
        if (some > held) some = (u32)held;
        if (rec->base_type == rec->head.element) memcpy(out, p, (size_t)some * rec->base_width);
        else nntc_convert(p, some, rec->base_type, rec->head.element, out);
        b->file.at += (u64)some * rec->base_width;
        b->left -= some;
        out += (size_t)some * rec->head.width;
    }
    return true;
}

/* In a transposed view all elements are put in their place first. */
NNTC_LOCAL bool nntc_open_before(decoding *d) {
    record *rec = d->rec;
    from_base *b = &d->before;
    const u64 size = nntc_base_window(rec->nntc);
    if (size > 0) TRY(nntc_take_for(d, size, &b->window));
    b->offsets = d->r;
    b->offsets.at = rec->base_offsets;
    TRY(nntc_window_of(rec, &b->offsets));
    return !d->out->moved || base_elements(d, rec->head.elements, d->out->whole);
}

static bool before(decoding *d, u32 count, u8 *out) {
    if (!d->rec->later && !d->out->moved) return base_elements(d, count, out);
    nntc_elements_before(d->out, count, out);
    return true;
}

/* The half of the room that elements of at most 8 bytes do not need. */
static u8 *spare_room(decoding *d) { return d->out->some + 8 * (size_t)SOME; }

/* order(b), which is its own inverse but for what is added. */
static inline u64 moved_place(u64 b, u64 u, u32 width, bool is_float) {
    const u64 top = (u64)1 << (8 * width - 1), all = top | (top - 1);
    const u64 distance = (u & 1) != 0 ? ~(u >> 1) : u >> 1;
    u64 place = !is_float ? b : b < top ? b + top : all - b;
    place = (place + distance) & all;
    return !is_float ? place : place >= top ? place - top : all - place;
}

static inline void move_all(u8 *out, const u8 *from, u32 count, u32 width, bool is_float) {
    for (u32 i = 0; i < count; i++, out += width, from += width) {
        u64 u = 0, b = 0;
        for (u32 k = 0; k < width; k++) {
            u |= (u64)out[k] << (8 * k);
            b |= (u64)from[k] << (8 * k);
        }
        b = moved_place(b, u, width, is_float);
        for (u32 k = 0; k < width; k++) out[k] = (u8)(b >> (8 * k));
    }
}

NNTC_LOCAL bool nntc_move_places(decoding *d, u32 count) {
    const u32 width = d->rec->head.width;
    u8 *from = spare_room(d), *out = nntc_room(d->out);
    TRY(before(d, count, from));
    if (d->rec->head.element < 8) move_all(out, from, count, width, false);
    else if (width == 4) move_all(out, from, count, 4, true); /* widths that are known are fast */
    else if (width == 2) move_all(out, from, count, 2, true);
    else move_all(out, from, count, 8, true);
    return true;
}

NNTC_LOCAL bool nntc_add_before(decoding *d, double *values, u32 count) {
    double from[SOME];
    TRY(before(d, count, spare_room(d)));
    nntc_load(spare_room(d), count, d->rec->head.element, from);
    for (u32 i = 0; i < count; i++) values[i] = from[i] + values[i];
    return true;
}
