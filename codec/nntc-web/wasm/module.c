/* libnntc as a WebAssembly module. An instance decodes one file and is thrown away, with all of its memory.
 *
 * Numbers that may need more than 32 bits cross as binary64, which holds all below 2^53 exactly. A call returns the
 * number of an error, 0 for none; what else it tells stands in told. */
#include "coders.h"
#include "internal.h"
#include "runtime.h"

#define IMPORT(name) __attribute__((import_module("nntc"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

/* Of source 0, the file, or 1 and so on, those of the base. Not 0: the bytes are not there. */
IMPORT(read) int js_read(uint32_t source, double offset, void *dst, uint32_t length);
IMPORT(begin) int js_begin(uint32_t number, double size);
IMPORT(write) int js_write(const void *data, uint32_t length);
IMPORT(back) int js_back(uint32_t number, double offset, void *dst, uint32_t length);
IMPORT(entry) int js_entry(const char *name, uint32_t length, const nntc_entry *entry);
IMPORT(piece) int js_piece(const void *run, uint32_t length, int kind, uint32_t section, uint32_t part);
IMPORT(signed) int js_signed(const void *key, const void *signature, const void *message, uint32_t length);

enum { NUMBERS = 12, MOST_BASES = 65536 };
static double told[NUMBERS];
static nntc_limits limits;
static nntc_source file;
static nntc *handle;
static nntc_decoding *running;
static nntc_entry found;
static const nntc_memory memory = {web_get, NULL};

static int read_at(void *context, uint64_t offset, void *dst, size_t length) {
    return js_read((uint32_t)(uintptr_t)context, (double)offset, dst, (uint32_t)length);
}
static int begin(void *context, uint32_t number, uint64_t size) {
    (void)context;
    return js_begin(number, (double)size);
}
static int put(void *context, const void *data, size_t length) {
    (void)context;
    return js_write(data, (uint32_t)length);
}
static int back(void *context, uint32_t number, uint64_t offset, void *dst, size_t length) {
    (void)context;
    return js_back(number, (double)offset, dst, (uint32_t)length);
}
static int each(void *context, const char *name, size_t length, const nntc_entry *entry) {
    (void)context;
    return js_entry(name, (uint32_t)length, entry);
}
static int check(const unsigned char key[32], const unsigned char signature[64], const void *message, size_t length) {
    return js_signed(key, signature, message, (uint32_t)length);
}
static const nntc_sink sink = {begin, put, back, NULL};

static uint32_t tell(nntc_error e) {
    told[0] = (double)e.offset;
    return (uint32_t)e.id;
}

EXPORT(told) const double *web_told(void) { return told; }
EXPORT(take) void *web_take_block(uint32_t bytes) { return web_take(bytes); }
EXPORT(name) const char *web_name(uint32_t id) { return nntc_error_name((nntc_id)id); }
EXPORT(text) const char *web_text(uint32_t id) { return nntc_error_text((nntc_id)id); }
EXPORT(unsupported) int web_unsupported(uint32_t id) { return nntc_error_unsupported((nntc_id)id); }

/* The first size bytes are there. told: bytes that opening reads, size of the file or 0. */
EXPORT(needs) uint32_t web_needs(double size) {
    uint64_t bytes, all;
    file.read_at = read_at;
    file.size = (uint64_t)size;
    const nntc_error e = nntc_open_needs(&file, &bytes, &all);
    told[1] = (double)bytes;
    told[2] = (double)all;
    return tell(e);
}

/* What the caller allows; below 0: no limit. window: bytes read ahead. */
EXPORT(limit) void web_limit(double max_memory, double max_output, uint32_t window) {
    limits.has_memory = max_memory >= 0;
    limits.max_memory = max_memory >= 0 ? (uint64_t)max_memory : 0;
    limits.has_output = max_output >= 0;
    limits.max_output = max_output >= 0 ? (uint64_t)max_output : 0;
    limits.window = window;
}

