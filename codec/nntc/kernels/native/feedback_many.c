/* Trellis search with error feedback over 128 states, a survivor of each: rows one by one, all paths of a row side by side in
 * eight vectors, in the places that many_states.h gives them. What a row has of its last columns moves along with the paths
 * (register exchange) for eight columns; what is older is looked up by ancestors.
 *
 * An error is what was to be quantized less a whole number, and the former is the same for all paths. So sums of errors are one
 * sum for all, and for each path a sum of multiples of whole numbers by 2^-12: exact in binary32 where all is small. */
#include "candidates.h"
#include "feedback_search.h"
#include "many_states.h"

enum { V = MANY_VECTORS, SPREAD = 4, WINDOW = LANES };
#ifdef __GNUC__
#define AS_IT_IS _Pragma("GCC unroll 1") /* loops of long bodies, which take long to compile eight times */
#else
#define AS_IT_IS
#endif
static const float MOST_IN_WINDOW = 2 * WINDOW - 4; /* below it the three levels that are tried are, too */
static const float MOST_NARROW = 1024;              /* values and levels whose errors binary32 holds */
static const float MOST_SUM = 4096;                 /* sums below it are multiples of 2^-12 that binary32 holds */

/* A column's step of the trellis: where the other way into a place comes from, and quantizers. */
typedef struct step {
    ints lanes; /* within a vector */
    ints quantizers;
    u32 vector;
    u32 odd; /* a bit for each vector: 1 where quantizers are the other ones */
} step;

/* What all rows of a block have. */
typedef struct block_steps {
    step steps[BLOCK];
    u8 states[MANY]; /* of places after it */
    turn next;
    u32 count;
} block_steps;

/* Filters of a group: from the columns of the block before, and from its own; most: the greatest sum of magnitudes. */
typedef struct many_filters {
    double before[BLOCK][BLOCK], own[BLOCK][BLOCK];
    float before_narrow[BLOCK][BLOCK], own_narrow[BLOCK][BLOCK];
    double most;
} many_filters;

/* A row while a block is searched. */
typedef struct many_search {
    floats targets[BLOCK][V];
    floats cost[V];
    floats fine[BLOCK][V];
    ints ancestors[V]; /* before the inner block, then before the block */
    floats most;       /* magnitudes of fine */
} many_search;

static void filters_of(const feedback_search *s, u64 group, u64 start, u32 count, many_filters *f) {
    const double *filters = s->filters + group * s->length * s->length + start;
    double sums[2][BLOCK] = {{0}};
    memset(f, 0, sizeof *f);
    for (u32 i = 0; i < BLOCK; i++)
        for (u32 j = 0; j < count; j++) {
            if (start > 0) f->before[i][j] = filters[(start - BLOCK + i) * s->length + j];
            if (i < j) f->own[i][j] = filters[(start + i) * s->length + j];
            f->before_narrow[i][j] = (float)f->before[i][j];
            f->own_narrow[i][j] = (float)f->own[i][j];
            sums[0][j] += f->before[i][j] < 0 ? -f->before[i][j] : f->before[i][j];
            sums[1][j] += f->own[i][j] < 0 ? -f->own[i][j] : f->own[i][j];
        }
    f->most = 0;
    for (u32 k = 0; k < 2; k++)
        for (u32 j = 0; j < count; j++) f->most = sums[k][j] > f->most ? sums[k][j] : f->most;
}

static void steps_of(turn t, u32 count, block_steps *b) {
    b->count = count;
    for (u32 i = 0; i < count; i++) {
        const u32 form = quantizer_form(&t);
        step *own = &b->steps[i];
        own->lanes = numbered(0) ^ (i32)(t.flip % LANES);
        own->vector = t.flip / LANES;
        own->odd = 0;
        for (u32 l = 0; l < LANES; l++) own->quantizers[l] = (i32)parity_of(form & l);
        for (u32 v = 0; v < V; v++) own->odd |= parity_of(form & v * LANES) << v;
        t = next_turn(t);
    }
    states_of(&t, b->states);
    b->next = t;
}

/* Numbers of all paths in another order. */
#define TAKES_MANY(name, vector, take, choose) \
    ALWAYS_INLINE vector name(const vector from[V], ints at) { \
        const ints second = -(at >> 5 & 1), fourth = -(at >> 6); \
        const ints pair = at & 31; \
        return choose(fourth, choose(second, take(from + 6, 2, pair), take(from + 4, 2, pair)), \
                      choose(second, take(from + 2, 2, pair), take(from, 2, pair))); \
    }
TAKES_MANY(many_taken, floats, taken, choose_floats)
TAKES_MANY(many_taken_ints, ints, taken_ints, choose_ints)

