/* SPEC.md 8.7: frequency tables in their bit run. */
#include "table_run.h"

typedef struct bit_source {
    const u8 *data;
    u64 size, at; /* in bits */
} bit_source;

/* `count` bits, at most 12, least significant first; false if they are not there. */
static bool bits(bit_source *s, u32 count, u32 *value) {
    u64 byte = s->at / 8, bit = s->at % 8;
    u32 found = 0;
    if (count > s->size - s->at) return false;
    for (u32 i = 0; i < 3 && byte + i < s->size / 8; i++) found |= (u32)s->data[byte + i] << (8 * i);
    *value = found >> bit & ((1u << count) - 1);
    s->at += count;
    return true;
}

static bool unary(bit_source *s, u32 limit, u32 *value) {
    for (*value = 0; s->at < s->size; ++*value) {
        u32 one = s->data[s->at / 8] >> s->at % 8 & 1u;
        s->at++;
        if (one == 0) return true;
        if (*value == limit) return false;
    }
    return false;
}

static bool read_table(bit_source *s, u8 *first_of, u8 *last_of, u16 *frequencies) {
    u32 first = 0, last = 0, peak = 0, precision = 0, zigzag, mantissa = 0, sum = 0;
    i32 length = 0;
    if (!bits(s, 8, &first) || !bits(s, 8, &last) || !bits(s, 8, &peak) || !bits(s, 4, &precision)) return false;
    if (first + last > 255 || peak > last || precision > 11) return false;
    memset(frequencies, 0, 256 * sizeof *frequencies);
    frequencies += first;
    for (u32 i = 0; i <= last; i++) {
        if (i == peak) continue;
        if (!unary(s, 26, &zigzag)) return false;
        length += zigzag % 2 == 0 ? (i32)(zigzag / 2) : -(i32)(zigzag / 2) - 1;
        if (length < 0 || length > 12) return false;
        if (length == 0) continue;
        u32 below = (u32)length - 1, coded = below < precision ? below : precision;
        if (!bits(s, coded, &mantissa)) return false;
        frequencies[i] = (u16)(((1u << coded) | mantissa) << (below - coded));
        sum += frequencies[i];
    }
    if (sum >= 4096) return false;
    frequencies[peak] = (u16)(4096 - sum);
    *first_of = (u8)first;
    *last_of = (u8)(first + last);
    return frequencies[0] != 0 && frequencies[last] != 0;
}

i64 read_table_run(const u8 *data, u64 size, u32 count, u8 *firsts, u8 *lasts, u16 *frequencies) {
    bit_source s = {data, 8 * size, 0};
    for (u32 t = 0; t < count; t++)
        if (!read_table(&s, firsts + t, lasts + t, frequencies + 256 * (size_t)t)) return -1;
    u64 used = (s.at + 7) / 8;
    if (s.at % 8 != 0 && data[used - 1] >> s.at % 8 != 0) return -1; /* */
    return (i64)used;
}
