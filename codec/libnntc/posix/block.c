/* Output files in memory. */
#include "nntc_posix.h"

#include <string.h>

static int begin(void *context, uint32_t number, uint64_t size) {
    (void)context, (void)number, (void)size;
    return 0;
}

static int put(void *context, const void *data, size_t length) {
    nntc_block *block = context;
    if (length > block->size - block->at) return 1;
    memcpy(block->data + block->at, data, length);
    block->at += length;
    return 0;
}

static int get(void *context, uint32_t number, uint64_t offset, void *dst, size_t length) {
    const nntc_block *block = context;
    nntc_file file;
    if (nntc_get_file(block->handle, number, &file).id != NNTC_OK) return 1;
    memcpy(dst, block->data + file.start + offset, length);
    return 0;
}

nntc_sink nntc_block_sink(nntc_block *block) {
    nntc_sink sink = {begin, put, get, block};
    return sink;
}
