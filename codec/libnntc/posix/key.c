/* Public keys in PEM: base64 of 12 bytes that name Ed25519 (RFC 8410), and 32 of the key. */
#define _POSIX_C_SOURCE 200809L
#include "nntc_posix.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int digit(int c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c == 0 ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)(found - digits);
}

/* 60 digits are 45 bytes, the last of which is cut off by one "=": 44. */
static int decode(const char *text, unsigned char bytes[45]) {
    for (int i = 0; i < 15; i++) {
        int group = 0;
        for (int k = 0; k < 4; k++) {
            int value = i == 14 && k == 3 && text[59] == '=' ? 0 : digit(text[4 * i + k]);
            if (value < 0) return -1;
            group = group << 6 | value;
        }
        bytes[3 * i] = (unsigned char)(group >> 16);
        bytes[3 * i + 1] = (unsigned char)(group >> 8 & 255);
        bytes[3 * i + 2] = (unsigned char)(group & 255);
    }
    return text[59] == '=' && bytes[44] == 0 ? 0 : -1;
}

int nntc_public_key(const char *path, unsigned char key[32]) {
    static const unsigned char before[12] = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};
    static const char begin[] = "-----BEGIN PUBLIC KEY-----", end[] = "-----END PUBLIC KEY-----";
    char text[1024], packed[61];
    unsigned char bytes[45];
    size_t count = 0;
    FILE *file = fopen(path, "rb");
    if (file == NULL) return errno != 0 ? errno : EIO;
    size_t length = fread(text, 1, sizeof text - 1, file);
    int failed = ferror(file);
    fclose(file);
    if (failed) return EIO;
    text[length] = 0;
    const char *from = strstr(text, begin), *to = from == NULL ? NULL : strstr(from, end);
    if (to == NULL) return -1;
    for (from += sizeof begin - 1; from < to; from++) {
        if (*from == '\n' || *from == '\r') continue;
        if (count == 60) return -1;
        packed[count++] = *from;
    }
    packed[count] = 0;
    if (count != 60 || decode(packed, bytes) != 0 || memcmp(bytes, before, sizeof before) != 0) return -1;
    memcpy(key, bytes + sizeof before, 32);
    return 0;
}