ALWAYS_INLINE void reorder(floats of[V], const ints at[V]) {
    floats moved[V];
    AS_IT_IS
    for (u32 v = 0; v < V; v++) moved[v] = many_taken(of, at[v]);
    for (u32 v = 0; v < V; v++) of[v] = moved[v];
}

/* What each path has after a step, of what each had before: its own place's, or by the second way the other's. */
#define EXCHANGES(name, numbers, take, choose) \
    ALWAYS_INLINE void name(const step *t, const ints second[V], numbers of[V]) { \
        numbers moved[V]; \
        AS_IT_IS \
        for (u32 v = 0; v < V; v++) moved[v] = choose(second[v], take(&of[v ^ t->vector], 1, t->lanes), of[v]); \
        for (u32 v = 0; v < V; v++) of[v] = moved[v]; \
    }
EXCHANGES(exchange, floats, taken, choose_floats)
EXCHANGES(exchange_ints, ints, taken_ints, choose_ints)

ALWAYS_INLINE bool any(ints mask) {
    u64 parts[LANES / 2], all = 0;
    memcpy(parts, &mask, sizeof parts);
    for (u32 i = 0; i < LANES / 2; i++) all |= parts[i];
    return all != 0;
}

/* Column i of a block: candidates of all paths and the better of each place; second tells where an odd level leads there. */
ALWAYS_INLINE void choose(const feedback_search *s, const step *t, u64 row, u64 k, u32 i, bool near, many_search *b, ints second[V]) {
    const u64 at = row * s->length + k, group = row / s->rows_per_group;
    const floats weight = all_floats(s->weights[group * s->length + k]);
    const float *costs = s->costs + (size_t)s->contexts[at] * (2 * MAGNITUDES);
    const bool zero = s->zeros != NULL && s->zeros[at] != 0;
    floats total[2][V], fine[2][V], window[2];
    memcpy(&window[0], costs, sizeof window[0]);
    memcpy(&window[1], costs + MAGNITUDES, sizeof window[1]);
    AS_IT_IS
    for (u32 v = 0; v < V; v++) {
        ints q = t->quantizers ^ (i32)(t->odd >> v & 1);
        floats z = b->targets[i][v], magnitude = magnitudes(z);
        candidate_pair pair = candidates(magnitude, q, weight, costs, near ? window : NULL, q * (near ? WINDOW : MAGNITUDES));
        if (!near && zero) hold_zeros(&pair, all_ints(-1), magnitude, weight, costs, q * MAGNITUDES);
        for (u32 parity = 0; parity < 2; parity++) {
            ints size = 2 * pair.level[parity] - q; /* below 0 for level 0 */
            floats own = floats_of(size & (size > 0));
            total[parity][v] = pair.cost[parity] + b->cost[v];
            fine[parity][v] = (floats)((ints)own | ((ints)z & INT32_MIN & (z < 0)));
        }
    }
    AS_IT_IS
    for (u32 v = 0; v < V; v++) {
        floats other = taken(&total[1][v ^ t->vector], 1, t->lanes);
        second[v] = other < total[0][v];
        b->cost[v] = choose_floats(second[v], other, total[0][v]);
        b->fine[i][v] = choose_floats(second[v], taken(&fine[1][v ^ t->vector], 1, t->lanes), fine[0][v]);
    }
}

ALWAYS_INLINE void column(const feedback_search *s, const step *t, u64 row, u64 k, u32 i, many_search *b, ints second[V]) {
    ints far = {0};
    for (u32 v = 0; v < V; v++) far |= ~(magnitudes(b->targets[i][v]) < MOST_IN_WINDOW);
    if (any(far) || (s->zeros != NULL && s->zeros[row * s->length + k] != 0)) choose(s, t, row, k, i, false, b, second);
    else choose(s, t, row, k, i, true, b, second);
}

/* Sums over columns i of errors * filters[i][j + k] for k = 0 to 3, of the paths of vector v: of errors, or narrow where all
 * is small. x: of columns. */
ALWAYS_INLINE void spread(const float *x, floats fine[][V], u32 v, u32 count, double (*filters)[BLOCK], float (*narrow)[BLOCK], bool is_narrow,
                          const double *common, u32 j, doubles sums[SPREAD]) {
    if (is_narrow) {
        floats own[SPREAD] = {{0}};
        for (u32 i = 0; i < count; i++)
            for (u32 k = 0; k < SPREAD; k++) own[k] += fine[i][v] * narrow[i][j + k];
        for (u32 k = 0; k < SPREAD; k++) sums[k] = common[j + k] - doubles_of(own[k]);
        return;
    }
    for (u32 k = 0; k < SPREAD; k++) sums[k] = (doubles){0};
    for (u32 i = 0; i < count; i++) {
        doubles error = doubles_of(all_floats(x[i]) - fine[i][v]);
        for (u32 k = 0; k < SPREAD; k++) sums[k] += error * filters[i][j + k];
    }
}

