/* Clause 3: every field, at every place of a stretch of up to 16 bytes of any content, all of it at hand. */
#include "../src/c03_syntax.c"

#include "__fc_builtin.h"

enum { MOST = 16 };

bool nntc_read(const nntc_source *source, u64 offset, void *dst, u64 length, nntc_error *error) {
    (void)source, (void)offset, (void)dst, (void)length, (void)error;
    return false;
}

static u8 content[MOST];
static nntc_error error;

static reader reader_at(u64 size, u64 place) {
    error.id = NNTC_OK;
    reader r = nntc_reader(content + MOST - size, size, Frama_C_unsigned_long_interval(0, UINT32_MAX), &error);
    r.at = place;
    return r;
}

static void take(u64 size, u64 place) {
    const u8 *found;
    u32 word, sum = 0;
    u64 number;
    i64 value;
    reader r = reader_at(size, place);
    nntc_u8(&r, &word);
    r = reader_at(size, place);
    nntc_u32(&r, &word);
    r = reader_at(size, place);
    nntc_varint(&r, &number);
    r = reader_at(size, place);
    nntc_count(&r, 1, 1000, NNTC_E_LIMIT, &number);
    r = reader_at(size, place);
    nntc_svarint(&r, &value);
    r = reader_at(size, place);
    nntc_wide_svarint(&r, &value);
    r = reader_at(size, place);
    nntc_skip(&r, Frama_C_unsigned_long_interval(0, UINT64_MAX));
    //@ loop unroll 16;
    for (u32 count = 1; count <= MOST; count++) {
        r = reader_at(size, place);
        if (nntc_bytes(&r, count, &found)) sum += (u32)found[0] + found[count - 1];
    }
}

static void take_bits(u64 size, u64 bit) {
    u32 word;
    //@ loop unroll 33;
    for (u32 count = 0; count <= 32; count++) {
        reader r = reader_at(size, 0);
        u64 from = bit;
        nntc_bits(&r, &from, count, &word);
    }
}

/* The first field and the last of a run that fills a stretch as far as it can. */
static void take_fields(u64 size) {
    u32 word;
    //@ loop unroll 31;
    for (u32 width = 1; width <= 31; width++) {
        reader r = reader_at(size, 0);
        if (8 * size < width) continue;
        nntc_field(&r, 0, 0, width, &word);
        nntc_field(&r, 0, 8 * size / width - 1, width, &word);
        nntc_padded(&r, 0, 8 * size / width * width);
    }
}

int main(void) {
    Frama_C_make_unknown((char *)content, sizeof content);
    //@ loop unroll 16;
    for (u64 size = 1; size <= MOST; size++) {
        //@ loop unroll 17;
        for (u64 place = 0; place <= size; place++) take(size, place);
        take_bits(size, 8 * size - 1);
        take_bits(size, 8 * size - 33 < 8 * size ? 8 * size - 33 : 0);
        take_bits(size, 3);
        take_fields(size);
    }
    return 0;
}
