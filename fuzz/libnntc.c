/* libFuzzer's entry: opens the input, decodes all of it and every tensor alone, from a span and through reads. The input is
 * a file. Built with -DNNTC_FUZZING, so that checksums and digests keep no input out; README.md has the whole command.
 *
 * Besides what sanitizers see it stops where the library breaks a promise: source, sink or memory asked for what is not
 * allowed, other results from reads than from a span, other bytes from a tensor alone or as a stream. */
#include "nntc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUTPUT = 1 << 20, MEMORY = 1 << 24, FILES = 64, BASES = 8 };

static void require(int holds) {
    if (!holds) abort();
}

typedef struct pool { /* each block of its own; scratch moves at every request, and what was in it is gone */
    void *kept[64];
    void *scratch;
    size_t count, held;
} pool;

static void *get(void *context, size_t bytes, int kind) {
    pool *p = context;
    void *block;
    if (bytes > MEMORY - p->held || (kind == NNTC_KEEP && p->count == 64)) return NULL;
    block = malloc(bytes);
    require(block != NULL);
    memset(block, 0xA5, bytes < 4096 ? bytes : 4096);
    if (kind == NNTC_SCRATCH) {
        free(p->scratch);
        return p->scratch = block;
    }
    p->held += bytes;
    return p->kept[p->count++] = block;
}

static void release(pool *p) {
    while (p->count > 0) free(p->kept[--p->count]);
    free(p->scratch);
    p->scratch = NULL;
    p->held = 0;
}

typedef struct input {
    const uint8_t *data;
    size_t size;
} input;

static int read_at(void *context, uint64_t offset, void *dst, size_t length) {
    const input *in = context;
    require(offset <= in->size && length <= in->size - offset);
    memcpy(dst, in->data + offset, length);
    return 0;
}

/* Base files have the sizes that the input says, and bytes that follow from where they stand; their SHA-256 is vouched for. */
typedef struct bases {
    nntc_base files[BASES];
    uint64_t sizes[BASES];
    unsigned char digests[BASES][32];
} bases;

static int read_base(void *context, uint64_t offset, void *dst, size_t length) {
    const uint64_t *size = context;
    unsigned char *p = dst;
    require(offset <= *size && length <= *size - offset);
    for (size_t i = 0; i < length; i++) p[i] = (unsigned char)((offset + i) * 0x9E3779B97F4A7C15u >> 58);
    return 0;
}

typedef struct output {
    unsigned char *data;
    uint64_t starts[FILES];
    size_t size;
} output;

static int begin(void *context, uint32_t number, uint64_t size) {
    output *o = context;
    (void)size;
    if (number >= FILES) return 1;
    o->starts[number] = o->size;
    return 0;
}

static int put(void *context, const void *data, size_t length) {
    output *o = context;
    require(length <= OUTPUT - o->size); /* max_output */
    memcpy(o->data + o->size, data, length);
    o->size += length;
    return 0;
}

static int back(void *context, uint32_t number, uint64_t offset, void *dst, size_t length) {
    const output *o = context;
    require(number < FILES && o->starts[number] + offset + length <= o->size);
    memcpy(dst, o->data + o->starts[number] + offset, length);
    return 0;
}

static int put_some(void *context, const void *data, size_t length) {
    output *o = context;
    if (length > OUTPUT - o->size) return 1; /* of a type that is not known */
    return put(o, data, length);
}

/* A branch on every byte: MemorySanitizer tells of those that nobody wrote. */
static void is_set(const unsigned char *data, size_t size) {
    volatile unsigned zeros = 0;
    for (size_t i = 0; i < size; i++)
        if (data[i] == 0) zeros++;
}

/* As a stream, which is compared with the whole. */
static void stream(const nntc *n, uint32_t tensor, const unsigned char *whole, size_t size, nntc_error right, nntc_memory memory) {
    output o = {malloc(OUTPUT), {0}, 0};
    nntc_sink sink = {NULL, put, NULL, &o};
    require(o.data != NULL);
    nntc_error e = nntc_tensor_stream(n, tensor, &sink, memory);
    require(e.id == right.id && e.offset == right.offset);
    require(e.id != NNTC_OK || (o.size == size && memcmp(o.data, whole, size) == 0));
    free(o.data);
}

static void each(const nntc *n, nntc_memory memory) {
    nntc_section section;
    nntc_record record;
    uint32_t tensor = 0;
    for (uint32_t i = 0; i < nntc_summarize(n).sections; i++) {
        require(nntc_get_section(n, i, &section).id == NNTC_OK);
        if (section.type != 4) continue;
        if (section.output <= OUTPUT && nntc_get_record(n, tensor, memory, &record).id == NNTC_OK) {
            unsigned char *out = malloc((size_t)section.output);
            require(out != NULL && (uint64_t)record.elements * record.width == section.output);
            nntc_error e = nntc_tensor(n, tensor, out, (size_t)section.output, memory);
            if (e.id == NNTC_OK) is_set(out, (size_t)section.output);
            stream(n, tensor, out, (size_t)section.output, e, memory);
            free(out);
        }
        tensor++;
    }
}

