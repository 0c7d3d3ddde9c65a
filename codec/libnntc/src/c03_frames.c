/* Clauses 3.6 and 3.7: zstd frames and bzip2 streams of n bytes, R-015 and R-016. NNTC_WITH_ZSTD, NNTC_WITH_BZIP2
 * and, for clause 6.8, NNTC_WITH_SODIUM take the system's libraries. */
#include "internal.h"

#ifdef NNTC_WITH_ZSTD
#include <zstd.h>
static int system_zstd(const void *src, size_t length, void *dst, size_t n) {
    if (ZSTD_findFrameCompressedSize(src, length) != length) return 1;
    return ZSTD_decompress(dst, n, src, length) == n ? 0 : 1;
}
#endif

#ifdef NNTC_WITH_BZIP2
#include <bzlib.h>
#include <limits.h>
static int system_bzip2(const void *src, size_t length, void *dst, size_t n) {
    bz_stream s;
    char spare;
    size_t out = 0, in = 0;
    int status = BZ_OK;
    union { const void *from; char *to; } input; /* bzlib's pointer is not const */
    memset(&s, 0, sizeof s);
    if (BZ2_bzDecompressInit(&s, 0, 0) != BZ_OK) return 1;
    input.from = src;
    while (status == BZ_OK) { /* room for n + 1 bytes: the last is the spare one */
        bool last = out == n;
        unsigned give = (unsigned)(length - in > INT_MAX ? INT_MAX : length - in);
        unsigned room = last ? 1 : (unsigned)(n - out > INT_MAX ? INT_MAX : n - out);
        s.next_in = input.to + in;
        s.avail_in = give;
        s.next_out = last ? &spare : (char *)dst + out;
        s.avail_out = room;
        status = BZ2_bzDecompress(&s);
        unsigned took = give - s.avail_in, made = room - s.avail_out;
        in += took;
        out += made;
        if (out > n || (status == BZ_OK && took == 0 && made == 0)) break;
    }
    BZ2_bzDecompressEnd(&s);
    return status == BZ_STREAM_END && in == length && out == n ? 0 : 1;
}
#endif

/* Clause 6.8. */
#ifdef NNTC_WITH_SODIUM
#include <sodium.h>
static int system_ed25519(const unsigned char key[32], const unsigned char signature[64], const void *message, size_t length) {
    if (sodium_init() < 0) return -1;
    return crypto_sign_verify_detached(signature, message, length, key) == 0 ? 0 : 1;
}
#else
static int system_ed25519(const unsigned char key[32], const unsigned char signature[64], const void *message, size_t length) {
    (void)key, (void)signature, (void)message, (void)length;
    return -1;
}
#endif

NNTC_LOCAL void nntc_default_coders(nntc_coders *coders) {
    if (coders->ed25519 == NULL) coders->ed25519 = system_ed25519;
#ifdef NNTC_WITH_ZSTD
    if (coders->zstd == NULL) coders->zstd = system_zstd;
#endif
#ifdef NNTC_WITH_BZIP2
    if (coders->bzip2 == NULL) coders->bzip2 = system_bzip2;
#endif
    if (coders->sha256_init == NULL || coders->sha256_update == NULL || coders->sha256_final == NULL) {
        coders->sha256_init = nntc_sha256_choose();
        coders->sha256_update = nntc_sha256_update;
        coders->sha256_final = nntc_sha256_final;
    }
}

/* Magic number and frame header (RFC 8878, 3.1.1.1): window, dictionary, content size. */
static bool frame_header(const u8 *src, u64 length, u64 n, u64 most) {
    static const u8 magic[4] = {0x28, 0xB5, 0x2F, 0xFD}, sizes[4] = {0, 1, 2, 4}, content_sizes[4] = {0, 2, 4, 8};
    if (length < 6 || memcmp(src, magic, 4) != 0) return false;
    u32 descriptor = src[4], at = 5, flag = descriptor >> 6;
    bool single = (descriptor >> 5 & 1) != 0;
    u64 window = 0, content = 0;
    u32 dictionary = sizes[descriptor & 3], content_size = flag == 0 && single ? 1 : content_sizes[flag];
    if ((descriptor & 8) != 0 || content_size == 0) return false;
    if (length < 5 + (single ? 0u : 1u) + dictionary + content_size) return false;
    if (!single) {
        window = (u64)1 << (10 + (src[at] >> 3));
        window += window / 8 * (src[at++] & 7);
    }
    for (u32 i = 0; i < dictionary; i++)
        if (src[at++] != 0) return false;
    for (u32 i = 0; i < content_size; i++) content |= (u64)src[at + i] << (8 * i);
    if (flag == 1) content += 256;
    if (single) window = content;
    return content == n && window <= most;
}

NNTC_LOCAL nntc_id nntc_zstd_frame(const nntc_coders *coders, const u8 *src, u64 length, u8 *dst, u64 n,
                                   u64 window) {
    if (!frame_header(src, length, n, window)) return NNTC_E_ZSTD;
    int status = coders->zstd == NULL ? -1 : coders->zstd(src, (size_t)length, dst, (size_t)n);
    return status == 0 ? NNTC_OK : status < 0 ? NNTC_CODER : NNTC_E_ZSTD;
}

NNTC_LOCAL nntc_id nntc_bzip2_stream(const nntc_coders *coders, const u8 *src, u64 length, u8 *dst, u64 n) {
    int status = coders->bzip2 == NULL ? -1 : coders->bzip2(src, (size_t)length, dst, (size_t)n);
    return status == 0 ? NNTC_OK : status < 0 ? NNTC_CODER : NNTC_E_BZIP2;
}
