/* SHA-256 of FIPS 180-4; its blocks in portable C, or by a kernel. */
#include "../kernels/kernels.h"

typedef struct sha256 {
    u32 h[8];
    u64 length;
    nntc_sha256_blocks *blocks;
    u8 block[64];
} sha256;
_Static_assert(sizeof(sha256) <= 128, "state fits what nntc.h promises");

const u32 nntc_sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static u32 rotated(u32 x, u32 n) { return x >> n | x << (32 - n); }

static void absorb(u32 h[8], const u8 *p) {
    u32 w[64], v[8];
    for (u32 i = 0; i < 16; i++)
        w[i] = (u32)p[4 * i] << 24 | (u32)p[4 * i + 1] << 16 | (u32)p[4 * i + 2] << 8 | (u32)p[4 * i + 3];
    for (u32 i = 16; i < 64; i++) {
        u32 a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (rotated(a, 7) ^ rotated(a, 18) ^ a >> 3) + w[i - 7] + (rotated(b, 17) ^ rotated(b, 19) ^ b >> 10);
    }
    memcpy(v, h, sizeof v);
    for (u32 i = 0; i < 64; i++) {
        u32 e = v[4], a = v[0];
        u32 one = v[7] + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & v[5]) ^ (~e & v[6])) + nntc_sha256_constants[i] + w[i];
        u32 two = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        v[7] = v[6]; v[6] = v[5]; v[5] = v[4]; v[4] = v[3] + one;
        v[3] = v[2]; v[2] = v[1]; v[1] = v[0]; v[0] = one + two;
    }
    for (u32 i = 0; i < 8; i++) h[i] += v[i];
}

NNTC_LOCAL void nntc_sha256_portable(u32 h[8], const u8 *data, size_t blocks) {
    for (; blocks > 0; blocks--, data += 64) absorb(h, data);
}

static void init(sha256 *s, nntc_sha256_blocks *blocks) {
    static const u32 start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(s->h, start, sizeof start);
    s->length = 0;
    s->blocks = blocks;
}

static void init_portable(void *state) { init(state, nntc_sha256_portable); }

#if defined(NNTC_X86)
static void init_special(void *state) { init(state, nntc_sha256_x86); }
#elif defined(NNTC_ARM_SHA)
static void init_special(void *state) { init(state, nntc_sha256_arm); }
#endif

/* Once for a file that is opened: asking the processor takes longer than a block. */
NNTC_LOCAL nntc_sha256_start *nntc_sha256_choose(void) {
#if defined(NNTC_X86) || defined(NNTC_ARM_SHA)
    if (nntc_choose_sha256() != nntc_sha256_portable) return init_special;
#endif
    return init_portable;
}

NNTC_LOCAL void nntc_sha256_update(void *state, const void *data, size_t length) {
    sha256 *s = state;
    const u8 *p = data;
    size_t held = (size_t)(s->length & 63);
    s->length += length;
    while (length > 0) {
        if (held == 0 && length >= 64) {
            s->blocks(s->h, p, length / 64);
            p += length / 64 * 64;
            length %= 64;
            continue;
        }
        size_t take = 64 - held < length ? 64 - held : length;
        memcpy(s->block + held, p, take);
        held += take;
        p += take;
        length -= take;
        if (held == 64) {
            s->blocks(s->h, s->block, 1);
            held = 0;
        }
    }
}

NNTC_LOCAL void nntc_sha256_final(void *state, unsigned char digest[32]) {
    static const u8 padding[64] = {0x80};
    sha256 *s = state;
    u64 bits = s->length * 8;
    u8 tail[8];
    for (u32 i = 0; i < 8; i++) tail[i] = (u8)(bits >> (56 - 8 * i));
    nntc_sha256_update(s, padding, (size_t)(64 - ((s->length + 8) & 63)));
    nntc_sha256_update(s, tail, 8);
    for (u32 i = 0; i < 32; i++) digest[i] = (u8)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}
