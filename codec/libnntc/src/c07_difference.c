/* Clause 7.6: tool difference (phase 2 of clause 9.3).. */
#include "internal.h"

/* base_type and base_offset, of the first record of a section. */
static bool reference(record *rec, reader *r) {
    u64 at = r->at, length = rec->head.elements;
    u32 type;
    i64 start = 0, offset;
    reader lengths = *r;
    u8 window[LOOK];
    const bool ragged = rec->head.view_kind == RAGGED;
    TRY(nntc_u8(r, &type));
    if (type > 15 || nntc_widths[type] == 0) return nntc_fail(r, NNTC_E_RESERVED, at); /* */
    if (type != rec->head.element && (type < 8 || rec->head.element < 8)) return nntc_fail(r, NNTC_E_TYPE, at); /* */
    rec->base_type = (u8)type;
    rec->base_width = nntc_widths[type];
    rec->base_offsets = r->at;
    lengths.at = rec->row_lengths;
    if (r->source != NULL) nntc_move_window(&lengths, window, sizeof window);
    for (u32 i = 0; i < (ragged ? rec->head.rows : 1); i++) {
        if (ragged) TRY(nntc_count(&lengths, 1, INT32_MAX, NNTC_SOURCE, &length));
        at = r->at;
        TRY(nntc_wide_svarint(r, &offset));
        start += offset;
        if (nntc_base_holding(rec->nntc, start, length * rec->base_width) == NULL) return nntc_fail(r, NNTC_E_REFERENCE, at); /* */
        start += (i64)(length * rec->base_width);
    }
    return true;
}

static bool product(record *rec, reader *r) {
    u64 at, rank;
    const u64 sides = (u64)rec->head.rows + rec->columns;
    TRY(nntc_parse_step(r, &rec->step)); /* */
    at = r->at;
    TRY(nntc_count(r, 1, 64, NNTC_E_LIMIT, &rank)); /* */
    if (rank * sides > 2 * (u64)rec->head.elements) return nntc_fail(r, NNTC_E_LIMIT, at);
    rec->rank = (u32)rank;
    rec->need += rank + 2 * rank * sides;
    rec->rank_codes = r->at;
    TRY(nntc_symbol_block(rec, r, rec->rank, false, NULL));
    TRY(nntc_parse_integers(rec, r, &rec->integers, rec->head.rows * rec->rank, false, false));
    return nntc_parse_integers(rec, r, &rec->right, rec->columns * rec->rank, false, false);
}

NNTC_LOCAL bool nntc_parse_difference(record *rec, reader *r) {
    static const u8 codings[] = {PLANES, UNIFORM, PRODUCT};
    const u64 at = r->at;
    u32 method;
    TRY(nntc_u8(r, &method));
    if (method > 2) return nntc_fail(r, NNTC_E_RESERVED, at); /* */
    rec->head.method = (u8)method;
    rec->coding = codings[method];
    if (rec->coding != PLANES && rec->head.element < 8) return nntc_fail(r, NNTC_E_TYPE, at);                  /* */
    if (rec->coding == PRODUCT && rec->head.view_kind == RAGGED) return nntc_fail(r, NNTC_E_VIEW, at);         /* */
    if (!rec->later) TRY(reference(rec, r));
    return rec->coding == PLANES ? nntc_parse_planes(rec, r) : rec->coding == UNIFORM ? nntc_parse_uniform(rec, r) : product(rec, r);
}