/* Every tensor of the index; what it has is found by its name, and has no more bytes than it says. */
typedef struct lookup {
    const nntc *n;
    nntc_memory memory;
    char (*names)[1024];
    size_t *lengths, count;
} lookup;
enum { LOOKUPS = 8 };

static int remember(void *context, const char *name, size_t length, const nntc_entry *entry) {
    lookup *l = context;
    require(length >= 1 && length <= 1024 && entry->rank <= NNTC_RANK);
    if (l->count < LOOKUPS) {
        memcpy(l->names[l->count], name, length);
        l->lengths[l->count++] = length;
    }
    return 0;
}

static void look_up(const nntc *n, nntc_memory memory) {
    static char names[LOOKUPS][1024];
    static size_t lengths[LOOKUPS];
    lookup l = {n, memory, names, lengths, 0};
    nntc_entry entry;
    if (nntc_list(n, remember, &l, memory).id != NNTC_OK) return;
    for (size_t i = 0; i < l.count; i++) {
        nntc_error e = nntc_find(n, names[i], lengths[i], memory, &entry);
        require(e.id == NNTC_OK || e.id == NNTC_ARENA);
        if (e.id != NNTC_OK || (entry.bytes > OUTPUT && entry.bytes != UINT64_MAX)) continue;
        output o = {malloc(OUTPUT), {0}, 0};
        nntc_sink sink = {NULL, put_some, NULL, &o};
        require(o.data != NULL);
        e = nntc_extract(n, &entry, &sink, memory);
        require(e.id != NNTC_OK || entry.bytes == UINT64_MAX || o.size == entry.bytes);
        if (e.id == NNTC_OK) is_set(o.data, o.size);
        free(o.data);
    }
}

/* Gives the base that the input names, if it can be opened. */
static void give_base(const nntc_source *source, nntc_limits *limits, bases *b) {
    static const pool empty;
    pool p = empty;
    nntc *n;
    nntc_base_file file;
    nntc_memory memory = {get, &p};
    limits->without_base = 1;
    if (nntc_open(source, limits, memory, &n).id == NNTC_OK) {
        for (uint32_t i = 0; i < BASES && nntc_get_base(n, i, &file).id == NNTC_OK; i++) {
            nntc_base one = {{NULL, read_base, &b->sizes[i], file.size}, b->digests[i]};
            require(!file.given);
            b->sizes[i] = file.size;
            memcpy(b->digests[i], file.sha256, 32);
            b->files[i] = one;
            limits->base_count = i + 1;
        }
        limits->base = b->files;
    }
    release(&p);
    limits->without_base = 0;
}

static nntc_error decode(const nntc_source *source, output *o) {
    bases b;
    static const pool empty;
    pool p = empty;
    nntc_limits limits;
    nntc *n;
    nntc_memory memory = {get, &p};
    nntc_sink sink = {begin, put, back, o};
    memset(&limits, 0, sizeof limits);
    limits.has_output = 1;
    limits.max_output = OUTPUT;
#ifndef NNTC_WITH_ZSTD
    limits.tensors_only = 1; /* GRAPH cannot be read */
#endif
    o->size = 0;
    give_base(source, &limits, &b);
    nntc_error e = nntc_open(source, &limits, memory, &n);
    if (e.id == NNTC_OK) {
        if (!limits.tensors_only) e = nntc_decode_all(n, &sink, memory);
        if (e.id == NNTC_OK) is_set(o->data, o->size);
        require(limits.tensors_only || e.id != NNTC_OK || o->size == nntc_summarize(n).output);
        each(n, memory);
        look_up(n, memory);
    }
    require(e.id < NNTC_IDS && (e.id >= NNTC_CALLER || e.offset <= source->size));
    release(&p);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static output one, two;
    input in = {data, size};
    nntc_source span = {data, NULL, NULL, size}, reads = {NULL, read_at, &in, size};
    if (size == 0) return 0;
    if (one.data == NULL) one.data = malloc(OUTPUT), two.data = malloc(OUTPUT);
    require(one.data != NULL && two.data != NULL);
    nntc_error a = decode(&span, &one), b = decode(&reads, &two);
    if (a.id < NNTC_CALLER && b.id < NNTC_CALLER) { /* reads need more memory, and may get less far */
        require(a.id == b.id && a.offset == b.offset);
        require(a.id != NNTC_OK || (one.size == two.size && memcmp(one.data, two.data, one.size) == 0));
    }
    return 0;
}
