/* Which kernels this processor runs. */
#include "kernels.h"

#ifdef NNTC_X86
#include <cpuid.h>

static bool has_sha(void) {
    unsigned a, b, c, d;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c >> 9 & 1) == 0 || (c >> 19 & 1) == 0) return false; /* SSSE3, SSE4.1 */
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b >> 29 & 1) != 0;
}
#endif

NNTC_LOCAL nntc_sha256_blocks *nntc_choose_sha256(void) {
#if defined(NNTC_X86)
    return has_sha() ? nntc_sha256_x86 : nntc_sha256_portable;
#elif defined(NNTC_ARM_SHA)
    return nntc_sha256_arm;
#else
    return nntc_sha256_portable;
#endif
}

#ifdef NNTC_AVX512
/* AVX-512 with F, BW, VL and VBMI2, and a system that keeps its registers. */
static bool has_avx512(void) {
    unsigned a, b, c, d, low, high;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c >> 27 & 1) == 0) return false;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 0xE6) != 0xE6 || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
    return (b >> 16 & 1) != 0 && (b >> 30 & 3) == 3 && (c >> 6 & 1) != 0;
}
#endif

NNTC_LOCAL nntc_trellis_step *nntc_choose_trellis_step(void) {
#ifdef NNTC_AVX512
    if (has_avx512()) return nntc_trellis_avx512;
#endif
    return NULL;
}
