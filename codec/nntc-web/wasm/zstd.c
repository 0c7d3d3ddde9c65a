/* zstd of the module: a context that is made when it is first needed, and stays. */
#include "coders.h"
#include "runtime.h"
#include "zstd_decoder.h"

int web_zstd(const void *src, size_t length, void *dst, size_t n) {
    static void *block;
    if (block == NULL) block = web_take(ZSTD_estimateDCtxSize());
    return block == NULL ? -1 : nntc_zstd_in(block, src, length, dst, n);
}
