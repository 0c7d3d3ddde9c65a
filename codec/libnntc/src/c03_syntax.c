/* Clause 3: fields, varints, bit runs, CRC-32.. */
#include "internal.h"

NNTC_LOCAL reader nntc_reader(const u8 *data, u64 size, u64 base, nntc_error *error) {
    reader r;
    memset(&r, 0, sizeof r);
    r.data = data;
    r.held = r.size = size;
    r.base = base;
    r.short_id = NNTC_E_TRUNCATED;
    r.error = error;
    return r;
}

NNTC_LOCAL bool nntc_fail(const reader *r, nntc_id id, u64 at) {
    if (r->error->id == NNTC_OK) {
        r->error->id = id;
        r->error->offset = r->fixed ? r->base : r->base + at; /* */
    }
    return false;
}

/* Moves the window so that it begins at a position. */
NNTC_LOCAL const u8 *nntc_fill(reader *r, u64 at) {
    u64 length = r->size - at < r->room_size ? r->size - at : r->room_size;
    r->held = 0;
    if (r->room == NULL || !nntc_read(r->source, r->base + at, r->room, length, r->error)) return NULL;
    r->begin = at;
    r->held = length;
    return r->data = r->room;
}

NNTC_LOCAL void nntc_move_window(reader *r, u8 *block, u64 size) {
    r->data = r->room = block;
    r->room_size = size < UINT32_MAX ? (u32)size : UINT32_MAX;
    r->begin = r->held = 0;
}

NNTC_LOCAL bool nntc_skip(reader *r, u64 count) {
    if (count > r->size - r->at) return nntc_fail(r, r->short_id, r->at); /* */
    r->at += count;
    return true;
}

