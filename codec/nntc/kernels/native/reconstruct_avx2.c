/* From tokens to elements, for processors with AVX2. */
#include "kernels.h"

#ifdef KERNELS_X86
TARGET_BEGIN("avx2")
#include "reconstruct_body.h"

bool reconstruct_avx2(const reconstruction *r, void *scratch) { return reconstruct_all(r, scratch); }
TARGET_END
#endif
