/* Clause 9.3: buffers and phases of a TENSOR section. R-503. */
#include "internal.h"

typedef struct bump {
    u8 *base;
    u64 used;
} bump;

static void *take(bump *m, u64 bytes) {
    void *p = m->base == NULL ? NULL : m->base + m->used;
    m->used += (bytes + 15) & ~(u64)15;
    return p;
}

typedef struct needs { /* the most of all symbol data of a record: they are decoded one after another */
    u64 tables, lanes, staged, placed, codes, classes[3];
} needs;

static void raise_to(u64 *a, u64 b) {
    if (b > *a) *a = b;
}

static void of_plain(needs *n, const plain *p) {
    if (p->coder == 2) n->codes = 1u << 15;
    if (p->coder != 1) return;
    raise_to(&n->tables, p->tables);
    u64 lanes = ((u64)p->lanes + 15) & ~(u64)15;
    raise_to(&n->lanes, lanes);
    if (p->trellis) raise_to(&n->staged, lanes);
    if (p->contexts > 1) raise_to(&n->placed, lanes);
}

static void of_block(needs *n, const symbols *block) {
    of_plain(n, &block->main);
    for (u32 k = 0; k < 3; k++) {
        raise_to(&n->classes[k], block->classes[k].count);
        if (block->classes[k].present) of_plain(n, &block->classes[k].tokens);
    }
}

/* Lays the buffers out from base on and returns their size in bytes; with base NULL the size alone. */
NNTC_LOCAL u64 nntc_layout(const record *rec, u8 *base, buffers *b) {
    bump m = {base, 0};
    needs n;
    const nntc_record *head = &rec->head;
    memset(&n, 0, sizeof n);
    memset(b, 0, sizeof *b);
    if (head->view_kind == 2) b->row_start = take(&m, 4 * ((u64)head->rows + 1));
    if (head->tool == 0) {
        for (u32 k = 0; k < head->width; k++) {
            b->planes[k] = take(&m, rec->planes[k].main.n);
            of_block(&n, &rec->planes[k]);
        }
    } else {
        b->tokens = take(&m, rec->integers.n);
        of_block(&n, &rec->integers.tokens);
        if ((rec->integers.flags & SPARSE) != 0) b->gaps = take(&m, rec->integers.n);
        of_block(&n, &rec->integers.gaps);
    }
    if (head->tool == 2) {
        if ((rec->flags & ROW_CODES) != 0) b->row_codes = take(&m, head->rows);
        if ((rec->flags & COLUMN_CODES) != 0) b->column_codes = take(&m, rec->columns);
        of_block(&n, &rec->row_codes);
        of_block(&n, &rec->column_codes);
        if ((rec->flags & TRANSFORM) != 0) {
            b->x = take(&m, sizeof *b->x * (u64)head->period);
            b->y = take(&m, sizeof *b->y * (u64)head->period);
        }
    }
    for (u32 k = 0; k < 3; k++)
        if (n.classes[k] > 0) b->classes[k] = take(&m, n.classes[k]);
    if (n.classes[1] > 0) b->column_class = take(&m, rec->columns);
    b->tables = take(&m, n.tables * sizeof *b->tables);
    b->lanes.x = take(&m, n.lanes * sizeof(u32));
    b->lanes.state = take(&m, n.staged * sizeof(u32));
    u32 **places[4] = {&b->lanes.row, &b->lanes.column, &b->lanes.size, &b->lanes.row_class};
    for (u32 k = 0; k < 4; k++) *places[k] = take(&m, n.placed * sizeof(u32));
    b->staging = take(&m, n.staged * 16);
    b->codes = take(&m, n.codes * sizeof *b->codes);
    return m.used;
}

/* Phases 3 to 5: the payload in its own order to out. */
NNTC_LOCAL bool nntc_section_payload(const record *rec, const buffers *b, reader *r, u8 *out) {
    const nntc_record *head = &rec->head;
    if (head->view_kind == 2) {
        reader lengths = *r;
        u64 length = 0;
        lengths.at = rec->row_lengths;
        b->row_start[0] = 0;
        for (u32 i = 0; i < head->rows; i++) {
            TRY(nntc_varint(&lengths, &length));
            b->row_start[i + 1] = b->row_start[i] + (u32)length;
        }
    }
    if (head->tool == 0) {
        for (u32 k = 0; k < head->width; k++) TRY(nntc_tokens(rec, b, r, &rec->planes[k], b->planes[k]));
        return nntc_exact(rec, b, r, out);
    }
    if (b->row_codes != NULL) TRY(nntc_tokens(rec, b, r, &rec->row_codes, b->row_codes));
    if (b->column_codes != NULL) TRY(nntc_tokens(rec, b, r, &rec->column_codes, b->column_codes));
    if (b->gaps != NULL) TRY(nntc_tokens(rec, b, r, &rec->integers.gaps, b->gaps));
    TRY(nntc_tokens(rec, b, r, &rec->integers.tokens, b->tokens));
    TRY(nntc_check_integers(&rec->integers, b->tokens, r));
    return head->tool == 1 ? nntc_exact(rec, b, r, out) : nntc_uniform(rec, b, r, out);
}
