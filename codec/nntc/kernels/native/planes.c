/* SPEC.md 9.6: elements whose bytes are in planes. */
#include "planes.h"

ALWAYS_INLINE u8 of_1(const u8 *const *p, u64 i) { return p[0][i]; }
ALWAYS_INLINE u16 of_2(const u8 *const *p, u64 i) { return (u16)(p[0][i] << 8 | p[1][i]); }
ALWAYS_INLINE u32 of_4(const u8 *const *p, u64 i) { return (u32)of_2(p, i) << 16 | of_2(p + 2, i); }
ALWAYS_INLINE u64 of_8(const u8 *const *p, u64 i) { return (u64)of_4(p, i) << 32 | of_4(p + 4, i); }

#define JOIN(type, bits, element) \
    { \
        type *restrict to = out; \
        if (rotated) \
            for (u64 i = 0; i < count; i++) { \
                type bytes = element(p, i); \
                to[i] = (type)(bytes >> 1 | (type)(bytes << (bits - 1))); \
            } \
        else \
            for (u64 i = 0; i < count; i++) to[i] = element(p, i); \
        return; \
    }

ALWAYS_INLINE void join_planes_body(const u8 *const *planes, u32 width, bool rotated, u64 count, void *out) {
    const u8 *p[8]; /* of its own, so that the compiler knows that nothing written changes it */
    for (u32 i = 0; i < width; i++) p[i] = planes[i];
    switch (width) {
    case 1: JOIN(u8, 8, of_1)
    case 2: JOIN(u16, 16, of_2)
    case 4: JOIN(u32, 32, of_4)
    default: JOIN(u64, 64, of_8)
    }
}
VARIANTS(join_planes, (const u8 *const *planes, u32 width, bool rotated, u64 count, void *out), (planes, width, rotated, count, out))
