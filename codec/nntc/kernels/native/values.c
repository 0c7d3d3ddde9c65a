/* SPEC.md 9.5, 9.7: what tokens stand for, looked up. */
#include "values.h"

/* An index beyond the table is taken as the last, and found at the end: the loop has no branch. */
#define LOOK_UP(name, element, index) \
    static bool name(const element *table, u64 size, const index *indices, u64 count, element *out) { \
        u64 largest = 0; \
        for (u64 i = 0; i < count; i++) { \
            u64 at = indices[i]; \
            largest = at > largest ? at : largest; \
            out[i] = table[at < size ? at : size - 1]; \
        } \
        return largest < size; \
    }
#define LOOK_UPS(width) \
    LOOK_UP(look_up_##width##_u8, u##width, u8) \
    LOOK_UP(look_up_##width##_u16, u##width, u16) \
    LOOK_UP(look_up_##width##_u32, u##width, u32) \
    static bool look_up_##width(const void *table, u64 size, const void *indices, u32 index_width, u64 count, void *out) { \
        if (index_width == 1) return look_up_##width##_u8(table, size, indices, count, out); \
        if (index_width == 2) return look_up_##width##_u16(table, size, indices, count, out); \
        return look_up_##width##_u32(table, size, indices, count, out); \
    }
LOOK_UPS(8)
LOOK_UPS(16)
LOOK_UPS(32)
LOOK_UPS(64)

bool look_up(const void *table, u64 size, u32 width, const void *indices, u32 index_width, u64 count, void *out) {
    switch (width) {
    case 1: return look_up_8(table, size, indices, index_width, count, out);
    case 2: return look_up_16(table, size, indices, index_width, count, out);
    case 4: return look_up_32(table, size, indices, index_width, count, out);
    default: return look_up_64(table, size, indices, index_width, count, out);
    }
}
