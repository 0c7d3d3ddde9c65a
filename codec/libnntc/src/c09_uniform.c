/* Clause 9.7: tool uniform, values.. Compile with -ffp-contract=off. */
#include "internal.h"

/* What each step code stands for: (8 + (b & 7)) * 2^(b >> 3). */
#define OCTAVE(e) 8.0 * (1u << (e)), 9.0 * (1u << (e)), 10.0 * (1u << (e)), 11.0 * (1u << (e)), \
                  12.0 * (1u << (e)), 13.0 * (1u << (e)), 14.0 * (1u << (e)), 15.0 * (1u << (e))
#define OCTAVES(e) OCTAVE(e), OCTAVE((e) + 1), OCTAVE((e) + 2), OCTAVE((e) + 3)
static const double step_codes[256] = {OCTAVES(0),  OCTAVES(4),  OCTAVES(8),  OCTAVES(12),
                                  OCTAVES(16), OCTAVES(20), OCTAVES(24), OCTAVES(28)};

/* What four tokens of given parities do to a state of the trellis: it comes to next, and q is that of each. */
typedef struct walk {
    u8 next[8][16], q[8][16][4];
} walk;

typedef struct values {
    decoding *d;
    reader bases;
    i64 base;                /* row base */
    u32 row, row_left;       /* row of the next element, and elements of it that are left */
    u32 state, segment_left; /* trellis: state before the next token, and tokens of the segment that are left */
    walk walk;
    double factor;           /* of the row; offset of all */
    u32 held;
    double out[SOME];        /* values that are not yet put */
    int32_t *x;              /* block of the transform, its sums, and how many of the block there are */
    nntc_sum *y;
    u32 in_block;
} values;

static bool enter_row(values *v) {
    const record *rec = v->d->rec;
    v->row_left = rec->row_start != NULL ? rec->row_start[v->row + 1] - rec->row_start[v->row] : rec->columns;
    v->factor = (double)rec->step * (v->d->row_codes == NULL ? 1 : step_codes[v->d->row_codes[v->row]]); /* step 5 */
    if ((rec->flags & TRANSFORM) != 0) v->factor *= 0x1p-24;
    return (rec->flags & ROW_BASES) == 0 || nntc_svarint(&v->bases, &v->base);
}

static void make_walk(walk *w, u32 kind) {
    for (u32 state = 0; state < (kind == 1 ? 4 : 8); state++)
        for (u32 parities = 0; parities < 16; parities++) {
            u32 s = state;
            for (u32 i = 0; i < 4; i++) {
                w->q[state][parities][i] = nntc_q[kind - 1][s];
                s = nntc_next[kind - 1][s][parities >> i & 1];
            }
            w->next[state][parities] = (u8)s;
        }
}

/* Quantizer bits of the next count tokens. */
static void quantizers(values *v, const u8 *restrict tokens, u32 count, u8 *restrict q) {
    const u32 kind = v->d->rec->flags & 3u;
    for (u32 i = 0, run; i < count; i += run) {
        if (v->segment_left == 0) {
            v->state = 0;
            v->segment_left = v->d->rec->segment;
        }
        run = v->segment_left < count - i ? v->segment_left : count - i;
        const u8 *t = tokens + i;
        u32 state = v->state, k = 0;
        for (; k + 4 <= run; k += 4) {
            u32 parities = (t[k] & 1u) | (t[k + 1] & 1u) << 1 | (t[k + 2] & 1u) << 2 | (t[k + 3] & 1u) << 3;
            memcpy(q + i + k, v->walk.q[state][parities], 4);
            state = v->walk.next[state][parities];
        }
        for (; k < run; k++) {
            q[i + k] = nntc_q[kind - 1][state];
            state = nntc_next[kind - 1][state][t[k] & 1];
        }
        v->state = state;
        v->segment_left -= run;
    }
}

/* Steps 1 and 2 for the next count elements, which have the same row base. */
static bool fine_levels(values *v, u32 count, double *restrict x) {
    const bool trellis = (v->d->rec->flags & 3) != 0;
    i64 k[SOME];
    u8 q[SOME];
    bool plain, inside = true;
    levels *l = &v->d->levels;
    const i64 lo = l->block->lo + v->base;
    TRY(nntc_levels(l, count, k, &plain));
    if (trellis) quantizers(v, l->some, count, q);
    if (plain && lo > -(1 << 29) && lo < 1 << 29) { /* nothing can go out of range */
        const int32_t least = (int32_t)lo;
        if (!trellis)
            for (u32 i = 0; i < count; i++) x[i] = (double)(least + l->some[i]);
        else
            for (u32 i = 0; i < count; i++) {
                int32_t level = least + l->some[i];
                x[i] = (double)(2 * level - q[i] * ((level > 0) - (level < 0)));
            }
        return true;
    }
    for (u32 i = 0; i < count; i++) {
        i64 level = plain ? lo + l->some[i] : k[i] + v->base;
        inside &= level <= INT32_MAX && level >= -(i64)INT32_MAX; /* step 1 */
        x[i] = (double)(trellis ? 2 * level - q[i] * ((level > 0) - (level < 0)) : level);
    }
    return inside;
}

