/* Clause 8: integer blocks, symbol blocks, symbol data (syntax).. */
#include "internal.h"

enum { PACKED, RANS, HUFFMAN, BZIP2, ZSTD };

static u64 rounded_up(u64 a, u64 b) { return (a + b - 1) / b; }

static bool huffman(record *rec, reader *r, plain *p) { /* clause 8.5 */
    u64 at = r->at, lanes, sum = 0, length;
    u32 first, last, kraft = 0, code;
    const u8 *lengths;
    TRY(nntc_u8(r, &first));
    TRY(nntc_u8(r, &last));
    TRY(nntc_bytes(r, last / 2 + 1, &lengths));
    if (first + last > 255) return nntc_fail(r, NNTC_E_TABLE, at);                            /* */
    if (last % 2 == 0 && lengths[last / 2] > 15) return nntc_fail(r, NNTC_E_TABLE, at);       /* */
    for (u32 i = 0; i <= last; i++) {
        code = nntc_field(lengths, i, 4);
        if (code == 0 && (i == 0 || i == last)) return nntc_fail(r, NNTC_E_TABLE, at);        /* */
        kraft += code == 0 ? 0 : 1u << (15 - code);
    }
    if (last == 0 ? (lengths[0] & 15) != 1 : kraft != 1u << 15) return nntc_fail(r, NNTC_E_TABLE, at); /* */
    p->first = (u8)first;
    p->last = (u8)last;
    at = r->at;
    TRY(nntc_count(r, 1, p->n < 65536 ? p->n : 65536, NNTC_E_LIMIT, &lanes)); /* */
    if (p->n > 8192 * lanes) return nntc_fail(r, NNTC_E_LIMIT, at);
    p->lanes = (u32)lanes;
    p->lane_lengths = r->at;
    for (u64 l = 0; l < lanes; l++) {
        TRY(nntc_varint(r, &length));
        if (sum <= r->size) sum += length; /* saturates */
    }
    p->size = sum;
    rec->need += 1024 + 16 * lanes;
    return nntc_bytes(r, sum, &p->data);
}

static bool plain_block(record *rec, reader *r, u32 n, plain *p);

static bool classes(record *rec, reader *r, u32 count, class_list *list) {
    u32 present;
    list->at = r->at;
    list->count = count;
    TRY(nntc_u8(r, &present));
    if (present > 1) return nntc_fail(r, NNTC_E_RESERVED, list->at); /* */
    list->present = present == 1;
    if (!list->present) return true;
    rec->need += count;
    return plain_block(rec, r, count, &list->tokens);
}

/* lists: where class lists go; NULL if this is no block of the view. */
static bool rans(record *rec, reader *r, plain *p, class_list *lists) { /* clause 8.6 */
    u64 at = r->at, value, segments = rounded_up(p->n, p->segment);
    u32 mode;
    TRY(nntc_u8(r, &mode));
    if (mode > 3) return nntc_fail(r, NNTC_E_RESERVED, at);                                /* */
    if ((mode & 1) != 0 && lists == NULL) return nntc_fail(r, NNTC_E_VIEW, at);            /* */
    p->mode = (u8)mode;
    p->contexts = 1;
    if ((mode & 1) != 0 && lists != NULL) {
        TRY(nntc_count(r, 2, 64, NNTC_E_LIMIT, &value)); /* */
        p->contexts = (u32)value;
        TRY(classes(rec, r, rec->head.rows, &lists[0]));
        if (rec->head.view_kind != 2) {
            TRY(classes(rec, r, rec->head.channels, &lists[1]));
            TRY(classes(rec, r, rec->head.period, &lists[2]));
        }
    }
    p->tables = p->trellis ? 2 * p->contexts : p->contexts;
    if ((mode & 2) != 0) {
        at = r->at;
        TRY(nntc_varint(r, &p->base));
        if (p->base + p->tables > rec->nntc->table_count) return nntc_fail(r, NNTC_E_TABLE, at); /* */
    } else {
        p->run = r->at;
        TRY(nntc_table_run(r, p->tables, NULL));
    }
    at = r->at;
    TRY(nntc_count(r, 1, segments < 65536 ? segments : 65536, NNTC_E_LIMIT, &value)); /* */
    if (p->segment * rounded_up(segments, value) > 8192) return nntc_fail(r, NNTC_E_LIMIT, at);
    p->lanes = (u32)value;
    rec->need += 576 * (u64)p->tables + value * (16 + (p->segment < p->n ? p->segment : p->n));
    TRY(nntc_varint(r, &p->word_count));
    at = r->at;
    TRY(nntc_bytes(r, 4 * (u64)p->lanes, &p->states));
    for (u32 l = 0; l < p->lanes; l++)
        if (nntc_load32(p->states + 4 * (size_t)l) < 65536) return nntc_fail(r, NNTC_E_ENTROPY, at); /* */
    return nntc_bytes(r, p->word_count < r->size ? 2 * p->word_count : r->size + 1, &p->words);
}

