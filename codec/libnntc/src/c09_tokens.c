/* Clause 9.4: tokens of symbol data (phase 3).. */
#include "internal.h"

/* next(s, 0), next(s, 1) and q(s) of clause 9.7, for four and eight states. */
const u8 nntc_next[2][8][2] = {{{0, 2}, {2, 0}, {1, 3}, {3, 1}}, {{0, 2}, {5, 7}, {1, 3}, {6, 4}, {2, 0}, {4, 6}, {3, 1}, {7, 5}}};
const u8 nntc_q[2][8] = {{0, 0, 1, 1}, {0, 1, 0, 1, 0, 1, 0, 1}};

static bool packed_tokens(reader *r, const plain *p, u8 *out) {
    if (!nntc_padded(p->data, (u64)p->n * p->width)) return nntc_fail(r, NNTC_E_PADDING, p->at);
    for (u32 i = 0; i < p->n; i++) out[i] = (u8)nntc_field(p->data, i, p->width);
    return true;
}

/* Table of the next 15 bits: token << 4 | length; length 0 where they begin no code. */
static void huffman_codes(const reader *r, const plain *p, u16 *codes) {
    const u8 *lengths = r->data + p->at + 2;
    u32 end = 0; /* codes ascend with length and token, so their stretches of the table follow each other */
    for (u32 length = 1; length <= 15; length++)
        for (u32 i = 0; i <= p->last; i++)
            if (nntc_field(lengths, i, 4) == length)
                for (u32 k = 0; k < 1u << (15 - length); k++) codes[end++] = (u16)((p->first + i) << 4 | length);
    while (end < 1u << 15) codes[end++] = 0;
}

static bool huffman_tokens(const buffers *b, reader *r, const plain *p, u8 *out) {
    reader lengths = *r;
    const u8 *data = p->data;
    lengths.at = p->lane_lengths;
    huffman_codes(r, p, b->codes);
    for (u32 l = 0; l < p->lanes; l++) {
        u64 size = 0, at = 0;
        u32 held = 0, bits = 0; /* the low `held` bits of bits come next */
        TRY(nntc_varint(&lengths, &size));
        for (u32 i = l; i < p->n; i += p->lanes) {
            while (held < 15 && at < size) {
                bits = bits << 8 | data[at++];
                held += 8;
            }
            u32 window = (held >= 15 ? bits >> (held - 15) : bits << (15 - held)) & 0x7FFF;
            u32 length = b->codes[window] & 15;
            if (length == 0 || length > held) return nntc_fail(r, NNTC_E_ENTROPY, p->at);
            out[i] = (u8)(b->codes[window] >> 4);
            held -= length;
            bits &= (1u << held) - 1;
        }
        if (at < size || held >= 8 || bits != 0) return nntc_fail(r, NNTC_E_ENTROPY, p->at);
        data += size;
    }
    return true;
}

static bool build_tables(const record *rec, const buffers *b, reader *r, const plain *p) {
    u64 bit = p->run * 8;
    u32 freq[256];
    reader shared = nntc_reader(rec->nntc->tables, rec->nntc->tables_size, 0);
    for (u32 t = 0; t < p->tables; t++) {
        decoding_table *table = &b->tables[t];
        u32 start = 0;
        if ((p->mode & 2) != 0) {
            bit = rec->nntc->table_at[p->base + t];
            TRY(nntc_frequencies(&shared, 0, &bit, freq));
        } else TRY(nntc_frequencies(r, p->run, &bit, freq));
        for (u32 v = 0; v < 256; v++) {
            table->packed[v] = freq[v] | start << 16;
            if (freq[v] != 0) memset(table->token + start, (int)v, freq[v]);
            start += freq[v];
        }
    }
    return true;
}

static bool class_tokens(const record *rec, const buffers *b, reader *r, const symbols *block) {
    for (u32 k = 0; k < 3; k++) {
        const class_list *list = &block->classes[k];
        symbols own;
        if (list->count == 0) continue;
        memset(b->classes[k], 0, list->count);
        if (!list->present) continue;
        memset(&own, 0, sizeof own);
        own.main = list->tokens;
        TRY(nntc_tokens(rec, b, r, &own, b->classes[k]));
        for (u32 i = 0; i < list->count; i++)
            if (b->classes[k][i] > 63) return nntc_fail(r, NNTC_E_RANGE, list->at); /* */
    }
    if (rec->head.view_kind != 2)
        for (u32 j = 0; j < rec->columns; j++)
            b->column_class[j] = (u8)(b->classes[1][j / rec->head.period] + b->classes[2][j % rec->head.period]);
    return true;
}

