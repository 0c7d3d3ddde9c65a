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
#elif defined(__aarch64__) && defined(__GNUC__)
typedef uint64_t arithmetic;
static inline arithmetic nntc_arithmetic(void) {
    arithmetic a;
    __asm__ volatile("mrs %0, fpcr" : "=r"(a));
    return a;
}
static inline void nntc_compute_as(arithmetic a) { __asm__ volatile("msr fpcr, %0" : : "r"(a) : "memory"); }
#define NNTC_STANDARD 0u
#elif defined(__arm__) && defined(__ARM_FP) && defined(__GNUC__)
typedef uint32_t arithmetic;
static inline arithmetic nntc_arithmetic(void) {
    arithmetic a;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(a));
    return a;
}
static inline void nntc_compute_as(arithmetic a) { __asm__ volatile("vmsr fpscr, %0" : : "r"(a) : "memory"); }
#define NNTC_STANDARD 0u
#elif defined(__riscv_flen) && defined(__GNUC__)
typedef unsigned long arithmetic;
static inline arithmetic nntc_arithmetic(void) {
    arithmetic a;
    __asm__ volatile("frcsr %0" : "=r"(a));
    return a;
}
static inline void nntc_compute_as(arithmetic a) { __asm__ volatile("fscsr %0" : : "r"(a) : "memory"); }
#define NNTC_STANDARD 0u
#else /* WebAssembly and computing in software have one arithmetic; on others the thread must be as it began */
typedef int arithmetic;
static inline arithmetic nntc_arithmetic(void) { return 0; }
static inline void nntc_compute_as(arithmetic a) { (void)a; }
#define NNTC_STANDARD 0
#endif

#endif
