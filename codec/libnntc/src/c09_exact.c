/* Clauses 9.5 and 9.6: integers; tools planes and codebook.. */
#include "internal.h"

NNTC_LOCAL bool nntc_check_integers(const integers *block, const u8 *tokens, reader *r) {
    if ((block->flags & ESCAPE) != 0) {
        u64 count = 0;
        for (u32 i = 0; i < block->n; i++) count += tokens[i] == 255;
        if (count != block->escape_count) return nntc_fail(r, NNTC_E_ESCAPE, block->at); /* */
    }
    if ((block->flags & LOW) != 0 && !nntc_padded(block->low, (u64)block->n * block->low_bits))
        return nntc_fail(r, NNTC_E_PADDING, block->at);
    return true;
}

NNTC_LOCAL void nntc_levels(level_source *l, const integers *block, const buffers *b, const reader *r) {
    l->block = block;
    l->tokens = b->tokens;
    l->gaps = b->gaps;
    l->escapes = *r;
    l->escapes.at = block->escapes;
    l->i = 0;
    l->at = 0;
    l->next = b->gaps == NULL ? 0 : b->gaps[0];
}

/* The next integer of the block; false: out of range. */
NNTC_LOCAL bool nntc_level(level_source *l, i64 *value) {
    const integers *block = l->block;
    if (l->gaps != NULL && l->at++ < l->next) {
        *value = block->background;
        return true;
    }
    i64 v = block->lo + l->tokens[l->i];
    if ((block->flags & ESCAPE) != 0 && l->tokens[l->i] == 255) TRY(nntc_svarint(&l->escapes, &v));
    if ((block->flags & LOW) != 0) v = v * ((i64)1 << block->low_bits) + nntc_field(block->low, l->i, block->low_bits);
    l->i++;
    if (l->gaps != NULL) l->next = l->i < block->n ? l->next + l->gaps[l->i] + 1 : INT64_MAX;
    *value = v;
    return v <= INT32_MAX && v >= -(i64)INT32_MAX;
}

/* After the last element: whether all tokens were used, that is, all positions are elements. */
NNTC_LOCAL bool nntc_levels_end(const level_source *l) { return l->i == l->block->n; }

static u64 place_of(const nntc_record *head, u64 i) { /* clause 7.2 */
    if (head->view_kind != 1) return i;
    u64 columns = (u64)head->channels * head->period, r = i / columns, j = i % columns;
    return (j / head->period * head->rows + r) * head->period + j % head->period;
}

static bool decode_planes(const record *rec, const buffers *b, reader *r, u8 *out) {
    u32 width = rec->head.width, other = 0;
    bool rotate = (rec->flags & 1) != 0;
    u16 entry[256];
    memset(entry, 0, sizeof entry);
    for (u32 i = 0; i < rec->common_count; i++) entry[rec->common[(size_t)i * (1 + width)]] = (u16)(i + 1);
    if (rec->common_count > 0) {
        u64 count = 0;
        for (u32 i = 0; i < rec->head.elements; i++) count += entry[b->planes[0][i]] == 0;
        if (count != rec->other) return nntc_fail(r, NNTC_E_RANGE, rec->count_at); /* */
    }
    for (u32 i = 0; i < rec->head.elements; i++) {
        u8 *p = out + place_of(&rec->head, i) * width;
        u32 first = b->planes[0][i];
        if (entry[first] != 0) {
            memcpy(p, rec->common + (size_t)(entry[first] - 1u) * (1 + width) + 1, width);
            continue;
        }
        for (u32 k = 0; k < width; k++) p[width - 1 - k] = k == 0 ? (u8)first : b->planes[k][other];
        other++;
        if (rotate) {
            u32 carry = p[0] & 1u;
            for (u32 k = width; k-- > 0;) {
                u32 low = p[k] & 1u;
                p[k] = (u8)(p[k] >> 1 | carry << 7);
                carry = low;
            }
        }
    }
    return true;
}

static bool decode_codebook(const record *rec, const buffers *b, reader *r, u8 *out) {
    u32 width = rec->head.width, stored = rec->entry_width;
    level_source levels;
    i64 index;
    nntc_levels(&levels, &rec->integers, b, r);
    for (u32 i = 0; i < rec->head.elements; i++) {
        if (!nntc_level(&levels, &index) || index < 0 || index >= (i64)rec->entry_count)
            return nntc_fail(r, NNTC_E_RANGE, rec->integers.at); /* */
        u8 *p = out + place_of(&rec->head, i) * width;
        memset(p, 0, width - stored);
        memcpy(p + (width - stored), rec->entries + (u64)index * stored, stored);
    }
    return nntc_levels_end(&levels) || nntc_fail(r, NNTC_E_RANGE, rec->integers.at);
}

NNTC_LOCAL bool nntc_exact(const record *rec, const buffers *b, reader *r, u8 *out) {
    return rec->head.tool == 0 ? decode_planes(rec, b, r, out) : decode_codebook(rec, b, r, out);
}