NNTC_LOCAL void nntc_enter_row(const record *rec, const buffers *b, u32 lane, u32 row) {
    if (row >= rec->head.rows) return; /* after the last element */
    b->lanes.row[lane] = row;
    b->lanes.size[lane] = rec->head.view_kind == 2 ? b->row_start[row + 1] - b->row_start[row] : rec->columns;
    b->lanes.row_class[lane] = b->classes[0][row];
}

/* Puts a lane at element i. */
static void place_lane(const record *rec, const buffers *b, u32 lane, u32 i) {
    u32 low = 0, high = rec->head.rows; /* row_start[low] <= i < row_start[high] */
    if (rec->head.view_kind != 2) {
        b->lanes.column[lane] = i % rec->columns;
        nntc_enter_row(rec, b, lane, i / rec->columns);
        return;
    }
    while (high - low > 1) {
        u32 middle = low + (high - low) / 2;
        if (b->row_start[middle] <= i) low = middle;
        else high = middle;
    }
    b->lanes.column[lane] = i - b->row_start[low];
    nntc_enter_row(rec, b, lane, low);
}

/* Context of the element at which a lane is; moves it to the next. */
static inline u32 context(const record *rec, const buffers *b, const plain *p, u32 lane) {
    const lane_arrays *at = &b->lanes;
    u32 sum = at->row_class[lane] + (b->column_class == NULL ? 0u : b->column_class[at->column[lane]]);
    if (++at->column[lane] == at->size[lane]) {
        at->column[lane] = 0;
        nntc_enter_row(rec, b, lane, at->row[lane] + 1);
    }
    return sum < p->contexts - 1 ? sum : p->contexts - 1;
}

typedef struct word_source {
    const u8 *next, *end;
} word_source;

static inline bool words_left(const word_source *w, u32 count) { return (u64)(w->end - w->next) >= 2 * (u64)count; }

/* sure: a word is left, so that it can be read before it is known whether it is needed. */
static inline bool step(u32 *state, const decoding_table *t, word_source *w, bool sure, u8 *token) {
    u32 slot = *state & 4095, v = t->token[slot], packed_entry = t->packed[v];
    u32 x = (packed_entry & 0xFFFF) * (*state >> 12) + slot - (packed_entry >> 16);
    *token = (u8)v;
    if (sure) {
        u32 word = (u32)w->next[0] | (u32)w->next[1] << 8, more = x < 65536;
        *state = more != 0 ? x << 16 | word : x;
        w->next += 2 * more;
        return true;
    }
    *state = x;
    if (x < 65536) {
        if (w->next == w->end) return false;
        *state = x << 16 | (u32)w->next[0] | (u32)w->next[1] << 8;
        w->next += 2;
    }
    return true;
}

/* Without trellis a segment is one token: tokens come in coded order, and one place for all lanes is enough. */
static bool rans_plain(const record *rec, const buffers *b, const plain *p, word_source *w, u8 *out) {
    if (p->contexts > 1) place_lane(rec, b, 0, 0);
    for (u32 i = 0; i < p->n;) {
        u32 lanes = p->n - i < p->lanes ? p->n - i : p->lanes;
        bool sure = words_left(w, lanes);
        for (u32 l = 0; l < lanes; l++, i++) {
            u32 c = p->contexts > 1 ? context(rec, b, p, 0) : 0;
            TRY(step(&b->lanes.x[l], &b->tables[c], w, sure, &out[i]));
        }
    }
    return true;
}

static inline bool trellis_step(const record *rec, const buffers *b, const plain *p, word_source *w, u32 active, bool sure, u8 *tokens) {
    const u8(*next)[2] = nntc_next[(rec->flags & 3) - 1], *quantizer = nntc_q[(rec->flags & 3) - 1];
    for (u32 l = 0; l < active; l++) {
        u32 c = p->contexts > 1 ? context(rec, b, p, l) : 0, state = b->lanes.state[l];
        TRY(step(&b->lanes.x[l], &b->tables[2 * c + quantizer[state]], w, sure, &tokens[l]));
        b->lanes.state[l] = next[state][tokens[l] & 1u];
    }
    return true;
}

