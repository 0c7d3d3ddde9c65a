/* What the decoders need of the C library; runtime.c has it. */
#ifndef NNTC_WEB_STRING_H
#define NNTC_WEB_STRING_H
#include <stddef.h>
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *in, int value, size_t n);
#endif
