/* Clause 9.4, rANS: lanes, contexts, trellis. R-511.
 *
 * Without trellis a segment is one token, so tokens come in coded order, and one place for all lanes is enough. With one,
 * lanes advance side by side, T tokens each; what they give is kept as tiles of up to 16 tokens of up to 16 lanes, a token of
 * each lane after another while the tile is made, and lane after lane when it is done. */
#include "internal.h"

/* next(s, 0), next(s, 1) and q(s) of clause 9.7, for four, eight and 128 states: see nntc_next_state, nntc_quantizer. */
const u8 nntc_next[3][8][2] = {{{0, 2}, {2, 0}, {1, 3}, {3, 1}},
                                {{0, 2}, {5, 7}, {1, 3}, {6, 4}, {2, 0}, {4, 6}, {3, 1}, {7, 5}},
                                {{0, 33}, {83, 114}, {1, 32}, {82, 115}, {2, 35}, {81, 112}, {3, 34}, {80, 113}}};
const u8 nntc_q[3][8] = {{0, 0, 1, 1}, {0, 1, 0, 1, 0, 1, 0, 1}, {0, 1, 0, 1, 0, 1, 0, 1}};

static void put_lane(stream *s, u32 lane, u32 row, u32 column) {
    const record *rec = s->rec;
    s->row[lane] = row;
    s->left[lane] = (rec->row_start != NULL ? rec->row_start[row + 1] - rec->row_start[row] : rec->columns) - column;
    s->row_class[lane] = s->classes[0] == NULL ? 0 : s->classes[0][row];
}

NNTC_LOCAL void nntc_enter_row(stream *s, u32 lane) {
    if (s->row[lane] + 1 < s->rec->head.rows) put_lane(s, lane, s->row[lane] + 1, 0); /* else after the last element */
}

/* Puts a lane at element i. */
static void place_lane(stream *s, u32 lane, u32 i) {
    const record *rec = s->rec;
    if (rec->row_start == NULL) {
        put_lane(s, lane, i / rec->columns, i % rec->columns);
        return;
    }
    u32 low = 0, high = rec->head.rows; /* row_start[low] <= i < row_start[high] */
    while (high - low > 1) {
        u32 middle = low + (high - low) / 2;
        if (rec->row_start[middle] <= i) low = middle;
        else high = middle;
    }
    put_lane(s, lane, low, i - rec->row_start[low]);
}

static u32 column_class(const stream *s, u32 column) {
    const u32 period = s->rec->head.period;
    u32 class = s->classes[1] == NULL ? 0 : s->classes[1][column / period];
    return s->classes[2] == NULL ? class : class + s->classes[2][column % period];
}

/* Context of the element at which a lane is; moves it to the next. */
static inline u32 context(stream *s, u32 lane) {
    u32 sum = s->row_class[lane];
    if (FAST && s->columns_end != NULL) sum += s->columns_end[-(ptrdiff_t)s->left[lane]];
    else if (s->classes[1] != NULL || s->classes[2] != NULL) sum += column_class(s, s->rec->columns - s->left[lane]);
    if (--s->left[lane] == 0) nntc_enter_row(s, lane);
    return sum < s->contexts - 1 ? sum : s->contexts - 1;
}

static inline bool is_fast(const stream *s) { return FAST && s->fast != NULL; }

/* Step c: the token of a lane's state, which it leaves. */
static inline u32 token_of(bool fast, const void *tables, u32 table, u32 *x) {
    u32 slot = *x & 4095, v, start;
    if (fast) {
        const fast_table *t = (const fast_table *)tables + table;
        v = t->token[slot];
        *x = (t->packed[v] & 0xFFFF) * (*x >> 12) + slot - (t->packed[v] >> 16);
        return v;
    }
    const small_table *t = (const small_table *)tables + table;
    for (v = t->first[slot >> 6]; t->end[v] <= slot;) v++;
    start = v == 0 ? 0 : t->end[v - 1];
    *x = (t->end[v] - start) * (*x >> 12) + slot - start;
    return v;
}

/* Step d, where a word is left and at hand, whether it is needed or not. */
static inline const u8 *renew(u32 *x, const u8 *words) {
    u32 word = (u32)words[0] | (u32)words[1] << 8, more = *x < 65536;
    *x = more != 0 ? *x << 16 | word : *x;
    return words + 2 * more;
}