/* What is common to all paths of these sums where they are narrow. */
ALWAYS_INLINE void spread_common(const float *x, u32 count, double (*filters)[BLOCK], double sums[BLOCK]) {
    for (u32 j = 0; j < BLOCK; j++) sums[j] = 0;
    for (u32 i = 0; i < count; i++)
        for (u32 j = 0; j < BLOCK; j++) sums[j] += (double)x[i] * filters[i][j];
}

static float greatest(floats of) {
    float most = 0;
    for (u32 l = 0; l < LANES; l++) most = of[l] > most ? of[l] : most;
    return most;
}

static float greatest_value(const float *x, u32 count) {
    float most = 0;
    for (u32 i = 0; i < count; i++) {
        float own = x[i] < 0 ? -x[i] : x[i];
        most = own > most ? own : most;
    }
    return most;
}

static bool are_narrow(float value, float fine, double filters) {
    return value <= MOST_NARROW && fine <= MOST_NARROW && (double)(fine > 1 ? fine : 1) * filters < (double)MOST_SUM;
}

/* Columns of an inner block, as many as there are. */
ALWAYS_INLINE void search_inner(const feedback_search *s, const block_steps *l, u64 row, u64 start, u32 inner, u32 stop, many_filters *f,
                                many_search *b) {
    for (u32 v = 0; v < V; v++) b->ancestors[v] = numbered((i32)(v * LANES));
    for (u32 i = inner; i < stop; i++) {
        const step *t = &l->steps[i];
        const floats x = all_floats(s->x[row * s->length + start + i]);
        ints second[V];
        column(s, t, row, start + i, i, b, second);
        exchange_ints(t, second, b->ancestors);
        for (u32 j = inner; j < i; j++) exchange(t, second, b->fine[j]);
        for (u32 j = i + 1; j < stop; j++) {
            exchange(t, second, b->targets[j]);
            for (u32 v = 0; v < V; v++) b->targets[j][v] += (x - b->fine[i][v]) * f->own_narrow[i][j];
        }
        for (u32 v = 0; v < V; v++) {
            floats size = magnitudes(b->fine[i][v]);
            b->most = choose_floats(size > b->most, size, b->most);
        }
    }
}

/* Searches the columns of a block; targets and cost are set. */
ALWAYS_INLINE void search_block(const feedback_search *s, const block_steps *l, u64 row, u64 start, many_filters *f, many_search *b) {
    const float *x = s->x + row * s->length + start, most = greatest_value(x, l->count);
    ints ancestors[BLOCK / INNER][V], at[V];
    u32 inner = 0;
    b->most = all_floats(0);
    for (;; inner += INNER) {
        u32 stop = l->count - inner < INNER ? l->count : inner + INNER;
        search_inner(s, l, row, start, inner, stop, f, b);
        if (stop == l->count) break;
        const bool is_narrow = are_narrow(most, greatest(b->most), f->most);
        double common[BLOCK];
        if (is_narrow) spread_common(x + inner, INNER, f->own + inner, common);
        memcpy(ancestors[inner / INNER], b->ancestors, sizeof b->ancestors);
        for (u32 j = stop; j < l->count; j++) reorder(b->targets[j], b->ancestors);
        for (u32 v = 0; v < V; v++)
            for (u32 j = stop; j < l->count; j += SPREAD) {
                doubles sums[SPREAD];
                if (is_narrow) spread(x + inner, b->fine + inner, v, INNER, f->own + inner, f->own_narrow + inner, true, common, j, sums);
                else spread(x + inner, b->fine + inner, v, INNER, f->own + inner, f->own_narrow + inner, false, common, j, sums);
                for (u32 k = 0; k < SPREAD; k++) b->targets[j + k][v] += floats_of_doubles(sums[k]);
            }
    }
    while (inner > 0) {
        inner -= INNER;
        for (u32 j = inner; j < inner + INNER; j++) reorder(b->fine[j], b->ancestors);
        for (u32 v = 0; v < V; v++) at[v] = many_taken_ints(ancestors[inner / INNER], b->ancestors[v]);
        memcpy(b->ancestors, at, sizeof at);
    }
    floats small = b->cost[0];
    for (u32 v = 1; v < V; v++) small = least(small, b->cost[v]);
    float lowest = small[0];
    for (u32 w = 1; w < LANES; w++) lowest = small[w] < lowest ? small[w] : lowest;
    for (u32 v = 0; v < V; v++) b->cost[v] = least(all_floats(FAR_AWAY), b->cost[v] - lowest);
}

/* The place of least cost; of equals that of the first state. */
static u32 best_place(const floats cost[V], const u8 states[MANY]) {
    u32 best = 0;
    for (u32 u = 1; u < MANY; u++) {
        float own = cost[u / LANES][u % LANES], other = cost[best / LANES][best % LANES];
        if (own < other || (own == other && states[u] < states[best])) best = u;
    }
    return best;
}