/* Step 3 for elements of a row from a column on. */
static bool column_steps(const values *v, u32 column, u32 count, double *x) {
    const u8 *codes = v->d->column_codes;
    bool small = true; /* without codes far below 2^52 */
    if (codes == NULL) return true;
    for (u32 i = 0; i < count; i++) {
        x[i] *= step_codes[codes[column + i]];
        small &= x[i] < 0x1p52 && x[i] > -0x1p52;
    }
    return small;
}

/* Step 8 for what is held. */
static bool flush(values *v) {
    const u32 count = v->held;
    if (count == 0) return true;
    v->held = 0;
    TRY(nntc_store(v->out, count, v->d->rec->head.element, nntc_room(v->d->out)));
    return nntc_put(v->d->out, count);
}

/* Steps 6 and 7. */
static void finish(const values *v, double *x, u32 count) {
    const record *rec = v->d->rec;
    for (u32 i = 0; i < count; i++) x[i] *= v->factor; /* an x of 0 is +0 */
    if ((rec->flags & OFFSET) != 0)
        for (u32 i = 0; i < count; i++) x[i] += (double)rec->offset;
}

/* Step 4 for the next elements of a block; the whole block's values are held when it is complete. */
static bool transformed(values *v, const double *x, u32 count) {
    const record *rec = v->d->rec;
    const double most = (double)(1u << (23 - rec->mix));
    for (u32 i = 0; i < count; i++) {
        if (x[i] > most || x[i] < -most) return false;
        v->x[v->in_block + i] = (int32_t)x[i];
    }
    if ((v->in_block += count) < rec->head.period) return true;
    v->in_block = 0;
    nntc_inverse_transform(v->x, 1u << rec->mix, rec->height, rec->breadth, v->y);
    for (u32 done = 0, some; done < rec->head.period; done += some) {
        if (v->held == SOME) TRY(flush(v));
        some = rec->head.period - done < SOME - v->held ? rec->head.period - done : SOME - v->held;
        for (u32 i = 0; i < some; i++) v->out[v->held + i] = (double)v->y[done + i];
        finish(v, v->out + v->held, some);
        v->held += some;
    }
    return true;
}

/* What stands in one row, or in one block if there is a transform, of elements whose steps 1 and 2 are made. */
static bool part_of_row(values *v, double *x, u32 count, u32 *taken) {
    const record *rec = v->d->rec;
    const bool transform = (rec->flags & TRANSFORM) != 0;
    if (v->row_left == 0) {
        v->row++;
        TRY(enter_row(v));
    }
    *taken = v->row_left < count ? v->row_left : count;
    if (transform && *taken > rec->head.period - v->in_block) *taken = rec->head.period - v->in_block;
    TRY(column_steps(v, rec->columns - v->row_left, *taken, x));
    v->row_left -= *taken;
    if (transform) return transformed(v, x, *taken);
    finish(v, x, *taken);
    return true;
}

static bool all_values(values *v) {
    const record *rec = v->d->rec;
    const bool transform = (rec->flags & TRANSFORM) != 0;
    double some[SOME], *x = transform ? some : v->out;
    TRY(enter_row(v));
    for (u32 done = 0, count, taken; done < rec->head.elements; done += count) {
        count = rec->head.elements - done < SOME ? rec->head.elements - done : SOME;
        if ((rec->flags & ROW_BASES) != 0) {
            if (v->row_left == 0) {
                v->row++;
                TRY(enter_row(v));
            }
            if (count > v->row_left) count = v->row_left;
        }
        TRY(fine_levels(v, count, x));
        for (u32 i = 0; i < count; i += taken) TRY(part_of_row(v, x + i, count - i, &taken));
        if (transform) continue;
        v->held = count;
        TRY(flush(v));
    }
    return flush(v) && nntc_levels_end(&v->d->levels);
}

NNTC_LOCAL bool nntc_decode_uniform(decoding *d) {
    record *rec = d->rec;
    values v;
    memset(&v, 0, sizeof v);
    v.d = d;
    v.bases = d->r;
    v.bases.at = rec->row_bases;
    if ((rec->flags & 3) != 0) make_walk(&v.walk, rec->flags & 3u);
    if ((rec->flags & ROW_BASES) != 0) TRY(nntc_window_of(rec, &v.bases));
    if ((rec->flags & TRANSFORM) != 0)
        TRY(nntc_take_for(d, sizeof *v.x * (u64)rec->head.period, &v.x) && nntc_take_for(d, sizeof *v.y * (u64)rec->head.period, &v.y));
    return all_values(&v); /* false, if no stream is at fault: R-542 */
}
