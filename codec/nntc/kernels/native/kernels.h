/* The kernels: plain functions over arrays, without Python. Every one has a twin in ../numpy that gives the same bits:
 * floating-point operations stand in the same order, and no multiplication and addition are contracted to one. */
#ifndef NNTC_PYTHON_KERNELS_H
#define NNTC_PYTHON_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;

#if defined(__x86_64__) && defined(__GNUC__)
#define KERNELS_X86 1
#endif
#ifdef __GNUC__
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define ALWAYS_INLINE static inline
#endif

/* A function body compiled for several processors: the compiler takes several elements at a time as each allows, and the
 * arithmetic of each element stays what it is. VARIANTS(f, (int a), (a)) makes f of the inline function f_body. */
#ifdef KERNELS_X86
#define VARIANTS(name, parameters, arguments) \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2"))) static void name##_avx512 parameters { name##_body arguments; } \
    __attribute__((target("avx2"))) static void name##_avx2 parameters { name##_body arguments; } \
    static void name##_portable parameters { name##_body arguments; } \
    void name parameters { \
        if (kernels_processor.avx512) name##_avx512 arguments; \
        else if (kernels_processor.avx2) name##_avx2 arguments; \
        else name##_portable arguments; \
    }
#else
#define VARIANTS(name, parameters, arguments) \
    void name parameters { name##_body arguments; }
#endif

/* Functions between both are for a processor that has this, those that are inlined into them too. */
#ifdef __clang__
#define TARGET_BEGIN(what) KERNELS_PRAGMA(clang attribute push(__attribute__((target(what))), apply_to = function))
#define TARGET_END KERNELS_PRAGMA(clang attribute pop)
#else
#define TARGET_BEGIN(what) KERNELS_PRAGMA(GCC push_options) KERNELS_PRAGMA(GCC target(what))
#define TARGET_END KERNELS_PRAGMA(GCC pop_options)
#endif
#define KERNELS_PRAGMA(what) _Pragma(#what)

/* What the processor has, of what kernels make use of: found once, when the module is loaded. */
typedef struct processor {
    bool avx2;   /* and FMA is not asked for: it would round differently */
    bool avx512; /* F, BW, DQ, VL */
    bool vbmi2;
} processor;
extern processor kernels_processor;
enum { PORTABLE, WITH_AVX2, WITH_AVX512, WITH_VBMI2 };
/* Finds it, and leaves out what is beyond `most`. */
void kernels_find_processor(int most);

/* State machines of SPEC.md 9.7: by 0 for four states, 1 for eight, 2 for 128. Of these, the two tables have the lowest: the
 * machine is linear, and what is above the low three bits of a state is shifted. */
extern const u8 kernels_next[3][8][2];
extern const u8 kernels_quantizer[3][8];
ALWAYS_INLINE u32 next_state(u32 kind, u32 state, u32 parity) { return state >> 3 << 2 ^ kernels_next[kind][state & 7][parity & 1]; }
ALWAYS_INLINE u32 quantizer_of(u32 kind, u32 state) { return kernels_quantizer[kind][state & 7]; }

#endif
