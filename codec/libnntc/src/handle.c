/* The functions of nntc.h for a handle, its sections and tensors. */
#include "../kernels/kernels.h"

static const nntc_error none = {NNTC_OK, 0};
static const nntc_error caller = {NNTC_CALLER, 0};

/* Beside clause 11.2's sum: what sixteen streams take more than 1,024 bytes. */
_Static_assert(16 * (sizeof(stream) + 6 * ALIGN) + 8 * ALIGN + sizeof(nntc) + 64 <= NNTC_OVERHEAD, "nntc.h says so");

nntc_error nntc_arena_need(const nntc_source *source, const nntc_limits *limits, uint64_t *bytes) {
    nntc_error error = none;
    nntc_summary summary;
    nntc n;
    u64 directory_length;
    memset(&summary, 0, sizeof summary);
    memset(&n, 0, sizeof n);
    if (!nntc_header(source, &summary, &directory_length, &error)) return error;
    n.source = *source;
    if (limits != NULL) n.limits = *limits;
    u64 fit = directory_length / 19 + 1;
    if (fit > summary.sections) fit = summary.sections;
    *bytes = NNTC_OVERHEAD + fit * sizeof(section) + nntc_window(&n) + summary.working_memory;
    return none;
}

nntc_error nntc_open(const nntc_source *source, const nntc_limits *limits, nntc_memory memory, nntc **handle) {
    nntc_error error = none;
    void *block;
    *handle = NULL;
    if (source->span == NULL && source->read_at == NULL && source->size > 0) return caller;
    if (limits != NULL && !nntc_trust_is_sound(&limits->trusted)) return caller;
    for (uint32_t i = 0; limits != NULL && i < limits->base_count; i++) {
        const nntc_source *base = &limits->base[i].source;
        if (base->span == NULL && base->read_at == NULL && base->size > 0) return caller;
    }
    if (!nntc_get(memory, sizeof(nntc), NNTC_KEEP, &error, &block)) return error;
    nntc *n = block;
    memset(n, 0, sizeof *n);
    n->source = *source;
    if (limits != NULL) n->limits = *limits;
    nntc_default_coders(&n->limits.coders);
    n->trellis_step = nntc_choose_trellis_step();
    bool ok = nntc_directory(n, memory, &error) && nntc_signed(n, memory, &error) && (n->limits.tensors_only || nntc_graph(n, memory, &error)) &&
              nntc_shared_tables(n, memory, &error);
    if (!ok) return error;
    *handle = n;
    return none;
}

nntc_summary nntc_summarize(const nntc *n) { return n->summary; }

nntc_error nntc_get_section(const nntc *n, uint32_t i, nntc_section *out) {
    if (i >= n->summary.sections) return caller;
    const section *s = &n->sections[i];
    out->type = s->type;
    out->offset = s->offset;
    out->length = s->length;
    out->output = s->output;
    return none;
}

nntc_error nntc_get_file(const nntc *n, uint32_t i, nntc_file *out) {
    if (i >= n->summary.files) return caller;
    const file_entry *f = &n->files[i];
    out->size = f->size;
    out->start = f->start;
    out->sha256 = f->sha256;
    out->name = i == 0 ? NULL : (const char *)n->graph + f->name_offset;
    out->name_length = f->name_length;
    return none;
}

nntc_error nntc_get_base(const nntc *n, uint32_t i, nntc_base_file *out) {
    if (i >= n->summary.base) return caller;
    out->size = n->base[i].size;
    out->sha256 = n->base[i].sha256;
    out->given = n->base[i].source != NULL;
    return none;
}

nntc_error nntc_get_record(const nntc *n, uint32_t i, nntc_memory memory, nntc_record *out) {
    nntc_error error = none;
    reader r;
    record rec;
    if (i >= n->summary.tensors) return caller;
    if (!nntc_open_section(n, &n->sections[n->first_tensor + i], memory, &r, &rec, &error)) return error;
    *out = rec.head;
    out->scratch = (size_t)nntc_section_scratch(&rec);
    return none;
}

static nntc_error decode(const nntc *n, uint32_t i, payload *p, nntc_memory memory) {
    nntc_error error = none;
    reader r;
    record rec;
    const section *s = &n->sections[n->first_tensor + i];
    bool ok = nntc_open_section(n, s, memory, &r, &rec, &error) &&
              nntc_decode_section(n, s, memory, &r, &rec, p);
    return ok ? none : error;
}

nntc_error nntc_tensor(const nntc *n, uint32_t i, void *out, size_t out_size, nntc_memory memory) {
    payload p;
    if (i >= n->summary.tensors || out == NULL || out_size != n->sections[n->first_tensor + i].output) return caller;
    memset(&p, 0, offsetof(payload, some));
    p.whole = out;
    return decode(n, i, &p, memory);
}

nntc_error nntc_tensor_stream(const nntc *n, uint32_t i, const nntc_sink *sink, nntc_memory memory) {
    payload p;
    if (i >= n->summary.tensors) return caller;
    memset(&p, 0, offsetof(payload, some));
    if (sink != NULL) {
        p.write = sink->write;
        p.context = sink->context;
    }
    return decode(n, i, &p, memory);
}