/* count tokens of each lane, from `from` of its segment on: staging has the lanes of a step side by side. */
static void unstage(const u8 *staging, u32 padded, u32 lanes, u32 segment, u32 from, u32 count, u32 last_count, u8 *out) {
    u8 block[16][16];
    for (u32 l = 0; l < lanes; l++) {
        if (l % 16 == 0)
            for (u32 k = 0; k < 16; k++)
                for (u32 i = 0; i < 16; i++) block[i][k] = staging[(size_t)k * padded + l + i];
        memcpy(out + (u64)l * segment + from, block[l % 16], l + 1 < lanes ? count : last_count);
    }
}

/* With one, lanes advance side by side, T tokens each. */
static bool rans_trellis(const record *rec, const buffers *b, const plain *p, word_source *w, u8 *out) {
    u32 segment = p->segment, padded = (p->lanes + 15) & ~15u;
    memset(b->staging, 0, (size_t)padded * 16);
    for (u64 begin = 0; begin < p->n; begin += (u64)p->lanes * segment) {
        u64 left = p->n - begin;
        u32 lanes = left / segment < p->lanes ? (u32)(left / segment + (left % segment != 0)) : p->lanes;
        u32 short_one = left < (u64)lanes * segment ? (u32)(left % segment) : segment; /* tokens of the last lane */
        for (u32 l = 0; l < lanes; l++) {
            b->lanes.state[l] = 0;
            if (p->contexts > 1) place_lane(rec, b, l, (u32)(begin + (u64)l * segment));
        }
        for (u32 k = 0; k < segment; k++) {
            u32 active = k < short_one ? lanes : lanes - 1, from = k - k % 16;
            u8 *tokens = b->staging + (size_t)(k % 16) * padded;
            if (!words_left(w, active)) TRY(trellis_step(rec, b, p, w, active, false, tokens));
            else if (rec->nntc->trellis_step != NULL) w->next = rec->nntc->trellis_step(rec, b, p, w->next, w->end, active, tokens);
            else trellis_step(rec, b, p, w, active, true, tokens);
            if (k % 16 == 15 || k + 1 == segment)
                unstage(b->staging, padded, lanes, segment, from, k + 1 - from,
                        k < short_one ? k + 1 - from : short_one > from ? short_one - from : 0, out + begin);
        }
    }
    return true;
}

static bool rans_tokens(const record *rec, const buffers *b, reader *r, const symbols *block, u8 *out) {
    const plain *p = &block->main;
    word_source w = {p->words, p->words + 2 * p->word_count};
    if (p->contexts > 1) TRY(class_tokens(rec, b, r, block));
    TRY(build_tables(rec, b, r, p));
    for (u32 l = 0; l < p->lanes; l++) b->lanes.x[l] = nntc_load32(p->states + 4 * (size_t)l);
    bool ok = p->trellis ? rans_trellis(rec, b, p, &w, out) : rans_plain(rec, b, p, &w, out);
    for (u32 l = 0; ok && l < p->lanes; l++) ok = b->lanes.x[l] == 65536;
    return (ok && w.next == w.end) || nntc_fail(r, NNTC_E_ENTROPY, p->at); /* */
}

NNTC_LOCAL bool nntc_tokens(const record *rec, const buffers *b, reader *r, const symbols *block, u8 *out) {
    const plain *p = &block->main;
    const nntc_coders *coders = &rec->nntc->limits.coders;
    nntc_id id;
    switch (p->coder) {
    case 0: return packed_tokens(r, p, out);
    case 1: return rans_tokens(rec, b, r, block, out);
    case 2: return huffman_tokens(b, r, p, out);
    case 3: id = nntc_bzip2_stream(coders, p->data, p->size, out, p->n); break;
    default: id = nntc_zstd_frame(coders, p->data, p->size, out, p->n, (u64)1 << 23); break;
    }
    return id == NNTC_OK || nntc_fail(r, id, p->at); /* */
}
