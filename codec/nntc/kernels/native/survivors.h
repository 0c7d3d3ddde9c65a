/* The choice of survivors, as ../numpy/survivors.py has it: of each state's candidates the best, in order, of equals the
 * first. Candidates are numbered parity * LANES * vectors + path. */
#ifndef NNTC_SURVIVORS_H
#define NNTC_SURVIVORS_H

#include "machine.h"
#include "vectors.h"

enum { MOST_CHOSEN = 8 };

/* Number of candidate k of a state, below 2 * survivors. */
static inline i32 candidate_number(const machine *m, u32 survivors, u32 vectors, u32 state, u32 k) {
    u32 way = k / survivors;
    return (i32)((m->option[way][state] & 1u) * LANES * vectors + m->from[way][state] * survivors + k % survivors);
}

/* Any number of them. total: [2 * vectors]; cost, chosen: [vectors], in the order of paths. */
ALWAYS_INLINE void select_survivors(const machine *m, u32 states, u32 survivors, u32 vectors, const floats *total, floats *cost, ints *chosen) {
    for (u32 state = 0; state < states; state++) {
        float best[MOST_CHOSEN];
        i32 places[MOST_CHOSEN];
        u32 found = 0;
        for (u32 k = 0; k < 2 * survivors; k++) {
            i32 place = candidate_number(m, survivors, vectors, state, k);
            float value = total[place / LANES][place % LANES];
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
            places[at] = place;
        }
        for (u32 k = 0; k < survivors; k++) {
            u32 path = state * survivors + k;
            cost[path / LANES][path % LANES] = best[k];
            chosen[path / LANES][path % LANES] = places[k];
        }
    }
}

/* Two of each of eight states at a time: the two of each way are put in order, then both pairs are merged. */
typedef struct two_of_eight {
    ints first, second; /* candidates 0 and 1 of all states, then 2 and 3 of all states */
} two_of_eight;

static inline two_of_eight two_of_eight_of(const machine *m) {
    two_of_eight t;
    for (u32 i = 0; i < LANES; i++) {
        t.first[i] = candidate_number(m, 2, 1, i % 8, i / 8 * 2);
        t.second[i] = candidate_number(m, 2, 1, i % 8, i / 8 * 2 + 1);
    }
    return t;
}

ALWAYS_INLINE void select_two_of_eight(const two_of_eight *t, const floats *total, floats *cost, ints *chosen) {
    const ints upper = {8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15};
    const ints alternating = {0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23};
    floats one = taken(total, 2, t->first), other = taken(total, 2, t->second);
    ints swap = other < one;
    floats low = choose_floats(swap, other, one), high = choose_floats(swap, one, other);
    ints low_at = choose_ints(swap, t->second, t->first), high_at = choose_ints(swap, t->first, t->second);
    /* From here on the lower eight: a is the first pair, b the second. */
    floats b_low = taken(&low, 1, upper), b_high = taken(&high, 1, upper);
    ints b_low_at = taken_ints(&low_at, 1, upper), b_high_at = taken_ints(&high_at, 1, upper);
    ints b_first = b_low < low, b_both = b_high < low, b_next = b_low < high;
    floats costs[2] = {choose_floats(b_first, b_low, low),
                       choose_floats(b_first, choose_floats(b_both, b_high, low), choose_floats(b_next, b_low, high))};
    ints places[2] = {choose_ints(b_first, b_low_at, low_at),
                      choose_ints(b_first, choose_ints(b_both, b_high_at, low_at), choose_ints(b_next, b_low_at, high_at))};
    *cost = taken(costs, 2, alternating);
    *chosen = taken_ints(places, 2, alternating);
}

#endif
