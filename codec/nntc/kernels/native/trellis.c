/* SPEC.md 9.7: state machines of dependent quantization. */
#include "kernels.h"

const u8 kernels_next[2][8][2] = {{{0, 2}, {2, 0}, {1, 3}, {3, 1}}, {{0, 2}, {5, 7}, {1, 3}, {6, 4}, {2, 0}, {4, 6}, {3, 1}, {7, 5}}};
const u8 kernels_quantizer[2][8] = {{0, 0, 1, 1}, {0, 1, 0, 1, 0, 1, 0, 1}};
