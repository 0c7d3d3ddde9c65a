/* The library as one function for ctypes: decodes a file in memory, checksums and all. */
#include "nntc_posix.h"

#include <stdlib.h>
#include <string.h>

typedef struct output {
    unsigned char *data;
    size_t size, room;
    uint64_t *starts;
} output;

static int begin(void *context, uint32_t number, uint64_t size) {
    output *o = context;
    (void)size;
    o->starts[number] = o->size;
    return 0;
}

static int put(void *context, const void *data, size_t length) {
    output *o = context;
    if (length > o->room - o->size) return 1;
    memcpy(o->data + o->size, data, length);
    o->size += length;
    return 0;
}

static int back(void *context, uint32_t number, uint64_t offset, void *dst, size_t length) {
    const output *o = context;
    memcpy(dst, o->data + o->starts[number] + offset, length);
    return 0;
}

const char *decode_in_memory(const uint8_t *data, size_t size, unsigned char *out, size_t room, uint64_t *result);

/* Returns the id's name, "OK" if decoded. result[0] is the offset, or the number of bytes of all output files, which stand in
 * out one after another. */
const char *decode_in_memory(const uint8_t *data, size_t size, unsigned char *out, size_t room, uint64_t *result) {
    nntc_heap heap;
    nntc_limits limits;
    nntc *n;
    nntc_source source = {data, NULL, NULL, size};
    output o = {out, 0, room, NULL};
    nntc_sink sink = {begin, put, back, &o};
    memset(&heap, 0, sizeof heap);
    memset(&limits, 0, sizeof limits);
    limits.has_output = 1;
    limits.max_output = room;
    nntc_memory memory = nntc_heap_memory(&heap);
    nntc_error e = nntc_open(&source, &limits, memory, &n);
    if (e.id == NNTC_OK) {
        o.starts = calloc(nntc_summarize(n).files + 1u, sizeof *o.starts);
        if (o.starts == NULL) abort();
        e = nntc_decode_all(n, &sink, memory);
        free(o.starts);
    }
    nntc_heap_free(&heap);
    *result = e.id == NNTC_OK ? o.size : e.offset;
    return nntc_error_name(e.id);
}
