/* Clause 9.7: tool uniform, values.. Compile with -ffp-contract=off. */
#include "internal.h"

typedef struct values {
    const record *rec;
    const buffers *b;
    level_source levels;
    u32 kind, state, left; /* trellis: tokens left in the segment */
    i64 base;              /* row base */
    bool plain;            /* integers are tokens and a constant, but for escapes, and far from any limit */
    double steps[256];     /* what each step code stands for */
} values;

static double step_code(u32 code) { return (double)((u64)(8 + (code & 7)) << (code >> 3)); }

/* Steps 1 and 2 for one integer; false: out of range. */
static bool scaled_level(values *s, i64 *x) {
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
        i64 q = nntc_q[s->kind - 1][s->state];
        k = 2 * k - (k > 0 ? q : k < 0 ? -q : 0); /* step 2 */
        s->state = nntc_next[s->kind - 1][s->state][parity];
        s->left--;
    }
    *x = k;
    return true;
}

/* The same for count of them, where nothing can go out of range. */
static void plain_levels(values *s, u32 count, i64 *x) {
    const u8 *tokens = s->levels.tokens + s->levels.i;
    i64 lo = s->rec->integers.lo + s->base;
    s->levels.i += count;
    if (s->kind == 0) {
        for (u32 i = 0; i < count; i++) x[i] = lo + tokens[i];
        return;
    }
    const u8(*next)[2] = nntc_next[s->kind - 1], *quantizer = nntc_q[s->kind - 1];
    u32 state = s->state, left = s->left;
    for (u32 i = 0; i < count; i++) {
        if (left == 0) {
            state = 0;
            left = s->rec->segment;
        }
        i64 k = lo + tokens[i], q = quantizer[state];
        x[i] = 2 * k - q * ((k > 0) - (k < 0));
        state = next[state][tokens[i] & 1u];
        left--;
    }
    s->state = state;
    s->left = left;
}

/* Steps 1 to 3 for the next count elements, at most SOME; column: of the first. */
enum { SOME = 256 };
static bool scaled(values *s, u32 column, u32 count, double *x) {
    i64 levels[SOME];
    const u8 *codes = s->b->column_codes;
    if (s->plain && ((s->rec->integers.flags & ESCAPE) == 0 || memchr(s->levels.tokens + s->levels.i, 255, count) == NULL))
        plain_levels(s, count, levels);
    else
        for (u32 i = 0; i < count; i++) TRY(scaled_level(s, &levels[i]));
    if (codes == NULL) {
        for (u32 i = 0; i < count; i++) x[i] = (double)levels[i];
        return true; /* far below 2^52 */
    }
    bool small = true;
    for (u32 i = 0; i < count; i++) {
        x[i] = (double)levels[i] * s->steps[codes[column + i]]; /* step 3 */
        small &= x[i] < 0x1p52 && x[i] > -0x1p52;
    }
    return small;
}

/* Steps 6 to 8, in place. */
static bool finish(const record *rec, double *x, u32 count, double factor, u8 *out) {
    for (u32 i = 0; i < count; i++) x[i] *= factor; /* an x of 0 is +0 */
    if ((rec->flags & OFFSET) != 0)
        for (u32 i = 0; i < count; i++) x[i] += (double)rec->offset;
    return nntc_store(x, count, rec->head.element, out);
}

/* Elements of a row that stand one after another in the payload. */
static bool stretch(values *s, u32 column, u32 count, double factor, u8 *out) {
    double x[SOME];
    for (u32 done = 0, take; done < count; done += take) {
        take = count - done < SOME ? count - done : SOME;
        TRY(scaled(s, column + done, take, x));
        TRY(finish(s->rec, x, take, factor, out + (size_t)done * s->rec->head.width));
    }
    return true;
}

/* One channel of a row, a block of the transform. */
static bool block(values *s, u32 column, double factor, u8 *out) {
    const record *rec = s->rec;
    const buffers *b = s->b;
    u32 period = rec->head.period;
    double x[SOME], most = (double)(1u << (23 - rec->mix));
    for (u32 done = 0, take; done < period; done += take) {
        take = period - done < SOME ? period - done : SOME;
        TRY(scaled(s, column + done, take, x));
        for (u32 i = 0; i < take; i++) {
            if (x[i] > most || x[i] < -most) return false; /* step 4 */
            b->x[done + i] = (int32_t)x[i];
        }
    }
    nntc_inverse_transform(b->x, 1u << rec->mix, rec->height, rec->breadth, b->y);
    for (u32 done = 0, take; done < period; done += take) {
        take = period - done < SOME ? period - done : SOME;
        for (u32 i = 0; i < take; i++) x[i] = (double)b->y[done + i];
        TRY(finish(rec, x, take, factor, out + (size_t)done * rec->head.width));
    }
    return true;
}

static bool all_values(values *s, reader *r, u8 *out) {
    const record *rec = s->rec;
    const nntc_record *head = &rec->head;
    const integers *coded = &rec->integers;
    bool transform = (rec->flags & TRANSFORM) != 0;
    reader bases = *r;
    bases.at = rec->row_bases;
    for (u32 row = 0; row < head->rows; row++) {
        double factor = (double)rec->step * (s->b->row_codes == NULL ? 1 : s->steps[s->b->row_codes[row]]); /* step 5 */
        if (transform) factor *= 0x1p-24;
        if ((rec->flags & ROW_BASES) != 0) TRY(nntc_svarint(&bases, &s->base));
        i64 lowest = coded->lo + s->base;
        s->plain = (coded->flags & (LOW | SPARSE)) == 0 && coded->lo < 1 << 30 && lowest > -(1 << 30) && lowest < 1 << 30;
        if (head->view_kind == 2) {
            u32 begin = s->b->row_start[row];
            TRY(stretch(s, 0, s->b->row_start[row + 1] - begin, factor, out + (u64)begin * head->width));
        } else if (head->view_kind == 0 && !transform) {
            TRY(stretch(s, 0, rec->columns, factor, out + (u64)row * rec->columns * head->width));
        } else
            for (u32 c = 0; c < head->channels; c++) {
                u64 place = head->view_kind == 1 ? (u64)c * head->rows + row : (u64)row * head->channels + c;
                u8 *to = out + place * head->period * head->width;
                TRY(transform ? block(s, c * head->period, factor, to) : stretch(s, c * head->period, head->period, factor, to));
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
    for (u32 code = 0; code < 256; code++) s.steps[code] = step_code(code);
    nntc_levels(&s.levels, &rec->integers, b, r);
    return all_values(&s, r, out) || nntc_fail(r, NNTC_E_RANGE, rec->integers.at); /* */
}
