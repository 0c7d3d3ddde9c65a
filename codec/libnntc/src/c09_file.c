/* Clause 9.2: the file; the functions of nntc.h.. */
#include "../kernels/kernels.h"

static const nntc_error none = {NNTC_OK, 0};

static nntc_error caller(void) {
    nntc_error e = {NNTC_CALLER, 0};
    return e;
}

nntc_error nntc_open(const nntc_source *source, const nntc_limits *limits, nntc_memory memory, nntc **handle) {
    reader r = nntc_reader(NULL, 0, 0);
    void *block;
    *handle = NULL;
    if (source->span == NULL && source->read_at == NULL && source->size > 0) return caller();
    if (!nntc_get(memory, sizeof(nntc), NNTC_KEEP, &r, &block)) return r.error;
    nntc *n = block;
    memset(n, 0, sizeof *n);
    n->source = *source;
    if (limits != NULL) n->limits = *limits;
    nntc_default_coders(&n->limits.coders);
    n->trellis_step = nntc_choose_trellis_step();
    bool ok = nntc_directory(n, memory, &r) && (n->limits.tensors_only || nntc_graph(n, memory, &r)) &&
              nntc_shared_tables(n, memory, &r);
    if (!ok) return r.error;
    *handle = n;
    return none;
}

nntc_summary nntc_summarize(const nntc *n) { return n->summary; }

nntc_error nntc_get_section(const nntc *n, uint32_t i, nntc_section *out) {
    if (i >= n->summary.sections) return caller();
    const section *s = &n->sections[i];
    out->type = s->type;
    out->offset = s->offset;
    out->length = s->length;
    out->output = s->output;
    return none;
}

nntc_error nntc_get_file(const nntc *n, uint32_t i, nntc_file *out) {
    if (i >= n->summary.files) return caller();
    const file_entry *f = &n->files[i];
    out->size = f->size;
    out->sha256 = f->sha256;
    out->name = i == 0 ? NULL : (const char *)n->graph + f->name_offset;
    out->name_length = f->name_length;
    return none;
}

/* Phases 1 and 2. With a source that is no span, the section's bytes are at the beginning of scratch. */
static bool parse(const nntc *n, const section *s, nntc_memory memory, reader *r, record *rec, u64 *scratch) {
    buffers b;
    TRY(nntc_load(n, s, memory, NNTC_SCRATCH, r));
    TRY(nntc_parse_record(n, s, r, rec));
    u64 need = nntc_layout(rec, NULL, &b) + 16;
    *scratch = n->source.span == NULL ? need + ((s->length + 15) & ~(u64)15) : need;
    return true;
}

/* All phases; out NULL: the payload comes after the buffers in scratch, and *payload says where. keep: ragged payloads
 * go to kept memory instead. */
static bool decode(const nntc *n, const section *s, nntc_memory memory, u8 *out, bool keep, reader *r, record *rec, const u8 **payload) {
    u64 scratch, stored = n->source.span == NULL ? (s->length + 15) & ~(u64)15 : 0;
    void *block;
    buffers b;
    TRY(parse(n, s, memory, r, rec, &scratch));
    if (keep && rec->head.view_kind == 2) {
        TRY(nntc_get(memory, s->output, NNTC_KEEP, r, &block));
        out = block;
    }
    TRY(nntc_get(memory, scratch + (out == NULL ? s->output : 0), NNTC_SCRATCH, r, &block));
    if (stored > 0) { /* scratch has moved: read the section again, and parse it at its new place */
        TRY(nntc_read(n, s->offset, block, (size_t)s->length, r));
        *r = nntc_reader(block, s->length, s->offset);
        TRY(nntc_parse_record(n, s, r, rec));
    }
    u8 *base = (u8 *)block + stored;
    u64 used = nntc_layout(rec, base, &b);
    if (out == NULL) out = base + used;
    *payload = out;
    return nntc_section_payload(rec, &b, r, out);
}

nntc_error nntc_get_record(const nntc *n, uint32_t i, nntc_memory memory, nntc_record *out) {
    reader r;
    record rec;
    u64 scratch;
    if (i >= n->summary.tensors) return caller();
    if (!parse(n, &n->sections[n->first_tensor + i], memory, &r, &rec, &scratch)) return r.error;
    *out = rec.head;
    out->scratch = (size_t)scratch;
    return none;
}

nntc_error nntc_tensor(const nntc *n, uint32_t i, void *out, size_t out_size, nntc_memory memory) {
    reader r;
    record rec;
    const u8 *payload;
    if (i >= n->summary.tensors) return caller();
    const section *s = &n->sections[n->first_tensor + i];
    if (out == NULL || out_size != s->output) return caller();
    return decode(n, s, memory, out, false, &r, &rec, &payload) ? none : r.error;
}

/* Steps 5 to 9. */
typedef struct part_state { /* of a TENSOR section that has been opened */
    const u8 *payload;      /* kept; NULL for a matrix view */
    const u8 *lengths;      /* row lengths, 4 bytes each */
    u64 offset;             /* of the next part */
    u32 part;
} part_state;
typedef struct repeated { /* where the piece of a splice went */
    u64 at, size;
} repeated;
typedef struct output {
    const nntc *n;
    const nntc_sink *sink;
    reader *r;
    u32 file;    /* output file that is being written; files = none is left */
    u64 end;     /* of this file, counted from the beginning of output file 0 */
    u64 at;
    bool wrong;  /* a digest does not match */
    u64 state[16];
} output;

