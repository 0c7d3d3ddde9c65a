/* Trellis search: a Viterbi search over sixteen segments side by side, the same place of each at a time. */
#include "trellis_search.h"

#include "candidates.h"
#include "machine.h"

enum { W = SEARCHED_AT_ONCE, RENEWED = 8 }; /* RENEWED: places after which costs are made small again */

/* What is kept of a place until all of a segment are searched: the levels to choose from, and of each state which way is
 * the better one. */
typedef struct place {
    i16 levels[4][W];
    u8 ways[W];
    u8 negative[W];
} place;

size_t trellis_scratch(u32 segment) { return segment * sizeof(place); }

/* Costs and levels of the four options (2 * quantizer + parity) at place t of all segments. */
ALWAYS_INLINE void options(const trellis_search *s, u64 first, u32 t, place *p, float cost[4][W]) {
    float magnitude[W];
    const float *rates[W];
    u8 zero[W];
    for (u32 w = 0; w < W; w++) {
        u64 i = (first + w) * s->segment + t;
        bool inside = i < s->count;
        float x = inside ? s->x[i] : 0;
        p->negative[w] = x < 0;
        magnitude[w] = x < 0 ? -x : x;
        rates[w] = s->costs + (size_t)(inside ? s->contexts[i] : 0) * (2 * MAGNITUDES);
        zero[w] = s->zeros != NULL && inside && s->zeros[i] != 0;
    }
    for (i32 q = 0; q < 2; q++)
        for (u32 w = 0; w < W; w++) {
            const float *own = rates[w] + q * MAGNITUDES;
            candidate_pair pair = candidates(magnitude[w], q, 1, own);
            if (s->zeros != NULL && zero[w]) pair = only_zero(magnitude[w], 1, own, pair.level[1]);
            for (i32 parity = 0; parity < 2; parity++) {
                cost[2 * q + parity][w] = pair.cost[parity];
                p->levels[2 * q + parity][w] = (i16)pair.level[parity];
            }
        }
}

/* One step: of both ways into each state the better. */
ALWAYS_INLINE void advance(const machine *m, u32 states, float cost[MOST_STATES][W], float branch[4][W], u8 ways[W]) {
    float next[MOST_STATES][W];
    u32 chosen[W] = {0};
    for (u32 state = 0; state < states; state++) {
        const float *a = cost[m->from[0][state]], *b = cost[m->from[1][state]];
        const float *a_branch = branch[m->option[0][state]], *b_branch = branch[m->option[1][state]];
        for (u32 w = 0; w < W; w++) {
            float one = a[w] + a_branch[w], other = b[w] + b_branch[w];
            chosen[w] |= (u32)(other < one) << state;
            next[state][w] = other < one ? other : one;
        }
    }
    memcpy(cost, next, states * sizeof *next);
    for (u32 w = 0; w < W; w++) ways[w] = (u8)chosen[w];
}

ALWAYS_INLINE void renew(u32 states, float cost[MOST_STATES][W]) {
    for (u32 w = 0; w < W; w++) {
        float least = cost[0][w];
        for (u32 state = 1; state < states; state++) least = cost[state][w] < least ? cost[state][w] : least;
        for (u32 state = 0; state < states; state++) cost[state][w] -= least;
    }
}

ALWAYS_INLINE void trace(const trellis_search *s, const machine *m, u64 first, float cost[MOST_STATES][W], const place *places) {
    u32 state[W] = {0};
    for (u32 w = 0; w < W; w++)
        for (u32 k = 1; k < m->states; k++)
            if (cost[k][w] < cost[state[w]][w]) state[w] = k;
    for (u32 t = s->segment; t-- > 0;) {
        const place *p = &places[t];
        for (u32 w = 0; w < W; w++) {
            u32 way = p->ways[w] >> state[w] & 1u, option = m->option[way][state[w]];
            u64 i = (first + w) * s->segment + t;
            state[w] = m->from[way][state[w]];
            if (i >= s->count) continue;
            s->levels[i] = p->negative[w] != 0 ? -p->levels[option][w] : p->levels[option][w];
            s->quantizers[i] = (u8)(option >> 1);
        }
    }
}

ALWAYS_INLINE void search_states(const trellis_search *s, const machine *m, u32 states, u64 first, place *places) {
    float cost[MOST_STATES][W], branch[4][W];
    for (u32 state = 0; state < states; state++)
        for (u32 w = 0; w < W; w++) cost[state][w] = state == 0 ? 0 : FAR_AWAY;
    for (u32 t = 0; t < s->segment; t++) {
        options(s, first, t, &places[t], branch);
        advance(m, states, cost, branch, places[t].ways);
        if (t % RENEWED == RENEWED - 1 || t + 1 == s->segment) renew(states, cost);
    }
    trace(s, m, first, cost, places);
}

ALWAYS_INLINE void search_segments_body(const trellis_search *s, u64 first, void *scratch) {
    const machine m = machine_of(s->kind);
    if (m.states == 8) search_states(s, &m, 8, first, scratch);
    else search_states(s, &m, 4, first, scratch);
}

VARIANTS(search_segments, (const trellis_search *s, u64 first, void *scratch), (s, first, scratch))
