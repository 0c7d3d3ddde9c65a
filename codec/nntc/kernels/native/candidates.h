/* Candidates of a search: the best even and the best odd level for a value, as ../numpy/candidates.py has them. */
#ifndef NNTC_CANDIDATES_H
#define NNTC_CANDIDATES_H

#include "vectors.h"

enum { MAX_LEVEL = 126, MAGNITUDES = MAX_LEVEL + 4 };
static const float FAR_AWAY = 1e30f;
static const float MOST_MAGNITUDE = 1e9f; /* no level comes near */

/* By parity. */
typedef struct candidate_pair {
    floats cost[2];
    ints level[2];
} candidate_pair;

/* rates + first: costs of levels 0, 1, ...; or window, which has those costs from number `first` on, as many as are needed. */
ALWAYS_INLINE floats level_cost(floats magnitude, ints k, ints q, floats weight, const float *rates, const floats window[2], ints first) {
    ints point = 2 * k - q;
    floats distance = magnitude - floats_of(point & (point > 0));
    if (window != NULL) return weight * (distance * distance) + taken(window, 2, first + k);
    return weight * (distance * distance) + gathered(rates, first + least_ints(k, MAX_LEVEL + 2 - (k & 1)));
}

/* magnitude: of the values; q: their quantizers; weight: what a squared error counts; window: NULL for all costs. */
ALWAYS_INLINE candidate_pair candidates(floats magnitude, ints q, floats weight, const float *rates, const floats *window, ints first) {
    magnitude = least(all_floats(MOST_MAGNITUDE), magnitude); /* and no number is the most */
    ints level = truncated((magnitude + floats_of(q)) * 0.5f), above = level + 1, below = choose_ints(level > 0, level - 1, 1 - level);
    floats own = level_cost(magnitude, level, q, weight, rates, window, first);
    floats up = level_cost(magnitude, above, q, weight, rates, window, first);
    floats down = level_cost(magnitude, below, q, weight, rates, window, first);
    ints lower = down < up, odd = -(level & 1);
    floats neighbour = choose_floats(lower, down, up);
    ints other = choose_ints(lower, below, above);
    candidate_pair pair = {{choose_floats(odd, neighbour, own), choose_floats(odd, own, neighbour)},
                           {choose_ints(odd, other, level), choose_ints(odd, level, other)}};
    return pair;
}

/* Leaves those of a mask nothing but level 0. */
ALWAYS_INLINE void hold_zeros(candidate_pair *pair, ints mask, floats magnitude, floats weight, const float *rates, ints first) {
    floats zero = weight * (magnitude * magnitude) + gathered(rates, first);
    pair->cost[0] = choose_floats(mask, zero, pair->cost[0]);
    pair->cost[1] = choose_floats(mask, all_floats(FAR_AWAY), pair->cost[1]);
    pair->level[0] &= ~mask;
}

#endif
