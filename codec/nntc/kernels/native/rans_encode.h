/* SPEC.md 9.4 backwards: encoding of one rANS stream. */
#ifndef NNTC_RANS_ENCODE_H
#define NNTC_RANS_ENCODE_H

#include "kernels.h"

/* frequencies: [tables][256]; numbers: table of each token, or NULL where all use table 0. */
typedef struct rans_encoder {
    const u8 *tokens;
    const u16 *numbers;
    const u16 *frequencies;
    const u16 *starts; /* sums of the frequencies before */
    u64 count;
    u32 segment, lanes;
    u32 *x;     /* of the lanes */
    u16 *words; /* room for one for each token; filled from the end */
} rans_encoder;

/* Returns how many words were written. Every token has a frequency. */
u64 rans_encode(rans_encoder *e);

#endif
