/* Clause 5: header, directory, layout, section digest.. */
#include "internal.h"

NNTC_LOCAL bool nntc_get(nntc_memory memory, u64 bytes, int kind, reader *r, void **block) {
    *block = bytes > SIZE_MAX / 2 ? NULL : memory.get(memory.context, (size_t)(bytes > 0 ? bytes : 1), kind);
    if (*block != NULL) return true;
    r->error.id = NNTC_ARENA;
    r->error.offset = bytes;
    return false;
}

NNTC_LOCAL bool nntc_read(const nntc *n, u64 offset, void *dst, size_t length, reader *r) {
    if (n->source.span != NULL) memcpy(dst, (const u8 *)n->source.span + offset, length);
    else if (length > 0 && n->source.read_at(n->source.context, offset, dst, length) != 0) {
        r->error.id = NNTC_SOURCE;
        r->error.offset = offset;
        return false;
    }
    return true;
}

static bool right_crc(u32 found, u32 stored) {
#ifdef NNTC_FUZZING /* checksums would hide what stands after them */
    (void)found, (void)stored;
    return true;
#else
    return found == stored;
#endif
}

static bool header(nntc *n, reader *file, u64 *directory_length) {
    static const u8 signature[8] = {0x8E, 0x4E, 0x4E, 0x54, 0x0D, 0x0A, 0x1A, 0x0A};
    u8 bytes[28];
    u64 size = n->source.size < 28 ? n->source.size : 28;
    const u8 *p;
    u32 major, minor, reads, profile, sections, length, memory, crc;
    TRY(nntc_read(n, 0, bytes, (size_t)size, file));
    reader r = nntc_reader(bytes, size, 0);
    bool ok = nntc_bytes(&r, 8, &p); /* a file of fewer than 8 bytes is E_TRUNCATED */
    if (ok && memcmp(p, signature, 8) != 0) ok = nntc_fail(&r, NNTC_E_SIGNATURE, 0); /* */
    ok = ok && nntc_u8(&r, &major) && nntc_u8(&r, &minor) && nntc_u8(&r, &reads) && nntc_u8(&r, &profile) &&
         nntc_u32(&r, &sections) && nntc_u32(&r, &length) && nntc_u32(&r, &memory) && nntc_u32(&r, &crc);
    if (ok) {
        if (!right_crc(nntc_crc32(0, bytes, 24), crc)) ok = nntc_fail(&r, NNTC_E_CRC, 24); /* */
        else if (major != 1) ok = nntc_fail(&r, NNTC_E_VERSION, 8); /* */
        else if (reads > minor) ok = nntc_fail(&r, NNTC_E_RESERVED, 10); /* */
        else if (reads > 0) ok = nntc_fail(&r, NNTC_E_VERSION, 10); /* */
        else if (profile > 2) ok = nntc_fail(&r, NNTC_E_PROFILE, 11); /* */
        else if (sections < 1 || sections > 1u << 20) ok = nntc_fail(&r, NNTC_E_LIMIT, 12); /* */
        else if (length > 1u << 25) ok = nntc_fail(&r, NNTC_E_LIMIT, 16); /* */
    }
    if (!ok) {
        file->error = r.error;
        return false;
    }
    n->summary.minor = (u8)minor;
    n->summary.reader = (u8)reads;
    n->summary.profile = (u8)profile;
    n->summary.sections = sections;
    n->summary.working_memory = memory;
    *directory_length = length;
    return true;
}

/* One entry; before: the type of the entry before it, 0 for the first. */
static bool entry(reader *r, u32 before, section *s) {
    u32 type;
    u64 at = r->at, length, output;
    TRY(nntc_u8(r, &type));
    if ((type & 127) == 0) return nntc_fail(r, NNTC_E_RESERVED, at); /* */
    if (type < 128 && type != GRAPH && type != TABLES && type != TENSOR) return nntc_fail(r, NNTC_E_UNSUPPORTED, at); /* */
    if ((before == 0) != (type == GRAPH) || type < before || (type == TABLES && before == TABLES))
        return nntc_fail(r, NNTC_E_ORDER, at); /* */
    TRY(nntc_count(r, 0, ((u64)1 << 40) - 1, NNTC_E_LIMIT, &length)); /* */
    at = r->at;
    TRY(nntc_count(r, 0, (u64)1 << 31, NNTC_E_LIMIT, &output)); /* */
    if ((type == GRAPH || type == TENSOR) != (output != 0)) return nntc_fail(r, NNTC_E_SIZE, at); /* */
    if (output > 65536 * length + 65536) return nntc_fail(r, NNTC_E_EXPANSION, at); /* */
    s->type = (u8)type;
    s->length = length;
    s->output = output;
    s->used = 0;
    const u8 *digest;
    TRY(nntc_bytes(r, sizeof s->digest, &digest));
    memcpy(s->digest, digest, sizeof s->digest);
    return true;
}

