/* Clause 9.7: tool uniform, values.. Compile with -ffp-contract=off. */
#include "internal.h"

/* Step 3: a number times what a step code stands for, (8 + (b & 7)) * 2^(b >> 3); false if that is 2^52 or more. */
#ifdef NNTC_SMALL
NNTC_LOCAL double nntc_step_code(u32 code) { return (double)((u64)(8 + (code & 7)) << (code >> 3)); }

static inline bool times_code(nntc_sum *x, u32 code) {
    const i64 product = *x * (8 + (code & 7)), least = (i64)1 << (52 - (code >> 3));
    *x = (i64)((u64)product << (code >> 3));
    return product < least && product > -least;
}
#else
#define OCTAVE(e) 8.0 * (1u << (e)), 9.0 * (1u << (e)), 10.0 * (1u << (e)), 11.0 * (1u << (e)), \
                  12.0 * (1u << (e)), 13.0 * (1u << (e)), 14.0 * (1u << (e)), 15.0 * (1u << (e))
#define OCTAVES(e) OCTAVE(e), OCTAVE((e) + 1), OCTAVE((e) + 2), OCTAVE((e) + 3)
static const double step_codes[256] = {OCTAVES(0),  OCTAVES(4),  OCTAVES(8),  OCTAVES(12),
                                       OCTAVES(16), OCTAVES(20), OCTAVES(24), OCTAVES(28)};

NNTC_LOCAL double nntc_step_code(u32 code) { return step_codes[code]; }

static inline bool times_code(nntc_sum *x, u32 code) {
    *x *= step_codes[code];
    return *x < 0x1p52 && *x > -0x1p52;
}
#endif

/* What four tokens of given parities do to a state of the trellis: it comes to next, and q is that of each. The states above
 * 15, of 128, are linear: only their low bits leave in four steps, and the others are shifted. */
typedef struct walk {
    u8 next[16][16], q[16][16][4];
} walk;

typedef struct values {
    decoding *d;
    reader bases;
    i64 base;                /* row base */
    u32 rows, row_left;      /* rows that have begun, and elements of the last that are left */
    u32 state, segment_left; /* trellis: state before the next token, and tokens of the segment that are left */
    walk walk;
    double factor;           /* of the row */
    u32 held;                /* values that are not yet put, in out */
    int32_t *x;              /* block of the transform, what it gives, and how many of the block there are */
    nntc_sum *y;
    u32 in_block;
    double out[SOME];
} values;

static bool next_row(values *v) {
    const record *rec = v->d->rec;
    const u32 row = v->rows++;
    v->row_left = rec->row_start != NULL ? rec->row_start[row + 1] - rec->row_start[row] : rec->columns;
    v->factor = (double)rec->step * (v->d->row_codes == NULL ? 1 : nntc_step_code(v->d->row_codes[row])); /* step 5 */
    if ((rec->flags & TRANSFORM) != 0) v->factor *= 0x1p-24;
    return (rec->flags & ROW_BASES) == 0 || nntc_svarint(&v->bases, &v->base);
}

static void make_walk(walk *w, u32 kind) {
    for (u32 state = 0; state < (kind == 3 ? 16 : kind == 2 ? 8 : 4); state++)
        for (u32 parities = 0; parities < 16; parities++) {
            u32 s = state;
            for (u32 i = 0; i < 4; i++) {
                w->q[state][parities][i] = (u8)nntc_quantizer(kind, s);
                s = nntc_next_state(kind, s, parities >> i);
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
            memcpy(q + i + k, v->walk.q[state & 15][parities], 4);
            state = state >> 4 ^ v->walk.next[state & 15][parities];
        }
        for (; k < run; k++) {
            q[i + k] = (u8)nntc_quantizer(kind, state);
            state = nntc_next_state(kind, state, t[k]);
        }
        v->state = state;
        v->segment_left -= run;
    }
}

/* Steps 1 and 2 for the next count elements, which have the same row base. */
static bool fine_levels(values *v, u32 count, nntc_sum *restrict x) {
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
            for (u32 i = 0; i < count; i++) x[i] = (nntc_sum)(least + l->some[i]);
        else
            for (u32 i = 0; i < count; i++) {
                int32_t level = least + l->some[i];
                x[i] = (nntc_sum)(2 * level - q[i] * ((level > 0) - (level < 0)));
            }
        return true;
    }
    for (u32 i = 0; i < count; i++) {
        i64 level = plain ? lo + l->some[i] : k[i] + v->base;
        inside &= level <= INT32_MAX && level >= -(i64)INT32_MAX; /* step 1 */
        x[i] = (nntc_sum)(trellis ? 2 * level - q[i] * ((level > 0) - (level < 0)) : level);
    }
    return inside;
}

