/* Lets each call out of the library fail: every request for memory, read of the file, and call of the sink, and an arena
 * that is one byte too small, or much. The call must come back with the id of that, without touching what is not its own.
 *
 *     faults LIST
 *
 * A line for each file: NAME BYTES-OF-ARENA REQUESTS READS CALLS. */
#include "cases.h"

typedef struct attempt { /* number of the call that fails, 0 for none; afterwards how many there were */
    size_t memory, source, sink;
} attempt;

/* One decoding of everything, from a source that is no span. */
static nntc_error run(one_case *c, attempt *a) {
    pool p;
    store s = {&c->file, 0, a->source};
    nntc *n;
    nntc_limits limits;
    nntc_source source = {NULL, read_at, &s, c->file.size};
    nntc_memory memory = {get, &p};
    uint64_t sum;
    memset(&p, 0, sizeof p);
    p.refused = a->memory;
    memset(&limits, 0, sizeof limits);
    give(c, &limits, 0, &s);
    nntc_error e = nntc_open(&source, &limits, memory, &n);
    a->sink = e.id == NNTC_OK ? a->sink : 0;
    if (e.id == NNTC_OK) e = decode_all(n, memory, a->sink, &a->sink, &sum);
    a->memory = p.requests;
    a->source = s.calls;
    release(&p);
    return e;
}

/* The same without tables that are larger than they must be, in an arena, which ends at a no-access page but for the bytes that alignment needs. */
static nntc_error run_in_arena(one_case *c, int is_span, uint64_t bound, size_t size, size_t *most) {
    const guarded *file = &c->file;
    store s = {file, 0, 0};
    nntc_source source = {is_span ? file->at : NULL, is_span ? NULL : read_at, &s, file->size};
    guarded block = take(size, 16, 0);
    nntc_arena arena;
    nntc_limits limits;
    nntc *n;
    uint64_t sum;
    memset(&limits, 0, sizeof limits);
    limits.has_memory = 1;
    limits.max_memory = bound;
    give(c, &limits, is_span, &s);
    nntc_arena_init(&arena, block.at, size);
    nntc_error e = nntc_open(&source, &limits, nntc_arena_memory(&arena), &n);
    if (e.id == NNTC_OK) e = decode_all(n, nntc_arena_memory(&arena), 0, NULL, &sum);
    *most = arena.most;
    drop(&block);
    return e;
}

static uint64_t bound_of(one_case *c, int is_span) {
    pool p;
    const guarded *file = &c->file;
    nntc_limits limits;
    store s = {file, 0, 0};
    nntc *n;
    nntc_source source = {is_span ? file->at : NULL, is_span ? NULL : read_at, &s, file->size};
    nntc_memory memory = {get, &p};
    memset(&p, 0, sizeof p);
    memset(&limits, 0, sizeof limits);
    give(c, &limits, is_span, &s);
    uint64_t bound = nntc_open(&source, &limits, memory, &n).id == NNTC_OK ? nntc_summarize(n).bound : UINT64_MAX;
    release(&p);
    return bound;
}

static size_t arenas(one_case *c, int is_span, nntc_error right) {
    size_t need, most;
    uint64_t bound = bound_of(c, is_span);
    if (!same(run_in_arena(c, is_span, bound, (size_t)1 << 30, &need), right) || need > bound) return 0;
    if (!same(run_in_arena(c, is_span, bound, need, &most), right) || most != need) return 0;
    for (size_t less = 1; less <= need; less = 2 * less + (less > 8))
        if (run_in_arena(c, is_span, bound, need - less, &most).id != NNTC_ARENA || most > need - less) return 0;
    return need;
}

/* Calls 1 to count, or 16 of them. */
static int each_fails(one_case *c, size_t attempt_offset, size_t count, nntc_id id) {
    for (size_t i = 0; i < 16; i++) {
        attempt a = {0, 0, 0};
        size_t number = count <= 16 ? i + 1 : 1 + i * (count - 1) / 15;
        if (number > count) break;
        memcpy((char *)&a + attempt_offset, &number, sizeof number);
        if (run(c, &a).id != id) return 0;
    }
    return 1;
}

int main(int count, char **arguments) {
    one_case c = open_cases(arguments[count - 1]);
    while (next_case(&c)) {
        attempt all = {0, 0, 0};
        nntc_error right = run(&c, &all);
        size_t spans = arenas(&c, 1, right), need = arenas(&c, 0, right);
        if (spans == 0 || need < spans) {
            printf("%s: arena\n", c.name);
            return 1;
        }
        if (!each_fails(&c, offsetof(attempt, memory), all.memory, NNTC_ARENA) ||
            !each_fails(&c, offsetof(attempt, source), all.source, NNTC_SOURCE) ||
            !each_fails(&c, offsetof(attempt, sink), all.sink, NNTC_SINK)) {
            printf("%s: a call that fails\n", c.name);
            return 1;
        }
        printf("%s %zu %zu %zu %zu\n", c.name, need, all.memory, all.source, all.sink);
    }
    return 0;
}
