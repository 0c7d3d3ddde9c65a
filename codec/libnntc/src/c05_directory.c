/* Clause 5: header, directory, layout, section digest.. */
#include "internal.h"

NNTC_LOCAL bool nntc_get(nntc_memory memory, u64 bytes, int kind, nntc_error *error, void **block) {
    *block = bytes > SIZE_MAX / 2 ? NULL : memory.get(memory.context, (size_t)(bytes > 0 ? bytes : 1), kind);
    if (*block != NULL) return true;
    error->id = NNTC_ARENA;
    error->offset = bytes;
    return false;
}

NNTC_LOCAL bool nntc_read(const nntc_source *source, u64 offset, void *dst, u64 length, nntc_error *error) {
    if (source->span != NULL) memcpy(dst, (const u8 *)source->span + offset, (size_t)length);
    else if (length > 0 && source->read_at(source->context, offset, dst, (size_t)length) != 0) {
        error->id = NNTC_SOURCE;
        error->offset = offset;
        return false;
    }
    return true;
}

static u64 asked_window(const nntc *n) {
    u64 asked = n->limits.window == 0 ? WINDOW : n->limits.window;
    return asked < 1024 ? 1024 : asked;
}

NNTC_LOCAL u64 nntc_window(const nntc *n) { return n->source.span != NULL ? 0 : asked_window(n); }

NNTC_LOCAL u64 nntc_base_window(const nntc *n) {
    for (u32 i = 0; i < n->limits.base_count; i++)
        if (n->limits.base[i].source.span == NULL) return asked_window(n);
    return 0;
}

NNTC_LOCAL bool nntc_stretch(const nntc *n, u64 offset, u64 length, nntc_memory memory, reader *r, nntc_error *error) {
    void *block;
    const u8 *span = n->source.span;
    *r = nntc_reader(span == NULL ? NULL : span + offset, length, offset, error);
    if (span != NULL) return true;
    TRY(nntc_get(memory, nntc_window(n), NNTC_SCRATCH, error, &block));
    r->source = &n->source;
    nntc_move_window(r, block, nntc_window(n));
    return true;
}

NNTC_LOCAL const u8 *nntc_next_bytes(reader *r, u64 *count) {
    const u8 *p = nntc_look(r, r->at, 1);
    *count = p == NULL ? 0 : r->held - (r->at - r->begin);
    r->at += *count;
    return p;
}

static bool right_crc(u32 found, u32 stored) {
#ifdef NNTC_FUZZING /* checksums would hide what stands after them */
    (void)found, (void)stored;
    return true;
#else
    return found == stored;
#endif
}

/* Clause 5.1. */
NNTC_LOCAL bool nntc_header(const nntc_source *source, nntc_summary *summary, u64 *directory_length, nntc_error *error) {
    static const u8 signature[8] = {0x8E, 0x4E, 0x4E, 0x54, 0x0D, 0x0A, 0x1A, 0x0A};
    u8 bytes[28];
    u64 size = source->size < 28 ? source->size : 28;
    const u8 *p;
    u32 major, minor, reads, profile, sections, length, memory, crc;
    TRY(nntc_read(source, 0, bytes, size, error));
    reader r = nntc_reader(bytes, size, 0, error);
    TRY(nntc_bytes(&r, 8, &p)); /* a file of fewer than 8 bytes is E_TRUNCATED */
    if (memcmp(p, signature, 8) != 0) return nntc_fail(&r, NNTC_E_SIGNATURE, 0); /* */
    TRY(nntc_u8(&r, &major) && nntc_u8(&r, &minor) && nntc_u8(&r, &reads) && nntc_u8(&r, &profile));
    TRY(nntc_u32(&r, &sections) && nntc_u32(&r, &length) && nntc_u32(&r, &memory) && nntc_u32(&r, &crc));
    if (!right_crc(nntc_crc32(0, bytes, 24), crc)) return nntc_fail(&r, NNTC_E_CRC, 24);   /* */
    if (major != 1) return nntc_fail(&r, NNTC_E_VERSION, 8);                               /* */
    if (reads > minor) return nntc_fail(&r, NNTC_E_RESERVED, 10);                          /* */
    if (reads > 0) return nntc_fail(&r, NNTC_E_VERSION, 10);                               /* */
    if (profile > 2) return nntc_fail(&r, NNTC_E_PROFILE, 11);                             /* */
    if (sections < 1 || sections > 1u << 20) return nntc_fail(&r, NNTC_E_LIMIT, 12);       /* */
    if (length > 1u << 25) return nntc_fail(&r, NNTC_E_LIMIT, 16);                         /* */
    summary->minor = (u8)minor;
    summary->reader = (u8)reads;
    summary->profile = (u8)profile;
    summary->sections = sections;
    summary->working_memory = memory;
    *directory_length = length;
    return true;
}

