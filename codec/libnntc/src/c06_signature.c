/* Clause 6.8: SIGNATURE.. */
#include "internal.h"

enum { SIGNATURES = 16, ED25519 = 1, KEY_ID = 8, SIGNATURE_BYTES = 1 + KEY_ID + 64 };
enum { DOMAIN_BYTES = 16, MESSAGE_BYTES = DOMAIN_BYTES + 1 + KEY_ID + 32 };

static void hash_of(const nntc *n, const void *data, size_t length, u8 digest[32]) {
    u64 state[16];
    n->limits.coders.sha256_init(state);
    n->limits.coders.sha256_update(state, data, length);
    n->limits.coders.sha256_final(state, digest);
}

static size_t put_varint(u8 *p, u64 value) {
    size_t length = 0;
    for (; value >= 128; value >>= 7) p[length++] = (u8)(value | 128);
    p[length] = (u8)value;
    return length + 1;
}

static size_t put_entry(u8 *p, const section *s) {
    size_t length = 1;
    p[0] = s->type;
    length += put_varint(p + length, s->length);
    length += put_varint(p + length, s->output);
    memcpy(p + length, s->digest, sizeof s->digest);
    return length + sizeof s->digest;
}

static void put_u32(u8 *p, u32 value) {
    for (int i = 0; i < 4; i++) p[i] = (u8)(value >> 8 * i);
}

/* SHA-256 of header and directory as they are without signatures. */
static void unsigned_digest(const nntc *n, u8 digest[32]) {
    u8 header[24] = {0x8E, 0x4E, 0x4E, 0x54, 0x0D, 0x0A, 0x1A, 0x0A, 1}, one[64];
    u64 state[16];
    u32 count = 0, length = 0;
    for (u32 i = 0; i < n->summary.sections; i++) {
        if (n->sections[i].type == SIGNATURE) continue;
        count++;
        length += (u32)put_entry(one, &n->sections[i]);
    }
    header[9] = n->summary.minor;
    header[10] = n->summary.reader;
    header[11] = n->summary.profile;
    put_u32(header + 12, count);
    put_u32(header + 16, length);
    put_u32(header + 20, n->summary.working_memory);
    n->limits.coders.sha256_init(state);
    n->limits.coders.sha256_update(state, header, sizeof header);
    for (u32 i = 0; i < n->summary.sections; i++)
        if (n->sections[i].type != SIGNATURE) n->limits.coders.sha256_update(state, one, put_entry(one, &n->sections[i]));
    n->limits.coders.sha256_final(state, digest);
}

/* y is below 2^255 - 19, and not that of a point of order 1, 2, 4 or 8. */
static bool usable_key(const u8 key[32]) {
    static const u8 small[5][32] = {
        {0},
        {1},
        {0xEC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
         0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F},
        {0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F,
         0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A},
        {0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0,
         0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05},
    };
    u8 y[32];
    bool full = true;
    memcpy(y, key, sizeof y);
    y[31] &= 0x7F;
    for (int i = 1; i < 31; i++) full = full && y[i] == 0xFF;
    if (full && y[31] == 0x7F && y[0] >= 0xED) return false;
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
        if (memcmp(y, small[i], sizeof y) == 0) return false;
    return true;
}

/* S is below the order of the group. */
static bool below_order(const u8 s[32]) {
    static const u8 order[32] = {0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7,
                                 0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0,    0,    0,    0,    0,    0,
                                 0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
    for (int i = 31; i >= 0; i--)
        if (s[i] != order[i]) return s[i] < order[i];
    return false;
}

static bool given_before(const nntc_trusted *trusted, size_t k) {
    for (size_t i = 0; i < k; i++)
        if (memcmp(trusted->keys[i], trusted->keys[k], 32) == 0) return true;
    return false;
}

NNTC_LOCAL bool nntc_trust_is_sound(const nntc_trusted *trusted) {
    size_t different = 0;
    if (trusted->count == 0) return trusted->threshold == 0;
    for (size_t k = 0; k < trusted->count; k++) {
        if (!usable_key(trusted->keys[k])) return false;
        different += !given_before(trusted, k);
    }
    return trusted->threshold <= different;
}

/* Whether one of the signatures is valid for a key; -1: this build cannot tell. */
static int has_signed(const nntc *n, const u8 *key, u8 contents[][SIGNATURE_BYTES], u32 found, const u8 digest[32]) {
    u8 id[32], message[MESSAGE_BYTES] = {'n', 'n', 't', 'c', ' ', 'S', 'I', 'G', 'N', 'A', 'T', 'U', 'R', 'E', ' ', '1', ED25519};
    hash_of(n, key, 32, id);
    memcpy(message + DOMAIN_BYTES + 1, id, KEY_ID);
    memcpy(message + DOMAIN_BYTES + 1 + KEY_ID, digest, 32);
    for (u32 i = 0; i < found; i++) {
        const u8 *signature = contents[i] + 1 + KEY_ID;
        if (contents[i][0] != ED25519 || memcmp(contents[i] + 1, id, KEY_ID) != 0 || !below_order(signature + 32)) continue;
        int result = n->limits.coders.ed25519(key, signature, message, sizeof message);
        if (result <= 0) return result < 0 ? -1 : 1;
    }
    return 0;
}

NNTC_LOCAL bool nntc_signed(const nntc *n, nntc_memory memory, nntc_error *error) {
    const nntc_trusted *trusted = &n->limits.trusted;
    u8 contents[SIGNATURES][SIGNATURE_BYTES], digest[32];
    u32 found = 0, seen = 0;
    size_t needed = trusted->threshold == 0 ? 1 : trusted->threshold;
    const reader file = nntc_reader(NULL, 0, 0, error);
    if (trusted->count == 0) return true;
    for (u32 i = 0; i < n->summary.sections && n->sections[i].type != GRAPH && seen < SIGNATURES; i++) {
        const section *s = &n->sections[i];
        reader r;
        if (s->type != SIGNATURE) continue;
        seen++;
        if (s->length != SIGNATURE_BYTES) continue;
        TRY(nntc_whole_section(n, s, memory, &r, error));
        memcpy(contents[found++], r.data, SIGNATURE_BYTES);
    }
    unsigned_digest(n, digest);
    for (size_t k = 0; k < trusted->count && needed > 0; k++) {
        int result = given_before(trusted, k) ? 0 : has_signed(n, trusted->keys[k], contents, found, digest);
        if (result < 0) {
            error->id = NNTC_CODER;
            error->offset = 0;
            return false;
        }
        needed -= (size_t)result;
    }
    return needed == 0 || nntc_fail(&file, NNTC_E_SIGNED, 28); /* */
}
