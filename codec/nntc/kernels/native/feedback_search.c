/* Trellis search with error feedback: rows one by one, all paths of a row side by side. */
#include "feedback_search.h"

#include "candidates.h"
#include "machine.h"

/* A row while one of its blocks is searched. */
typedef struct block_state {
    float targets[BLOCK][MOST_PATHS]; /* what each path would quantize next */
    float cost[MOST_PATHS];
    u8 source[BLOCK][MOST_PATHS]; /* the path that each came from */
    i32 level[BLOCK][MOST_PATHS];
    float error[BLOCK][MOST_PATHS];
} block_state;

ALWAYS_INLINE u32 filled_up(u32 paths) { return (paths + LANES - 1) / LANES * LANES; }

/* Best `survivors` of each state's candidates, in order; of equals the first. total: [parity][path], with room for a multiple of LANES. */
ALWAYS_INLINE void select_paths(const machine *m, u32 states, u32 survivors, const float *total, float *cost, u8 *chosen) {
    u32 stride = filled_up(states * survivors);
    for (u32 state = 0; state < states; state++) {
        float best[MOST_SURVIVORS];
        u8 places[MOST_SURVIVORS];
        u32 found = 0;
        for (u32 way = 0; way < 2; way++) {
            u32 begin = (m->option[way][state] & 1u) * stride + m->from[way][state] * survivors;
            for (u32 k = 0; k < survivors; k++) {
                float value = total[begin + k];
                u32 at = found < survivors ? found++ : survivors;
                if (at == survivors) {
                    if (!(value < best[survivors - 1])) continue;
                    at = survivors - 1;
                }
                for (; at > 0 && value < best[at - 1]; at--) {
                    best[at] = best[at - 1];
                    places[at] = places[at - 1];
                }
                best[at] = value;
                places[at] = (u8)(begin + k);
            }
        }
        for (u32 k = 0; k < survivors; k++) {
            cost[state * survivors + k] = best[k];
            chosen[state * survivors + k] = places[k];
        }
    }
}

/* The same for two survivors, all states at a time. */
ALWAYS_INLINE void select_two(const machine *m, u32 states, const float *total, float *cost, u8 *chosen) {
    u32 stride = filled_up(2 * states);
    float value[4][MOST_STATES];
    i32 place[4][MOST_STATES];
    for (u32 state = 0; state < states; state++)
        for (u32 k = 0; k < 4; k++) {
            place[k][state] = (i32)((m->option[k / 2][state] & 1u) * stride + m->from[k / 2][state] * 2 + k % 2);
            value[k][state] = total[place[k][state]];
        }
    for (u32 s = 0; s < states; s++) {
        bool swap_a = value[1][s] < value[0][s], swap_b = value[3][s] < value[2][s];
        float a1 = swap_a ? value[1][s] : value[0][s], a2 = swap_a ? value[0][s] : value[1][s];
        float b1 = swap_b ? value[3][s] : value[2][s], b2 = swap_b ? value[2][s] : value[3][s];
        i32 pa1 = swap_a ? place[1][s] : place[0][s], pa2 = swap_a ? place[0][s] : place[1][s];
        i32 pb1 = swap_b ? place[3][s] : place[2][s], pb2 = swap_b ? place[2][s] : place[3][s];
        bool b_first = b1 < a1, b_second = b2 < a1, b_next = b1 < a2;
        cost[2 * s] = b_first ? b1 : a1;
        chosen[2 * s] = (u8)(b_first ? pb1 : pa1);
        cost[2 * s + 1] = b_first ? (b_second ? b2 : a1) : (b_next ? b1 : a2);
        chosen[2 * s + 1] = (u8)(b_first ? (b_second ? pb2 : pa1) : (b_next ? pb1 : pa2));
    }
}

/* One column: candidates of all paths, the survivors, and their errors. z: what paths quantize, of the old paths; arrays of
 * paths are filled up to a multiple of LANES with zeros. */