/* Step d, where that is not known. */
static bool renew_if_left(stream *s, u32 *x) {
    const u8 *word;
    if (*x >= 65536) return true;
    if (s->in.at == s->end) s->failed = NNTC_E_ENTROPY;
    if (s->in.at == s->end || !nntc_bytes(&s->in, 2, &word)) return false;
    *x = *x << 16 | (u32)word[0] | (u32)word[1] << 8;
    return true;
}

/* The words, if so many are left and at hand, else NULL. */
static const u8 *words_at_hand(stream *s, u64 bytes) {
    reader *in = &s->in;
    u64 from = in->at - in->begin;
    if (s->end - in->at < bytes) return NULL;
    if (from <= in->held && in->held - from >= bytes) return in->data + from;
    return bytes > in->room_size ? NULL : nntc_fill(in, in->at);
}

static void words_taken(stream *s, const u8 *words) { s->in.at = s->in.begin + (u64)(words - s->in.data); }

/* Tokens of lanes in turn, as words are at hand for all of them; classes: of the columns, or NULL if the context is the same. */
static inline const u8 *run_of_tokens(stream *s, bool fast, const u8 *words, u32 class, const u8 *classes, u8 *restrict out, u32 count) {
    const void *const tables = fast ? (const void *)s->fast : s->tables;
    u32 *const states = s->x, lanes = s->lanes, most = s->contexts - 1, lane = s->lane;
    for (u32 i = 0; i < count; i++) {
        u32 x = states[lane], sum = classes == NULL ? class : class + classes[i];
        out[i] = (u8)token_of(fast, tables, sum < most ? sum : most, &x);
        words = renew(&x, words);
        states[lane] = x;
        if (++lane == lanes) lane = 0;
    }
    s->lane = lane;
    return words;
}

static bool one_token(stream *s, u32 table, u32 *x, u8 *token) {
    *token = (u8)(is_fast(s) ? token_of(true, s->fast, table, x) : token_of(false, s->tables, table, x));
    return renew_if_left(s, x);
}

/* Without trellis: count tokens whose contexts are class, and classes one after another. */
static bool some_tokens(stream *s, u32 class, const u8 *classes, u8 *out, u32 count) {
    const u8 *words = words_at_hand(s, 2 * (u64)count);
    const u32 most = s->contexts - 1;
    if (words != NULL) {
        if (!is_fast(s)) words = run_of_tokens(s, false, words, class, classes, out, count);
        else if (classes == NULL) words = run_of_tokens(s, true, words, class, NULL, out, count);
        else words = run_of_tokens(s, true, words, class, classes, out, count);
        words_taken(s, words);
        return true;
    }
    for (u32 i = 0; i < count; i++) {
        u32 sum = classes == NULL ? class : class + classes[i];
        TRY(one_token(s, sum < most ? sum : most, &s->x[s->lane], &out[i]));
        if (++s->lane == s->lanes) s->lane = 0;
    }
    return true;
}

/* The same for the next ones of the row of lane 0: all that are left of it, or of a channel; at most *count. */
static bool tokens_of_row(stream *s, u8 *out, u32 *count) {
    const record *rec = s->rec;
    u32 class = s->row_class[0], column = rec->columns - s->left[0], position;
    const u8 *classes = !FAST || s->columns_end == NULL ? NULL : s->columns_end - s->left[0];
    if (*count > s->left[0]) *count = s->left[0];
    if (classes == NULL && (s->classes[1] != NULL || s->classes[2] != NULL)) {
        position = column % rec->head.period;
        if (*count > rec->head.period - position) *count = rec->head.period - position;
        if (s->classes[1] != NULL) class += s->classes[1][column / rec->head.period];
        if (s->classes[2] != NULL) classes = s->classes[2] + position;
    }
    TRY(some_tokens(s, class, classes, out, *count));
    if ((s->left[0] -= *count) == 0) nntc_enter_row(s, 0);
    return true;
}

static bool plain_tokens(stream *s, u8 *out, u32 count) {
    if (s->contexts == 1) return some_tokens(s, 0, NULL, out, count);
    if (s->taken == 0) place_lane(s, 0, 0);
    for (u32 done = 0, some; done < count; done += some) {
        some = count - done;
        TRY(tokens_of_row(s, out + done, &some));
    }
    return true;
}

