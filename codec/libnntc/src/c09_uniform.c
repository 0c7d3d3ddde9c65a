/* Clause 9.7: tool uniform, values.. Compile with -ffp-contract=off. */
#include "internal.h"

#include <float.h>
_Static_assert(FLT_EVAL_METHOD == 0 || FLT_EVAL_METHOD == 1, "binary64 must be computed as such: no x87");

/* Rounds to a format of fraction bits and exponent bits, to nearest, ties to even; false if infinite. */
static bool rounded(double value, u32 fraction, u32 exponent_bits, u32 *pattern) {
    u64 bits, significand;
    memcpy(&bits, &value, sizeof bits);
    u32 sign = (u32)(bits >> 63) << (fraction + exponent_bits);
    int exponent = (int)(bits >> 52 & 2047), least = 1 - (1 << (exponent_bits - 1)) + 1;
    significand = bits & (((u64)1 << 52) - 1);
    if (exponent == 0) { /* zero, or far below what the format has */
        *pattern = sign;
        return true;
    }
    significand |= (u64)1 << 52;
    exponent -= 1023;
    int lost = 52 - (int)fraction + (exponent < least ? least - exponent : 0);
    u64 kept = 0;
    if (lost < 54) {
        u64 rest = significand & (((u64)1 << lost) - 1), half = (u64)1 << (lost - 1);
        kept = significand >> lost;
        if (rest > half || (rest == half && (kept & 1) != 0)) kept++;
    }
    /* A normal number has fraction + 1 bits: its leading one adds 1 to the exponent field by itself, as a carry does. */
    if (exponent >= least) kept += (u64)(exponent - least) << fraction;
    *pattern = sign | (u32)kept;
    return kept < (u64)((1u << exponent_bits) - 1) << fraction;
}

NNTC_LOCAL bool nntc_store(double value, u32 element, u8 *out) {
    u32 pattern = 0;
    u64 bits;
    float single;
    switch (element) {
    case 8:
    case 9:
        if (!rounded(value, element == 8 ? 10 : 7, element == 8 ? 5 : 8, &pattern)) return false;
        out[0] = (u8)pattern;
        out[1] = (u8)(pattern >> 8);
        return true;
    case 10:
        if (value >= 0x1.ffffffp127 || value <= -0x1.ffffffp127) return false;
        single = (float)value;
        memcpy(&pattern, &single, sizeof pattern);
        for (u32 k = 0; k < 4; k++) out[k] = (u8)(pattern >> (8 * k));
        return true;
    default:
        memcpy(&bits, &value, sizeof bits);
        for (u32 k = 0; k < 8; k++) out[k] = (u8)(bits >> (8 * k));
        return true;
    }
}

static double step_code(const u8 *codes, u32 i) {
    if (codes == NULL) return 1;
    return (double)((u64)(8 + (codes[i] & 7)) << (codes[i] >> 3));
}

typedef struct values {
    const record *rec;
    const buffers *b;
    level_source levels;
    u32 kind, state, left; /* trellis: tokens left in the segment */
    i64 base;              /* row base */
} values;

/* Steps 1 to 3 for the next element; false: out of range. */
static bool scaled(values *s, u32 column, double *x) {
    i64 k;
    u32 parity = s->kind == 0 ? 0 : s->levels.tokens[s->levels.i] & 1u;
    TRY(nntc_level(&s->levels, &k));
    k += s->base;
    if (k > INT32_MAX || k < -(i64)INT32_MAX) return false; /* step 1 */
    if (s->kind != 0) {
        if (s->left == 0) {
            s->state = 0;
            s->left = s->rec->segment;
        }
        i64 q = nntc_q(s->kind, s->state);
        k = 2 * k - (k > 0 ? q : k < 0 ? -q : 0); /* step 2 */
        s->state = nntc_next(s->kind, s->state, parity);
        s->left--;
    }
    *x = (double)k * step_code(s->b->column_codes, column); /* step 3 */
    return *x < 0x1p52 && *x > -0x1p52;
}

/* One channel of a row, or a whole ragged row: count elements to out. */
static bool stretch(values *s, u32 column, u32 count, double factor, u8 *out) {
    const record *rec = s->rec;
    u32 width = rec->head.width;
    bool transform = (rec->flags & TRANSFORM) != 0, offset = (rec->flags & OFFSET) != 0;
    double x;
    if (transform) {
        double most = (double)(1u << (23 - rec->mix));
        for (u32 p = 0; p < count; p++) {
            TRY(scaled(s, column + p, &x));
            if (x > most || x < -most) return false; /* step 4 */
            s->b->x[p] = (int32_t)x;
        }
        nntc_inverse_transform(s->b->x, 1u << rec->mix, rec->height, rec->breadth, s->b->y);
    }
    for (u32 p = 0; p < count; p++) {
        if (transform) x = (double)s->b->y[p];
        else TRY(scaled(s, column + p, &x));
        double value = x * factor;                 /* step 6; an x of 0 is +0 */
        if (offset) value = value + (double)rec->offset; /* step 7 */
        TRY(nntc_store(value, rec->head.element, out + (size_t)p * width)); /* step 8 */
    }
    return true;
}

static bool all_values(values *s, reader *r, u8 *out) {
    const record *rec = s->rec;
    const nntc_record *head = &rec->head;
    reader bases = *r;
    bases.at = rec->row_bases;
    for (u32 row = 0; row < head->rows; row++) {
        double factor = (double)rec->step * step_code(s->b->row_codes, row); /* step 5 */
        if ((rec->flags & TRANSFORM) != 0) factor *= 0x1p-24;
        if ((rec->flags & ROW_BASES) != 0) TRY(nntc_svarint(&bases, &s->base));
        if (head->view_kind == 2) {
            u32 begin = s->b->row_start[row];
            TRY(stretch(s, 0, s->b->row_start[row + 1] - begin, factor, out + (u64)begin * head->width));
            continue;
        }
        for (u32 c = 0; c < head->channels; c++) {
            u64 place = head->view_kind == 1 ? (u64)c * head->rows + row : (u64)row * head->channels + c;
            TRY(stretch(s, c * head->period, head->period, factor, out + place * head->period * head->width));
        }
    }
    return nntc_levels_end(&s->levels);
}

NNTC_LOCAL bool nntc_uniform(const record *rec, const buffers *b, reader *r, u8 *out) {
    values s;
    memset(&s, 0, sizeof s);
    s.rec = rec;
    s.b = b;
    s.kind = rec->flags & 3u;
    nntc_levels(&s.levels, &rec->integers, b, r);
    return all_values(&s, r, out) || nntc_fail(r, NNTC_E_RANGE, rec->integers.at); /* */
}
