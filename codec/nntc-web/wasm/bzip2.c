/* A bzip2 stream to exactly n bytes (SPEC.md 3.7, R-016). What libbzip2 1.0.8 takes is taken, but for randomised blocks. */
#include "coders.h"
#include "runtime.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TRY(call) do { if (!(call)) return false; } while (0)
enum { SYMBOLS = 258, TABLES = 6, LONGEST = 20, GROUP = 50, SELECTORS = 18002, BLOCK = 100000 };

typedef struct table { /* codes of a length are in order; limit is the last one */
    int32_t limit[LONGEST + 3], base[LONGEST + 3];
    uint16_t symbol[SYMBOLS];
    uint32_t shortest;
} table;

typedef struct stream {
    const unsigned char *next, *end;
    uint64_t bits;
    uint32_t held;
    unsigned char *out;
    size_t made, room;
    uint32_t crc_table[256];
    uint32_t most;        /* bytes of a block */
    uint32_t used;        /* different bytes in it */
    uint32_t selectors, tables;
    unsigned char byte_of[256], selector[SELECTORS], length[SYMBOLS];
    table table[TABLES];
    uint32_t counts[256];
    uint32_t *sorted;     /* of each place: byte, and in the upper 24 bits the place of what follows */
} stream;

static bool take(stream *s, uint32_t count, uint32_t *value) { /* at most 24 */
    while (s->held < count) {
        if (s->next == s->end) return false;
        s->bits = s->bits << 8 | *s->next++;
        s->held += 8;
    }
    s->held -= count;
    *value = (uint32_t)(s->bits >> s->held) & ((1u << count) - 1);
    return true;
}

static bool take_word(stream *s, uint32_t *value) {
    uint32_t high, low;
    TRY(take(s, 16, &high) && take(s, 16, &low));
    *value = high << 16 | low;
    return true;
}

static void make_table(table *t, const unsigned char *length, uint32_t count) {
    uint32_t longest = 0, at = 0;
    int32_t code = 0;
    memset(t, 0, sizeof *t);
    t->shortest = 32;
    for (uint32_t i = 0; i < count; i++) {
        if (length[i] > longest) longest = length[i];
        if (length[i] < t->shortest) t->shortest = length[i];
        t->base[length[i] + 1]++;
    }
    for (uint32_t size = t->shortest; size <= longest; size++)
        for (uint32_t i = 0; i < count; i++)
            if (length[i] == size) t->symbol[at++] = (uint16_t)i;
    for (uint32_t size = 1; size < LONGEST + 3; size++) t->base[size] += t->base[size - 1];
    for (uint32_t size = t->shortest; size <= longest; size++) {
        code += t->base[size + 1] - t->base[size];
        t->limit[size] = code - 1;
        code *= 2;
    }
    for (uint32_t size = t->shortest + 1; size <= longest; size++) t->base[size] = (t->limit[size - 1] + 1) * 2 - t->base[size];
}

static bool take_symbol(stream *s, const table *t, uint32_t *symbol) {
    uint32_t size = t->shortest, code, bit;
    TRY(take(s, size, &code));
    while ((int32_t)code > t->limit[size]) {
        if (++size > LONGEST) return false;
        TRY(take(s, 1, &bit));
        code = code << 1 | bit;
    }
    const int64_t at = (int64_t)code - t->base[size];
    if (at < 0 || at >= SYMBOLS) return false;
    *symbol = t->symbol[at];
    return true;
}

static bool take_bytes_used(stream *s) {
    uint32_t rows, row;
    s->used = 0;
    TRY(take(s, 16, &rows));
    for (uint32_t i = 0; i < 16; i++) {
        if ((rows >> (15 - i) & 1) == 0) continue;
        TRY(take(s, 16, &row));
        for (uint32_t k = 0; k < 16; k++)
            if ((row >> (15 - k) & 1) != 0) s->byte_of[s->used++] = (unsigned char)(16 * i + k);
    }
    return s->used > 0;
}

static bool take_selectors(stream *s) {
    unsigned char order[TABLES] = {0, 1, 2, 3, 4, 5};
    uint32_t bit;
    TRY(take(s, 3, &s->tables) && take(s, 15, &s->selectors));
    if (s->tables < 2 || s->tables > TABLES || s->selectors == 0) return false;
    for (uint32_t i = 0; i < s->selectors; i++) {
        uint32_t at = 0;
        for (;;) {
            TRY(take(s, 1, &bit));
            if (bit == 0) break;
            if (++at >= s->tables) return false;
        }
        const unsigned char first = order[at];
        memmove(order + 1, order, at);
        order[0] = first;
        if (i < SELECTORS) s->selector[i] = first;
    }
    if (s->selectors > SELECTORS) s->selectors = SELECTORS;
    return true;
}

