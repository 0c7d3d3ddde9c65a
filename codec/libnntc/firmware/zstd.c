/* zstd for GRAPH, in memory that main.c lends it for one call: nothing of it stays. Without a base there is none. */
#include "board.h"

#ifdef BASE
#include "zstd_decoder.h"

static void *lent;

size_t zstd_need(void) { return (ZSTD_estimateDCtxSize() + 7) / 8 * 8; }
void zstd_lend(void *block) { lent = block; }
int zstd_decode(const void *src, size_t length, void *dst, size_t n) { return nntc_zstd_in(lent, src, length, dst, n); }
#endif