ALWAYS_INLINE void column(const feedback_search *s, const machine *m, u32 states, u32 survivors, u64 row, u64 k, const float *z,
                          float *cost, u8 *source, i32 *level, float *error) {
    const u32 paths = states * survivors, stride = filled_up(paths);
    const u64 at = row * s->length + k, group = row / s->rows_per_group;
    const floats weight = all_floats(s->weights[group * s->length + k]);
    const ints first = all_ints(s->contexts[at] * (2 * MAGNITUDES));
    float total[2 * MOST_PATHS];
    i32 levels[2 * MOST_PATHS];
    u8 chosen[MOST_PATHS];
    for (u32 p = 0; p < paths; p += LANES) {
        floats value, before;
        ints q;
        memcpy(&value, z + p, sizeof value);
        memcpy(&before, cost + p, sizeof before);
        for (u32 i = 0; i < LANES; i++) q[i] = p + i < paths ? m->quantizer[(p + i) / survivors] : 0;
        floats magnitude = magnitudes(value);
        ints rates = first + q * MAGNITUDES, sign = (value < 0) | 1;
        candidate_pair pair = candidates(magnitude, q, weight, s->costs, rates);
        if (s->zeros != NULL && s->zeros[at] != 0) hold_zeros(&pair, all_ints(-1), magnitude, weight, s->costs, rates);
        for (u32 parity = 0; parity < 2; parity++) {
            floats sum = pair.cost[parity] + before;
            ints signed_level = pair.level[parity] * sign;
            memcpy(total + parity * stride + p, &sum, sizeof sum);
            memcpy(levels + parity * stride + p, &signed_level, sizeof signed_level);
        }
    }
    if (survivors == 2) select_two(m, states, total, cost, chosen);
    else select_paths(m, states, survivors, total, cost, chosen);
    for (u32 p = 0; p < paths; p++) {
        u32 from = chosen[p] >= stride ? chosen[p] - stride : chosen[p];
        i32 own = levels[chosen[p]], fine = 2 * own - ((own > 0) - (own < 0)) * m->quantizer[from / survivors];
        source[p] = (u8)from;
        level[p] = own;
        error[p] = s->x[at] - (float)fine;
    }
}

/* Follows paths back from column stop to column start of a block: at[i] are the paths after column i, before where they were. */
ALWAYS_INLINE void follow(const block_state *b, u32 paths, u32 start, u32 stop, u8 at[BLOCK][MOST_PATHS], u8 *before) {
    for (u32 p = 0; p < paths; p++) before[p] = (u8)p;
    for (u32 i = stop; i-- > start;)
        for (u32 p = 0; p < paths; p++) {
            at[i][p] = before[p];
            before[p] = b->source[i][before[p]];
        }
}

/* sums[j] += errors[0..count) @ filters[from.., to + j] for j below width; all products and sums are exact. */
ALWAYS_INLINE void spread(const float *errors, u32 count, const double *filters, u64 length, u64 from, u64 to, u32 width, double *sums) {
    for (u32 i = 0; i < count; i++) {
        double error = (double)errors[i];
        const double *filter = filters + (from + i) * length + to;
        for (u32 j = 0; j < width; j++) sums[j] += error * filter[j];
    }
}

/* Searches the columns of a block; targets and cost are set. */
ALWAYS_INLINE void search_block(const feedback_search *s, const machine *m, u32 states, u32 survivors, u64 row, u64 start, u32 count,
                                block_state *b) {
    const u32 paths = states * survivors;
    const double *filters = s->filters + row / s->rows_per_group * s->length * s->length;
    u8 at[BLOCK][MOST_PATHS], before[MOST_PATHS];
    for (u32 inner = 0; inner < count; inner += INNER) {
        u32 stop = count - inner < INNER ? count : inner + INNER;
        for (u32 i = inner; i < stop; i++) {
            u8 *source = b->source[i];
            float *error = b->error[i];
            column(s, m, states, survivors, row, start + i, b->targets[i], b->cost, source, b->level[i], error);
            for (u32 j = i + 1; j < stop; j++) {
                float filter = (float)filters[(start + i) * s->length + start + j], moved[MOST_PATHS];
                for (u32 p = 0; p < paths; p++) moved[p] = b->targets[j][source[p]] + error[p] * filter;
                memcpy(b->targets[j], moved, paths * sizeof(float));
            }
        }
        if (stop == count) break;
        float moved[BLOCK][MOST_PATHS];
        follow(b, paths, inner, stop, at, before);
        for (u32 p = 0; p < paths; p++) {
            double sums[BLOCK] = {0};
            float errors[INNER];
            for (u32 i = inner; i < stop; i++) errors[i - inner] = b->error[i][at[i][p]];
            spread(errors, INNER, filters, s->length, start + inner, start + stop, count - stop, sums);
            for (u32 j = stop; j < count; j++) moved[j][p] = b->targets[j][before[p]] + (float)sums[j - stop];
        }
        for (u32 j = stop; j < count; j++) memcpy(b->targets[j], moved[j], paths * sizeof(float));
    }
    float least = b->cost[0];
    for (u32 p = 1; p < paths; p++) least = b->cost[p] < least ? b->cost[p] : least;
    for (u32 p = 0; p < paths; p++) {
        float cost = b->cost[p] - least;
        b->cost[p] = cost < FAR_AWAY ? cost : FAR_AWAY;
    }
}

