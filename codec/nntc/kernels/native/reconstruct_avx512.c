/* From tokens to elements, for processors with AVX-512. */
#include "kernels.h"

#ifdef KERNELS_X86
TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx2")
#include "reconstruct_body.h"

bool reconstruct_avx512(const reconstruction *r, void *scratch) { return reconstruct_all(r, scratch); }
TARGET_END
#endif