/* Step 3 for elements of a row from a column on. */
static bool column_steps(const values *v, u32 column, u32 count, nntc_sum *x) {
    const u8 *codes = v->d->column_codes;
    bool inside = true; /* without codes far inside */
    for (u32 i = 0; i < count && codes != NULL; i++) inside &= times_code(&x[i], codes[column + i]);
    return inside;
}

/* Step 8 for the values that are held. */
static bool flush(values *v) {
    const u32 count = v->held;
    if (count == 0) return true;
    v->held = 0;
    if (v->d->rec->differs) TRY(nntc_add_before(v->d, v->out, count));
    TRY(nntc_store(v->out, count, v->d->rec->head.element, nntc_room(v->d->out)));
    return nntc_put(v->d->out, count);
}

/* Steps 6 and 7 for the next elements, all in one row. */
static bool hold(values *v, const nntc_sum *y, u32 count) {
    const record *rec = v->d->rec;
    for (u32 done = 0, some; done < count; done += some) {
        if (v->held == SOME) TRY(flush(v));
        some = count - done < SOME - v->held ? count - done : SOME - v->held;
        double *out = v->out + v->held;
        for (u32 i = 0; i < some; i++) out[i] = (double)y[done + i] * v->factor; /* a y of 0 is +0 */
        if ((rec->flags & OFFSET) != 0)
            for (u32 i = 0; i < some; i++) out[i] += (double)rec->offset;
        v->held += some;
    }
    return true;
}

/* Step 4 for the next elements of a block. */
static bool transformed(values *v, const nntc_sum *x, u32 count) {
    const record *rec = v->d->rec;
    const nntc_sum most = (nntc_sum)(1u << (23 - rec->mix));
    for (u32 i = 0; i < count; i++) {
        if (x[i] > most || x[i] < -most) return false;
        v->x[v->in_block + i] = (int32_t)x[i];
    }
    if ((v->in_block += count) < rec->head.period) return true;
    v->in_block = 0;
    nntc_inverse_transform(v->x, 1u << rec->mix, rec->height, rec->breadth, v->y);
    return hold(v, v->y, rec->head.period);
}

/* Steps 3 to 7 for what stands in one row, or in one block if there is a transform. */
static bool part_of_row(values *v, nntc_sum *x, u32 count, u32 *taken) {
    const record *rec = v->d->rec;
    const bool transform = (rec->flags & TRANSFORM) != 0;
    *taken = v->row_left < count ? v->row_left : count;
    if (transform && *taken > rec->head.period - v->in_block) *taken = rec->head.period - v->in_block;
    TRY(column_steps(v, rec->columns - v->row_left, *taken, x));
    v->row_left -= *taken;
    return transform ? transformed(v, x, *taken) : hold(v, x, *taken);
}

static bool all_values(values *v) {
    const record *rec = v->d->rec;
    nntc_sum x[SOME];
    for (u32 done = 0, count, taken; done < rec->head.elements; done += count) {
        count = rec->head.elements - done < SOME ? rec->head.elements - done : SOME;
        if ((rec->flags & ROW_BASES) != 0) { /* levels of one row at a time */
            if (v->row_left == 0) TRY(next_row(v));
            if (count > v->row_left) count = v->row_left;
        }
        TRY(fine_levels(v, count, x));
        for (u32 i = 0; i < count; i += taken) {
            if (v->row_left == 0) TRY(next_row(v));
            TRY(part_of_row(v, x + i, count - i, &taken));
        }
    }
    return flush(v) && nntc_levels_end(&v->d->levels);
}

NNTC_LOCAL bool nntc_decode_uniform(decoding *d) {
    record *rec = d->rec;
    values v;
    memset(&v, 0, offsetof(values, out));
    v.d = d;
    v.bases = d->r;
    v.bases.at = rec->row_bases;
    if ((rec->flags & 3) != 0) make_walk(&v.walk, rec->flags & 3u);
    if ((rec->flags & ROW_BASES) != 0) TRY(nntc_window_of(rec, &v.bases));
    if ((rec->flags & TRANSFORM) != 0)
        TRY(nntc_take_for(d, sizeof *v.x * (u64)rec->head.period, &v.x) && nntc_take_for(d, sizeof *v.y * (u64)rec->head.period, &v.y));
    return all_values(&v); /* false, if no stream is at fault: R-542 */
}
