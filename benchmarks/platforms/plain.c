/* A decoder for platforms without all of POSIX (WASI): plain [--max-memory N] [--max-output N] FILE OUTPUT.
 * All output is kept in memory and written to files when it has been checked. Exit codes are those of nntc-c. */
#include "nntc_posix.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST = 1 << 26 };

static int save(const nntc *n, const unsigned char *data, const char *output) {
    nntc_summary s = nntc_summarize(n);
    nntc_file file;
    char path[4096];
    for (uint32_t i = s.files; i-- > 0;) {
        const char *slash = strrchr(output, '/');
        nntc_get_file(n, i, &file);
        if (i == 0) snprintf(path, sizeof path, "%s", output);
        else snprintf(path, sizeof path, "%.*s/%.*s", slash == NULL ? 1 : (int)(slash - output), slash == NULL ? "." : output, (int)file.name_length, file.name);
        for (char *p = path + 1; i > 0 && (p = strchr(p, '/')) != NULL; p++) {
            *p = 0;
            mkdir(path, 0777);
            *p = '/';
        }
        FILE *f = fopen(path, "wb");
        if (f == NULL || fwrite(data + file.start, 1, (size_t)file.size, f) != file.size || fclose(f) != 0) return 2;
    }
    return 0;
}

int main(int count, char **arguments) {
    nntc_limits limits;
    nntc_source source;
    nntc_heap heap;
    nntc *n = NULL;
    const char *paths[2] = {NULL, NULL};
    int found = 0, descriptor = -1;
    memset(&limits, 0, sizeof limits);
    memset(&heap, 0, sizeof heap);
    nntc_memory memory = nntc_heap_memory(&heap);
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--max-memory") == 0 && i + 1 < count) limits.has_memory = 1, limits.max_memory = strtoull(arguments[++i], NULL, 10);
        else if (strcmp(arguments[i], "--max-output") == 0 && i + 1 < count) limits.has_output = 1, limits.max_output = strtoull(arguments[++i], NULL, 10);
        else if (found < 2) paths[found++] = arguments[i];
    }
    if (found != 2 || nntc_file_source(paths[0], &descriptor, &source) != 0) return 2;
    nntc_error e = nntc_open(&source, &limits, memory, &n);
    if (e.id == NNTC_OK) {
        uint64_t output = nntc_summarize(n).output;
        size_t size = output < MOST ? (size_t)output : MOST; /* some state far more than they have */
        nntc_block block = {n, malloc(size + 1), size, 0};
        nntc_sink sink = nntc_block_sink(&block);
        if (block.data == NULL) return 2;
        e = nntc_decode_all(n, &sink, memory);
        if (e.id == NNTC_OK) return save(n, block.data, paths[1]);
    }
    fprintf(stderr, "%s @ %" PRIu64 "\n", nntc_error_name(e.id), e.offset);
    return e.id >= NNTC_CALLER ? 2 : nntc_error_unsupported(e.id) ? 3 : 1;
}
