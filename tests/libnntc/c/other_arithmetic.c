/* Linked to a program, this sets its arithmetic, before it begins, to round upward and to flush subnormal numbers. */
#include <fenv.h>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

__attribute__((constructor)) static void set(void) {
    fesetround(FE_UPWARD);
#if defined(__SSE2__)
    _mm_setcsr(_mm_getcsr() | 0x8040u);
#elif defined(__aarch64__)
    unsigned long long a;
    __asm__ volatile("mrs %0, fpcr" : "=r"(a));
    __asm__ volatile("msr fpcr, %0" : : "r"(a | 1ull << 24));
#endif
}
