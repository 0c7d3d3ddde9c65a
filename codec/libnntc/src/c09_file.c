/* Clause 9.2, steps 5 to 9: the output files.. */
#include "internal.h"

typedef struct parts { /* of a ragged view that has been opened, those that are not yet used */
    const u8 *payload;
    u64 length_at;     /* position in the section of the next row length */
    u32 width, left;   /* left: bytes */
} parts;
typedef struct repeated { /* where the piece of a splice went */
    u64 at, size;
} repeated;
typedef struct output {
    const nntc *n;
    const nntc_sink *sink;
    nntc_memory memory;
    const reader *graph; /* where what concerns several sections is reported */
    nntc_error *error;
    parts **opened;      /* for each TENSOR section; NULL for a matrix view */
    u64 ragged;          /* bytes of kept payloads */
    u32 file;    /* output file that is being written; files = none is left */
    u64 end;     /* of this file, counted from the beginning of output file 0 */
    u64 at;
    bool wrong;  /* a digest does not match */
    u64 state[16];
} output;

static bool sink_failed(output *o) {
    if (o->error->id == NNTC_OK) o->error->id = NNTC_SINK;
    return false;
}

static bool begin(output *o) {
    const nntc_coders *c = &o->n->limits.coders;
    if (o->file == o->n->summary.files) return true;
    o->end += o->n->files[o->file].size;
    c->sha256_init(o->state);
    if (o->sink != NULL && o->sink->begin(o->sink->context, o->file, o->n->files[o->file].size) != 0) return sink_failed(o);
    return true;
}

static bool next_file(output *o) {
    unsigned char digest[32];
    o->n->limits.coders.sha256_final(o->state, digest);
#ifndef NNTC_FUZZING
    if (memcmp(digest, o->n->files[o->file].sha256, 32) != 0) o->wrong = true; /* */
#endif
    o->file++;
    return begin(o);
}

static bool put(output *o, const u8 *data, u64 size) { /* the caller has checked that it fits in the total */
    while (size > 0) {
        if (o->at == o->end) {
            TRY(next_file(o));
            continue;
        }
        size_t take = o->end - o->at < size ? (size_t)(o->end - o->at) : (size_t)size;
        o->n->limits.coders.sha256_update(o->state, data, take);
        if (o->sink != NULL && o->sink->write(o->sink->context, data, take) != 0) return sink_failed(o);
        o->at += take;
        data += take;
        size -= take;
    }
    return true;
}

/* whether one output file holds the next size bytes. */
static bool fits(const output *o, u64 size) {
    u64 end = o->end;
    for (u32 file = o->file; end == o->at;) {
        if (++file == o->n->summary.files) return false;
        end += o->n->files[file].size;
    }
    return size <= end - o->at;
}

static bool repeat(output *o, const repeated *from) {
    u8 chunk[SOME];
    const file_entry *files = o->n->files;
    u32 file = 0, after = o->n->summary.files; /* the last file that begins at or before it */
    u64 size = from->size, at = from->at;
    if (o->sink == NULL || o->sink->read == NULL) return sink_failed(o);
    while (after - file > 1) {
        u32 middle = file + (after - file) / 2;
        if (files[middle].start <= at) file = middle;
        else after = middle;
    }
    while (size > 0) {
        size_t take = size < sizeof chunk ? (size_t)size : sizeof chunk;
        if (o->sink->read(o->sink->context, file, at - files[file].start, chunk, take) != 0) return sink_failed(o);
        TRY(put(o, chunk, take));
        at += take;
        size -= take;
    }
    return true;
}

/* A range of the base. */
static bool copy(output *o, u64 from, u64 size) {
    const base_entry *b = nntc_base_holding(o->n, (i64)from, size);
    reader r;
    void *block;
    u64 count;
    r = nntc_reader(b->source->span, from - b->start + size, 0, o->error);
    r.at = from - b->start;
    if (b->source->span == NULL) {
        TRY(nntc_get(o->memory, nntc_base_window(o->n), NNTC_SCRATCH, o->error, &block));
        r.source = b->source;
        nntc_move_window(&r, block, nntc_base_window(o->n));
    }
    while (r.at < r.size) {
        const u8 *p = nntc_next_bytes(&r, &count);
        if (p == NULL || !put(o, p, count)) return false;
    }
    return true;
}

/* A piece that comes in pieces: what nntc_sink.write is for. */
static int put_some(void *context, const void *data, size_t size) { return put(context, data, size) ? 0 : 1; }

