/* Clause 9.7, step 8: values to bytes of an element type.. Compile with -ffp-contract=off. */
#include "internal.h"

#include <float.h>
_Static_assert(FLT_EVAL_METHOD == 0 || FLT_EVAL_METHOD == 1, "binary64 must be computed as such: no x87");

/* Rounds to a format of fraction bits and exponent bits, to nearest, ties to even; false if infinite. */
static bool rounded(double value, u32 fraction, u32 exponent_bits, u32 *pattern) {
    u64 bits, significand;
    memcpy(&bits, &value, sizeof bits);
    u32 sign = (u32)(bits >> 63) << (fraction + exponent_bits);
    int exponent = (int)(bits >> 52 & 2047), least = 1 - (1 << (exponent_bits - 1)) + 1;
    significand = bits & (((u64)1 << 52) - 1);
    if (exponent == 0) { /* zero, or far below what the format has */
        *pattern = sign;
        return true;
    }
    significand |= (u64)1 << 52;
    exponent -= 1023;
    int lost = 52 - (int)fraction + (exponent < least ? least - exponent : 0);
    u64 kept = 0;
    if (lost < 54) {
        u64 rest = significand & (((u64)1 << lost) - 1), half = (u64)1 << (lost - 1);
        kept = significand >> lost;
        if (rest > half || (rest == half && (kept & 1) != 0)) kept++;
    }
    /* A normal number has fraction + 1 bits: its leading one adds 1 to the exponent field by itself, as a carry does. */
    if (exponent >= least) kept += (u64)(exponent - least) << fraction;
    *pattern = sign | (u32)kept;
    return kept < (u64)((1u << exponent_bits) - 1) << fraction;
}

static bool store_short(const double *values, u32 count, u32 fraction, u32 exponent_bits, u8 *out) {
    u32 pattern = 0;
    for (u32 i = 0; i < count; i++) {
        TRY(rounded(values[i], fraction, exponent_bits, &pattern));
        out[2 * i] = (u8)pattern;
        out[2 * i + 1] = (u8)(pattern >> 8);
    }
    return true;
}

static bool store_single(const double *values, u32 count, u8 *out) {
    u32 infinite = 0; /* one test at the end lets compilers take several at a time */
    for (u32 i = 0; i < count; i++) {
        float single = (float)values[i];
        u32 pattern;
        memcpy(&pattern, &single, sizeof pattern);
        infinite |= (pattern & 0x7F800000) == 0x7F800000;
        for (u32 k = 0; k < 4; k++) out[4 * (size_t)i + k] = (u8)(pattern >> (8 * k));
    }
    return infinite == 0;
}

NNTC_LOCAL bool nntc_store(const double *values, u32 count, u32 element, u8 *out) {
    switch (element) {
    case 8: return store_short(values, count, 10, 5, out);
    case 9: return store_short(values, count, 7, 8, out);
    case 10: return store_single(values, count, out);
    default:
        for (u32 i = 0; i < count; i++) {
            u64 bits;
            memcpy(&bits, &values[i], sizeof bits);
            for (u32 k = 0; k < 8; k++) out[8 * (size_t)i + k] = (u8)(bits >> (8 * k));
        }
        return true;
    }
}
