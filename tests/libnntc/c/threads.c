/* Threads that decode the same handle, each with memory of its own, and that open handles of their own meanwhile.
 *
 *     threads LIST
 *
 * Exit code 1 if a thread gets something else than the first did. Meant to be built with a sanitizer of threads. */
#include "cases.h"
#include "nntc_posix.h"

#include <pthread.h>

enum { THREADS = 4 };

typedef struct work {
    const guarded *file;
    const nntc_limits *limits;
    const nntc *shared; /* NULL if the file cannot be opened */
    nntc_error error;
    uint64_t sum;
} work;

static nntc_error open_and_decode(const guarded *file, const nntc_limits *limits, uint64_t *sum) {
    nntc_heap heap;
    nntc *n;
    nntc_source source = {file->at, NULL, NULL, file->size};
    memset(&heap, 0, sizeof heap);
    nntc_error e = nntc_open(&source, limits, nntc_heap_memory(&heap), &n);
    if (e.id == NNTC_OK) e = decode_all(n, nntc_heap_memory(&heap), 0, NULL, sum);
    nntc_heap_free(&heap);
    return e;
}

static void *decode(void *context) {
    work *w = context;
    nntc_heap heap;
    memset(&heap, 0, sizeof heap);
    if (w->shared != NULL) {
        w->error = decode_all(w->shared, nntc_heap_memory(&heap), 0, NULL, &w->sum);
        uint64_t sum = 0;
        decode_each(w->shared, nntc_heap_memory(&heap), 0, &sum);
    } else w->error = open_and_decode(w->file, w->limits, &w->sum);
    nntc_heap_free(&heap);
    return NULL;
}

int main(int count, char **arguments) {
    one_case c = open_cases(arguments[count - 1]);
    while (next_case(&c)) {
        const guarded file = c.file;
        store counts = {&file, 0, 0};
        nntc_limits limits;
        nntc_heap heap;
        nntc *shared;
        nntc_source source = {file.at, NULL, NULL, file.size};
        pthread_t threads[THREADS];
        work works[THREADS];
        uint64_t sum = 0;
        memset(&heap, 0, sizeof heap);
        memset(&limits, 0, sizeof limits);
        give(&c, &limits, 1, &counts);
        int opens = nntc_open(&source, &limits, nntc_heap_memory(&heap), &shared).id == NNTC_OK;
        for (int t = 0; t < THREADS; t++) {
            work w = {&file, &limits, opens && t % 2 == 0 ? shared : NULL, {NNTC_OK, 0}, 0};
            works[t] = w;
            if (pthread_create(&threads[t], NULL, decode, &works[t]) != 0) abort();
        }
        for (int t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
        nntc_error right = open_and_decode(&file, &limits, &sum);
        for (int t = 0; t < THREADS; t++)
            if (!same(works[t].error, right) || works[t].sum != sum) {
                printf("%s differs in thread %d\n", c.name, t);
                return 1;
            }
        nntc_heap_free(&heap);
    }
    return 0;
}
