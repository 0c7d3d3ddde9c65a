/* Clauses 9.7, step 8, and 9.9: values to bytes of an element type, and back.. Compile with -ffp-contract=off. */
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

static bool store_double(const double *values, u32 count, u8 *out) {
    u32 infinite = 0;
    for (u32 i = 0; i < count; i++) {
        u64 bits;
        memcpy(&bits, &values[i], sizeof bits);
        infinite |= (bits >> 52 & 2047) == 2047;
        for (u32 k = 0; k < 8; k++) out[8 * (size_t)i + k] = (u8)(bits >> (8 * k));
    }
    return infinite == 0;
}

static bool store_integers(const double *values, u32 count, double least, double greatest, u8 *out) {
    for (u32 i = 0; i < count; i++) {
        const double inside = values[i] < least ? least : values[i] > greatest ? greatest : values[i];
        const double sum = inside + 0x1.8p52; /* the nearest integer, ties to even, stands in its lowest bits */
        u64 bits;
        memcpy(&bits, &sum, sizeof bits);
        out[i] = (u8)bits;
    }
    return true;
}

NNTC_LOCAL bool nntc_store(const double *values, u32 count, u32 element, u8 *out) {
    switch (element) {
    case 5: return store_integers(values, count, -128, 127, out);
    case 6: return store_integers(values, count, 0, 255, out);
    case 8: return store_short(values, count, 10, 5, out);
    case 9: return store_short(values, count, 7, 8, out);
    case 10: return store_single(values, count, out);
    default: return store_double(values, count, out);
    }
}

static double double_of(u64 bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static u64 pattern_at(const u8 *p, u32 width) {
    u64 bits = 0;
    for (u32 k = 0; k < width; k++) bits |= (u64)p[k] << (8 * k);
    return bits;
}

/* The value of a pattern of fraction bits and exponent bits; NaN for all NaNs. */
static double value_of(u64 pattern, u32 fraction, u32 exponent_bits) {
    const u64 sign = pattern >> (fraction + exponent_bits) << 63, part = pattern & (((u64)1 << fraction) - 1);
    const u32 most = (1u << exponent_bits) - 1, exponent = (u32)(pattern >> fraction) & most;
    if (exponent == most) return double_of(sign | (u64)2047 << 52 | (u64)(part != 0) << 51);
    if (exponent > 0) return double_of(sign | (u64)(exponent + 1023 - most / 2) << 52 | part << (52 - fraction));
    const double unit = double_of((u64)(1024 - most / 2 - fraction) << 52); /* of subnormal numbers */
    return (double)(i64)part * (sign != 0 ? -unit : unit);
}

NNTC_LOCAL void nntc_load(const u8 *elements, u32 count, u32 element, double *values) {
    for (u32 i = 0; i < count; i++) {
        switch (element) {
        case 8: values[i] = value_of(pattern_at(elements + 2 * (size_t)i, 2), 10, 5); break;
        case 9: values[i] = value_of(pattern_at(elements + 2 * (size_t)i, 2), 7, 8); break;
        case 10: values[i] = value_of(pattern_at(elements + 4 * (size_t)i, 4), 23, 8); break;
        default: values[i] = double_of(pattern_at(elements + 8 * (size_t)i, 8)); break;
        }
    }
}

NNTC_LOCAL void nntc_convert(const u8 *elements, u32 count, u32 from, u32 to, u8 *out) {
    static const struct { u8 fraction, exponent_bits; } formats[] = {{10, 5}, {7, 8}, {23, 8}, {52, 11}};
    const u32 fraction = formats[to - 8].fraction, exponent_bits = formats[to - 8].exponent_bits, width = nntc_widths[to];
    const u64 infinity = (((u64)1 << exponent_bits) - 1) << fraction;
    for (u32 i = 0; i < count; i++) {
        double value;
        u64 bits;
        u32 pattern = 0;
        nntc_load(elements + (size_t)i * nntc_widths[from], 1, from, &value);
        memcpy(&bits, &value, sizeof bits);
        if (value != value) bits = infinity | (u64)1 << (fraction - 1);
        else if (to != 11) bits = rounded(value, fraction, exponent_bits, &pattern) ? pattern : infinity | bits >> 63 << (8 * width - 1);
        for (u32 k = 0; k < width; k++) out[(size_t)i * width + k] = (u8)(bits >> (8 * k));
    }
}