static bool take_tables(stream *s) {
    uint32_t length, bit;
    for (uint32_t i = 0; i < s->tables; i++) {
        TRY(take(s, 5, &length));
        for (uint32_t k = 0; k < s->used + 2; k++) {
            for (;;) {
                if (length < 1 || length > LONGEST) return false;
                TRY(take(s, 1, &bit));
                if (bit == 0) break;
                TRY(take(s, 1, &bit));
                length = bit == 0 ? length + 1 : length - 1;
            }
            s->length[k] = (unsigned char)length;
        }
        make_table(&s->table[i], s->length, s->used + 2);
    }
    return true;
}

/* Bytes of the last column, with their counts. */
static bool take_column(stream *s, uint32_t *size) {
    uint32_t symbol = 0, group = 0, left = 0, count = 0;
    uint64_t run = 0, weight = 1;
    const table *t = NULL;
    unsigned char order[256];
    memset(s->counts, 0, sizeof s->counts);
    memcpy(order, s->byte_of, sizeof order);
    for (;;) {
        if (left == 0) {
            if (group == s->selectors) return false;
            t = &s->table[s->selector[group++]];
            left = GROUP;
        }
        left--;
        TRY(take_symbol(s, t, &symbol));
        if (symbol <= 1) {
            if (weight >= 2u << 20) return false;
            run += weight << symbol;
            weight *= 2;
            continue;
        }
        if (run > s->most - count) return false;
        s->counts[order[0]] += (uint32_t)run;
        for (; run > 0; run--) s->sorted[count++] = order[0];
        weight = 1;
        if (symbol == s->used + 1) break;
        if (count == s->most) return false;
        const unsigned char byte = order[symbol - 1];
        memmove(order + 1, order, symbol - 1);
        order[0] = byte;
        s->counts[byte]++;
        s->sorted[count++] = byte;
    }
    *size = count;
    return true;
}

static bool put(stream *s, unsigned char byte, uint32_t count, uint32_t *crc) {
    if (count > s->room - s->made) return false;
    for (; count > 0; count--) {
        s->out[s->made++] = byte;
        *crc = *crc << 8 ^ s->crc_table[*crc >> 24 ^ byte];
    }
    return true;
}

static bool put_block(stream *s, uint32_t size, uint32_t first, uint32_t *crc) {
    uint32_t sum = 0, same = 0;
    int before = -1;
    if (first >= size) return false;
    for (uint32_t i = 0; i < 256; i++) {
        const uint32_t count = s->counts[i];
        s->counts[i] = sum;
        sum += count;
    }
    for (uint32_t i = 0; i < size; i++) s->sorted[s->counts[s->sorted[i] & 255]++] |= i << 8;
    uint32_t at = s->sorted[first] >> 8;
    *crc = 0xFFFFFFFF;
    for (uint32_t i = 0; i < size; i++) {
        const uint32_t entry = s->sorted[at];
        const unsigned char byte = (unsigned char)entry;
        at = entry >> 8;
        if (same == 4) { /* how many more of the four before */
            TRY(put(s, (unsigned char)before, byte, crc));
            same = 0;
            before = -1;
            continue;
        }
        same = byte == before ? same + 1 : 1;
        before = byte;
        TRY(put(s, byte, 1, crc));
    }
    *crc = ~*crc;
    return same < 4;
}

static bool block(stream *s, uint32_t *combined) {
    uint32_t stored, random, first, size, found;
    TRY(take_word(s, &stored) && take(s, 1, &random) && take(s, 24, &first));
    if (random != 0) return false;
    TRY(take_bytes_used(s) && take_selectors(s) && take_tables(s) && take_column(s, &size) && put_block(s, size, first, &found));
    *combined = (*combined << 1 | *combined >> 31) ^ found;
    return found == stored;
}

static bool all(stream *s) {
    uint32_t high, low, combined = 0, stored, level;
    TRY(take(s, 24, &high) && take(s, 8, &level));
    if (high != 0x425A68 || level < '1' || level > '9') return false;
    s->most = BLOCK * (level - '0');
    for (;;) {
        TRY(take(s, 24, &high) && take(s, 24, &low));
        if (high == 0x177245 && low == 0x385090) break;
        if (high != 0x314159 || low != 0x265359) return false;
        TRY(block(s, &combined));
    }
    TRY(take_word(s, &stored));
    return stored == combined && s->next == s->end && s->made == s->room; /* less than a byte is held */
}

int web_bzip2(const void *src, size_t length, void *dst, size_t n) {
    static stream *s; /* made when it is first needed */
    static uint32_t *sorted;
    if (s == NULL) s = web_take(sizeof *s);
    if (sorted == NULL) sorted = web_take(9 * BLOCK * sizeof *sorted);
    if (s == NULL || sorted == NULL) return -1;
    memset(s, 0, sizeof *s);
    s->next = src;
    s->end = s->next + length;
    s->out = dst;
    s->room = n;
    s->sorted = sorted;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i << 24;
        for (int k = 0; k < 8; k++) crc = crc << 1 ^ (crc >> 31 != 0 ? 0x04C11DB7u : 0);
        s->crc_table[i] = crc;
    }
    return all(s) ? 0 : 1;
}
