/* Trellis search with error feedback: rows one by one, all paths of a row side by side. */
#include "feedback_search.h"

#include "candidates.h"
#include "many_states.h"
#include "survivors.h"

/* What a search goes by: paths stand in `vectors` vectors, q is the quantizer of each. */
typedef struct layout {
    machine m;
    two_of_eight pairs;
    ints q[MOST_VECTORS];
    u32 paths;
} layout;

/* A row while one of its blocks is searched. */
typedef struct block_state {
    floats targets[BLOCK][MOST_VECTORS]; /* what each path would quantize next */
    floats cost[MOST_VECTORS];
    ints source[BLOCK][MOST_VECTORS]; /* the path that each came from */
    ints level[BLOCK][MOST_VECTORS];
    floats error[BLOCK][MOST_VECTORS];
} block_state;

/* Filters of a group as a block needs them, together: from the columns of the block before, and from its own. */
typedef struct block_filters {
    double before[BLOCK][BLOCK];
    double own[BLOCK][BLOCK];
} block_filters;

static void block_filters_of(const feedback_search *s, u64 group, u64 start, u32 count, block_filters *f) {
    const double *filters = s->filters + group * s->length * s->length + start;
    for (u32 i = 0; i < BLOCK; i++) {
        if (start > 0) memcpy(f->before[i], filters + (start - BLOCK + i) * s->length, count * sizeof(double));
        if (i < count) memcpy(f->own[i], filters + (start + i) * s->length, count * sizeof(double));
    }
}

static layout layout_of(u32 kind, u32 survivors) {
    layout l = {machine_of(kind), {{0}, {0}}, {{0}}, 0};
    l.paths = l.m.states * survivors;
    if (l.m.states == 8) l.pairs = two_of_eight_of(&l.m);
    for (u32 p = 0; p < l.paths; p++) l.q[p / LANES][p % LANES] = l.m.quantizer[p / survivors];
    return l;
}

/* Column i of a block: candidates of all paths, the survivors, and their errors. */
ALWAYS_INLINE void column(const feedback_search *s, const layout *l, u32 states, u32 survivors, u32 vectors, u64 row, u64 k, u32 i,
                          block_state *b) {
    const u64 at = row * s->length + k, group = row / s->rows_per_group;
    const floats weight = all_floats(s->weights[group * s->length + k]);
    const ints first = all_ints(s->contexts[at] * (2 * MAGNITUDES));
    floats total[2 * MOST_VECTORS];
    ints levels[2 * MOST_VECTORS], chosen[MOST_VECTORS] = {{0}};
    for (u32 v = 0; v < vectors; v++) {
        floats z = b->targets[i][v], magnitude = magnitudes(z);
        ints rates = first + l->q[v] * MAGNITUDES, sign = (z < 0) | 1;
        candidate_pair pair = candidates(magnitude, l->q[v], weight, s->costs, NULL, rates);
        if (s->zeros != NULL && s->zeros[at] != 0) hold_zeros(&pair, all_ints(-1), magnitude, weight, s->costs, rates);
        for (u32 parity = 0; parity < 2; parity++) {
            total[parity * vectors + v] = pair.cost[parity] + b->cost[v];
            levels[parity * vectors + v] = pair.level[parity] * sign;
        }
    }
    if (states == 8 && survivors == 2) select_two_of_eight(&l->pairs, total, b->cost, chosen);
    else select_survivors(&l->m, states, survivors, vectors, total, b->cost, chosen);
    for (u32 v = 0; v < vectors; v++) {
        ints source = chosen[v] & (LANES * (i32)vectors - 1), level = taken_ints(levels, 2 * vectors, chosen[v]);
        ints fine = 2 * level + ((level > 0) - (level < 0)) * taken_ints(l->q, vectors, source); /* true is -1 */
        b->source[i][v] = source;
        b->level[i][v] = level;
        b->error[i][v] = all_floats(s->x[at]) - floats_of(fine);
    }
}

/* Follows paths back from column stop to column start of a block: at[i] are the paths after column i, before where they were. */
ALWAYS_INLINE void follow(const block_state *b, u32 vectors, u32 start, u32 stop, ints at[BLOCK][MOST_VECTORS], ints *before) {
    for (u32 v = 0; v < vectors; v++) {
        before[v] = numbered((i32)(v * LANES));
        for (u32 i = stop; i-- > start;) {
            at[i][v] = before[v];
            before[v] = taken_ints(b->source[i], vectors, before[v]);
        }
    }
}