/* count sizes of the files of a base. */
EXPORT(base) int web_base(const double *sizes, uint32_t count) {
    if (count > MOST_BASES) return 1;
    nntc_base *all = web_take(count * sizeof *all);
    if (all == NULL) return 1;
    memset(all, 0, count * sizeof *all);
    for (uint32_t i = 0; i < count; i++) {
        all[i].source.read_at = read_at;
        all[i].source.context = (void *)(uintptr_t)(i + 1);
        all[i].source.size = (uint64_t)sizes[i];
    }
    limits.base = all;
    limits.base_count = count;
    return 0;
}

/* count keys of 32 bytes, of which threshold must have signed. */
EXPORT(trust) void web_trust(const unsigned char (*keys)[32], uint32_t count, uint32_t threshold) {
    limits.trusted.keys = keys;
    limits.trusted.count = count;
    limits.trusted.threshold = threshold;
}

/* told: sections, TENSOR sections, output files, bytes of output, working memory, bound, profile, files of the base. */
EXPORT(open) uint32_t web_open(double size, int tensors_only, int without_base) {
    file.read_at = read_at;
    file.size = (uint64_t)size;
    limits.tensors_only = tensors_only;
    limits.without_base = without_base;
    limits.coders.zstd = web_zstd;
    limits.coders.bzip2 = web_bzip2;
    limits.coders.ed25519 = check;
    const nntc_error e = nntc_open(&file, &limits, memory, &handle);
    if (e.id != NNTC_OK) return tell(e);
    const nntc_summary s = nntc_summarize(handle);
    const double numbers[] = {s.sections, s.tensors, s.files, (double)s.output, s.working_memory, (double)s.bound, s.profile, s.base};
    memcpy(told + 1, numbers, sizeof numbers);
    return 0;
}

/* told: type, offset, length, bytes of output. */
EXPORT(section) uint32_t web_section(uint32_t i) {
    nntc_section s;
    const nntc_error e = nntc_get_section(handle, i, &s);
    if (e.id != NNTC_OK) return tell(e);
    const double numbers[] = {s.type, (double)s.offset, (double)s.length, (double)s.output};
    memcpy(told + 1, numbers, sizeof numbers);
    return 0;
}

/* told: size, where its SHA-256 and its name are, and how long that is. */
EXPORT(file) uint32_t web_file(uint32_t i) {
    nntc_file f;
    const nntc_error e = nntc_get_file(handle, i, &f);
    if (e.id != NNTC_OK) return tell(e);
    const double numbers[] = {(double)f.size, (double)(uintptr_t)f.sha256, (double)(uintptr_t)f.name, (double)f.name_length};
    memcpy(told + 1, numbers, sizeof numbers);
    return 0;
}

/* told: size of a file of the base, where its SHA-256 is, whether it was given. */
EXPORT(needed) uint32_t web_needed(uint32_t i) {
    nntc_base_file f;
    const nntc_error e = nntc_get_base(handle, i, &f);
    if (e.id != NNTC_OK) return tell(e);
    const double numbers[] = {(double)f.size, (double)(uintptr_t)f.sha256, f.given};
    memcpy(told + 1, numbers, sizeof numbers);
    return 0;
}

/* told: tool, method, element, width, kind of view, rows, channels, period, elements, records. */
EXPORT(record) uint32_t web_record(uint32_t i) {
    nntc_record r;
    const nntc_error e = nntc_get_record(handle, i, memory, &r);
    if (e.id != NNTC_OK) return tell(e);
    const double numbers[] = {r.tool, r.method, r.element, r.width, r.view_kind, r.rows, r.channels, r.period, r.elements, r.records};
    memcpy(told + 1, numbers, sizeof numbers);
    return 0;
}

/* All files, in steps; each ends where more of the file is needed, or a section has been decoded. told: from where on, and how
 * far, the file is needed, whether all is done. */
EXPORT(start) uint32_t web_start(void) { return tell(nntc_decode_begin(handle, &sink, memory, &running)); }