/* Steps 6b to 6e for piece 0 of TENSOR section number `opened`. A matrix view goes straight to its output file. */
static bool open_section(output *o, u32 opened) {
    const nntc *n = o->n;
    const section *s = &n->sections[n->first_tensor + opened];
    reader r;
    record rec;
    payload p;
    void *block;
    memset(&p, 0, offsetof(payload, some));
    TRY(nntc_open_section(n, s, o->memory, &r, &rec, o->error));
    const bool ragged = rec.head.view_kind == RAGGED, fit = ragged || fits(o, s->output);
    const u64 need = rec.section_need;
    const u32 count = ragged ? rec.head.rows : 1; /* of parts */
    if (ragged) {
        TRY(nntc_get(o->memory, sizeof(parts) + s->output, NNTC_KEEP, o->error, &block));
        parts all = {(u8 *)block + sizeof(parts), rec.row_lengths, rec.head.width, s->output};
        p.whole = (u8 *)block + sizeof(parts);
        o->opened[opened] = memcpy(block, &all, sizeof all);
        o->ragged += s->output;
    } else if (fit) {
        while (o->at == o->end) TRY(next_file(o));
        p.write = put_some;
        p.context = o;
    }
    TRY(nntc_decode_section(n, s, o->memory, &r, &rec, &p));
    if (o->ragged > 1u << 24) return nntc_fail(&r, NNTC_E_LIMIT, 0); /* */
    if (o->ragged + need > n->summary.working_memory) return nntc_fail(&r, NNTC_E_LIMIT, 0); /* */
    if (s->used != count) return nntc_fail(&r, NNTC_E_SPLICE, 0); /* */
    return fit || nntc_fail(o->graph, NNTC_E_SPLICE, 0); /* */
}

/* The next part of a section, of those that splices use. */
static bool next_part(output *o, u32 opened, const u8 **data, u64 *size) {
    const section *s = &o->n->sections[o->n->first_tensor + opened];
    parts *all = o->opened[opened];
    u8 window[LOOK];
    u64 length = 0;
    const u8 *span = o->n->source.span;
    reader r = nntc_reader(span == NULL ? NULL : span + s->offset, s->length, s->offset, o->error);
    if (span == NULL) {
        r.source = &o->n->source;
        nntc_move_window(&r, window, sizeof window);
    }
    r.at = all->length_at;
    TRY(nntc_count(&r, 1, all->left / all->width, NNTC_SOURCE, &length)); /* more only if the file has changed */
    all->length_at = r.at;
    *size = length * all->width;
    *data = all->payload;
    all->payload += *size;
    all->left -= (u32)*size;
    return true;
}

/* Step 6 for a splice, after its graph bytes. */
static bool insert(output *o, u32 i, const splice *one, u32 *opened, repeated *places) {
    const u8 *data = NULL;
    const u64 piece = one->piece;
    repeated here = {o->at, 0};
    if (one->copies) here.size = one->length;
    else if (piece == 0) {
        TRY(open_section(o, *opened));
        if (o->opened[*opened] == NULL) here.size = o->n->sections[o->n->first_tensor + *opened].output;
        else TRY(next_part(o, *opened, &data, &here.size));
        ++*opened;
    } else if ((piece & 1) != 0) TRY(next_part(o, *opened - (u32)(piece / 2 + 1), &data, &here.size));
    else here.size = places[i - piece / 2].size;
    if (data != NULL || one->copies || (piece > 0 && (piece & 1) == 0)) {
        if (!fits(o, here.size)) return nntc_fail(o->graph, NNTC_E_SPLICE, 0); /* */
        while (o->at == o->end) TRY(next_file(o));
        TRY(data != NULL    ? put(o, data, here.size)
            : one->copies ? copy(o, one->from, here.size)
                          : repeat(o, &places[i - piece / 2]));
    }
    if (places != NULL) places[i] = here;
    return true;
}

struct nntc_decoding {
    output o;
    nntc_sink sink;
    nntc_error error;
    reader graph, splices; /* splices: those that are to come; one: the last before them */
    splice one;
    repeated *places;
    u64 used;              /* graph bytes */
    u32 i, opened, kept;   /* splices and sections that are done; sections before kept have no part that is still to come */
    bool done;
};

static bool begin_all(nntc_decoding *d) {
    output *o = &d->o;
    const nntc *n = o->n;
    void *block;
    TRY(nntc_get(o->memory, n->summary.tensors * sizeof *o->opened, NNTC_KEEP, o->error, &block));
    o->opened = block;
    memset(o->opened, 0, n->summary.tensors * sizeof *o->opened);
    if (n->summary.repeats) {
        TRY(nntc_get(o->memory, n->summary.splices * sizeof *d->places, NNTC_KEEP, o->error, &block));
        d->places = block;
    }
    return begin(o);
}

