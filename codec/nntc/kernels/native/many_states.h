/* The trellis of 128 states as a search walks through it, in place. The machine is linear: state M s follows s for an even
 * level, and M s ^ 33 for an odd one. A path in state s after k steps is kept at place M^-k s, so that of a step both ways
 * to a place come from it, by an even level, and from one other place, by an odd one: nothing else moves. */
#ifndef NNTC_MANY_STATES_H
#define NNTC_MANY_STATES_H

#include "kernels.h"

enum { MANY_KIND = 2, MANY = 128, MANY_BITS = 7 };

/* Places after some steps. */
typedef struct turn {
    u8 image[MANY_BITS]; /* the state of each place that has one bit */
    u8 flip;             /* what the two places from which one is reached differ by */
} turn;

/* The state before, by an even level. */
static inline u32 state_before(u32 state) {
    u32 odd = state >> (MANY_BITS - 1);
    return (state ^ kernels_next[MANY_KIND][1][0] * odd) << 1 | odd;
}

static inline turn first_turn(void) {
    turn t = {{1, 2, 4, 8, 16, 32, 64}, (u8)state_before(kernels_next[MANY_KIND][0][1])};
    return t;
}

static inline turn next_turn(turn t) {
    for (u32 b = 0; b < MANY_BITS; b++) t.image[b] = (u8)next_state(MANY_KIND, t.image[b], 0);
    t.flip = (u8)state_before(t.flip);
    return t;
}

/* The state of each place. */
static inline void states_of(const turn *t, u8 states[MANY]) {
    states[0] = 0;
    for (u32 b = 0; b < MANY_BITS; b++)
        for (u32 u = 0; u < 1u << b; u++) states[(1u << b) + u] = states[u] ^ t->image[b];
}

/* Which bits of a place its quantizer is the parity of. */
static inline u32 quantizer_form(const turn *t) {
    u32 form = 0;
    for (u32 b = 0; b < MANY_BITS; b++) form |= (t->image[b] & 1u) << b;
    return form;
}

static inline u32 parity_of(u32 bits) {
    bits ^= bits >> 4;
    return 0x6996u >> (bits & 15) & 1;
}

#endif
