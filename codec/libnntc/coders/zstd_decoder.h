/* The decoder of zstd's own sources (lib of zstd 1.5) as one unit, small rather than fast, so that what is not needed falls
 * away. For programs that have no library of the system: it calls memcpy, memmove and memset, and no allocator. */
#ifndef NNTC_ZSTD_DECODER_H
#define NNTC_ZSTD_DECODER_H

#define ZSTD_STATIC_LINKING_ONLY 1
#define ZSTD_DISABLE_ASM 1
#define ZSTD_LEGACY_SUPPORT 0
#define ZSTD_NO_INTRINSICS 1
#define ZSTD_NO_TRACE 1
#define ZSTD_TRACE 0
#define DYNAMIC_BMI2 0
#define ZSTD_STRIP_ERROR_STRINGS 1
#define HUF_FORCE_DECOMPRESS_X1 1
#define HUF_DISABLE_FAST_DECODE 1
#define ZSTD_NO_INLINE 1
#define ZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT 1
#define ZSTD_DEPS_MALLOC 1
#define ZSTD_malloc(size) NULL
#define ZSTD_calloc(count, size) NULL
#define ZSTD_free(block) ((void)(block))
#define ZSTDLIB_VISIBLE
#define ZSTDERRORLIB_VISIBLE

#include "common/debug.c"
#include "common/entropy_common.c"
#include "common/error_private.c"
#include "common/fse_decompress.c"
#include "common/zstd_common.c"
#include "common/xxhash.c"
#include "decompress/huf_decompress.c"
#include "decompress/zstd_ddict.c"
#include "decompress/zstd_decompress.c"
#include "decompress/zstd_decompress_block.c"

/* nntc_coders.zstd with a context in a block of ZSTD_estimateDCtxSize() bytes, aligned to 8. */
static int nntc_zstd_in(void *block, const void *src, size_t length, void *dst, size_t n) {
    ZSTD_DCtx *context = ZSTD_initStaticDCtx(block, ZSTD_estimateDCtxSize());
    if (context == NULL) return -1;
    if (ZSTD_findFrameCompressedSize(src, length) != length) return 1;
    return ZSTD_decompressDCtx(context, dst, n, src, length) == n ? 0 : 1;
}
#endif
