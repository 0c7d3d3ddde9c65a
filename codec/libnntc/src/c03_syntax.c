/* Clause 3: fields, varints, bit runs, CRC-32.. */
#include "internal.h"

NNTC_LOCAL reader nntc_reader(const u8 *data, u64 size, u64 base) {
    reader r = {data, 0, size, base, NNTC_E_TRUNCATED, false, {NNTC_OK, 0}};
    return r;
}

NNTC_LOCAL bool nntc_fail(reader *r, nntc_id id, u64 at) {
    r->error.id = id;
    r->error.offset = r->fixed ? r->base : r->base + at; /* */
    return false;
}

NNTC_LOCAL bool nntc_bytes(reader *r, u64 count, const u8 **bytes) {
    if (count > r->size - r->at) return nntc_fail(r, r->short_id, r->at); /* */
    *bytes = r->data + r->at;
    r->at += count;
    return true;
}

NNTC_LOCAL bool nntc_u8(reader *r, u32 *value) {
    const u8 *p;
    TRY(nntc_bytes(r, 1, &p));
    *value = p[0];
    return true;
}

NNTC_LOCAL u32 nntc_load32(const u8 *p) {
    return (u32)p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

NNTC_LOCAL bool nntc_u32(reader *r, u32 *value) {
    const u8 *p;
    TRY(nntc_bytes(r, 4, &p));
    *value = nntc_load32(p);
    return true;
}

NNTC_LOCAL bool nntc_varint(reader *r, u64 *value) { /* clause 3.4, R-013 */
    u64 start = r->at, sum = 0;
    for (u32 shift = 0;; shift += 7) {
        if (r->at == r->size) return nntc_fail(r, r->short_id, start);
        u32 b = r->data[r->at++];
        sum += (u64)(b & 127) << shift;
        if (b >= 128) {
            if (shift == 56) return nntc_fail(r, NNTC_E_VARINT, start);
            continue;
        }
        if (b == 0 && shift > 0) return nntc_fail(r, NNTC_E_VARINT, start);
        *value = sum;
        return true;
    }
}

NNTC_LOCAL bool nntc_count(reader *r, u64 least, u64 most, nntc_id id, u64 *value) {
    u64 start = r->at;
    TRY(nntc_varint(r, value));
    if (*value < least || *value > most) return nntc_fail(r, id, start);
    return true;
}

NNTC_LOCAL bool nntc_svarint(reader *r, i64 *value) {
    u64 start = r->at, z;
    TRY(nntc_varint(r, &z));
    i64 half = (i64)(z >> 1);
    *value = (z & 1) != 0 ? -half - 1 : half;
    if (*value > INT32_MAX || *value < -(i64)INT32_MAX) return nntc_fail(r, NNTC_E_LIMIT, start);
    return true;
}

NNTC_LOCAL bool nntc_bits(reader *r, u64 *bit, u32 count, u32 *value) {
    *value = 0;
    for (u32 i = 0; i < count; i++, (*bit)++) {
        u64 byte = *bit >> 3;
        if (byte >= r->size) return nntc_fail(r, r->short_id, byte);
        *value |= ((u32)r->data[byte] >> (*bit & 7) & 1) << i;
    }
    return true;
}

NNTC_LOCAL u32 nntc_field(const u8 *run, u64 i, u32 width) {
    u64 bit = i * width, last = (bit + width - 1) >> 3;
    u32 value = 0;
    for (u64 byte = bit >> 3, shift = 0; byte <= last; byte++, shift += 8) {
        if (shift == 0) value = (u32)run[byte] >> (bit & 7);
        else value |= (u32)run[byte] << (shift - (bit & 7));
    }
    return value & (((u32)1 << width) - 1);
}

NNTC_LOCAL bool nntc_padded(const u8 *run, u64 bits) {
    return (bits & 7) == 0 || run[bits >> 3] >> (bits & 7) == 0;
}

/* Clause 3.8, eight entries of 4 bits: small enough for a device, and fast with the slices that compilers make. */
NNTC_LOCAL u32 nntc_crc32(u32 crc, const u8 *data, size_t length) {
    u32 table[256];
    if (length < 64) {
        crc = ~crc;
        for (size_t i = 0; i < length; i++) {
            crc ^= data[i];
            for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1)));
        }
        return ~crc;
    }
    for (u32 i = 0; i < 256; i++) {
        u32 c = i;
        for (int k = 0; k < 8; k++) c = c >> 1 ^ (0xEDB88320u & (0u - (c & 1)));
        table[i] = c;
    }
    crc = ~crc;
    for (size_t i = 0; i < length; i++) crc = crc >> 8 ^ table[(crc ^ data[i]) & 255];
    return ~crc;
}
