/* Decodes files with no-access pages right after the input, every block of memory and every output, and once more with
 * them right before; from a span and through read_at; all at once, tensor by tensor, and each tensor as a stream in an arena
 * of the size that its header states. All must agree.
 *
 *     guarded LIST
 *
 * A line for each file: NAME ID OFFSET. Anything that is touched out of bounds ends the process. */
#include "cases.h"

typedef struct result {
    nntc_error open, all, each, arena;
    uint64_t sums[3];
} result;

static int profile_of(const nntc_source *source) {
    unsigned char byte;
    return source->read_at(source->context, 11, &byte, 1) == 0 ? byte : -1;
}

/* zstd and bzip2 take their input at once: reads need room for it besides. */
static nntc_error in_stated_memory(const nntc_source *source, int before, uint64_t *sum) {
    nntc_limits limits;
    nntc_arena arena;
    nntc *n;
    uint64_t need;
    memset(&limits, 0, sizeof limits);
    limits.tensors_only = 1;
    nntc_error e = nntc_arena_need(source, &limits, &need);
    if (e.id != NNTC_OK) return e;
    if (source->span == NULL && profile_of(source) != 0) need += source->size;
    guarded block = take(need < (uint64_t)1 << 30 ? (size_t)need : (size_t)1 << 30, 16, before); /* some state far more than they need */
    nntc_arena_init(&arena, block.at, block.size);
    e = nntc_open(source, &limits, nntc_arena_memory(&arena), &n);
    if (e.id == NNTC_OK) e = stream_each(n, nntc_arena_memory(&arena), sum);
    drop(&block);
    return e;
}

static result decode(one_case *c, int is_span, int before) {
    result r;
    pool p;
    guarded *file = &c->file;
    store s = {file, 0, 0};
    nntc *n;
    nntc_limits limits;
    nntc_source source = {is_span ? file->at : NULL, is_span ? NULL : read_at, &s, file->size};
    nntc_memory memory = {get, &p};
    memset(&r, 0, sizeof r);
    memset(&p, 0, sizeof p);
    memset(&limits, 0, sizeof limits);
    p.before = before;
    give(c, &limits, is_span, &s);
    r.open = nntc_open(&source, &limits, memory, &n);
    if (r.open.id == NNTC_OK) {
        r.all = decode_all(n, memory, 0, NULL, &r.sums[0]);
        r.each = decode_each(n, memory, before, &r.sums[1]);
    }
    release(&p);
    r.arena = in_stated_memory(&source, before, &r.sums[2]);
    /* Without GRAPH there is no base. */
    if (r.open.id == NNTC_OK && r.arena.id != NNTC_E_BASE && (!same(r.arena, r.each) || r.sums[1] != r.sums[2])) {
        printf("as a stream: %s %" PRIu64 "\n", nntc_error_name(r.arena.id), r.arena.offset);
        exit(1);
    }
    return r;
}

int main(int count, char **arguments) {
    one_case c = open_cases(arguments[count - 1]);
    while (next_case(&c)) {
        result first, r;
        for (int mode = 0; mode < 4; mode++) {
            load_case(&c, mode & 1);
            r = decode(&c, mode < 2, mode & 1);
            if (mode == 0) first = r;
            if (!same(r.open, first.open) || !same(r.all, first.all) || !same(r.each, first.each) || !same(r.arena, first.arena) ||
                memcmp(r.sums, first.sums, sizeof r.sums) != 0) {
                printf("%s differs in mode %d\n", c.name, mode);
                return 1;
            }
        }
        nntc_error e = first.open.id != NNTC_OK ? first.open : first.all;
        printf("%s %s %" PRIu64 "\n", c.name, nntc_error_name(e.id), e.offset);
    }
    return 0;
}
