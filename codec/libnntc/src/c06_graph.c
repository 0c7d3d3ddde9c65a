/* Clause 6: content of GRAPH, splices, file names; TABLES.. */
#include "internal.h"

static u64 file_size(const nntc *n) { /* L of clause 6.1 */
    const section *last = &n->sections[n->summary.sections - 1];
    return last->offset + last->length;
}

static u64 least(u64 a, u64 b) { return a < b ? a : b; }

static bool files(nntc *n, nntc_memory memory, reader *r) {
    u64 count, sum = 0, length = file_size(n), id;
    void *block;
    TRY(nntc_count(r, 1, least(65536, 1024 + length / 32), NNTC_E_LIMIT, &count)); /* */
    u64 fit = (r->size - r->at) / 33 + 1; /* a file has at least 33 bytes */
    if (fit > count) fit = count;
    TRY(nntc_get(memory, fit * sizeof(file_entry), NNTC_KEEP, r->error, &block));
    n->files = block;
    for (u32 i = 0; i < count; i++) {
        file_entry one = {0, sum, NULL, 0, 0, i};
        TRY(nntc_count(r, 0, ((u64)1 << 48) - 1, NNTC_E_LIMIT, &one.size)); /* */
        TRY(nntc_bytes(r, 32, &one.sha256)); /* stays: the content is in memory */
        if (i > 0) {
            TRY(nntc_varint(r, &one.name_offset));
            TRY(nntc_count(r, 1, 1024, NNTC_E_FILE_NAME, &id)); /* */
            one.name_length = (u32)id;
        }
        n->files[i] = one;
        sum += one.size;
    }
    n->summary.output = sum;
    const u64 base = n->summary.base == 0 ? 0 : n->base[n->summary.base - 1].start + n->base[n->summary.base - 1].size;
    sum = sum > base ? sum - base : 0;
    if (sum / 65536 + (sum % 65536 != 0) > length) return nntc_fail(r, NNTC_E_EXPANSION, 0); /* */
    n->summary.files = (u32)count;
    return true;
}

NNTC_LOCAL bool nntc_splice(const nntc *n, reader *r, splice *s) {
    i64 offset;
    TRY(nntc_varint(r, &s->run));
    TRY(nntc_varint(r, &s->piece));
    s->copies = n->summary.base > 0 && s->piece == 1;
    if (n->summary.base > 0 && s->piece > 1) s->piece--;
    if (!s->copies) return true;
    TRY(nntc_wide_svarint(r, &offset));
    offset += (i64)(s->from + s->length); /* below 2^60: the end of the range before */
    TRY(nntc_varint(r, &s->length));
    s->from = (u64)offset;
    return (s->length > 0 && nntc_base_holding(n, offset, s->length) != NULL) || nntc_fail(r, NNTC_E_SPLICE, 0); /* */
}

/* Clause 6.2; source[i] itself is found again when the splices are followed. */
static bool splices(nntc *n, reader *r) {
    u64 count, runs = 0;
    splice one = {0, 0, 0, 0, false};
    u32 opened = 0;
    section *tensor = n->sections + n->first_tensor;
    TRY(nntc_count(r, 0, least(1u << 20, 1024 + 16 * file_size(n)), NNTC_E_LIMIT, &count)); /* */
    u64 begin = r->at;
    for (u32 i = 0; i < count; i++) {
        TRY(nntc_splice(n, r, &one));
        if (runs <= r->size) runs += one.run; /* saturates */
        if (one.copies) continue;
        if (one.piece == 0) {
            if (opened == n->summary.tensors) return nntc_fail(r, NNTC_E_SPLICE, 0); /* */
            tensor[opened++].used = 1;
        } else if ((one.piece & 1) != 0) {
            u64 d = one.piece / 2 + 1;
            if (d > opened) return nntc_fail(r, NNTC_E_SPLICE, 0);
            tensor[opened - d].used++;
        } else {
            if (one.piece / 2 > i) return nntc_fail(r, NNTC_E_SPLICE, 0);
            n->summary.repeats = 1;
        }
    }
    n->summary.splices = (u32)count;
    n->splices = r->data + begin;
    n->splices_size = r->at - begin;
    n->graph = r->data + r->at;
    n->graph_size = r->size - r->at;
    if (opened < n->summary.tensors) return nntc_fail(r, NNTC_E_SPLICE, 0); /* */
    if (runs > n->graph_size) return nntc_fail(r, NNTC_E_SPLICE, 0);        /* */
    return true;
}

NNTC_LOCAL bool nntc_utf8(const u8 *p, u32 length) { /* RFC 3629 */
    for (u32 i = 0; i < length;) {
        u32 b = p[i++], more = b < 0x80 ? 0 : b < 0xC2 ? 9 : b < 0xE0 ? 1 : b < 0xF0 ? 2 : b < 0xF5 ? 3 : 9;
        if (more > length - i) return false;
        for (u32 k = 0; k < more; k++, i++) {
            u32 low = 0x80, high = 0xBF;
            if (k == 0 && b == 0xE0) low = 0xA0;
            if (k == 0 && b == 0xED) high = 0x9F;
            if (k == 0 && b == 0xF0) low = 0x90;
            if (k == 0 && b == 0xF4) high = 0x8F;
            if (p[i] < low || p[i] > high) return false;
        }
    }
    return true;
}

