/* The library as one function for ctypes: decodes a file in memory, checksums and all. */
#include "nntc_posix.h"

#include <string.h>

const char *decode_in_memory(const uint8_t *data, size_t size, unsigned char *out, size_t room, uint64_t *result);

/* Returns the id's name, "OK" if decoded. result[0] is the offset, or the number of bytes of all output files, which stand in
 * out one after another. */
const char *decode_in_memory(const uint8_t *data, size_t size, unsigned char *out, size_t room, uint64_t *result) {
    nntc_heap heap;
    nntc_limits limits;
    nntc *n;
    nntc_source source = {data, NULL, NULL, size};
    nntc_block block = {NULL, out, room, 0};
    nntc_sink sink = nntc_block_sink(&block);
    memset(&heap, 0, sizeof heap);
    memset(&limits, 0, sizeof limits);
    limits.has_output = 1;
    limits.max_output = room;
    nntc_memory memory = nntc_heap_memory(&heap);
    nntc_error e = nntc_open(&source, &limits, memory, &n);
    if (e.id == NNTC_OK) {
        block.handle = n;
        e = nntc_decode_all(n, &sink, memory);
    }
    nntc_heap_free(&heap);
    *result = e.id == NNTC_OK ? block.at : e.offset;
    return nntc_error_name(e.id);
}
