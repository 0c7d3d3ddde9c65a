/* Decodes files as they arrive: no byte is there before it has been asked for, and none stays that is no longer needed.
 *
 *     arriving LIST
 *
 * A line for each file: NAME ERROR OFFSET, where of a file that is shorter or longer than its directory says that is told. */
#include "cases.h"

typedef struct arrival {
    const guarded *file;
    uint64_t head, from, to; /* bytes that are there: those before head, and from to to */
} arrival;

static int read_arrived(void *context, uint64_t offset, void *dst, size_t length) {
    const arrival *a = context;
    const int in_head = offset + length <= a->head, in_rest = offset >= a->from && offset + length <= a->to;
    if (!in_head && !in_rest) abort();
    memcpy(dst, a->file->at + offset, length);
    return 0;
}

static nntc_error wait_for_all(arrival *a, nntc_decoding *d) {
    nntc_error e = {NNTC_OK, 0};
    for (int done = 0; e.id == NNTC_OK && !done;) {
        uint64_t from, to;
        nntc_decode_reads(d, &from, &to);
        if (to > a->file->size) abort();
        if (from > a->from) a->from = from;
        if (to > a->to) a->to = to;
        e = nntc_decode_step(d, &done);
    }
    return e;
}

static nntc_error decode(arrival *a, nntc_limits *limits, nntc_memory memory) {
    nntc_source source = {NULL, read_arrived, a, 0};
    nntc_decoding *d;
    nntc *n;
    uint64_t need = 0, size = 0;
    nntc_error e;
    do {
        if (need > a->file->size) break;
        a->head = a->to = source.size = need;
        e = nntc_open_needs(&source, &need, &size);
        if (e.id != NNTC_OK) return e;
    } while (need > source.size);
    const int ends = size == a->file->size;
    if (!ends) a->head = a->to = a->file->size;
    source.size = a->file->size;
    e = nntc_open(&source, limits, memory, &n);
    if (e.id != NNTC_OK) return e;
    if (!ends) abort(); /* it is too short or too long */
    output o = {NULL, calloc(nntc_summarize(n).files + 1u, sizeof(uint64_t)), 0, 0, 0, 0};
    nntc_sink sink = {begin, put, back, &o};
    if (o.starts == NULL) abort();
    e = nntc_decode_begin(n, &sink, memory, &d);
    a->from = a->head;
    if (e.id == NNTC_OK) e = wait_for_all(a, d);
    free(o.data);
    free(o.starts);
    return e;
}

int main(int count, char **arguments) {
    one_case c = open_cases(arguments[count - 1]);
    while (next_case(&c)) {
        arrival a = {&c.file, 0, 0, 0};
        store s = {&c.file, 0, 0};
        pool p;
        nntc_limits limits;
        nntc_memory memory = {get, &p};
        memset(&p, 0, sizeof p);
        memset(&limits, 0, sizeof limits);
        give(&c, &limits, 0, &s);
        const nntc_error e = decode(&a, &limits, memory);
        printf("%s %s %" PRIu64 "\n", c.name, e.id == NNTC_OK ? "OK" : nntc_error_name(e.id), e.offset);
        release(&p);
    }
    return 0;
}