static bool allowed_name(const u8 *p, u32 length) { /* */
    u32 components = 1, size = 0, dots = 0;
    if (!nntc_utf8(p, length)) return false;
    for (u32 i = 0; i <= length; i++) {
        if (i == length || p[i] == '/') {
            if (size == 0 || size > 255 || (dots == size && size <= 2)) return false;
            if (i < length && ++components > 16) return false;
            size = dots = 0;
            continue;
        }
        if (p[i] < 0x20 || p[i] == 0x7F || p[i] == '\\') return false;
        size++;
        dots += p[i] == '.';
    }
    return true;
}

/* Order in which '/' comes before all other bytes: a name and what is below it are neighbours. */
static int compare(const nntc *n, u32 a, u32 b) {
    const file_entry *x = &n->files[a], *y = &n->files[b];
    const u8 *p = n->graph + x->name_offset, *q = n->graph + y->name_offset;
    u32 shorter = x->name_length < y->name_length ? x->name_length : y->name_length;
    for (u32 i = 0; i < shorter; i++) {
        u32 c = p[i] == '/' ? 0 : p[i], d = q[i] == '/' ? 0 : q[i];
        if (c != d) return c < d ? -1 : 1;
    }
    return x->name_length < y->name_length ? -1 : x->name_length > y->name_length;
}

static void sift(nntc *n, u32 root, u32 end) { /* a heap over the order of files 1 and above */
    file_entry *f = n->files + 1;
    for (u32 child; (child = 2 * root + 1) < end; root = child) {
        if (child + 1 < end && compare(n, f[child].order, f[child + 1].order) < 0) child++;
        if (compare(n, f[root].order, f[child].order) >= 0) return;
        u32 swap = f[root].order;
        f[root].order = f[child].order;
        f[child].order = swap;
    }
}

static bool names(nntc *n, reader *r) {
    u32 count = n->summary.files - 1;
    file_entry *f = n->files + 1;
    for (u32 i = 0; i < count; i++) {
        if (f[i].name_offset + f[i].name_length > n->graph_size ||           /* */
            !allowed_name(n->graph + f[i].name_offset, f[i].name_length))
            return nntc_fail(r, NNTC_E_FILE_NAME, 0);
    }
    for (u32 i = count / 2; i-- > 0;) sift(n, i, count);
    for (u32 end = count; end-- > 1;) {
        u32 swap = f[0].order;
        f[0].order = f[end].order;
        f[end].order = swap;
        sift(n, 0, end);
    }
    for (u32 i = 1; i < count; i++) { /* */
        const file_entry *a = &n->files[f[i - 1].order], *b = &n->files[f[i].order];
        const u8 *p = n->graph + a->name_offset, *q = n->graph + b->name_offset;
        if (a->name_length <= b->name_length && memcmp(p, q, a->name_length) == 0 &&
            (a->name_length == b->name_length || q[a->name_length] == '/'))
            return nntc_fail(r, NNTC_E_FILE_NAME, 0);
    }
    return true;
}

/* Step 3 of clause 9.2. */
NNTC_LOCAL bool nntc_graph(nntc *n, nntc_memory memory, nntc_error *error) {
    const section *s = &n->sections[n->graph_section];
    const u64 window = (u64)1 << (n->summary.profile == 0 ? 16 : 23); /* */
    reader r;
    void *content;
    TRY(nntc_get(memory, s->output, NNTC_KEEP, error, &content));
    TRY(nntc_whole_section(n, s, memory, &r, error));
    nntc_id id = nntc_zstd_frame(&n->limits.coders, r.data, s->length, content, s->output, window); /* */
    if (id != NNTC_OK) return nntc_fail(&r, id, 0);
    r = nntc_reader(content, s->output, s->offset, error);
    r.fixed = true; /* */
    TRY(nntc_read_base(n, memory, &r) && files(n, memory, &r) && splices(n, &r) && names(n, &r));
    const reader file = nntc_reader(NULL, 0, 0, error);
    if (n->limits.has_output && n->summary.output > n->limits.max_output) return nntc_fail(&file, NNTC_E_MEMORY, 28); /* */
    return nntc_give_base(n, memory, error);
}

/* Step 4 of clause 9.2. */
NNTC_LOCAL bool nntc_shared_tables(nntc *n, nntc_memory memory, nntc_error *error) {
    for (u32 i = n->graph_section + 1; i < n->summary.sections && n->sections[i].type <= TABLES; i++) {
        reader r;
        u64 count;
        TRY(nntc_section_reader(n, &n->sections[i], memory, &r, error));
        TRY(nntc_count(&r, 1, 1024, NNTC_E_LIMIT, &count)); /* */
        n->tables = i;
        n->table_count = (u32)count;
        TRY(nntc_table_run(&r, (u32)count, n->table_at));
        if (r.at < r.size) return nntc_fail(&r, NNTC_E_TRAILING, r.at); /* */
    }
    return true;
}