static bool leading(u32 type) { return type >= 0x82 && type <= 0x8F; }

/* before: the type of the entry before, 0 for none; GRAPH has not been yet if that is none or leading. */
static bool in_order(u32 type, u32 before, bool last) {
    if (before == 0 || leading(before)) return type == GRAPH || (leading(type) && type >= before && !last);
    return type != GRAPH && !leading(type) && type >= before && !(type == TABLES && before == TABLES);
}

/* One entry; before: the type of the entry before it, 0 for the first; last: none comes after it. */
static bool entry(reader *r, u32 before, bool last, section *s) {
    u32 type;
    u64 at = r->at, length, output;
    TRY(nntc_u8(r, &type));
    if ((type & 127) == 0) return nntc_fail(r, NNTC_E_RESERVED, at); /* */
    if (type < 128 && type != GRAPH && type != TABLES && type != TENSOR) return nntc_fail(r, NNTC_E_UNSUPPORTED, at); /* */
    if (!in_order(type, before, last)) return nntc_fail(r, NNTC_E_ORDER, at); /* */
    TRY(nntc_count(r, 0, ((u64)1 << 40) - 1, NNTC_E_LIMIT, &length)); /* */
    at = r->at;
    TRY(nntc_count(r, 0, (u64)1 << 31, NNTC_E_LIMIT, &output)); /* */
    if ((type == GRAPH || type == TENSOR) != (output != 0)) return nntc_fail(r, NNTC_E_SIZE, at); /* */
    if (output > 65536 * length + 65536) return nntc_fail(r, NNTC_E_EXPANSION, at); /* */
    s->type = (u8)type;
    s->length = length;
    s->output = (u32)output;
    s->used = 0;
    const u8 *digest;
    TRY(nntc_bytes(r, sizeof s->digest, &digest));
    memcpy(s->digest, digest, sizeof s->digest);
    return true;
}

static bool entries(nntc *n, reader *r, u64 begin) {
    for (u32 i = 0; i < n->summary.sections; i++) {
        section *s = &n->sections[i], one;
        /* Past the table (it has room for all that fit in the directory) an entry can only fail. */
        TRY(entry(r, i == 0 ? 0 : n->sections[i - 1].type, i + 1 == n->summary.sections, &one));
        *s = one;
        s->offset = begin;
        begin += s->length;
        if (s->type == GRAPH) n->graph_section = i;
        if (s->type == TENSOR && n->summary.tensors++ == 0) n->first_tensor = i;
    }
    return r->at == r->size || nntc_fail(r, NNTC_E_DIRECTORY, r->at); /* */
}

static bool layout(const nntc *n, const reader *r) {
    u64 end = 0;
    for (u32 i = 0; i < n->summary.sections; i++) {
        const section *s = &n->sections[i];
        end = s->offset + s->length;
        if (end > n->source.size) return nntc_fail(r, NNTC_E_TRUNCATED, s->offset - r->base); /* */
    }
    return end == n->source.size || nntc_fail(r, NNTC_E_TRAILING, end - r->base); /* */
}

static bool check_directory(reader *r, const u8 *stored) {
    u64 count;
    u32 crc = 0;
    while (r->at < r->size) {
        const u8 *p = nntc_next_bytes(r, &count);
        if (p == NULL) return false;
        crc = nntc_crc32(crc, p, (size_t)count);
    }
    if (!right_crc(crc, nntc_load32(stored))) return nntc_fail(r, NNTC_E_CRC, r->size); /* */
    r->at = 0;
    r->short_id = NNTC_E_DIRECTORY; /* */
    return true;
}