static bool data(record *rec, reader *r, plain *p, class_list *lists) { /* clause 8.3 */
    u32 width;
    u64 at = r->at;
    p->at = r->at;
    switch (p->coder) {
    case PACKED: /* clause 8.4 */
        TRY(nntc_u8(r, &width));
        if (width < 1 || width > 8) return nntc_fail(r, NNTC_E_RESERVED, at); /* */
        p->width = (u8)width;
        return nntc_bytes(r, rounded_up((u64)p->n * width, 8), &p->data);
    case RANS: return rans(rec, r, p, lists);
    case HUFFMAN: return huffman(rec, r, p);
    default:
        rec->need += p->n + (p->coder == ZSTD ? 262144u : 4194304u);
        TRY(nntc_varint(r, &p->size));
        return nntc_bytes(r, p->size, &p->data);
    }
}

/* Clause 13: the first profile that has a coder. */
static const u8 profile_of[] = {0, 0, 0, 2, 1};

static bool coder(const record *rec, reader *r, plain *p) {
    u64 at = r->at;
    u32 value;
    TRY(nntc_u8(r, &value));
    if (value > ZSTD) return nntc_fail(r, NNTC_E_RESERVED, at); /* */
    if (profile_of[value] > rec->profile) return nntc_fail(r, NNTC_E_PROFILE, at); /* */
    p->coder = (u8)value;
    return true;
}

static bool plain_block(record *rec, reader *r, u32 n, plain *p) {
    p->n = n;
    p->segment = 1;
    return coder(rec, r, p) && data(rec, r, p, NULL);
}

NNTC_LOCAL bool nntc_parse_block(record *rec, reader *r, u32 n, bool of_view, symbols *block) {
    block->main.n = n;
    block->main.segment = 1;
    return coder(rec, r, &block->main) && data(rec, r, &block->main, of_view ? block->classes : NULL);
}

NNTC_LOCAL bool nntc_parse_integers(record *rec, reader *r, bool trellis) { /* clause 8.1 */
    integers *b = &rec->integers;
    u32 flags, low_bits, elements = rec->head.elements;
    u64 at = r->at, count;
    i64 escape;
    b->at = at;
    b->count = b->n = elements;
    TRY(nntc_u8(r, &flags));
    if (flags > 63 || (flags & 7) > ZSTD) return nntc_fail(r, NNTC_E_RESERVED, at);                        /* */
    if (profile_of[flags & 7] > rec->profile) return nntc_fail(r, NNTC_E_PROFILE, at); /* */
    if (trellis && ((flags & 7) != RANS || (flags & (LOW | SPARSE)) != 0)) return nntc_fail(r, NNTC_E_TRELLIS, at); /* */
    b->flags = (u8)flags;
    at = r->at;
    TRY(nntc_svarint(r, &b->lo)); /* */
    if (trellis && b->lo % 2 != 0) return nntc_fail(r, NNTC_E_TRELLIS, at); /* */
    if ((flags & LOW) != 0) {
        at = r->at;
        TRY(nntc_u8(r, &low_bits));
        if (low_bits < 1 || low_bits > 24) return nntc_fail(r, NNTC_E_LIMIT, at); /* */
        b->low_bits = (u8)low_bits;
    }
    if ((flags & ESCAPE) != 0) {
        TRY(nntc_count(r, 1, elements, NNTC_E_LIMIT, &b->escape_count)); /* */
        b->escapes = r->at;
        for (u64 i = 0; i < b->escape_count; i++) {
            at = r->at;
            TRY(nntc_svarint(r, &escape)); /* */
            if (escape >= b->lo && escape <= b->lo + 254) return nntc_fail(r, NNTC_E_ESCAPE, at); /* */
            if (trellis && escape % 2 == 0) return nntc_fail(r, NNTC_E_TRELLIS, at);              /* */
        }
    }
    if ((flags & SPARSE) != 0) {
        TRY(nntc_svarint(r, &b->background)); /* */
        TRY(nntc_count(r, 1, elements, NNTC_E_LIMIT, &count)); /* */
        b->n = (u32)count;
    }
    if ((flags & LOW) != 0) TRY(nntc_bytes(r, rounded_up((u64)b->n * b->low_bits, 8), &b->low));
    if ((flags & SPARSE) != 0) TRY(nntc_parse_block(rec, r, b->n, false, &b->gaps));
    plain *p = &b->tokens.main;
    p->n = b->n;
    p->coder = (u8)(flags & 7);
    p->trellis = trellis;
    p->segment = trellis ? rec->segment : 1;
    return data(rec, r, p, (flags & SPARSE) == 0 ? b->tokens.classes : NULL);
}