/* Sums over columns i of errors[i] * filters[i][j + k], for k = 0 to 3: all products and sums are exact. */
enum { SPREAD = 4 };
ALWAYS_INLINE void spread(const doubles *errors, u32 count, double filters[][BLOCK], u32 j, doubles sums[SPREAD]) {
    for (u32 k = 0; k < SPREAD; k++) sums[k] = (doubles){0};
    for (u32 i = 0; i < count; i++)
        for (u32 k = 0; k < SPREAD; k++) sums[k] += errors[i] * filters[i][j + k];
}

/* Searches the columns of a block; targets and cost are set. */
ALWAYS_INLINE void search_block(const feedback_search *s, const layout *l, u32 states, u32 survivors, u32 vectors, u64 row, u64 start,
                                u32 count, block_filters *f, block_state *b) {
    ints at[BLOCK][MOST_VECTORS], before[MOST_VECTORS];
    for (u32 inner = 0; inner < count; inner += INNER) {
        u32 stop = count - inner < INNER ? count : inner + INNER;
        for (u32 i = inner; i < stop; i++) {
            column(s, l, states, survivors, vectors, row, start + i, i, b);
            for (u32 j = i + 1; j < stop; j++) {
                float filter = (float)f->own[i][j];
                floats moved[MOST_VECTORS];
                for (u32 v = 0; v < vectors; v++) moved[v] = taken(b->targets[j], vectors, b->source[i][v]) + b->error[i][v] * filter;
                for (u32 v = 0; v < vectors; v++) b->targets[j][v] = moved[v];
            }
        }
        if (stop == count) break;
        follow(b, vectors, inner, stop, at, before);
        floats moved[BLOCK][MOST_VECTORS];
        for (u32 v = 0; v < vectors; v++) {
            doubles errors[INNER];
            for (u32 i = inner; i < stop; i++) errors[i - inner] = doubles_of(taken(b->error[i], vectors, at[i][v]));
            for (u32 j = stop; j < count; j += SPREAD) {
                doubles sums[SPREAD];
                spread(errors, INNER, f->own + inner, j, sums);
                for (u32 k = 0; k < SPREAD; k++)
                    moved[j + k][v] = taken(b->targets[j + k], vectors, before[v]) + floats_of_doubles(sums[k]);
            }
        }
        for (u32 j = stop; j < count; j++)
            for (u32 v = 0; v < vectors; v++) b->targets[j][v] = moved[j][v];
    }
    float small = b->cost[0][0];
    for (u32 p = 1; p < l->paths; p++) small = b->cost[p / LANES][p % LANES] < small ? b->cost[p / LANES][p % LANES] : small;
    for (u32 v = 0; v < vectors; v++) b->cost[v] = least(all_floats(FAR_AWAY), b->cost[v] - small);
}

/* Decides a block as the best path has it, and puts paths that differ beyond reach. ancestors: of each path in that block. */
ALWAYS_INLINE void settle(const feedback_search *s, const layout *l, u32 vectors, u64 row, u64 start, u32 count, const past *undecided,
                          const ints *ancestors, floats *cost) {
    u32 best = 0;
    for (u32 p = 1; p < l->paths; p++)
        if (cost[p / LANES][p % LANES] < cost[best / LANES][best % LANES]) best = p;
    u32 path = (u32)ancestors[best / LANES][best % LANES], v = path / LANES, lane = path % LANES;
    ints differs[MOST_VECTORS] = {{0}};
    for (u32 i = 0; i < count; i++) {
        u64 at = row * s->length + start + i;
        s->levels[at] = undecided->levels[i][v][lane];
        s->quantizers[at] = (u8)undecided->quantizers[i][v][lane];
        s->settled[at] = (double)undecided->errors[i][v][lane];
        for (u32 w = 0; w < vectors; w++) differs[w] |= undecided->levels[i][w] != s->levels[at];
    }
    for (u32 w = 0; w < vectors; w++) cost[w] = choose_floats(taken_ints(differs, vectors, ancestors[w]), all_floats(FAR_AWAY), cost[w]);
}

