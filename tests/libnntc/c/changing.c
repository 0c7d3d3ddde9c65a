/* Decodes files whose bytes change while they are read: each read is right, or has one wrong byte. What comes of it is not
 * defined, but nothing is touched out of bounds, and every tensor has its size or an error.
 *
 *     changing LIST
 *
 * A line for each file: NAME DECODINGS. */
#include "cases.h"

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

/* The SHA-256 of each base file, by the file that names it: the caller vouches for bases that change. */
static unsigned char (*vouched(one_case *c))[32] {
    unsigned char(*digests)[32] = calloc(c->count + 1u, 32);
    store s = {&c->file, 0, 0};
    pool p;
    nntc *n;
    nntc_limits limits;
    nntc_base_file named;
    nntc_source source = {NULL, read_at, &s, c->file.size};
    nntc_memory memory = {get, &p};
    if (digests == NULL) abort();
    memset(&p, 0, sizeof p);
    memset(&limits, 0, sizeof limits);
    limits.without_base = 1;
    if (nntc_open(&source, &limits, memory, &n).id == NNTC_OK)
        for (uint32_t i = 0; nntc_get_base(n, i, &named).id == NNTC_OK; i++)
            for (uint32_t b = 0; b < c->count; b++)
                if (c->bases[b].file.size == named.size) memcpy(digests[b], named.sha256, 32);
    release(&p);
    return digests;
}

static int read_some_base(void *context, uint64_t offset, void *dst, size_t length) {
    const given *g = context;
    unsteady u = {&g->file, g->counts->calls * 0x9E3779B97F4A7C15u + 1, 3};
    g->counts->calls++;
    return read_some(&u, offset, dst, length);
}

int main(int count, char **arguments) {
    one_case c = open_cases(arguments[count - 1]);
    while (next_case(&c)) {
        const guarded file = c.file;
        unsigned char(*digests)[32] = vouched(&c);
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
            store counts = {&file, 0, 0};
            limits.tensors_only = (int)(seed & 1);
            give(&c, &limits, 0, &counts);
            for (uint32_t b = 0; b < c.count; b++) {
                c.sources[b].source.read_at = read_some_base;
                c.sources[b].sha256 = digests[c.count - 1 - b];
            }
            if (nntc_open(&source, &limits, memory, &n).id == NNTC_OK) {
                if (!limits.tensors_only) decode_all(n, memory, 0, NULL, &sum);
                for (uint32_t t = 0; t < nntc_summarize(n).tensors; t++) {
                    nntc_sink sink = {NULL, put_sum, NULL, &sum};
                    decodings += nntc_tensor_stream(n, t, &sink, memory).id == NNTC_OK;
                }
            }
            release(&p);
        }
        printf("%s %u\n", c.name, decodings);
        free(digests);
    }
    return 0;
}
