/* Clause 6.7: INDEX.. */
#include "internal.h"

enum { NAME = 1024, UNKNOWN = 0 };

/* What is done with each entry of an index that is walked through; name has length bytes. False ends the walk. */
typedef bool visit(void *context, const u8 *name, u32 length, const nntc_entry *entry);

static const u8 bits_of[27] = {UNKNOWN, 32, 8, 8, 16, 16, 32, 64, UNKNOWN, 8, 16, 64, 32, 64, 64, 128, 16, 8, 8, 8, 8, 4, 4, 4, 8, 2, 2};

static bool malformed(const reader *r) { return nntc_fail(r, NNTC_ABSENT, r->at); }

/* Reads rest behind the first prefix bytes of the name before; it must be greater than that was. */
static bool entry_name(reader *r, u8 *all, u32 *length) {
    u64 prefix, rest;
    const u8 *p;
    bool greater = false;
    TRY(nntc_varint(r, &prefix) && nntc_varint(r, &rest));
    if (prefix > *length || rest > NAME - prefix || prefix + rest == 0) return malformed(r);
    for (u32 at = (u32)prefix, end = (u32)(prefix + rest); at < end;) {
        u32 some = end - at < LOOK ? end - at : LOOK;
        TRY(nntc_bytes(r, some, &p));
        for (u32 i = 0; i < some; i++, at++) {
            if (!greater && at < *length && p[i] < all[at]) return malformed(r);
            greater = greater || at >= *length || p[i] > all[at];
            all[at] = p[i];
        }
    }
    *length = (u32)(prefix + rest);
    return (greater && nntc_utf8(all, *length)) || malformed(r);
}

static bool entry_shape(reader *r, nntc_entry *e) {
    const u64 most = (u64)1 << 48;
    u64 product = 1;
    bool none = false;
    u32 type, rank;
    TRY(nntc_u8(r, &type) && nntc_u8(r, &rank));
    if (rank > NNTC_RANK) return malformed(r);
    e->data_type = (u8)type;
    e->rank = (u8)rank;
    for (u32 i = 0; i < rank; i++) {
        u64 dim;
        TRY(nntc_varint(r, &dim));
        e->dims[i] = dim;
        none = none || dim == 0;
        if (dim > 0) product = dim < nntc_rounded_up(most, product) ? product * dim : most; /* saturates */
    }
    if (product >= most) return malformed(r);
    u32 bits = type < sizeof bits_of ? bits_of[type] : UNKNOWN;
    e->bytes = bits == UNKNOWN ? UINT64_MAX : none ? 0 : (product * bits + 7) / 8;
    return true;
}

static bool entry_place(reader *r, u32 tensors, nntc_entry *e) {
    u64 count, first = 0, part = 0;
    TRY(nntc_varint(r, &count));
    if (count > 0) TRY(nntc_varint(r, &first));
    if (count == 1) TRY(nntc_varint(r, &part));
    if (count > tensors || first > tensors - count || part > 65535) return malformed(r);
    e->sections = (u32)count;
    e->section = (u32)first;
    e->part = (u32)part;
    return true;
}

/* Walks through the whole index, all of which has to be right. */
static bool walk_index(reader *r, u8 *all, u32 tensors, visit *each, void *context) {
    u32 version, length = 0;
    u64 count;
    nntc_entry e;
    r->at = 0;
    TRY(nntc_u8(r, &version));
    if (version != 0) return malformed(r);
    TRY(nntc_varint(r, &count));
    for (; count > 0; count--) {
        memset(&e, 0, sizeof e);
        TRY(entry_name(r, all, &length) && entry_shape(r, &e) && entry_place(r, tensors, &e));
        if (each != NULL && !each(context, all, length, &e)) return true;
    }
    return r->at == r->size || malformed(r);
}

/* The first INDEX, with its digest checked, and room for a name. */
static bool open_index(const nntc *n, nntc_memory memory, reader *r, u8 **all, nntc_error *error) {
    void *block;
    const reader file = nntc_reader(NULL, 0, 0, error);
    for (u32 i = 0; i < n->summary.sections; i++) {
        if (n->sections[i].type != INDEX) continue;
        TRY(nntc_get(memory, NAME, NNTC_KEEP, error, &block));
        *all = block;
        return nntc_section_reader(n, &n->sections[i], memory, r, error);
    }
    return nntc_fail(&file, NNTC_ABSENT, 0);
}