ALWAYS_INLINE void search_row(const feedback_search *s, const layout *l, u32 states, u32 survivors, u32 vectors, u64 row, u64 start,
                              u32 count, bool anew, const double *common, block_filters *f) {
    feedback_row *before = &s->state[row];
    block_state b;
    ints at[BLOCK][MOST_VECTORS], ancestors[MOST_VECTORS];
    b.cost[0] = before->cost[0];
    for (u32 v = 0; v < vectors; v++) {
        doubles errors[BLOCK];
        if (!anew)
            for (u32 i = 0; i < BLOCK; i++) errors[i] = doubles_of(before->undecided.errors[i][v]);
        for (u32 j = 0; j < count; j += SPREAD) {
            doubles sums[SPREAD] = {{0}};
            if (!anew) spread(errors, BLOCK, f->before, j, sums);
            for (u32 k = 0; k < SPREAD && j + k < count; k++) b.targets[j + k][v] = floats_of_doubles(common[j + k] + sums[k]);
        }
        b.cost[v] = before->cost[v];
    }
    search_block(s, l, states, survivors, vectors, row, start, count, f, &b);
    follow(&b, vectors, 0, count, at, ancestors);
    if (!anew) settle(s, l, vectors, row, start - BLOCK, BLOCK, &before->undecided, ancestors, b.cost);
    for (u32 v = 0; v < vectors; v++) {
        before->cost[v] = b.cost[v];
        for (u32 i = 0; i < count; i++) {
            before->undecided.errors[i][v] = taken(b.error[i], vectors, at[i][v]);
            before->undecided.levels[i][v] = taken_ints(b.level[i], vectors, at[i][v]);
            ints source = taken_ints(b.source[i], vectors, at[i][v]);
            before->undecided.quantizers[i][v] = taken_ints(l->q, vectors, source);
        }
    }
}

ALWAYS_INLINE void search_rows(const feedback_search *s, const layout *l, u32 states, u32 survivors, u32 vectors, u64 start, u64 stop,
                               bool anew, const double *common) {
    const u32 count = (u32)(stop - start);
    block_filters f;
    memset(&f, 0, sizeof f);
    for (u64 row = 0; row < s->rows; row++, common += count) {
        if (row % s->rows_per_group == 0) block_filters_of(s, row / s->rows_per_group, start, count, &f);
        search_row(s, l, states, survivors, vectors, row, start, count, anew, common, &f);
    }
}

/* What the encoder does by default, for each kind of processor; everything else once, since it takes long to compile. */
ALWAYS_INLINE void default_block_body(const feedback_search *s, const layout *l, u64 start, u64 stop, bool anew, const double *common) {
    search_rows(s, l, 8, 2, 1, start, stop, anew, common);
}

void default_block(const feedback_search *s, const layout *l, u64 start, u64 stop, bool anew, const double *common);
VARIANTS(default_block, (const feedback_search *s, const layout *l, u64 start, u64 stop, bool anew, const double *common),
         (s, l, start, stop, anew, common))

void feedback_block(const feedback_search *s, u64 start, u64 stop, bool anew, const double *common) {
    if (s->kind == MANY_KIND) {
        many_block(s, start, stop, anew, common);
        return;
    }
    const layout l = layout_of(s->kind, s->survivors);
    u32 vectors = (l.paths + LANES - 1) / LANES;
    if (l.m.states == 8 && s->survivors == 2) default_block(s, &l, start, stop, anew, common);
    else search_rows(s, &l, l.m.states, s->survivors, vectors, start, stop, anew, common);
}

void feedback_start(const feedback_search *s) {
    if (s->kind == MANY_KIND) {
        many_start(s);
        return;
    }
    for (u64 row = 0; row < s->rows; row++)
        for (u32 p = 0; p < LANES * MOST_VECTORS; p++) s->state[row].cost[p / LANES][p % LANES] = p == 0 ? 0 : FAR_AWAY;
}

void feedback_finish(const feedback_search *s, u64 start) {
    if (s->kind == MANY_KIND) {
        many_finish(s, start);
        return;
    }
    const layout l = layout_of(s->kind, s->survivors);
    const u32 count = s->length - start < BLOCK ? (u32)(s->length - start) : BLOCK;
    ints same[MOST_VECTORS];
    for (u32 v = 0; v < MOST_VECTORS; v++) same[v] = numbered((i32)(v * LANES));
    for (u64 row = 0; row < s->rows; row++)
        settle(s, &l, (l.paths + LANES - 1) / LANES, row, start, count, &s->state[row].undecided, same, s->state[row].cost);
}
