/* The decoder of zstd's own sources as one unit, so that what is not needed falls away. */
#include "coders.h"
#include "runtime.h"

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

int web_zstd(const void *src, size_t length, void *dst, size_t n) {
    static ZSTD_DCtx *context; /* made when it is first needed */
    if (context == NULL) {
        const size_t size = ZSTD_estimateDCtxSize();
        void *block = web_take(size);
        if (block == NULL) return -1;
        context = ZSTD_initStaticDCtx(block, size);
    }
    if (context == NULL) return -1;
    if (ZSTD_findFrameCompressedSize(src, length) != length) return 1;
    return ZSTD_decompressDCtx(context, dst, n, src, length) == n ? 0 : 1;
}
