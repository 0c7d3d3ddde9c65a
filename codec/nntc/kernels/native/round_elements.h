/* SPEC.md 9.7: the product, the sum and the one rounding to the element type. */
#ifndef NNTC_ROUND_ELEMENTS_H
#define NNTC_ROUND_ELEMENTS_H

#include "kernels.h"

/* As format/registry.py numbers them. */
enum { INT8 = 5, UINT8 = 6, FLOAT16 = 8, BFLOAT16 = 9, FLOAT32 = 10, FLOAT64 = 11 };

ALWAYS_INLINE u64 bits_of(double value) {
    u64 bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

ALWAYS_INLINE double double_of(u64 bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

ALWAYS_INLINE u32 float_bits(double value) {
    float narrow = (float)value;
    u32 bits;
    memcpy(&bits, &narrow, sizeof bits);
    return bits;
}

/* A magnitude rounded to multiples of a unit by adding so much that this is the unit of the sum: the unit is 2^-digits of
 * the value's own exponent, but of no lesser one than `least`, both with the bias of binary64. */
ALWAYS_INLINE double rounded(u64 magnitude, u64 least, u64 digits) {
    u64 exponent = magnitude >> 52;
    exponent = exponent < least ? least : exponent;
    double large = double_of((exponent + 52 - digits) << 52 | (u64)1 << 51);
    return (double_of(magnitude) + large) - large;
}

/* Times 2^-112 a magnitude has the exponent, in binary32, that it is to have in float16; subnormal ones are so in both. */
ALWAYS_INLINE u16 to_float16(double value) {
    u64 bits = bits_of(value);
    u64 magnitude = bits_of(rounded(bits & ~((u64)1 << 63), 1023 - 14, 10)), infinity = (u64)(1023 + 16) << 52;
    u32 narrow = float_bits(double_of(magnitude < infinity ? magnitude : infinity) * 0x1p-112);
    return (u16)(narrow >> 13 | (u32)(bits >> 48 & 0x8000));
}

ALWAYS_INLINE u16 to_bfloat16(double value) {
    u64 bits = bits_of(value);
    u32 narrow = float_bits(rounded(bits & ~((u64)1 << 63), 1023 - 126, 7));
    return (u16)(narrow >> 16 | (u32)(bits >> 48 & 0x8000));
}

ALWAYS_INLINE u32 to_float32(double value) { return float_bits(value); }
ALWAYS_INLINE u64 to_float64(double value) { return bits_of(value); }

/* The nearest integer, ties to even, of a value that is between the ends of its type: it ends up in the lowest bits of a sum. */
ALWAYS_INLINE u8 to_integer(double value, double least, double greatest) {
    double inside = value < least ? least : value > greatest ? greatest : value;
    return (u8)bits_of(inside + 0x1.8p52);
}
ALWAYS_INLINE u8 to_int8(double value) { return to_integer(value, -128, 127); }
ALWAYS_INLINE u8 to_uint8(double value) { return to_integer(value, 0, 255); }

ALWAYS_INLINE u32 width_of(u32 element) { return element == FLOAT64 ? 8 : element == FLOAT32 ? 4 : element < FLOAT16 ? 1 : 2; }

/* `exponent`: bits of an element that only an infinite one has all. */
#define ROUND(type, convert, exponent) \
    { \
        type *restrict to = out, found = 0; \
        if (offset == 0) \
            for (u64 i = 0; i < count; i++) { \
                to[i] = convert(x[i] * factor); \
                found |= (to[i] & (exponent)) == (exponent); \
            } \
        else \
            for (u64 i = 0; i < count; i++) { \
                double product = x[i] * factor; \
                to[i] = convert(product + offset); \
                found |= (to[i] & (exponent)) == (exponent); \
            } \
        return found == 0; \
    }

/* Makes elements of scaled levels; whether none is infinite, as no integer is. */
ALWAYS_INLINE bool round_elements(const double *restrict x, double factor, double offset, u32 element, u64 count, void *out) {
    switch (element) {
    case INT8: ROUND(u8, to_int8, 256)
    case UINT8: ROUND(u8, to_uint8, 256)
    case FLOAT16: ROUND(u16, to_float16, 0x7C00)
    case BFLOAT16: ROUND(u16, to_bfloat16, 0x7F80)
    case FLOAT32: ROUND(u32, to_float32, 0x7F800000)
    default: ROUND(u64, to_float64, (u64)0x7FF << 52)
    }
}

#endif
