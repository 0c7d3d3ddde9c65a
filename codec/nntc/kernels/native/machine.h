/* A trellis as a search walks through it: where each state comes from. */
#ifndef NNTC_MACHINE_H
#define NNTC_MACHINE_H

#include "kernels.h"

enum { MOST_STATES = 8 };

/* Of both ways into a state, in the order of the states that they come from: that state, and 2 * its quantizer + parity. */
typedef struct machine {
    u32 states;
    u8 quantizer[MOST_STATES];
    u8 from[2][MOST_STATES];
    u8 option[2][MOST_STATES];
} machine;

static inline machine machine_of(u32 kind) {
    machine m = {kind == 0 ? 4 : 8, {0}, {{0}}, {{0}}};
    u32 ways[MOST_STATES] = {0};
    for (u32 state = 0; state < m.states; state++) {
        m.quantizer[state] = kernels_quantizer[kind][state];
        for (u32 parity = 0; parity < 2; parity++) {
            u32 target = kernels_next[kind][state][parity], way = ways[target]++;
            m.from[way][target] = (u8)state;
            m.option[way][target] = (u8)(2 * kernels_quantizer[kind][state] + parity);
        }
    }
    return m;
}

#endif
