/* Memory with no-access pages around it, and what programs here do with a file: open, decode all of it, decode each tensor.
 * Everything is static, so that a program is one C file and the library. */
#ifndef GUARDED_H
#define GUARDED_H

#define _DEFAULT_SOURCE 1
#include "nntc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FILL = 0xA5 };

typedef struct guarded { /* size bytes at `at`; the pages before and after cannot be touched */
    unsigned char *map, *at;
    size_t size, inner, whole;
} guarded;

/* before: flush with the page before them, else with the one after, up to align - 1 bytes that drop() looks at. */
static inline guarded take(size_t size, size_t align, int before) {
    guarded g;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    g.inner = (size + align + page - 1) / page * page;
    g.whole = g.inner + 2 * page;
    g.size = size;
    g.map = mmap(NULL, g.whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (g.map == MAP_FAILED || mprotect(g.map + page, g.inner, PROT_READ | PROT_WRITE) != 0) abort();
    g.at = before ? g.map + page : g.map + page + g.inner - (size + align - 1) / align * align;
    size_t spare = (size_t)(g.map + page + g.inner - g.at) - size;
    if (size < 1 << 24) memset(g.at, FILL, size); /* larger ones are zero, and not there before they are used */
    memset(g.at + size, FILL, spare < 64 ? spare : 64);
    return g;
}

static inline void drop(guarded *g) {
    if (g->map == NULL) return;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), spare = (size_t)(g->map + page + g->inner - g->at) - g->size;
    for (size_t i = 0; i < spare && i < 64; i++)
        if (g->at[g->size + i] != FILL) abort(); /* written past its end */
    munmap(g->map, g->whole);
    g->map = NULL;
}

static inline guarded load(const char *name, int before) {
    FILE *f = fopen(name, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) abort();
    guarded g = take((size_t)ftell(f), 1, before);
    rewind(f);
    if (g.size > 0 && fread(g.at, 1, g.size, f) != g.size) abort();
    fclose(f);
    return g;
}

typedef struct pool { /* every block is a mapping of its own; from request number refused on there is nothing, if it is not 0 */
    guarded *kept, scratch;
    size_t count, room, requests, refused;
    int before;
} pool;

static inline void *get(void *context, size_t bytes, int kind) {
    pool *p = context;
    if (++p->requests >= p->refused && p->refused != 0) return NULL;
    if (kind == NNTC_SCRATCH) { /* its content need not be kept, so it never is */
        drop(&p->scratch);
        p->scratch = take(bytes, 8, p->before);
        return p->scratch.at;
    }
    if (p->count == p->room) {
        p->room = 2 * p->room + 16;
        p->kept = realloc(p->kept, p->room * sizeof *p->kept);
        if (p->kept == NULL) abort();
    }
    p->kept[p->count] = take(bytes, 8, p->before);
    return p->kept[p->count++].at;
}

static inline void release(pool *p) {
    for (size_t i = 0; i < p->count; i++) drop(&p->kept[i]);
    drop(&p->scratch);
    free(p->kept);
    memset(p, 0, sizeof *p);
}

typedef struct store { /* the file as a source that counts its calls */
    const guarded *file;
    size_t calls, refused;
} store;

static inline int read_at(void *context, uint64_t offset, void *dst, size_t length) {
    store *s = context;
    if (offset > s->file->size || length > s->file->size - offset) abort(); /* only bytes of the file may be asked for */
    if (++s->calls == s->refused) return 1;
    memcpy(dst, s->file->at + offset, length);
    return 0;
}

typedef struct output {
    unsigned char *data;
    uint64_t *starts;
    size_t size, room, calls, refused;
} output;

static inline int begin(void *context, uint32_t number, uint64_t size) {
    output *o = context;
    (void)size;
    o->starts[number] = o->size;
    return ++o->calls == o->refused;
}

static inline int put(void *context, const void *data, size_t length) {
    output *o = context;
    if (++o->calls == o->refused) return 1;
    while (o->size + length > o->room) {
        o->room = 2 * o->room + 65536;
        o->data = realloc(o->data, o->room);
        if (o->data == NULL) abort();
    }
    memcpy(o->data + o->size, data, length);
    o->size += length;
    return 0;
}

static inline int back(void *context, uint32_t number, uint64_t offset, void *dst, size_t length) {
    output *o = context;
    if (o->starts[number] + offset + length > o->size) abort(); /* only what was written may be asked for */
    if (++o->calls == o->refused) return 1;
    memcpy(dst, o->data + o->starts[number] + offset, length);
    return 0;
}

static inline uint64_t mixed(uint64_t sum, const unsigned char *data, size_t size) { /* FNV-1a */
    for (size_t i = 0; i < size; i++) sum = (sum ^ data[i]) * 0x100000001B3u;
    return sum;
}

/* All output files; *sum is of their bytes. */
static inline nntc_error decode_all(const nntc *n, nntc_memory memory, size_t refused, size_t *calls, uint64_t *sum) {
    output o = {NULL, calloc(nntc_summarize(n).files + 1u, sizeof(uint64_t)), 0, 0, 0, refused};
    nntc_sink sink = {begin, put, back, &o};
    if (o.starts == NULL) abort();
    nntc_error e = nntc_decode_all(n, &sink, memory);
    *sum = e.id == NNTC_OK ? mixed(0xCBF29CE484222325u, o.data, o.size) : 0;
    if (calls != NULL) *calls = o.calls;
    free(o.data);
    free(o.starts);
    return e;
}

/* Every tensor alone, into a block of exactly its size. */
static inline nntc_error decode_each(const nntc *n, nntc_memory memory, int before, uint64_t *sum) {
    nntc_error e = {NNTC_OK, 0};
    nntc_section section;
    nntc_record record;
    uint32_t tensor = 0;
    for (uint32_t i = 0; i < nntc_summarize(n).sections && e.id == NNTC_OK; i++) {
        if (nntc_get_section(n, i, &section).id != NNTC_OK) abort();
        if (section.type != 4) continue;
        e = nntc_get_record(n, tensor, memory, &record);
        if (e.id != NNTC_OK) break;
        guarded out = take((size_t)section.output, 1, before);
        e = nntc_tensor(n, tensor++, out.at, out.size, memory);
        if (e.id == NNTC_OK) *sum = mixed(*sum, out.at, out.size);
        drop(&out);
    }
    return e;
}

static inline int put_sum(void *context, const void *data, size_t length) {
    uint64_t *sum = context;
    *sum = mixed(*sum, data, length);
    return 0;
}

/* Every tensor alone, as a stream. */
static inline nntc_error stream_each(const nntc *n, nntc_memory memory, uint64_t *sum) {
    nntc_error e = {NNTC_OK, 0};
    nntc_sink sink = {NULL, put_sum, NULL, sum};
    for (uint32_t i = 0; i < nntc_summarize(n).tensors && e.id == NNTC_OK; i++) {
        uint64_t before = *sum;
        e = nntc_tensor_stream(n, i, &sink, memory);
        if (e.id != NNTC_OK) *sum = before;
    }
    return e;
}

static inline int same(nntc_error a, nntc_error b) { return a.id == b.id && a.offset == b.offset; }

#endif
