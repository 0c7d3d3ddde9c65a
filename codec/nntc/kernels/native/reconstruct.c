/* SPEC.md 9.5, 9.7: from tokens to elements, a stretch of them at a time that stays in the nearest cache. */
#include "reconstruct.h"
#include "round_elements.h"

enum { STRETCH = 2048, MOST_LEVEL = 0x7FFFFFFF };

/* Place of the pass through a record. */
typedef struct progress {
    u64 at;      /* elements that are done */
    u64 row;     /* of the next element */
    u64 escapes; /* that are used */
} progress;

ALWAYS_INLINE double put_on_fine_grid(double k, double quantizer) { return 2 * k - (double)((k > 0) - (k < 0)) * quantizer; }

#define LOOK_UP(type) \
    { \
        const type *own = (const type *)r->indices + at; \
        type largest = 0; \
        for (u64 i = 0; i < count; i++) largest = own[i] > largest ? own[i] : largest; \
        if (largest >= r->size) return false; \
        for (u64 i = 0; i < count; i++) x[i] = r->table[own[i]]; \
    }

ALWAYS_INLINE bool look_up_integers(const reconstruction *r, u64 at, u64 count, double *restrict x) {
    if (r->index_width == 1) LOOK_UP(u8)
    else LOOK_UP(u16)
    return true;
}

ALWAYS_INLINE u64 index_at(const reconstruction *r, u64 at) {
    return r->index_width == 1 ? ((const u8 *)r->indices)[at] : ((const u16 *)r->indices)[at];
}

ALWAYS_INLINE bool take_escapes(const reconstruction *r, progress *p, u64 count, double *x) {
    u64 any = 0;
    for (u64 i = 0; i < count; i++) any |= x[i] == ESCAPED;
    for (u64 i = 0; any != 0 && i < count; i++) {
        if (x[i] != ESCAPED) continue;
        if (p->escapes == r->escape_count) return false;
        double k = r->escapes[p->escapes++];
        x[i] = r->dependent ? put_on_fine_grid(k, r->quantizers[index_at(r, p->at + i)]) : k;
    }
    return true;
}

/* Bits from `at` on, at most 24; the reader has checked that they are there. */
ALWAYS_INLINE u32 bits_at(const u8 *data, u64 size, u64 at, u32 count) {
    u64 byte = at / 8;
    u32 found = 0;
    for (u64 i = 0; i < 4 && byte + i < size; i++) found |= (u32)data[byte + i] << (8 * i);
    return found >> (at % 8) & ((1u << count) - 1);
}

ALWAYS_INLINE bool add_low_bits(const reconstruction *r, u64 at, u64 count, double *restrict x) {
    const double scale = (double)(1u << r->low_bits);
    u64 outside = 0;
    for (u64 i = 0; i < count; i++) x[i] = x[i] * scale + bits_at(r->low, r->low_size, (at + i) * r->low_bits, r->low_bits);
    for (u64 i = 0; i < count; i++) outside |= (x[i] > MOST_LEVEL) | (x[i] < -MOST_LEVEL);
    return outside == 0;
}

ALWAYS_INLINE u64 end_of(const reconstruction *r, u64 row) { return r->ends == NULL ? (row + 1) * r->columns : (u64)r->ends[row]; }

/* Row bases and column codes, row by row. */
ALWAYS_INLINE bool scale_rows(const reconstruction *r, const progress *p, u64 count, double *restrict x) {
    u64 outside = 0;
    for (u64 i = 0, row = p->row; i < count; row++) {
        u64 end = end_of(r, row) - p->at, column = p->at + i + r->columns - end_of(r, row);
        end = end < count ? end : count;
        if (r->bases != NULL) {
            const double base = (double)r->bases[row];
            for (u64 k = i; k < end; k++) x[k] += base;
            for (u64 k = i; k < end; k++) outside |= (x[k] > MOST_LEVEL) | (x[k] < -MOST_LEVEL);
            for (u64 k = i; r->bases_dependent && k < end; k++) x[k] = put_on_fine_grid(x[k], r->quantizers[index_at(r, p->at + k)]);
        }
        if (r->column_codes != NULL)
            for (u64 k = i; k < end; k++) x[k] *= r->steps[r->column_codes[column + k - i]];
        i = end;
    }
    return outside == 0;
}

ALWAYS_INLINE bool is_within(const double *x, u64 count, double limit) {
    u64 outside = 0;
    for (u64 i = 0; i < count; i++) outside |= (x[i] > limit) | (x[i] < -limit);
    return outside == 0;
}

ALWAYS_INLINE bool round_rows(const reconstruction *r, progress *p, u64 count, const double *x) {
    const u32 width = r->element == FLOAT64 ? 8 : r->element == FLOAT32 ? 4 : 2;
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

ALWAYS_INLINE bool make_stretch(const reconstruction *r, progress *p, u64 count, double *x, void *scratch) {
    if (!look_up_integers(r, p->at, count, x)) return false;
    if (r->escapes != NULL && !take_escapes(r, p, count, x)) return false;
    if (r->low_bits != 0 && !add_low_bits(r, p->at, count, x)) return false;
    if ((r->bases != NULL || r->column_codes != NULL) && !scale_rows(r, p, count, x)) return false;
    if (!is_within(x, count, r->limit)) return false;
    if (r->transform != NULL) inverse_transform(r->transform, x, count, scratch);
    return round_rows(r, p, count, x);
}

u64 reconstruct_stretch(const reconstruction *r) {
    u64 period = r->transform == NULL ? 1 : period_of(r->transform);
    return period >= STRETCH ? period : STRETCH / period * period;
}

size_t reconstruct_scratch(const reconstruction *r) {
    u64 before = (reconstruct_stretch(r) + 7) & ~(u64)7;
    return (size_t)(before + (r->transform == NULL ? 0 : transform_scratch(r->transform))) * sizeof(double);
}

ALWAYS_INLINE void reconstruct_body(const reconstruction *r, void *scratch, bool *valid) {
    const u64 stretch = reconstruct_stretch(r);
    double *x = scratch;
    progress p = {0};
    *valid = false;
    while (p.at < r->count) {
        u64 count = r->count - p.at < stretch ? r->count - p.at : stretch;
        if (!make_stretch(r, &p, count, x, x + ((stretch + 7) & ~(u64)7))) return;
        p.at += count;
        while (p.row < r->rows && end_of(r, p.row) <= p.at) p.row++;
    }
    *valid = p.escapes == r->escape_count;
}
VARIANTS(reconstruct, (const reconstruction *r, void *scratch, bool *valid), (r, scratch, valid))
