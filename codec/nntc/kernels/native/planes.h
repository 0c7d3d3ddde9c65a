/* SPEC.md 9.6: elements whose bytes are in planes. */
#ifndef NNTC_PLANES_H
#define NNTC_PLANES_H

#include "kernels.h"

/* u8, u16, u32 or u64 [count] elements of `width` bytes, the most significant byte in the first plane; `rotated`: the sign was
 * put last. */
void join_planes(const u8 *const *planes, u32 width, bool rotated, u64 count, void *out);

#endif
