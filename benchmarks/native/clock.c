/* Does what a line of standard input says, and answers with its CPU seconds: clock CODED.nntc EXACT.nntc MODEL.onnx
 *
 * open      header, directory, graph and tables of CODED
 * decode    all of CODED in memory, with checksums and digests
 * tensors   every tensor of CODED alone
 * exact     all of EXACT, as decode
 * zstd      MODEL as compressed by zstd at its level 19, decompressed
 * memcpy    MODEL copied
 * sha256    its digest, as the library makes it */
#define _POSIX_C_SOURCE 200809L
#include "nntc_posix.h"

#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zstd.h>

typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

static bytes load(const char *name) {
    FILE *f = fopen(name, "rb");
    bytes b;
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) exit(2);
    b.size = (size_t)ftell(f);
    b.data = malloc(b.size);
    rewind(f);
    if (b.data == NULL || fread(b.data, 1, b.size, f) != b.size) exit(2);
    fclose(f);
    return b;
}

static void require(int holds) {
    if (!holds) exit(3);
}

/* part: 0 open, 1 all, 2 each tensor. */
static void decode(bytes file, bytes room, int part, nntc_heap *heap) {
    nntc_source source = {file.data, NULL, NULL, file.size};
    nntc_memory memory = nntc_heap_memory(heap);
    nntc_block block = {NULL, room.data, room.size, 0};
    nntc_sink sink = nntc_block_sink(&block);
    nntc *n;
    nntc_section section;
    require(nntc_open(&source, NULL, memory, &n).id == NNTC_OK);
    block.handle = n;
    if (part == 1) require(nntc_decode_all(n, &sink, memory).id == NNTC_OK);
    for (uint32_t i = 0, tensor = 0; part == 2 && i < nntc_summarize(n).sections; i++) {
        require(nntc_get_section(n, i, &section).id == NNTC_OK);
        if (section.type == TENSOR) require(nntc_tensor(n, tensor++, room.data, (size_t)section.output, memory).id == NNTC_OK);
    }
}

int main(int count, char **names) {
    char line[64];
    u64 state[16];
    unsigned char digest[32];
    if (count != 4) return 2;
    bytes coded = load(names[1]), exact = load(names[2]), model = load(names[3]), packed;
    bytes room = {malloc(model.size + 64), model.size + 64};
    packed.data = malloc(ZSTD_compressBound(model.size));
    require(room.data != NULL && packed.data != NULL);
    packed.size = ZSTD_compress(packed.data, ZSTD_compressBound(model.size), model.data, model.size, 19);
    memset(room.data, 0, room.size);
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct timespec a, b;
        nntc_heap heap;
        memset(&heap, 0, sizeof heap);
        line[strcspn(line, "\n")] = 0;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
        if (strcmp(line, "open") == 0) decode(coded, room, 0, &heap);
        else if (strcmp(line, "decode") == 0) decode(coded, room, 1, &heap);
        else if (strcmp(line, "tensors") == 0) decode(coded, room, 2, &heap);
        else if (strcmp(line, "exact") == 0) decode(exact, room, 1, &heap);
        else if (strcmp(line, "zstd") == 0) require(ZSTD_decompress(room.data, model.size, packed.data, packed.size) == model.size);
        else if (strcmp(line, "memcpy") == 0) memcpy(room.data, model.data, model.size);
        else if (strcmp(line, "sha256") == 0) {
            nntc_sha256_choose()(state);
            nntc_sha256_update(state, model.data, model.size);
            nntc_sha256_final(state, digest);
        } else return 2;
        nntc_heap_free(&heap);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
        printf("{\"cpu_s\": %.9f, \"memory\": %zu}\n", (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec), heap.most);
        fflush(stdout);
    }
    return 0;
}
