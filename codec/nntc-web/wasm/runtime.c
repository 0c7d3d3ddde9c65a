/* The C library that the module has instead of one: bytes, and memory that grows. */
#include "runtime.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A word at a time; wasm allows any alignment. Long stretches go by the machine's own instructions, where it has them: short ones
 * take longer that way. */
typedef uint64_t __attribute__((aligned(1), may_alias)) word;
#ifdef __wasm_bulk_memory__
enum { LONG = 256 };
#define LONG_COPY(to, from, n) if (n >= LONG) return __builtin_memmove(to, from, n)
#define LONG_SET(to, value, n) if (n >= LONG) return __builtin_memset(to, value, n)
#else
#define LONG_COPY(to, from, n)
#define LONG_SET(to, value, n)
#endif

void *memmove(void *to, const void *from, size_t n) {
    unsigned char *a = to;
    const unsigned char *b = from;
    LONG_COPY(to, from, n);
    if ((uintptr_t)a - (uintptr_t)b >= n) {
        for (; n >= 8; n -= 8, a += 8, b += 8) *(word *)a = *(const word *)b;
        for (; n > 0; n--) *a++ = *b++;
    } else {
        for (; n >= 8; n -= 8) *(word *)(a + n - 8) = *(const word *)(b + n - 8);
        for (; n > 0; n--) a[n - 1] = b[n - 1];
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n) {
    unsigned char *a = to;
    const unsigned char *b = from;
    LONG_COPY(to, from, n);
    for (; n >= 8; n -= 8, a += 8, b += 8) *(word *)a = *(const word *)b;
    for (; n > 0; n--) *a++ = *b++;
    return to;
}

void *memset(void *to, int value, size_t n) {
    unsigned char *a = to;
    const uint64_t all = (unsigned char)value * 0x0101010101010101u;
    LONG_SET(to, value, n);
    for (; n >= 8; n -= 8, a += 8) *(word *)a = all;
    for (; n > 0; n--) *a++ = (unsigned char)value;
    return to;
}

int memcmp(const void *a, const void *b, size_t n) {
    const unsigned char *x = a, *y = b;
    for (size_t i = 0; i < n; i++)
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    return 0;
}

void *memchr(const void *in, int value, size_t n) {
    union { const void *from; void *to; } found = {in}; /* the interface of C drops const */
    const unsigned char *p = in;
    for (size_t i = 0; i < n; i++) {
        if (p[i] != (unsigned char)value) continue;
        found.from = p + i;
        return found.to;
    }
    return NULL;
}

extern unsigned char __heap_base;
enum { PAGE = 65536, LINE = 64 };
static uintptr_t top, most;

static int grow(uintptr_t end) {
    if (end <= most) return 1;
    if (most == 0) most = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
    if (end > most) {
        const size_t pages = (end - most + PAGE - 1) / PAGE;
        if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX) return 0;
        most += pages * PAGE;
    }
    return 1;
}

void *web_take(size_t bytes) {
    if (top == 0) top = ((uintptr_t)&__heap_base + LINE - 1) & ~(uintptr_t)(LINE - 1);
    if (bytes > SIZE_MAX - LINE - top) return NULL;
    const uintptr_t begin = top, end = (begin + bytes + LINE - 1) & ~(uintptr_t)(LINE - 1);
    if (!grow(end)) return NULL;
    top = end;
    return (void *)begin;
}

static unsigned char *scratch;
static size_t scratch_size;

/* Kept blocks stay until the instance goes. Scratch grows in place while it is the last block; else its next place has at
 * least twice its size, so that all of its places together are at most three times the largest. */
void *web_get(void *context, size_t bytes, int kind) {
    (void)context;
    if (kind != WEB_SCRATCH) return web_take(bytes);
    if (bytes <= scratch_size) return scratch;
    if (scratch != NULL && (uintptr_t)scratch + scratch_size == top) top = (uintptr_t)scratch;
    const size_t twice = scratch_size < SIZE_MAX / 4 ? 2 * scratch_size : 0;
    size_t size = bytes > twice ? bytes : twice;
    unsigned char *block = web_take(size);
    if (block == NULL && size > bytes) block = web_take(size = bytes);
    if (block == NULL) {
        scratch_size = 0;
        return NULL;
    }
    scratch = block;
    scratch_size = top - (uintptr_t)block;
    return block;
}

/* zstd is given its memory; what links against these is not reached. */
void *malloc(size_t n) { (void)n; return NULL; }
void *calloc(size_t count, size_t n) { (void)count, (void)n; return NULL; }
void free(void *block) { (void)block; }