EXPORT(advance) uint32_t web_advance(double have) {
    uint64_t from = 0, to = 0, before = 0;
    int done = 0;
    nntc_decode_reads(running, &from, &before);
    for (to = before; (double)to <= have && to == before && !done; nntc_decode_reads(running, &from, &to)) {
        const nntc_error e = nntc_decode_step(running, &done);
        if (e.id != NNTC_OK) return tell(e);
    }
    told[1] = (double)from;
    told[2] = (double)to;
    told[3] = done;
    return 0;
}

/* The payload of TENSOR section i, to write. */
EXPORT(tensor) uint32_t web_tensor(uint32_t i) { return tell(nntc_tensor_stream(handle, i, &sink, memory)); }

/* Tensors that INDEX names, to entry. */
EXPORT(list) uint32_t web_list(void) { return tell(nntc_list(handle, each, NULL, memory)); }

/* Of nntc_entry: told has sections, section, part, bytes (-1: not known), data type, rank, where its dimensions are. */
EXPORT(describe) void web_describe(const nntc_entry *e) {
    static double dims[NNTC_RANK];
    for (uint32_t i = 0; i < e->rank && i < NNTC_RANK; i++) dims[i] = (double)e->dims[i];
    const double bytes = e->bytes == UINT64_MAX ? -1 : (double)e->bytes;
    const double numbers[] = {e->sections, e->section, e->part, bytes, e->data_type, e->rank, (double)(uintptr_t)dims};
    memcpy(told + 1, numbers, sizeof numbers);
}

/* Graph bytes and what is between them, to piece: a run and the piece after it, which is of a kind. Part b of section a; bytes
 * of the base; as after run number a; none, at the end. */
enum { PART, OF_BASE, AGAIN, NONE };

EXPORT(pieces) uint32_t web_pieces(void) {
    nntc_error error = {NNTC_OK, 0};
    const uint32_t tensors = handle->summary.tensors;
    uint32_t *parts = web_take(4 * ((size_t)tensors + 1)), opened = 0; /* those that were used */
    if (parts == NULL) return NNTC_ARENA;
    memset(parts, 0, 4 * ((size_t)tensors + 1));
    reader splices = nntc_reader(handle->splices, handle->splices_size, 0, &error);
    splice s = {0, 0, 0, 0, false};
    uint64_t used = 0;
    for (uint32_t i = 0; i < handle->summary.splices; i++) {
        uint32_t section = 0;
        int kind = PART;
        if (!nntc_splice(handle, &splices, &s)) return tell(error);
        if (s.run > handle->graph_size - used) return NNTC_E_SPLICE;
        if (s.copies) kind = OF_BASE;
        else if (s.piece == 0) section = opened++;
        else if ((s.piece & 1) != 0) section = opened - (uint32_t)(s.piece / 2 + 1);
        else kind = AGAIN, section = i - (uint32_t)(s.piece / 2);
        if (js_piece(handle->graph + used, (uint32_t)s.run, kind, section, kind == PART ? parts[section]++ : 0) != 0) return NNTC_SINK;
        used += s.run;
    }
    if (js_piece(handle->graph + used, (uint32_t)(handle->graph_size - used), NONE, 0, 0) != 0) return NNTC_SINK;
    return 0;
}

/* Chooses what extract gives: part of a section, of so many bytes; below 0: whatever it has. */
EXPORT(choose) void web_choose(uint32_t section, uint32_t part, double bytes) {
    memset(&found, 0, sizeof found);
    found.sections = 1;
    found.section = section;
    found.part = part;
    found.bytes = bytes < 0 ? UINT64_MAX : (uint64_t)bytes;
}

EXPORT(find) uint32_t web_find(const char *name, uint32_t length) {
    const nntc_error e = nntc_find(handle, name, length, memory, &found);
    if (e.id == NNTC_OK) web_describe(&found);
    return tell(e);
}

/* The tensor that was found, to write. */
EXPORT(extract) uint32_t web_extract(void) { return tell(nntc_extract(handle, &found, &sink, memory)); }