/* A fault of the file in an index is none: it counts as absent. */
static nntc_error forgiven(nntc_error error) {
    const nntc_error absent = {NNTC_ABSENT, 0};
    return error.id != NNTC_OK && error.id < NNTC_CALLER ? absent : error;
}

typedef struct search {
    const char *name;
    size_t length;
    bool found;
    nntc_entry *entry;
} search;

static bool same_name(void *context, const u8 *name_of, u32 length, const nntc_entry *entry) {
    search *s = context;
    if (length == s->length && memcmp(name_of, s->name, length) == 0) {
        s->found = true;
        *s->entry = *entry;
    }
    return true;
}

nntc_error nntc_find(const nntc *n, const char *wanted, size_t length, nntc_memory memory, nntc_entry *entry) {
    nntc_error error = {NNTC_OK, 0};
    search s = {wanted, length, false, entry};
    reader r;
    u8 *all = NULL;
    bool ok = open_index(n, memory, &r, &all, &error) && walk_index(&r, all, n->summary.tensors, same_name, &s);
    if (ok && !s.found) error.id = NNTC_ABSENT;
    return forgiven(error);
}

typedef struct listing {
    int (*each)(void *context, const char *name, size_t length, const nntc_entry *entry);
    void *context;
    bool stopped;
} listing;

static bool tell(void *context, const u8 *name_of, u32 length, const nntc_entry *entry) {
    listing *l = context;
    l->stopped = l->each(l->context, (const char *)name_of, length, entry) != 0;
    return !l->stopped;
}

nntc_error nntc_list(const nntc *n, int (*each)(void *, const char *, size_t, const nntc_entry *), void *context, nntc_memory memory) {
    nntc_error error = {NNTC_OK, 0};
    listing l = {each, context, false};
    reader r;
    u8 *all = NULL;
    bool ok = open_index(n, memory, &r, &all, &error) && walk_index(&r, all, n->summary.tensors, NULL, NULL) &&
              walk_index(&r, all, n->summary.tensors, tell, &l);
    if (ok && l.stopped) error.id = NNTC_SINK;
    return forgiven(error);
}

/* A stretch of what a section decodes to, on its way to a sink. */
typedef struct stretch {
    const nntc_sink *sink;
    u64 at, begin, end;
} stretch;

static int put_stretch(void *context, const void *data, size_t length) {
    stretch *s = context;
    u64 from = s->at < s->begin ? s->begin - s->at : 0, to = s->end > s->at ? s->end - s->at : 0;
    s->at += length;
    if (to > length) to = length;
    if (from >= to || s->sink == NULL) return 0;
    return s->sink->write(s->sink->context, (const u8 *)data + from, (size_t)(to - from));
}

/* Where a part begins and ends in its payload; false: there is none. */
static bool part_of(const record *rec, reader r, u64 output, u32 part, stretch *s) {
    u64 length = output / rec->head.width;
    s->begin = s->end = 0;
    if (rec->head.view_kind != RAGGED) {
        s->end = output;
        return part == 0;
    }
    if (part >= rec->head.rows) return false;
    r.at = rec->row_lengths;
    for (u32 i = 0; i <= part; i++) {
        s->begin = s->end;
        TRY(nntc_varint(&r, &length));
        s->end += length * rec->head.width;
    }
    return true;
}

nntc_error nntc_extract(const nntc *n, const nntc_entry *e, const nntc_sink *sink, nntc_memory memory) {
    nntc_error error = {NNTC_OK, 0}, caller = {NNTC_CALLER, 0}, absent = {NNTC_ABSENT, 0};
    u64 done = 0;
    if (e->sections == 0) return absent;
    if (e->sections > n->summary.tensors || e->section > n->summary.tensors - e->sections) return caller;
    for (u32 i = 0; i < e->sections; i++) {
        const section *s = &n->sections[n->first_tensor + e->section + i];
        stretch some = {sink, 0, 0, 0};
        payload p;
        reader r;
        record rec;
        if (!nntc_open_section(n, s, memory, &r, &rec, &error)) return error;
        if (!part_of(&rec, r, s->output, e->sections == 1 ? e->part : 0, &some)) return error.id == NNTC_OK ? absent : error;
        done += some.end - some.begin;
        if (e->bytes != UINT64_MAX && (done > e->bytes || (i + 1 == e->sections && done < e->bytes))) return absent; /* */
        memset(&p, 0, offsetof(payload, some));
        p.write = put_stretch;
        p.context = &some;
        if (!nntc_decode_section(n, s, memory, &r, &rec, &p)) return error;
    }
    return error;
}