/* Steps 1 and 2 of clause 9.2. */
NNTC_LOCAL bool nntc_directory(nntc *n, nntc_memory memory, nntc_error *error) {
    u64 length = 0;
    void *block;
    u8 stored[4];
    const reader file = nntc_reader(NULL, 0, 0, error);
    reader r;
    TRY(nntc_header(&n->source, &n->summary, &length, error));
    if (n->source.size - 28 < length) return nntc_fail(&file, NNTC_E_TRUNCATED, 28); /* */
    if (n->source.size - 28 - length < 4) return nntc_fail(&file, NNTC_E_TRUNCATED, 28 + length);
    TRY(nntc_read(&n->source, 28 + length, stored, 4, error));
    u64 fit = length / 19 + 1; /* an entry has at least 19 bytes */
    if (fit > n->summary.sections) fit = n->summary.sections;
    TRY(nntc_get(memory, fit * sizeof(section), NNTC_KEEP, error, &block));
    n->sections = block;
    TRY(nntc_stretch(n, 28, length, memory, &r, error));
    TRY(check_directory(&r, stored) && entries(n, &r, 32 + length) && layout(n, &file));
    /* Clause 11.2; of GRAPH its splices take most, 16 bytes each, where pieces are repeated. */
    n->summary.bound = ((u64)1 << 20) + 64 * (u64)n->summary.sections + 11 * (u64)n->sections[n->graph_section].output + nntc_window(n) +
                       nntc_base_window(n) + n->summary.working_memory;
    if (n->limits.has_memory && n->summary.bound > n->limits.max_memory) return nntc_fail(&file, NNTC_E_MEMORY, 28); /* */
    return true;
}

static bool open_needs(const nntc_source *source, u64 *bytes, u64 *size, nntc_error *error) {
    nntc_summary summary;
    u64 length;
    u8 window[1024], stored[4];
    u32 before = 0;
    *bytes = 28;
    if (source->size < *bytes) return true;
    TRY(nntc_header(source, &summary, &length, error));
    *bytes = 32 + length;
    if (source->size < *bytes) return true;
    const u8 *span = source->span;
    reader r = nntc_reader(span == NULL ? NULL : span + 28, length, 28, error);
    if (span == NULL) {
        r.source = source;
        nntc_move_window(&r, window, sizeof window);
    }
    TRY(nntc_read(source, 28 + length, stored, 4, error) && check_directory(&r, stored));
    u64 end = *bytes;
    for (u32 i = 0; i < summary.sections; i++) {
        section s;
        TRY(entry(&r, before, i + 1 == summary.sections, &s));
        end += s.length;
        before = s.type;
        if (leading(s.type) || s.type <= TABLES) *bytes = end;
    }
    if (r.at != r.size) return nntc_fail(&r, NNTC_E_DIRECTORY, r.at);
    *size = end;
    return true;
}

nntc_error nntc_open_needs(const nntc_source *source, u64 *bytes, u64 *size) {
    nntc_error error = {NNTC_OK, 0};
    *size = 0;
    open_needs(source, bytes, size, &error);
    return error;
}

/* Clause 5.4. */
static bool check_digest(const nntc *n, const section *s, reader *r) {
    u64 state[16], count; /* the state is as large as nntc_coders says */
    unsigned char found[32];
    n->limits.coders.sha256_init(state);
    while (r->at < r->size) {
        const u8 *p = nntc_next_bytes(r, &count);
        if (p == NULL) return false;
        n->limits.coders.sha256_update(state, p, (size_t)count);
    }
    n->limits.coders.sha256_final(state, found);
    r->at = 0;
#ifdef NNTC_FUZZING
    (void)s;
    return true;
#else
    return memcmp(found, s->digest, sizeof s->digest) == 0 || nntc_fail(r, NNTC_E_DIGEST, 0); /* */
#endif
}

NNTC_LOCAL bool nntc_section_reader(const nntc *n, const section *s, nntc_memory memory, reader *r, nntc_error *error) {
    return nntc_stretch(n, s->offset, s->length, memory, r, error) && check_digest(n, s, r);
}

NNTC_LOCAL bool nntc_whole_section(const nntc *n, const section *s, nntc_memory memory, reader *r, nntc_error *error) {
    void *block;
    if (n->source.span != NULL) return nntc_section_reader(n, s, memory, r, error);
    TRY(nntc_get(memory, s->length, NNTC_SCRATCH, error, &block));
    TRY(nntc_read(&n->source, s->offset, block, s->length, error));
    *r = nntc_reader(block, s->length, s->offset, error);
    return check_digest(n, s, r);
}
