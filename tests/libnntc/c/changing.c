/* Decodes files whose bytes change while they are read: each read is right, or has one wrong byte. What comes of it is not
 * defined, but nothing is touched out of bounds, and every tensor has its size or an error.
 *
 *     changing FILE...
 *
 * A line for each file: NAME DECODINGS. */
#include "guarded.h"

typedef struct unsteady {
    const guarded *file;
    uint64_t random;
    unsigned often; /* one of so many reads is wrong */
} unsteady;

static uint64_t next(unsteady *u) {
    u->random ^= u->random << 13;
    u->random ^= u->random >> 7;
    return u->random ^= u->random << 17;
}

static int read_some(void *context, uint64_t offset, void *dst, size_t length) {
    unsteady *u = context;
    if (offset > u->file->size || length > u->file->size - offset) abort();
    memcpy(dst, u->file->at + offset, length);
    if (length > 0 && next(u) % u->often == 0) ((unsigned char *)dst)[next(u) % length] ^= (unsigned char)(1u << (next(u) % 8));
    return 0;
}

int main(int count, char **names) {
    for (int i = 1; i < count; i++) {
        guarded file = load(names[i], 0);
        unsigned decodings = 0;
        for (uint64_t seed = 1; seed <= 60; seed++) {
            unsteady u = {&file, seed * 0x9E3779B97F4A7C15u, (unsigned)(2 + seed % 9)};
            pool p;
            nntc *n;
            nntc_limits limits;
            uint64_t sum = 0;
            nntc_source source = {NULL, read_some, &u, file.size};
            nntc_memory memory = {get, &p};
            memset(&p, 0, sizeof p);
            memset(&limits, 0, sizeof limits);
            limits.tensors_only = (int)(seed & 1);
            if (nntc_open(&source, &limits, memory, &n).id == NNTC_OK) {
                if (!limits.tensors_only) decode_all(n, memory, 0, NULL, &sum);
                for (uint32_t t = 0; t < nntc_summarize(n).tensors; t++) {
                    nntc_sink sink = {NULL, put_sum, NULL, &sum};
                    decodings += nntc_tensor_stream(n, t, &sink, memory).id == NNTC_OK;
                }
            }
            release(&p);
        }
        printf("%s %u\n", names[i], decodings);
        drop(&file);
    }
    return 0;
}
