/* Clause 9.5: integers of an integer block, in order (phase 4).. */
#include "internal.h"

/* The next token of a feed, which has one left. */
static bool next_token(feed *f, u32 *token) {
    if (f->at == f->count) {
        u32 left = f->from->n - f->from->taken;
        f->at = 0;
        f->count = left < sizeof f->held ? left : (u32)sizeof f->held;
        TRY(nntc_tokens(f->from, f->held, f->count));
    }
    *token = f->held[f->at++];
    return true;
}

/* Step 2: the integer that a token stands for. */
static bool integer(levels *l, u32 token, i64 *value) {
    const integers *b = l->block;
    u32 low = 0;
    i64 v = b->lo + token;
    if ((b->flags & ESCAPE) != 0 && token == 255) {
        TRY(l->escaped++ < b->escape_count); /* what comes after all escapes is none */
        TRY(nntc_svarint(&l->escapes, &v));
    }
    if ((b->flags & LOW) != 0) {
        TRY(nntc_field(&l->low, b->low, l->i, b->low_bits, &low));
        v = v * ((i64)1 << b->low_bits) + low;
    }
    l->i++;
    *value = v;
    return v <= INT32_MAX && v >= -(i64)INT32_MAX; /* */
}

static bool next_position(levels *l) {
    u32 gap;
    if (l->i == l->block->n) {
        l->next = INT64_MAX;
        return true;
    }
    TRY(next_token(&l->gaps, &gap));
    l->next += gap + 1;
    return true;
}

static bool sparse(levels *l, u32 count, i64 *out) {
    u32 token;
    if (l->at == 0) TRY(next_position(l));
    for (u32 i = 0; i < count; i++, l->at++) {
        for (; i < count && l->at < l->next; i++, l->at++) out[i] = l->block->background;
        if (i == count) break;
        TRY(next_token(&l->coded, &token));
        TRY(integer(l, token, &out[i]));
        TRY(next_position(l));
    }
    return true;
}

/* The next count integers, of those that are left. */
NNTC_LOCAL bool nntc_levels(levels *l, u32 count, i64 *out, bool *plain) {
    const integers *b = l->block;
    *plain = false;
    if ((b->flags & SPARSE) != 0) return sparse(l, count, out);
    TRY(nntc_tokens(l->tokens, l->some, count));
    const bool near = (b->flags & LOW) == 0 && b->lo < 1 << 30; /* to 0, but for escapes */
    const u8 *escape = (b->flags & ESCAPE) == 0 ? NULL : memchr(l->some, 255, count);
    *plain = near && escape == NULL;
    if (*plain) return true;
    if (near) {
        for (u32 i = 0; i < count; i++) out[i] = b->lo + l->some[i];
        for (; escape != NULL; escape = memchr(escape + 1, 255, (size_t)(l->some + count - escape - 1)))
            TRY(integer(l, 255, &out[escape - l->some]));
        return true;
    }
    for (u32 i = 0; i < count; i++) TRY(integer(l, l->some[i], &out[i]));
    return true;
}

/* After the last element: whether all tokens were used, that is, all positions are elements. */
NNTC_LOCAL bool nntc_levels_end(const levels *l) { return (l->block->flags & SPARSE) == 0 || l->i == l->block->n; }