/* Decides a block as the best path has it, and puts paths that differ beyond reach. ancestors: of each path in that block. */
ALWAYS_INLINE void settle(const feedback_search *s, u32 paths, u64 row, u64 start, u32 count, const past *undecided, const u8 *ancestors,
                          float *cost) {
    u32 best = 0;
    for (u32 p = 1; p < paths; p++)
        if (cost[p] < cost[best]) best = p;
    const i32 *levels = undecided->levels[ancestors[best]];
    u64 at = row * s->length + start;
    memcpy(s->levels + at, levels, count * sizeof(i32));
    memcpy(s->quantizers + at, undecided->quantizers[ancestors[best]], count);
    for (u32 i = 0; i < count; i++) s->settled[at + i] = (double)undecided->errors[ancestors[best]][i];
    for (u32 p = 0; p < paths; p++)
        if (memcmp(undecided->levels[ancestors[p]], levels, count * sizeof(i32)) != 0) cost[p] = FAR_AWAY;
}

ALWAYS_INLINE void search_row(const feedback_search *s, const machine *m, u32 states, u32 survivors, u64 row, u64 start, u32 count,
                              const double *common) {
    const u32 paths = states * survivors;
    const double *filters = s->filters + row / s->rows_per_group * s->length * s->length;
    feedback_row *before = &s->state[row];
    block_state b;
    u8 at[BLOCK][MOST_PATHS], ancestors[MOST_PATHS];
    if (paths % LANES != 0) memset(b.targets, 0, sizeof b.targets);
    for (u32 p = 0; p < paths; p++) {
        double sums[BLOCK];
        memcpy(sums, common, count * sizeof *sums);
        if (start > 0) spread(before->undecided.errors[p], BLOCK, filters, s->length, start - BLOCK, start, count, sums);
        for (u32 j = 0; j < count; j++) b.targets[j][p] = (float)sums[j];
    }
    memcpy(b.cost, before->cost, sizeof b.cost);
    search_block(s, m, states, survivors, row, start, count, &b);
    follow(&b, paths, 0, count, at, ancestors);
    if (start > 0) settle(s, paths, row, start - BLOCK, BLOCK, &before->undecided, ancestors, b.cost);
    memcpy(before->cost, b.cost, paths * sizeof(float));
    for (u32 p = 0; p < paths; p++)
        for (u32 i = 0; i < count; i++) {
            before->undecided.errors[p][i] = b.error[i][at[i][p]];
            before->undecided.levels[p][i] = b.level[i][at[i][p]];
            before->undecided.quantizers[p][i] = m->quantizer[b.source[i][at[i][p]] / survivors];
        }
}

ALWAYS_INLINE void feedback_block_body(const feedback_search *s, u64 start, u64 stop, const double *common) {
    const machine m = machine_of(s->kind);
    for (u64 row = 0; row < s->rows; row++, common += stop - start) {
        if (m.states == 8 && s->survivors == 2) search_row(s, &m, 8, 2, row, start, (u32)(stop - start), common);
        else search_row(s, &m, m.states, s->survivors, row, start, (u32)(stop - start), common);
    }
}

VARIANTS(feedback_block, (const feedback_search *s, u64 start, u64 stop, const double *common), (s, start, stop, common))

void feedback_start(const feedback_search *s) {
    for (u64 row = 0; row < s->rows; row++)
        for (u32 p = 0; p < MOST_PATHS; p++) s->state[row].cost[p] = p == 0 ? 0 : FAR_AWAY;
}

void feedback_finish(const feedback_search *s, u64 start) {
    const u32 paths = (s->kind == 0 ? 4u : 8u) * s->survivors;
    u8 same[MOST_PATHS];
    for (u32 p = 0; p < MOST_PATHS; p++) same[p] = (u8)p;
    for (u64 row = 0; row < s->rows; row++)
        settle(s, paths, row, start, (u32)(s->length - start), &s->state[row].undecided, same, s->state[row].cost);
}
