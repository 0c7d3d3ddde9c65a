/* Looks every tensor of the index up and decodes it, in an arena of the size that nntc_arena_need asks for, from a span and
 * through read_at, with no-access pages after or before everything, without GRAPH. All four ways must agree.
 *
 *     indexed FILE...
 *
 * A line for each file: its name and ABSENT, or a line for each tensor: FILE TENSOR TYPE DIMxDIM... HEX, the last - where the
 * index does not tell the bytes, the last but one . for a scalar. */
#include "guarded.h"

typedef struct lines { /* what would be printed */
    char *text;
    size_t size;
} lines;
typedef struct names {
    char (*name)[1025];
    size_t count;
} names;

static void add(lines *l, const void *data, size_t size) {
    l->text = realloc(l->text, l->size + size);
    if (l->text == NULL) abort();
    memcpy(l->text + l->size, data, size);
    l->size += size;
}

static void word(lines *l, const char *text) { add(l, text, strlen(text)); }

static int collect(void *context, const char *name, size_t length, const nntc_entry *entry) {
    names *all = context;
    (void)entry;
    all->name = realloc(all->name, (all->count + 1) * sizeof *all->name);
    if (all->name == NULL || length > 1024) abort();
    memcpy(all->name[all->count], name, length);
    all->name[all->count++][length] = 0;
    return 0;
}

static int stop(void *context, const char *name, size_t length, const nntc_entry *entry) {
    (void)context, (void)name, (void)length, (void)entry;
    return 1;
}

static int put_hex(void *context, const void *data, size_t length) {
    char hex[3];
    for (size_t i = 0; i < length; i++) {
        snprintf(hex, sizeof hex, "%02x", ((const unsigned char *)data)[i]);
        word(context, hex);
    }
    return 0;
}

static void tell(lines *l, const char *file, const char *name, const nntc_entry *e) {
    char number[32];
    word(l, file);
    word(l, "\t");
    word(l, name);
    snprintf(number, sizeof number, "\t%d\t%s", e->data_type, e->rank == 0 ? "." : "");
    word(l, number);
    for (int i = 0; i < e->rank; i++) {
        snprintf(number, sizeof number, "%s%" PRIu64, i == 0 ? "" : "x", e->dims[i]);
        word(l, number);
    }
    word(l, "\t");
}

static lines look(const char *file, int is_span, int before) {
    guarded data = load(file, before);
    store s = {&data, 0, 0};
    nntc_source source = {is_span ? data.at : NULL, is_span ? NULL : read_at, &s, data.size};
    nntc_limits limits;
    nntc_arena arena;
    nntc *n;
    nntc_entry e;
    uint64_t need;
    lines l = {NULL, 0};
    names all = {NULL, 0};
    memset(&limits, 0, sizeof limits);
    limits.tensors_only = 1;
    if (nntc_arena_need(&source, &limits, &need).id != NNTC_OK) abort();
    guarded block = take((size_t)need, 16, before);
    nntc_arena_init(&arena, block.at, block.size);
    nntc_memory memory = nntc_arena_memory(&arena);
    if (nntc_open(&source, &limits, memory, &n).id != NNTC_OK) abort();
    size_t used = arena.used;
    nntc_error found = nntc_list(n, collect, &all, memory);
    if (found.id != NNTC_OK) {
        word(&l, file);
        word(&l, "\t");
        word(&l, nntc_error_name(found.id));
        word(&l, "\n");
    }
    for (size_t i = 0; i < all.count; i++) {
        arena.used = used;
        if (nntc_list(n, stop, NULL, memory).id != NNTC_SINK) abort();
        arena.used = used;
        if (nntc_find(n, all.name[i], strlen(all.name[i]), memory, &e).id != NNTC_OK) abort();
        arena.used = used;
        if (nntc_find(n, all.name[i], strlen(all.name[i]) + 1, memory, &e).id != NNTC_ABSENT) abort();
        arena.used = used;
        tell(&l, file, all.name[i], &e);
        size_t start = l.size;
        nntc_sink sink = {NULL, put_hex, NULL, &l};
        nntc_error decoded = nntc_extract(n, &e, &sink, memory);
        if (decoded.id != NNTC_OK) {
            l.size = start;
            word(&l, decoded.id == NNTC_ABSENT ? "-" : nntc_error_name(decoded.id));
        }
        word(&l, "\n");
    }
    free(all.name);
    drop(&block);
    drop(&data);
    return l;
}

int main(int count, char **files) {
    for (int i = 1; i < count; i++) {
        lines first = look(files[i], 1, 0);
        for (int mode = 1; mode < 4; mode++) {
            lines other = look(files[i], mode < 2, mode & 1);
            if (other.size != first.size || (first.size > 0 && memcmp(other.text, first.text, first.size) != 0)) return 1;
            free(other.text);
        }
        if (first.size > 0) fwrite(first.text, 1, first.size, stdout);
        free(first.text);
    }
    return 0;
}