/* Steps 7 to 9. */
static bool end_all(nntc_decoding *d) {
    output *o = &d->o;
    const nntc *n = o->n;
    reader ignorable;
    if (n->graph_size - d->used != n->summary.output - o->at) return nntc_fail(o->graph, NNTC_E_SPLICE, 0); /* step 7, R-215 */
    TRY(put(o, n->graph + d->used, n->graph_size - d->used));
    while (o->file < n->summary.files) TRY(next_file(o));
    for (u32 i = 0; i < n->summary.sections; i++) /* step 8 */
        if (n->sections[i].type >= 128) TRY(nntc_section_reader(n, &n->sections[i], o->memory, &ignorable, o->error));
    const reader file = nntc_reader(NULL, 0, 0, o->error);
    d->done = true;
    return !o->wrong || nntc_fail(&file, NNTC_E_HASH, 0); /* step 9, R-502 */
}

/* Step 6 for a splice, or what comes after the last. */
static bool follow(nntc_decoding *d) {
    output *o = &d->o;
    const nntc *n = o->n;
    if (d->i == n->summary.splices) return end_all(d);
    TRY(nntc_splice(n, &d->splices, &d->one));
    if (d->one.run > n->summary.output - o->at) return nntc_fail(o->graph, NNTC_E_SPLICE, 0); /* step 6a */
    TRY(put(o, n->graph + d->used, d->one.run));
    d->used += d->one.run;
    return insert(o, d->i++, &d->one, &d->opened, d->places);
}

nntc_error nntc_decode_begin(const nntc *n, const nntc_sink *sink, nntc_memory memory, nntc_decoding **result) {
    nntc_error error = {NNTC_OK, 0}, caller = {NNTC_CALLER, 0};
    void *block = NULL;
    *result = NULL;
    if (n->limits.tensors_only) return caller;
    if (n->base_missing) nntc_no_base(n, &error);
    else nntc_get(memory, sizeof(nntc_decoding), NNTC_KEEP, &error, &block);
    if (error.id != NNTC_OK) return error;
    nntc_decoding *d = block;
    memset(d, 0, sizeof *d);
    d->graph = nntc_reader(NULL, 0, n->sections[n->graph_section].offset, &d->error);
    d->graph.fixed = true;
    d->splices = nntc_reader(n->splices, n->splices_size, 0, &d->error);
    d->o.n = n;
    if (sink != NULL) d->sink = *sink;
    d->o.sink = sink == NULL ? NULL : &d->sink;
    d->o.memory = memory;
    d->o.graph = &d->graph;
    d->o.error = &d->error;
    if (begin_all(d)) *result = d;
    return d->error;
}

nntc_error nntc_decode_step(nntc_decoding *d, int *done) {
    if (d->error.id == NNTC_OK && !d->done) follow(d);
    *done = d->done;
    return d->error;
}

void nntc_decode_reads(nntc_decoding *d, uint64_t *from, uint64_t *to) {
    const nntc *n = d->o.n;
    const section *tensors = &n->sections[n->first_tensor], *after = tensors + n->summary.tensors;
    reader splices = d->splices;
    splice next = d->one;
    nntc_error error = {NNTC_OK, 0}; /* of a splice, which the step itself will report */
    splices.error = &error;
    while (d->kept < d->opened && (d->o.opened[d->kept] == NULL || d->o.opened[d->kept]->left == 0)) d->kept++;
    *from = d->kept == 0 ? 0 : tensors[d->kept - 1].offset + tensors[d->kept - 1].length;
    *to = d->opened == 0 ? 0 : tensors[d->opened - 1].offset + tensors[d->opened - 1].length;
    if (d->i == n->summary.splices) *to = n->source.size;
    else if (tensors + d->opened < after && nntc_splice(n, &splices, &next) && !next.copies && next.piece == 0)
        *to = tensors[d->opened].offset + tensors[d->opened].length;
}

nntc_error nntc_decode_all(const nntc *n, const nntc_sink *sink, nntc_memory memory) {
    nntc_decoding *d;
    nntc_error error = nntc_decode_begin(n, sink, memory, &d);
    for (int done = 0; error.id == NNTC_OK && !done;) error = nntc_decode_step(d, &done);
    return error;
}
