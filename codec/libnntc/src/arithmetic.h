/* to the nearest, with subnormal numbers. A caller's thread may have been set to another rounding, or to flush those,
 * as libraries for games, audio and training do; it is set back for what computes, and then to what it was. */
#ifndef NNTC_ARITHMETIC_H
#define NNTC_ARITHMETIC_H

#include <stdint.h>

#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
typedef unsigned int arithmetic;
static inline arithmetic nntc_arithmetic(void) { return _mm_getcsr(); }
static inline void nntc_compute_as(arithmetic a) { _mm_setcsr(a); }
#define NNTC_STANDARD 0x1F80u /* and no exception traps */
#else
#if defined(__aarch64__) && defined(__GNUC__)
#define NNTC_READ "mrs %0, fpcr"
#define NNTC_WRITE "msr fpcr, %0"
#elif defined(__arm__) && defined(__ARM_FP) && defined(__GNUC__)
#define NNTC_READ "vmrs %0, fpscr"
#define NNTC_WRITE "vmsr fpscr, %0"
#elif defined(__riscv_flen) && defined(__GNUC__)
#define NNTC_READ "frcsr %0"
#define NNTC_WRITE "fscsr %0"
#endif /* WebAssembly and computing in software have one arithmetic; on others the thread must be as it began */
typedef uintptr_t arithmetic; /* a register */
#define NNTC_STANDARD 0u
static inline arithmetic nntc_arithmetic(void) {
    arithmetic a = NNTC_STANDARD;
#ifdef NNTC_READ
    __asm__ volatile(NNTC_READ : "=r"(a));
#endif
    return a;
}
static inline void nntc_compute_as(arithmetic a) {
#ifdef NNTC_WRITE
    __asm__ volatile(NNTC_WRITE : : "r"(a) : "memory");
#else
    (void)a;
#endif
}
#endif

#endif
