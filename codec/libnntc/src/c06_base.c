/* Clauses 6.1 and 6.9: the base of an update.. */
#include "internal.h"

NNTC_LOCAL bool nntc_read_base(nntc *n, nntc_memory memory, reader *r) {
    u64 count, start = 0;
    void *block;
    TRY(nntc_count(r, 0, 2048, NNTC_E_LIMIT, &count)); /* */
    u64 fit = (r->size - r->at) / 33 + 1; /* a base file has at least 33 bytes */
    if (count == 0) return true;
    TRY(nntc_get(memory, (fit < count ? fit : count) * sizeof(base_entry), NNTC_KEEP, r->error, &block));
    n->base = block;
    for (u32 i = 0; i < count; i++) {
        base_entry one = {start, 0, NULL, NULL};
        TRY(nntc_count(r, 0, ((u64)1 << 48) - 1, NNTC_E_LIMIT, &one.size)); /* */
        TRY(nntc_bytes(r, 32, &one.sha256)); /* stays: the content is in memory */
        n->base[i] = one;
        start += one.size;
    }
    n->summary.base = (u32)count;
    return true;
}

static bool hash(const nntc *n, const nntc_source *source, nntc_memory memory, u8 digest[32], nntc_error *error) {
    u64 state[16], count; /* the state is as large as nntc_coders says */
    void *block;
    reader r = nntc_reader(source->span, source->size, 0, error);
    if (source->span == NULL) {
        TRY(nntc_get(memory, nntc_base_window(n), NNTC_SCRATCH, error, &block));
        r.source = source;
        nntc_move_window(&r, block, nntc_base_window(n));
    }
    n->limits.coders.sha256_init(state);
    while (r.at < r.size) {
        const u8 *p = nntc_next_bytes(&r, &count);
        if (p == NULL) return false;
        n->limits.coders.sha256_update(state, p, (size_t)count);
    }
    n->limits.coders.sha256_final(state, digest);
    return true;
}

/* Whether GRAPH has a file of this size and, if it is not NULL, SHA-256; takes the source for all that are so. */
static bool name(nntc *n, const nntc_source *source, const u8 *sha256) {
    bool found = false;
    for (u32 i = 0; i < n->summary.base; i++) {
        base_entry *b = &n->base[i];
        if (b->size != source->size || b->source != NULL) continue;
        if (sha256 != NULL && memcmp(b->sha256, sha256, 32) != 0) continue;
        if (sha256 != NULL) b->source = source;
        found = true;
    }
    return found;
}

NNTC_LOCAL bool nntc_no_base(const nntc *n, nntc_error *error) {
    const reader graph = nntc_reader(NULL, 0, n->sections[n->graph_section].offset, error);
    return nntc_fail(&graph, NNTC_E_BASE, 0);
}

NNTC_LOCAL bool nntc_give_base(nntc *n, nntc_memory memory, nntc_error *error) {
    u8 digest[32];
    for (u32 i = 0; i < n->limits.base_count; i++) {
        const nntc_base *given = &n->limits.base[i];
        if (!name(n, &given->source, NULL)) continue;
        if (given->sha256 == NULL) TRY(hash(n, &given->source, memory, digest, error));
        name(n, &given->source, given->sha256 == NULL ? digest : given->sha256);
    }
    for (u32 i = 0; i < n->summary.base; i++) n->base_missing |= n->base[i].source == NULL;
    return !n->base_missing || n->limits.without_base || nntc_no_base(n, error); /* */
}

NNTC_LOCAL const base_entry *nntc_base_holding(const nntc *n, i64 start, u64 size) {
    u32 low = 0, high = n->summary.base; /* the last file that begins at or before start */
    if (start < 0 || high == 0) return NULL;
    while (high - low > 1) {
        u32 middle = low + (high - low) / 2;
        if (n->base[middle].start <= (u64)start) low = middle;
        else high = middle;
    }
    const base_entry *b = &n->base[low];
    const u64 from = (u64)start - b->start;
    return from <= b->size && size <= b->size - from ? b : NULL;
}
