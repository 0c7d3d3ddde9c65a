/* Coders of libraries that the module brings along, as nntc_coders wants them. */
#ifndef NNTC_WEB_CODERS_H
#define NNTC_WEB_CODERS_H
#include <stddef.h>

int web_zstd(const void *src, size_t length, void *dst, size_t n);
int web_bzip2(const void *src, size_t length, void *dst, size_t n);
#endif