static bool entries(nntc *n, reader *r, u64 begin) {
    u64 largest = 0, graph = 0, longest = 0;
    for (u32 i = 0; i < n->summary.sections; i++) {
        section *s = &n->sections[i], one;
        /* Past the table (it has room for all that fit in the directory) an entry can only fail. */
        TRY(entry(r, i == 0 ? 0 : n->sections[i - 1].type, &one));
        *s = one;
        s->offset = begin;
        begin += s->length;
        if (s->length > longest) longest = s->length;
        if (s->type == GRAPH) graph = s->output;
        if (s->type == TENSOR) {
            if (n->summary.tensors++ == 0) n->first_tensor = i;
            if (s->output > largest) largest = s->output;
        }
    }
    if (r->at < r->size) return nntc_fail(r, NNTC_E_DIRECTORY, r->at); /* */
    /* Whole sections are kept here, with their tokens and payloads. */
    n->summary.bound = ((u64)2 << 20) + 128 * (u64)n->summary.sections + 8 * largest + 4 * graph + 8 * longest +
                       n->summary.working_memory;
    return true;
}

static bool layout(const nntc *n, reader *r) {
    u64 end = 0;
    for (u32 i = 0; i < n->summary.sections; i++) {
        const section *s = &n->sections[i];
        end = s->offset + s->length;
        if (end > n->source.size) return nntc_fail(r, NNTC_E_TRUNCATED, s->offset); /* */
    }
    return end == n->source.size || nntc_fail(r, NNTC_E_TRAILING, end); /* */
}

/* Steps 1 and 2 of clause 9.2. */
NNTC_LOCAL bool nntc_directory(nntc *n, nntc_memory memory, reader *file) {
    u64 length = 0;
    void *block;
    u8 stored[4];
    TRY(header(n, file, &length));
    if (n->source.size - 28 < length) return nntc_fail(file, NNTC_E_TRUNCATED, 28); /* */
    if (n->source.size - 28 - length < 4) return nntc_fail(file, NNTC_E_TRUNCATED, 28 + length);
    TRY(nntc_read(n, 28 + length, stored, 4, file));
    const u8 *bytes;
    if (n->source.span != NULL) bytes = (const u8 *)n->source.span + 28;
    else {
        TRY(nntc_get(memory, length, NNTC_SCRATCH, file, &block));
        TRY(nntc_read(n, 28, block, (size_t)length, file));
        bytes = block;
    }
    if (!right_crc(nntc_crc32(0, bytes, (size_t)length), nntc_load32(stored)))
        return nntc_fail(file, NNTC_E_CRC, 28 + length); /* */
    u64 fit = length / 19 + 1; /* an entry has at least 19 bytes */
    if (fit > n->summary.sections) fit = n->summary.sections;
    /* Kept memory may begin where scratch was: an arena's scratch lies after it, so ask for scratch once more. */
    TRY(nntc_get(memory, fit * sizeof(section), NNTC_KEEP, file, &block));
    n->sections = block;
    if (n->source.span == NULL) {
        TRY(nntc_get(memory, length, NNTC_SCRATCH, file, &block));
        TRY(nntc_read(n, 28, block, (size_t)length, file));
        bytes = block;
    }
    reader r = nntc_reader(bytes, length, 28);
    r.short_id = NNTC_E_DIRECTORY; /* */
    if (!entries(n, &r, 32 + length) || !layout(n, file)) {
        if (r.error.id != NNTC_OK) file->error = r.error;
        return false;
    }
    if (n->limits.has_memory && n->summary.bound > n->limits.max_memory) return nntc_fail(file, NNTC_E_MEMORY, 28); /* */
    return true;
}

typedef struct hashing {
    u64 state[16]; /* of SHA-256, as large as nntc_coders says */
} hashing;

static void begin_digest(const nntc *n, hashing *d) { n->limits.coders.sha256_init(d->state); }

static bool right_digest(const nntc *n, hashing *d, const section *s) {
    unsigned char found[32];
    n->limits.coders.sha256_final(d->state, found);
#ifdef NNTC_FUZZING
    (void)s;
    return true;
#else
    return memcmp(found, s->digest, sizeof s->digest) == 0;
#endif
}

NNTC_LOCAL bool nntc_load(const nntc *n, const section *s, nntc_memory memory, int kind, reader *r) {
    void *block;
    *r = nntc_reader(NULL, s->length, s->offset);
    if (n->source.span != NULL) r->data = (const u8 *)n->source.span + s->offset;
    else {
        TRY(nntc_get(memory, s->length, kind, r, &block));
        TRY(nntc_read(n, s->offset, block, (size_t)s->length, r));
        r->data = block;
    }
    hashing d;
    begin_digest(n, &d);
    n->limits.coders.sha256_update(d.state, r->data, (size_t)s->length);
    return right_digest(n, &d, s) || nntc_fail(r, NNTC_E_DIGEST, 0); /* */
}

/* The same for a section that is not parsed. */
NNTC_LOCAL bool nntc_check_digest(const nntc *n, const section *s, reader *r) {
    u8 chunk[4096];
    hashing d;
    begin_digest(n, &d);
    *r = nntc_reader(NULL, s->length, s->offset);
    for (u64 at = 0; at < s->length;) {
        size_t take = s->length - at < sizeof chunk ? (size_t)(s->length - at) : sizeof chunk;
        TRY(nntc_read(n, s->offset + at, chunk, take, r));
        n->limits.coders.sha256_update(d.state, chunk, take);
        at += take;
    }
    return right_digest(n, &d, s) || nntc_fail(r, NNTC_E_DIGEST, 0);
}
