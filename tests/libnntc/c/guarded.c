/* Decodes files with no-access pages right after the input, every block of memory and every output, and once more with
 * them right before; from a span and through read_at; all at once, and tensor by tensor. All must agree.
 *
 *     guarded FILE...
 *
 * A line for each file: NAME ID OFFSET. Anything that is touched out of bounds ends the process. */
#include "guarded.h"

typedef struct result {
    nntc_error open, all, each;
    uint64_t sums[2];
} result;

static result decode(guarded *file, int is_span, int before) {
    result r;
    pool p;
    store s = {file, 0, 0};
    nntc *n;
    nntc_source source = {is_span ? file->at : NULL, is_span ? NULL : read_at, &s, file->size};
    nntc_memory memory = {get, &p};
    memset(&r, 0, sizeof r);
    memset(&p, 0, sizeof p);
    p.before = before;
    r.open = nntc_open(&source, NULL, memory, &n);
    if (r.open.id == NNTC_OK) {
        r.all = decode_all(n, memory, 0, NULL, &r.sums[0]);
        r.each = decode_each(n, memory, before, &r.sums[1]);
    }
    release(&p);
    return r;
}

int main(int count, char **names) {
    for (int i = 1; i < count; i++) {
        result first, r;
        for (int mode = 0; mode < 4; mode++) {
            guarded file = load(names[i], mode & 1);
            r = decode(&file, mode < 2, mode & 1);
            drop(&file);
            if (mode == 0) first = r;
            if (!same(r.open, first.open) || !same(r.all, first.all) || !same(r.each, first.each) ||
                memcmp(r.sums, first.sums, sizeof r.sums) != 0) {
                printf("%s differs in mode %d\n", names[i], mode);
                return 1;
            }
        }
        nntc_error e = first.open.id != NNTC_OK ? first.open : first.all;
        printf("%s %s %" PRIu64 "\n", names[i], nntc_error_name(e.id), e.offset);
    }
    return 0;
}