static inline bool trellis_step(stream *s, bool fast, const void *tables, const u8 *words, u32 active, u8 *restrict tile, u32 k) {
    const u32 kind = s->trellis;
    const bool contexts = s->contexts > 1;
    u32 *const states = s->x, batch = s->batch, steps = s->steps;
    u8 *const trellis = s->state;
    for (u32 group = 0; group < active; group += 16) {
        u32 lanes = active - group < 16 ? active - group : 16, width = batch - group < 16 ? batch - group : 16;
        u8 *tokens = tile + (size_t)group * steps + (size_t)k * width;
        for (u32 i = 0; i < lanes; i++) {
            u32 l = group + i, x = states[l], c = contexts ? context(s, l) : 0;
            u32 v = token_of(fast, tables, 2 * c + nntc_quantizer(kind, trellis[l]), &x);
            if (words != NULL) words = renew(&x, words);
            else TRY(renew_if_left(s, &x));
            states[l] = x;
            trellis[l] = (u8)nntc_next_state(kind, trellis[l], v);
            tokens[i] = (u8)v;
        }
    }
    if (words != NULL) words_taken(s, words);
    return true;
}

static bool any_step(stream *s, u32 active, u8 *tile, u32 k) {
    const u8 *words = words_at_hand(s, 2 * (u64)active);
    if (!is_fast(s)) return trellis_step(s, false, s->tables, words, active, tile, k);
    if (words == NULL || s->rec->nntc->trellis_step == NULL) return trellis_step(s, true, s->fast, words, active, tile, k);
    const u64 left = s->in.held - (u64)(words - s->in.data); /* at hand */
    words_taken(s, s->rec->nntc->trellis_step(s, words, words + (left < s->end - s->in.at ? left : s->end - s->in.at), active, tile, k));
    return true;
}

/* Lane after lane. */
static void turn_tile(u8 *tile, u32 steps, u32 lanes) {
    u8 before[256];
    memcpy(before, tile, (size_t)steps * lanes);
    if (steps == 16 && lanes == 16) /* sizes that are known shape the loops */
        for (u32 l = 0; l < 16; l++)
            for (u32 k = 0; k < 16; k++) tile[16 * l + k] = before[16 * k + l];
    else
        for (u32 l = 0; l < lanes; l++)
            for (u32 k = 0; k < steps; k++) tile[steps * l + k] = before[lanes * k + l];
}

/* One segment of each lane. */
static bool next_batch(stream *s, u32 begin) {
    const u32 segment = s->segment, left = s->n - begin;
    const u32 segments = left / segment + (left % segment != 0);
    s->batch = segments < s->lanes ? segments : s->lanes;
    const u32 of_last = left < (u64)s->batch * segment ? left - (s->batch - 1) * segment : segment; /* tokens of the last lane */
    for (u32 l = 0; l < s->batch; l++) {
        s->state[l] = 0;
        if (s->contexts > 1) place_lane(s, l, begin + l * segment);
    }
    for (u32 from = 0; from < segment; from += s->steps) {
        s->steps = segment - from < 16 ? segment - from : 16;
        u8 *tile = s->tokens + (size_t)from * s->batch;
        for (u32 k = 0; k < s->steps; k++) TRY(any_step(s, from + k < of_last ? s->batch : s->batch - 1, tile, k));
        for (u32 l = 0; l < s->batch; l += 16) turn_tile(tile + (size_t)l * s->steps, s->steps, s->batch - l < 16 ? s->batch - l : 16);
    }
    s->at_lane = s->at_token = 0;
    return true;
}

static bool trellis_tokens(stream *s, u8 *out, u32 count) {
    const u32 segment = s->segment;
    for (u32 done = 0, some; done < count; done += some) {
        if (s->at_lane == s->batch) TRY(next_batch(s, s->taken + done));
        u32 from = s->at_token & ~15u, steps = segment - from < 16 ? segment - from : 16, k = s->at_token - from;
        const u8 *tokens = s->tokens + (size_t)from * s->batch + (size_t)s->at_lane * steps + k;
        some = steps - k < count - done ? steps - k : count - done;
        if (some == 16) memcpy(out + done, tokens, 16);
        else memcpy(out + done, tokens, some);
        s->at_token += some;
        if (s->at_token == segment) {
            s->at_token = 0;
            s->at_lane++;
        }
    }
    return true;
}

NNTC_LOCAL bool nntc_rans_tokens(stream *s, u8 *out, u32 count) {
    return s->trellis != 0 ? trellis_tokens(s, out, count) : plain_tokens(s, out, count);
}

NNTC_LOCAL bool nntc_rans_ended(const stream *s) { /* step 4 */
    for (u32 l = 0; l < s->lanes; l++)
        if (s->x[l] != 65536) return false;
    return s->in.at == s->end;
}
