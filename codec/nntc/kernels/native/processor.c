/* What this processor has. */
#include "kernels.h"

processor kernels_processor;

void kernels_find_processor(int most) {
    memset(&kernels_processor, 0, sizeof kernels_processor);
#ifdef KERNELS_X86
    __builtin_cpu_init();
    kernels_processor.avx2 = most >= WITH_AVX2 && __builtin_cpu_supports("avx2");
    kernels_processor.avx512 = most >= WITH_AVX512 && kernels_processor.avx2 && __builtin_cpu_supports("avx512f") &&
                               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    kernels_processor.vbmi2 = most >= WITH_VBMI2 && kernels_processor.avx512 && __builtin_cpu_supports("avx512vbmi2");
#else
    (void)most;
#endif
}
