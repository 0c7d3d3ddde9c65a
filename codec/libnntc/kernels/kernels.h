/* What is written for particular processors. Each has portable code beside it that gives the same, and is chosen when a file
 * is opened, by what the processor says of itself, or where the compiler is told so. -DNNTC_PORTABLE leaves all of it out. */
#ifndef NNTC_KERNELS_H
#define NNTC_KERNELS_H

#include "../src/internal.h"

#if !defined(NNTC_PORTABLE) && (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
#define NNTC_X86 1
#endif
#if !defined(NNTC_PORTABLE) && defined(__ARM_FEATURE_SHA2) && defined(__ARM_NEON)
#define NNTC_ARM_SHA 1
#endif

/* Takes blocks of 64 bytes into a state of SHA-256. */
typedef void nntc_sha256_blocks(u32 h[8], const u8 *data, size_t blocks);
NNTC_LOCAL nntc_sha256_blocks nntc_sha256_portable;
#ifdef NNTC_X86
NNTC_LOCAL nntc_sha256_blocks nntc_sha256_x86;
#endif
#ifdef NNTC_ARM_SHA
NNTC_LOCAL nntc_sha256_blocks nntc_sha256_arm;
#endif
NNTC_LOCAL nntc_sha256_blocks *nntc_choose_sha256(void);

#if defined(NNTC_X86) && defined(__x86_64__)
#define NNTC_AVX512 1
NNTC_LOCAL nntc_trellis_step nntc_trellis_avx512;
#endif
NNTC_LOCAL nntc_trellis_step *nntc_choose_trellis_step(void); /* NULL: portable code */
extern const u32 nntc_sha256_constants[64];

#endif
