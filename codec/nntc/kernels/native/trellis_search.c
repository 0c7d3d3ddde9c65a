/* Trellis search: a Viterbi search over sixteen segments side by side, the same place of each at a time. */
#include "trellis_search.h"

#include "candidates.h"
#include "machine.h"
#include "many_states.h"

enum { W = SEARCHED_AT_ONCE, RENEWED = 8 }; /* RENEWED: places after which costs are made small again */
_Static_assert((int)W == (int)LANES, "segments are lanes");
_Static_assert(65535 * 2 * MAGNITUDES + 2 * MAGNITUDES < INT32_MAX, "costs are indexed by 32 bits");

/* What is kept of a place until all of a segment are searched: the levels to choose from, and of each state which way is
 * the better one. */
typedef struct place {
    i16 levels[4][W];
    u8 ways[W];
} place;

/* The same of 128 states, in places: of each a bit in ways[place / 32]. */
typedef struct many_place {
    i16 levels[4][W];
    u32 ways[MANY / 32][W];
    turn before;
} many_place;

size_t trellis_scratch(u32 segment, u32 kind) { return segment * (kind == MANY_KIND ? sizeof(many_place) : sizeof(place)); }

/* Costs and levels, with the sign of the value, of the four options (2 * quantizer + parity) at place t of all segments. */
ALWAYS_INLINE void options(const trellis_search *s, u64 first, u32 t, i16 levels[4][W], floats cost[4]) {
    floats x;
    ints rates, zero; /* rates: where those of the context begin */
    for (u32 w = 0; w < W; w++) {
        u64 i = (first + w) * s->segment + t;
        bool inside = i < s->count;
        x[w] = inside ? s->x[i] : 0;
        rates[w] = inside ? s->contexts[i] * (2 * MAGNITUDES) : 0;
        zero[w] = s->zeros != NULL && inside && s->zeros[i] != 0 ? -1 : 0;
    }
    floats magnitude = magnitudes(x);
    ints sign = (x < 0) | 1;
    for (i32 q = 0; q < 2; q++) {
        ints own = rates + q * MAGNITUDES;
        candidate_pair pair = candidates(magnitude, all_ints(q), all_floats(1), s->costs, NULL, own);
        if (s->zeros != NULL) hold_zeros(&pair, zero, magnitude, all_floats(1), s->costs, own);
        for (i32 parity = 0; parity < 2; parity++) {
            ints level = pair.level[parity] * sign;
            cost[2 * q + parity] = pair.cost[parity];
            for (u32 w = 0; w < W; w++) levels[2 * q + parity][w] = (i16)level[w];
        }
    }
}

/* One step: of both ways into each state the better. */
ALWAYS_INLINE void advance(const machine *m, u32 states, floats cost[MOST_STATES], const floats branch[4], u8 ways[W]) {
    floats next[MOST_STATES];
    ints chosen = {0};
    for (u32 state = 0; state < states; state++) {
        floats one = cost[m->from[0][state]] + branch[m->option[0][state]];
        floats other = cost[m->from[1][state]] + branch[m->option[1][state]];
        ints second = other < one;
        chosen |= second & (1 << state);
        next[state] = choose_floats(second, other, one);
    }
    for (u32 state = 0; state < states; state++) cost[state] = next[state];
    for (u32 w = 0; w < W; w++) ways[w] = (u8)chosen[w];
}

ALWAYS_INLINE void renew(u32 states, floats *cost) {
    floats small = cost[0];
    for (u32 state = 1; state < states; state++) small = least(small, cost[state]);
    for (u32 state = 0; state < states; state++) cost[state] -= small;
}

ALWAYS_INLINE void trace(const trellis_search *s, const machine *m, u64 first, const floats cost[MOST_STATES], const place *places) {
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
            s->levels[i] = p->levels[option][w];
            s->quantizers[i] = (u8)(option >> 1);
        }
    }
}

ALWAYS_INLINE void search_states(const trellis_search *s, const machine *m, u32 states, u64 first, place *places) {
    floats cost[MOST_STATES], branch[4];
    for (u32 state = 0; state < states; state++) cost[state] = all_floats(state == 0 ? 0 : FAR_AWAY);
    for (u32 t = 0; t < s->segment; t++) {
        options(s, first, t, places[t].levels, branch);
        advance(m, states, cost, branch, places[t].ways);
        if (t % RENEWED == RENEWED - 1 || t + 1 == s->segment) renew(states, cost);
    }
    trace(s, m, first, cost, places);
}

/* One step of 128 states. */
ALWAYS_INLINE void advance_many(const turn *t, const floats cost[MANY], floats next[MANY], const floats branch[4], u32 ways[][W]) {
    const u32 form = quantizer_form(t), flip = t->flip;
    for (u32 first = 0; first < MANY; first += 32) {
        ints chosen = {0};
        for (u32 k = 0; k < 32; k++) {
            u32 u = first + k;
            const floats *own = &branch[2 * parity_of(form & u)];
            floats one = cost[u] + own[0], other = cost[u ^ flip] + own[1];
            ints second = other < one;
            chosen |= second & (i32)(1u << k);
            next[u] = choose_floats(second, other, one);
        }
        for (u32 w = 0; w < W; w++) ways[first / 32][w] = (u32)chosen[w];
    }
}

/* From the best state at the end, of equals the first. */
ALWAYS_INLINE void trace_many(const trellis_search *s, u64 first, const floats cost[MANY], const turn *last, const many_place *places) {
    u32 at[W] = {0};
    u8 states[MANY], place_of[MANY];
    states_of(last, states);
    for (u32 u = 0; u < MANY; u++) place_of[states[u]] = (u8)u;
    for (u32 w = 0; w < W; w++)
        for (u32 k = 1; k < MANY; k++)
            if (cost[place_of[k]][w] < cost[at[w]][w]) at[w] = place_of[k];
    for (u32 t = s->segment; t-- > 0;) {
        const many_place *p = &places[t];
        const u32 form = quantizer_form(&p->before);
        for (u32 w = 0; w < W; w++) {
            u32 second = p->ways[at[w] / 32][w] >> at[w] % 32 & 1u, q = parity_of(form & at[w]);
            u64 i = (first + w) * s->segment + t;
            at[w] ^= p->before.flip & -second;
            if (i >= s->count) continue;
            s->levels[i] = p->levels[2 * q + second][w];
            s->quantizers[i] = (u8)q;
        }
    }
}

ALWAYS_INLINE void search_many(const trellis_search *s, u64 first, many_place *places) {
    floats cost[2][MANY], branch[4];
    turn now = first_turn();
    for (u32 u = 0; u < MANY; u++) cost[0][u] = all_floats(u == 0 ? 0 : FAR_AWAY);
    for (u32 t = 0; t < s->segment; t++) {
        many_place *p = &places[t];
        p->before = now;
        options(s, first, t, p->levels, branch);
        advance_many(&now, cost[t & 1], cost[~t & 1], branch, p->ways);
        if (t % RENEWED == RENEWED - 1 || t + 1 == s->segment) renew(MANY, cost[~t & 1]);
        now = next_turn(now);
    }
    trace_many(s, first, cost[s->segment & 1], &now, places);
}

ALWAYS_INLINE void search_segments_body(const trellis_search *s, u64 first, void *scratch) {
    if (s->kind == MANY_KIND) {
        search_many(s, first, scratch);
        return;
    }
    const machine m = machine_of(s->kind);
    if (m.states == 8) search_states(s, &m, 8, first, scratch);
    else search_states(s, &m, 4, first, scratch);
}

VARIANTS(search_segments, (const trellis_search *s, u64 first, void *scratch), (s, first, scratch))