/* Decides a block as the best path has it, and puts paths that differ beyond reach. ancestors: of each path in that block. */
ALWAYS_INLINE void settle(const feedback_search *s, u64 row, u64 start, u32 count, many_row *r, const u8 states[MANY], const ints ancestors[V],
                          floats cost[V]) {
    const u32 best = best_place(cost, states), path = (u32)ancestors[best / LANES][best % LANES];
    ints differs[V] = {{0}};
    for (u32 i = 0; i < count; i++) {
        u64 at = row * s->length + start + i;
        float fine = r->fine[i][path / LANES][path % LANES];
        i32 size = (i32)(fine < 0 ? -fine : fine), level = (size + 1) / 2;
        s->levels[at] = fine < 0 ? -level : level;
        s->quantizers[at] = (u8)quantizer_of(MANY_KIND, r->state);
        s->settled[at] = (double)(s->x[at] - fine);
        r->state = next_state(MANY_KIND, r->state, (u32)level);
        for (u32 v = 0; v < V; v++) differs[v] |= r->fine[i][v] != fine;
    }
    for (u32 v = 0; v < V; v++) cost[v] = choose_floats(many_taken_ints(differs, ancestors[v]), all_floats(FAR_AWAY), cost[v]);
}

ALWAYS_INLINE void search_row(const feedback_search *s, const block_steps *l, u64 row, u64 start, bool anew, const double *common, many_filters *f) {
    many_row *r = &s->state[row].many;
    const float *x = s->x + row * s->length + start - (anew ? 0 : BLOCK);
    many_search b;
    double whole[BLOCK] = {0};
    const bool is_narrow = !anew && are_narrow(greatest_value(x, BLOCK), r->most, f->most);
    if (is_narrow) spread_common(x, BLOCK, f->before, whole);
    for (u32 j = 0; j < l->count; j++) whole[j] += common[j];
    for (u32 v = 0; v < V; v++) {
        b.cost[v] = r->cost[v];
        for (u32 j = 0; j < l->count; j += SPREAD) {
            doubles sums[SPREAD];
            if (anew)
                for (u32 k = 0; k < SPREAD; k++) sums[k] = (doubles){0} + whole[j + k];
            else if (is_narrow) spread(x, r->fine, v, BLOCK, f->before, f->before_narrow, true, whole, j, sums);
            else {
                spread(x, r->fine, v, BLOCK, f->before, f->before_narrow, false, whole, j, sums);
                for (u32 k = 0; k < SPREAD; k++) sums[k] += whole[j + k];
            }
            for (u32 k = 0; k < SPREAD; k++) b.targets[j + k][v] = floats_of_doubles(sums[k]);
        }
    }
    search_block(s, l, row, start, f, &b);
    if (!anew) settle(s, row, start - BLOCK, BLOCK, r, l->states, b.ancestors, b.cost);
    memcpy(r->cost, b.cost, sizeof b.cost);
    memcpy(r->fine, b.fine, l->count * sizeof b.fine[0]);
    r->most = greatest(b.most);
    r->next = l->next;
}

ALWAYS_INLINE void many_block_body(const feedback_search *s, u64 start, u64 stop, bool anew, const double *common) {
    const u32 count = (u32)(stop - start);
    many_filters f;
    block_steps l;
    memset(&l, 0, sizeof l);
    steps_of(anew ? first_turn() : s->state[0].many.next, count, &l);
    for (u64 row = 0; row < s->rows; row++, common += count) {
        if (row % s->rows_per_group == 0) filters_of(s, row / s->rows_per_group, start, count, &f);
        search_row(s, &l, row, start, anew, common, &f);
    }
}

VARIANTS(many_block, (const feedback_search *s, u64 start, u64 stop, bool anew, const double *common), (s, start, stop, anew, common))

void many_start(const feedback_search *s) {
    for (u64 row = 0; row < s->rows; row++) {
        many_row *r = &s->state[row].many;
        for (u32 u = 0; u < MANY; u++) r->cost[u / LANES][u % LANES] = u == 0 ? 0 : FAR_AWAY;
        r->state = 0;
    }
}

void many_finish(const feedback_search *s, u64 start) {
    const u32 count = s->length - start < BLOCK ? (u32)(s->length - start) : BLOCK;
    ints same[V];
    u8 states[MANY];
    states_of(&s->state[0].many.next, states);
    for (u32 v = 0; v < V; v++) same[v] = numbered((i32)(v * LANES));
    for (u64 row = 0; row < s->rows; row++) settle(s, row, start, count, &s->state[row].many, states, same, s->state[row].many.cost);
}
