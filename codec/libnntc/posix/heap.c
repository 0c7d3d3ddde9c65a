/* malloc and files as memory and source of the core. */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE 200809L
#include "nntc_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef union block {
    union block *next;
    max_align_t align;
} block;

static void *heap_get(void *context, size_t bytes, int kind) {
    nntc_heap *heap = context;
    void *result;
    if (kind == NNTC_SCRATCH) {
        if (bytes > heap->scratch_size) {
            free(heap->scratch);
            heap->held -= heap->scratch_size;
            heap->scratch = malloc(bytes);
            heap->scratch_size = heap->scratch == NULL ? 0 : bytes;
            heap->held += heap->scratch_size;
        }
        result = heap->scratch;
    } else {
        block *b = bytes > SIZE_MAX - sizeof *b ? NULL : malloc(sizeof *b + bytes);
        if (b == NULL) return NULL;
        b->next = heap->blocks;
        heap->blocks = b;
        heap->held += bytes;
        result = b + 1;
    }
    if (heap->held > heap->most) heap->most = heap->held;
    return result;
}

nntc_memory nntc_heap_memory(nntc_heap *heap) {
    nntc_memory memory = {heap_get, heap};
    return memory;
}

void nntc_heap_free(nntc_heap *heap) {
    for (block *b = heap->blocks; b != NULL;) {
        block *next = b->next;
        free(b);
        b = next;
    }
    free(heap->scratch);
    heap->blocks = heap->scratch = NULL;
    heap->scratch_size = heap->held = 0;
}

static int read_file(void *context, uint64_t offset, void *dst, size_t length) {
    char *p = dst;
    while (length > 0) {
        ssize_t got = pread(*(int *)context, p, length < (1u << 30) ? length : (1u << 30), (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 1;
        p += got;
        offset += (uint64_t)got;
        length -= (size_t)got;
    }
    return 0;
}

int nntc_file_source(const char *path, int *descriptor, nntc_source *source) {
    struct stat status;
    *descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (*descriptor < 0) return errno;
    if (fstat(*descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(*descriptor);
        return S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    }
    source->span = NULL;
    source->read_at = read_file;
    source->context = descriptor;
    source->size = (uint64_t)status.st_size;
    return 0;
}
