/* Clause 9.9, method product: two matrices of small integers. R-560. Compile with -ffp-contract=off. */
#include "internal.h"

/* An integer block, all of which is kept. Its tokens are checked; faults of phases 4 and 5 are told in fault and large, since
 * those of tokens that come later are first in decode order. */
static bool factors(decoding *d, const integers *block, u32 count, int16_t **kept, nntc_error *fault, bool *large) {
    record *rec = d->rec;
    i64 some[SOME];
    bool plain;
    TRY(nntc_take_for(d, 2 * (u64)count, kept));
    const space before = rec->room;
    const u32 windows = rec->windows_used;
    reader r = d->r;
    memset(&d->levels, 0, offsetof(levels, some));
    rec->integers = *block;
    rec->streams = (block->flags & SPARSE) != 0 ? 2 : 1;
    d->count = 0;
    d->wrong = false;
    bool ok = nntc_open_streams(d);
    for (u32 done = 0, next; ok && done < count; done += next) {
        next = count - done < SOME ? count - done : SOME;
        if (!nntc_levels(&d->levels, next, some, &plain)) {
            d->wrong = true;
            break;
        }
        for (u32 i = 0; i < next; i++) {
            const i64 value = plain ? block->lo + d->levels.some[i] : some[i];
            *large = *large || value > 32767 || value < -32767;
            (*kept)[done + i] = (int16_t)value;
        }
    }
    d->wrong = d->wrong || (ok && !nntc_levels_end(&d->levels)); /* */
    TRY(nntc_streams_end(d));
    r.error = fault;
    nntc_integers_end(d, &r);
    rec->room = before;
    rec->windows_used = windows;
    return d->error->id == NNTC_OK;
}

/* Elements from first on, at most SOME, which may be in several rows. */
static void products(const record *rec, const double *scales, const int16_t *left, const int16_t *right, u32 first, u32 count, double *out) {
    const u32 rank = rec->rank, columns = rec->columns;
    for (u32 done = 0, some; done < count; done += some) {
        const u32 row = (first + done) / columns, column = (first + done) % columns;
        nntc_sum x[SOME] = {0};
        some = columns - column < count - done ? columns - column : count - done;
        for (u32 k = 0; k < rank; k++) {
            const nntc_sum factor = (nntc_sum)scales[k] * left[(size_t)row * rank + k];
            const int16_t *line = right + (size_t)k * columns + column;
            for (u32 i = 0; i < some; i++) x[i] += factor * line[i];
        }
        for (u32 i = 0; i < some; i++) out[done + i] = (double)x[i] * rec->step;
    }
}

NNTC_LOCAL bool nntc_decode_product(decoding *d) {
    record *rec = d->rec;
    const integers left = rec->integers;
    const u32 rank = rec->rank, elements = rec->head.elements;
    nntc_error fault = {NNTC_OK, 0};
    bool large[2] = {false, false}, too_high = false;
    double scales[64], values[SOME];
    int16_t *a, *b;
    u8 *codes;
    TRY(nntc_kept_tokens(d, rec->rank_codes, rank, &codes));
    TRY(factors(d, &left, rank * rec->head.rows, &a, &fault, &large[0]));
    TRY(factors(d, &rec->right, rank * rec->columns, &b, &fault, &large[1]));
    if (fault.id != NNTC_OK) { /* of phase 4 */
        *d->error = fault;
        return false;
    }
    for (u32 k = 0; k < rank; k++) {
        too_high = too_high || codes[k] > 95;
        scales[k] = nntc_step_code(codes[k] > 95 ? 0 : codes[k]);
    }
    if (too_high || large[0]) return nntc_fail(&d->r, NNTC_E_RANGE, left.at);
    if (large[1]) return nntc_fail(&d->r, NNTC_E_RANGE, rec->right.at);
    for (u32 done = 0, count; done < elements; done += count) {
        count = elements - done < SOME ? elements - done : SOME;
        products(rec, scales, a, b, done, count, values);
        TRY(nntc_add_before(d, values, count));
        if (!nntc_store(values, count, rec->head.element, nntc_room(d->out))) return nntc_fail(&d->r, NNTC_E_RANGE, left.at);
        TRY(nntc_put(d->out, count));
    }
    return true;
}