NNTC_LOCAL bool nntc_bytes(reader *r, u32 count, const u8 **bytes) {
    u64 at = r->at;
    TRY(nntc_skip(r, count));
    *bytes = nntc_look(r, at, count);
    return *bytes != NULL;
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
        const u8 *p = nntc_look(r, r->at, 1);
        if (p == NULL) return false;
        u32 b = p[0];
        r->at++;
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

NNTC_LOCAL bool nntc_wide_svarint(reader *r, i64 *value) {
    u64 z;
    TRY(nntc_varint(r, &z));
    i64 half = (i64)(z >> 1);
    *value = (z & 1) != 0 ? -half - 1 : half;
    return true;
}

NNTC_LOCAL bool nntc_svarint(reader *r, i64 *value) {
    u64 start = r->at;
    TRY(nntc_wide_svarint(r, value));
    if (*value > INT32_MAX || *value < -(i64)INT32_MAX) return nntc_fail(r, NNTC_E_LIMIT, start);
    return true;
}

NNTC_LOCAL bool nntc_bits(reader *r, u64 *bit, u32 count, u32 *value) {
    *value = 0;
    for (u32 i = 0; i < count; i++, (*bit)++) {
        u64 byte = *bit >> 3;
        if (byte >= r->size) return nntc_fail(r, r->short_id, byte);
        const u8 *p = nntc_look(r, byte, 1);
        if (p == NULL) return false;
        *value |= ((u32)p[0] >> (*bit & 7) & 1) << i;
    }
    return true;
}

NNTC_LOCAL bool nntc_field(reader *r, u64 run, u64 i, u32 width, u32 *value) {
    u64 bit = i * width, byte = bit >> 3;
    u32 shift = (u32)(bit & 7), bytes = (shift + width + 7) / 8;
    const u8 *p = nntc_look(r, run + byte, bytes);
    if (p == NULL) return false;
    *value = (u32)p[0] >> shift;
    for (u32 k = 1; k < bytes; k++) *value |= (u32)p[k] << (8 * k - shift);
    *value &= ((u32)1 << width) - 1;
    return true;
}

NNTC_LOCAL bool nntc_padded(reader *r, u64 run, u64 bits) {
    if ((bits & 7) == 0) return true;
    const u8 *p = nntc_look(r, run + (bits >> 3), 1);
    return p != NULL && p[0] >> (bits & 7) == 0;
}

/* Clause 3.8: what a byte does to the remainder. */
static const u32 crc_table[256] = {
    0x00000000, 0x77073096, 0xEE0E612C, 0x990951BA, 0x076DC419, 0x706AF48F, 0xE963A535, 0x9E6495A3,
    0x0EDB8832, 0x79DCB8A4, 0xE0D5E91E, 0x97D2D988, 0x09B64C2B, 0x7EB17CBD, 0xE7B82D07, 0x90BF1D91,
    0x1DB71064, 0x6AB020F2, 0xF3B97148, 0x84BE41DE, 0x1ADAD47D, 0x6DDDE4EB, 0xF4D4B551, 0x83D385C7,
    0x136C9856, 0x646BA8C0, 0xFD62F97A, 0x8A65C9EC, 0x14015C4F, 0x63066CD9, 0xFA0F3D63, 0x8D080DF5,
    0x3B6E20C8, 0x4C69105E, 0xD56041E4, 0xA2677172, 0x3C03E4D1, 0x4B04D447, 0xD20D85FD, 0xA50AB56B,
    0x35B5A8FA, 0x42B2986C, 0xDBBBC9D6, 0xACBCF940, 0x32D86CE3, 0x45DF5C75, 0xDCD60DCF, 0xABD13D59,
    0x26D930AC, 0x51DE003A, 0xC8D75180, 0xBFD06116, 0x21B4F4B5, 0x56B3C423, 0xCFBA9599, 0xB8BDA50F,
    0x2802B89E, 0x5F058808, 0xC60CD9B2, 0xB10BE924, 0x2F6F7C87, 0x58684C11, 0xC1611DAB, 0xB6662D3D,
    0x76DC4190, 0x01DB7106, 0x98D220BC, 0xEFD5102A, 0x71B18589, 0x06B6B51F, 0x9FBFE4A5, 0xE8B8D433,
    0x7807C9A2, 0x0F00F934, 0x9609A88E, 0xE10E9818, 0x7F6A0DBB, 0x086D3D2D, 0x91646C97, 0xE6635C01,
    0x6B6B51F4, 0x1C6C6162, 0x856530D8, 0xF262004E, 0x6C0695ED, 0x1B01A57B, 0x8208F4C1, 0xF50FC457,
    0x65B0D9C6, 0x12B7E950, 0x8BBEB8EA, 0xFCB9887C, 0x62DD1DDF, 0x15DA2D49, 0x8CD37CF3, 0xFBD44C65,
    0x4DB26158, 0x3AB551CE, 0xA3BC0074, 0xD4BB30E2, 0x4ADFA541, 0x3DD895D7, 0xA4D1C46D, 0xD3D6F4FB,
    0x4369E96A, 0x346ED9FC, 0xAD678846, 0xDA60B8D0, 0x44042D73, 0x33031DE5, 0xAA0A4C5F, 0xDD0D7CC9,
    0x5005713C, 0x270241AA, 0xBE0B1010, 0xC90C2086, 0x5768B525, 0x206F85B3, 0xB966D409, 0xCE61E49F,
    0x5EDEF90E, 0x29D9C998, 0xB0D09822, 0xC7D7A8B4, 0x59B33D17, 0x2EB40D81, 0xB7BD5C3B, 0xC0BA6CAD,
    0xEDB88320, 0x9ABFB3B6, 0x03B6E20C, 0x74B1D29A, 0xEAD54739, 0x9DD277AF, 0x04DB2615, 0x73DC1683,
    0xE3630B12, 0x94643B84, 0x0D6D6A3E, 0x7A6A5AA8, 0xE40ECF0B, 0x9309FF9D, 0x0A00AE27, 0x7D079EB1,
    0xF00F9344, 0x8708A3D2, 0x1E01F268, 0x6906C2FE, 0xF762575D, 0x806567CB, 0x196C3671, 0x6E6B06E7,
    0xFED41B76, 0x89D32BE0, 0x10DA7A5A, 0x67DD4ACC, 0xF9B9DF6F, 0x8EBEEFF9, 0x17B7BE43, 0x60B08ED5,
    0xD6D6A3E8, 0xA1D1937E, 0x38D8C2C4, 0x4FDFF252, 0xD1BB67F1, 0xA6BC5767, 0x3FB506DD, 0x48B2364B,
    0xD80D2BDA, 0xAF0A1B4C, 0x36034AF6, 0x41047A60, 0xDF60EFC3, 0xA867DF55, 0x316E8EEF, 0x4669BE79,
    0xCB61B38C, 0xBC66831A, 0x256FD2A0, 0x5268E236, 0xCC0C7795, 0xBB0B4703, 0x220216B9, 0x5505262F,
    0xC5BA3BBE, 0xB2BD0B28, 0x2BB45A92, 0x5CB36A04, 0xC2D7FFA7, 0xB5D0CF31, 0x2CD99E8B, 0x5BDEAE1D,
    0x9B64C2B0, 0xEC63F226, 0x756AA39C, 0x026D930A, 0x9C0906A9, 0xEB0E363F, 0x72076785, 0x05005713,
    0x95BF4A82, 0xE2B87A14, 0x7BB12BAE, 0x0CB61B38, 0x92D28E9B, 0xE5D5BE0D, 0x7CDCEFB7, 0x0BDBDF21,
    0x86D3D2D4, 0xF1D4E242, 0x68DDB3F8, 0x1FDA836E, 0x81BE16CD, 0xF6B9265B, 0x6FB077E1, 0x18B74777,
    0x88085AE6, 0xFF0F6A70, 0x66063BCA, 0x11010B5C, 0x8F659EFF, 0xF862AE69, 0x616BFFD3, 0x166CCF45,
    0xA00AE278, 0xD70DD2EE, 0x4E048354, 0x3903B3C2, 0xA7672661, 0xD06016F7, 0x4969474D, 0x3E6E77DB,
    0xAED16A4A, 0xD9D65ADC, 0x40DF0B66, 0x37D83BF0, 0xA9BCAE53, 0xDEBB9EC5, 0x47B2CF7F, 0x30B5FFE9,
    0xBDBDF21C, 0xCABAC28A, 0x53B39330, 0x24B4A3A6, 0xBAD03605, 0xCDD70693, 0x54DE5729, 0x23D967BF,
    0xB3667A2E, 0xC4614AB8, 0x5D681B02, 0x2A6F2B94, 0xB40BBE37, 0xC30C8EA1, 0x5A05DF1B, 0x2D02EF8D,
};

#ifndef NNTC_SMALL
/* Eight bytes at a time; slices[k][i]: a byte i, then k bytes of zero. */
static u32 crc_slices(u32 crc, const u8 *data, size_t eights) {
    u32 slices[8][256];
    memcpy(slices[0], crc_table, sizeof crc_table);
    for (u32 k = 1; k < 8; k++)
        for (u32 i = 0; i < 256; i++) slices[k][i] = slices[k - 1][i] >> 8 ^ crc_table[slices[k - 1][i] & 255];
    for (; eights > 0; eights--, data += 8) {
        u32 a = nntc_load32(data) ^ crc, b = nntc_load32(data + 4);
        crc = slices[7][a & 255] ^ slices[6][a >> 8 & 255] ^ slices[5][a >> 16 & 255] ^ slices[4][a >> 24] ^
              slices[3][b & 255] ^ slices[2][b >> 8 & 255] ^ slices[1][b >> 16 & 255] ^ slices[0][b >> 24];
    }
    return crc;
}
#endif

NNTC_LOCAL u32 nntc_crc32(u32 crc, const u8 *data, size_t length) {
    size_t i = 0;
    crc = ~crc;
#ifndef NNTC_SMALL
    if (length >= 8192) { /* enough for the slices to be worth making */
        crc = crc_slices(crc, data, length / 8);
        i = length / 8 * 8;
    }
#endif
    for (; i < length; i++) crc = crc >> 8 ^ crc_table[(crc ^ data[i]) & 255];
    return ~crc;
}
