/* zstd asks for it; its decoder is given its memory, and calls none of these. */
#ifndef NNTC_WEB_STDLIB_H
#define NNTC_WEB_STDLIB_H
#include <stddef.h>
void *malloc(size_t n);
void *calloc(size_t count, size_t n);
void free(void *block);
#endif
