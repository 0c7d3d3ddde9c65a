/* Candidates of a search: the best even and the best odd level for a value, as ../numpy/candidates.py has them. */
#ifndef NNTC_CANDIDATES_H
#define NNTC_CANDIDATES_H

#include "kernels.h"

enum { MAX_LEVEL = 126, MAGNITUDES = MAX_LEVEL + 4 };
static const float FAR_AWAY = 1e30f;

/* By parity. */
typedef struct candidate_pair {
    float cost[2];
    i32 level[2];
} candidate_pair;

ALWAYS_INLINE float level_cost(float magnitude, i32 k, i32 q, float weight, const float *rates) {
    i32 point = 2 * k - q, most = MAX_LEVEL + 2 - (k & 1);
    float distance = magnitude - (float)(point > 0 ? point : 0);
    return weight * (distance * distance) + rates[k < most ? k : most];
}

/* magnitude: of the value; rates: of levels 0, 1, ... under quantizer q; weight: what a squared error counts. */
ALWAYS_INLINE candidate_pair candidates(float magnitude, i32 q, float weight, const float *rates) {
    i32 level = (i32)((magnitude + (float)q) * 0.5f), above = level + 1, below = level > 0 ? level - 1 : 1 - level;
    float own = level_cost(magnitude, level, q, weight, rates), up = level_cost(magnitude, above, q, weight, rates);
    float down = level_cost(magnitude, below, q, weight, rates), neighbour = down < up ? down : up;
    i32 other = down < up ? below : above;
    bool odd = (level & 1) != 0;
    candidate_pair pair = {{odd ? neighbour : own, odd ? own : neighbour}, {odd ? other : level, odd ? level : other}};
    return pair;
}

/* Level 0 alone; odd: what is beyond reach. */
ALWAYS_INLINE candidate_pair only_zero(float magnitude, float weight, const float *rates, i32 odd) {
    candidate_pair pair = {{weight * (magnitude * magnitude) + rates[0], FAR_AWAY}, {0, odd}};
    return pair;
}

#endif
