/* SPEC.md 9.5, 9.7: from tokens to elements, a stretch of them at a time that stays in the nearest cache. Included once for
 * each kind of processor, after what tells the compiler of it: it takes vectors apart that a processor does not have. */
#include "inverse_transform.h"
#include "reconstruct.h"
#include "round_elements.h"

enum { MOST_LEVEL = 0x7FFFFFFF };

/* Place of the pass through a record. */
typedef struct progress {
    u64 at;      /* elements that are done */
    u64 row;     /* of the next element */
    u64 escapes; /* that are used */
} progress;

/* On the fine grid of a trellis, which is that of quantizer 0 without one. */
ALWAYS_INLINE double fine(double k, i32 quantizer) { return 2 * k - (double)(((k > 0) - (k < 0)) * quantizer); }

/* Integers of tokens. With row bases they are put on the fine grid later. */
#define INTEGERS(type, value) \
    { \
        const type *tokens = (const type *)r->tokens + at; \
        for (u64 i = 0; i < count; i++) { \
            i32 k = (i32)(tokens[i] & 255) + r->lowest; \
            x[i] = value; \
        } \
    }

ALWAYS_INLINE void read_integers(const reconstruction *r, u64 at, u64 count, double *restrict x) {
    if (!r->dependent) INTEGERS(u8, k)
    else if (r->bases != NULL) INTEGERS(u16, k)
    else INTEGERS(u16, 2 * (double)k - (double)(((k > 0) - (k < 0)) & -(i32)(tokens[i] >> 8)))
}

ALWAYS_INLINE i32 quantizer_at(const reconstruction *r, u64 at) { return ((const u16 *)r->tokens)[at] >> 8; }
ALWAYS_INLINE u32 token_at(const reconstruction *r, u64 at) {
    return r->dependent ? ((const u16 *)r->tokens)[at] & 255u : ((const u8 *)r->tokens)[at];
}

ALWAYS_INLINE bool take_escapes(const reconstruction *r, progress *p, u64 count, double *x) {
    u32 any = 0;
    if (r->dependent)
        for (u64 i = 0; i < count; i++) any |= (((const u16 *)r->tokens)[p->at + i] & 255) == 255;
    else
        for (u64 i = 0; i < count; i++) any |= ((const u8 *)r->tokens)[p->at + i] == 255;
    for (u64 i = 0; any != 0 && i < count; i++) {
        if (token_at(r, p->at + i) != 255) continue;
        if (p->escapes == r->escape_count) return false;
        double k = r->escapes[p->escapes++];
        x[i] = r->dependent && r->bases == NULL ? fine(k, quantizer_at(r, p->at + i)) : k;
    }
    return true;
}

ALWAYS_INLINE bool is_within(const double *x, u64 count, double limit) {
    u64 outside = 0;
    for (u64 i = 0; i < count; i++) outside |= (x[i] > limit) | (x[i] < -limit);
    return outside == 0;
}

/* Bits from `at` on, at most 24, of bytes that are there. */
ALWAYS_INLINE u32 bits_at(const u8 *data, u64 size, u64 at, u32 count) {
    u64 byte = at / 8;
    u32 found = 0;
    if (size - byte >= 4) found = data[byte] | (u32)data[byte + 1] << 8 | (u32)data[byte + 2] << 16 | (u32)data[byte + 3] << 24;
    else
        for (u64 i = 0; byte + i < size; i++) found |= (u32)data[byte + i] << (8 * i);
    return found >> (at % 8) & ((1u << count) - 1);
}

ALWAYS_INLINE bool add_low_bits(const reconstruction *r, u64 at, u64 count, double *restrict x) {
    const double scale = (double)(1u << r->low_bits);
    const u32 width = r->low_bits;
    for (u64 i = 0; i < count; i++) x[i] = x[i] * scale + bits_at(r->low, r->low_size, (at + i) * width, width);
    return is_within(x, count, MOST_LEVEL);
}

ALWAYS_INLINE u64 end_of(const reconstruction *r, u64 row) { return r->ends == NULL ? (row + 1) * r->columns : (u64)r->ends[row]; }

/* Row bases and column codes, row by row; `columns`: the numbers of these, or NULL if they are too many. */
ALWAYS_INLINE bool scale_rows(const reconstruction *r, const progress *p, u64 count, const double *columns, double *restrict x) {
    u64 outside = 0;
    for (u64 i = 0, row = p->row; i < count; row++) {
        u64 end = end_of(r, row) - p->at, column = p->at + i + r->columns - end_of(r, row);
        end = end < count ? end : count;
        if (r->bases != NULL) {
            const double base = (double)r->bases[row];
            for (u64 k = i; k < end; k++) x[k] += base;
            for (u64 k = i; k < end; k++) outside |= (x[k] > MOST_LEVEL) | (x[k] < -MOST_LEVEL);
            for (u64 k = i; r->dependent && k < end; k++) x[k] = fine(x[k], quantizer_at(r, p->at + k));
        }
        if (columns != NULL)
            for (u64 k = i; k < end; k++) x[k] *= columns[column + k - i];
        else if (r->column_codes != NULL)
            for (u64 k = i; k < end; k++) x[k] *= r->steps[r->column_codes[column + k - i]];
        i = end;
    }
    return outside == 0;
}

ALWAYS_INLINE bool round_rows(const reconstruction *r, progress *p, u64 count, const double *x) {
    const u32 width = width_of(r->element);
    u8 *out = (u8 *)r->out + p->at * width;
    bool finite = true;
    if (!r->has_row_factors) return round_elements(x, r->factors[0], r->offset, r->element, count, out);
    for (u64 i = 0, row = p->row; i < count; row++) {
        u64 end = end_of(r, row) - p->at;
        end = end < count ? end : count;
        finite &= round_elements(x + i, r->factors[row], r->offset, r->element, end - i, out + i * width);
        i = end;
    }
    return finite;
}

/* Parts of the scratch. */
typedef struct room {
    double *x, *columns;
    void *transform;
} room;

ALWAYS_INLINE bool make_stretch(const reconstruction *r, progress *p, u64 count, room to) {
    read_integers(r, p->at, count, to.x);
    if (r->escapes != NULL && !take_escapes(r, p, count, to.x)) return false;
    if (r->low_bits != 0 && !add_low_bits(r, p->at, count, to.x)) return false;
    if ((r->bases != NULL || r->column_codes != NULL) && !scale_rows(r, p, count, to.columns, to.x)) return false;
    if (!is_within(to.x, count, r->limit)) return false;
    if (r->transform != NULL) inverse_transform(r->transform, to.x, count, to.transform);
    return round_rows(r, p, count, to.x);
}

ALWAYS_INLINE bool reconstruct_all(const reconstruction *r, void *scratch) {
    const u64 stretch = reconstruct_stretch(r), columns = reconstruct_columns(r);
    room to = {scratch, (double *)scratch + padded_doubles(stretch), NULL};
    progress p = {0};
    to.transform = to.columns + padded_doubles(columns);
    if (columns == 0) to.columns = NULL;
    for (u64 j = 0; j < columns; j++) to.columns[j] = r->steps[r->column_codes[j]];
    while (p.at < r->count) {
        u64 count = r->count - p.at < stretch ? r->count - p.at : stretch;
        if (!make_stretch(r, &p, count, to)) return false;
        p.at += count;
        while (p.row < r->rows && end_of(r, p.row) <= p.at) p.row++;
    }
    return r->escapes == NULL || p.escapes == r->escape_count;
}