static bool sink_failed(output *o) {
    o->r->error.id = NNTC_SINK;
    o->r->error.offset = 0;
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
    u8 chunk[4096];
    u32 file = 0;
    u64 start = 0, size = from->size, at = from->at;
    if (o->sink == NULL || o->sink->read == NULL) return sink_failed(o);
    while (start + o->n->files[file].size <= at) start += o->n->files[file++].size;
    while (size > 0) {
        size_t take = size < sizeof chunk ? (size_t)size : sizeof chunk;
        if (o->sink->read(o->sink->context, file, at - start, chunk, take) != 0) return sink_failed(o);
        TRY(put(o, chunk, take));
        at += take;
        size -= take;
    }
    return true;
}

/* Step 6b to 6d: opens section number `opened`; its part 0 is *data, *size. */
static bool open_section(const nntc *n, nntc_memory memory, u32 opened, part_state *state, u64 *ragged, const u8 **data, u64 *size, reader *r) {
    const section *s = &n->sections[n->first_tensor + opened];
    record rec;
    void *block;
    u32 parts = 1;
    TRY(decode(n, s, memory, NULL, true, r, &rec, data));
    *size = s->output;
    if (rec.head.view_kind == 2) {
        reader lengths = *r;
        u64 length = 0;
        parts = rec.head.rows;
        *ragged += s->output;
        if (*ragged > 1u << 24) return nntc_fail(r, NNTC_E_LIMIT, 0); /* */
        if (*ragged + rec.need > n->summary.working_memory) return nntc_fail(r, NNTC_E_LIMIT, 0); /* */
        if (s->used != parts) return nntc_fail(r, NNTC_E_SPLICE, 0);  /* */
        /* kept blocks may come to lie where scratch is, with the section's bytes: the lengths are read again there */
        TRY(nntc_get(memory, 4 * (u64)parts, NNTC_KEEP, r, &block));
        if (n->source.span == NULL) {
            void *again;
            TRY(nntc_get(memory, s->length, NNTC_SCRATCH, r, &again));
            TRY(nntc_read(n, s->offset, again, (size_t)s->length, r));
            lengths.data = again;
        }
        u32 *row = block;
        lengths.at = rec.row_lengths;
        for (u32 i = 0; i < parts; i++) {
            TRY(nntc_varint(&lengths, &length));
            row[i] = (u32)length * rec.head.width;
        }
        state->payload = *data;
        state->lengths = block;
        state->part = 1;
        state->offset = *size = row[0];
        return true;
    }
    if (*ragged + rec.need > n->summary.working_memory) return nntc_fail(r, NNTC_E_LIMIT, 0); /* */
    return s->used == parts || nntc_fail(r, NNTC_E_SPLICE, 0);
}

static bool follow(const nntc *n, output *o, nntc_memory memory, reader *graph) {
    void *block;
    part_state *states;
    repeated *places = NULL;
    reader splices = nntc_reader(n->splices, n->splices_size, 0), tensor;
    u64 used = 0, ragged = 0, run = 0, piece = 0, size = 0, total = n->summary.output;
    u32 opened = 0;
    TRY(nntc_get(memory, (u64)n->summary.tensors * sizeof *states, NNTC_KEEP, graph, &block));
    states = block;
    memset(states, 0, n->summary.tensors * sizeof *states);
    if (n->summary.repeats) {
        TRY(nntc_get(memory, (u64)n->summary.splices * sizeof *places, NNTC_KEEP, graph, &block));
        places = block;
    }
    TRY(begin(o));
    for (u32 i = 0; i < n->summary.splices; i++) {
        const u8 *data = NULL;
        TRY(nntc_varint(&splices, &run));
        TRY(nntc_varint(&splices, &piece));
        if (run > total - o->at) return nntc_fail(graph, NNTC_E_SPLICE, 0); /* step 6a */
        TRY(put(o, n->graph + used, run));
        used += run;
        if (piece == 0) {
            if (!open_section(n, memory, opened, &states[opened], &ragged, &data, &size, &tensor)) {
                graph->error = tensor.error;
                return false;
            }
            opened++;
        } else if ((piece & 1) != 0) {
            part_state *s = &states[opened - (piece / 2 + 1)];
            u32 length;
            memcpy(&length, s->lengths + 4 * (size_t)s->part++, sizeof length);
            data = s->payload + s->offset;
            s->offset += length;
            size = length;
        } else size = places[i - piece / 2].size;
        if (!fits(o, size)) return nntc_fail(graph, NNTC_E_SPLICE, 0); /* step 6e */
        while (o->at == o->end) TRY(next_file(o));
        repeated here = {o->at, size};
        if (data == NULL) TRY(repeat(o, &places[i - piece / 2]));
        else TRY(put(o, data, size));
        if (places != NULL) places[i] = here;
    }
    if (n->graph_size - used != total - o->at) return nntc_fail(graph, NNTC_E_SPLICE, 0); /* step 7 */
    TRY(put(o, n->graph + used, n->graph_size - used));
    while (o->file < n->summary.files) TRY(next_file(o));
    for (u32 i = n->first_tensor + n->summary.tensors; i < n->summary.sections; i++) /* step 8 */
        if (n->sections[i].type >= 128 && !nntc_check_digest(n, &n->sections[i], &tensor)) {
            graph->error = tensor.error;
            return false;
        }
    if (o->wrong) {
        graph->error.id = NNTC_E_HASH; /* step 9, R-502 */
        graph->error.offset = 0;
    }
    return !o->wrong;
}

nntc_error nntc_decode_all(const nntc *n, const nntc_sink *sink, nntc_memory memory) {
    reader graph = nntc_reader(NULL, 0, n->sections[0].offset);
    output o;
    if (n->limits.tensors_only) return caller();
    memset(&o, 0, sizeof o);
    graph.fixed = true;
    o.n = n;
    o.sink = sink;
    o.r = &graph;
    return follow(n, &o, memory, &graph) ? none : graph.error;
}
