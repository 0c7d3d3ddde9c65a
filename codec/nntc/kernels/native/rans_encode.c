/* SPEC.md 9.4 backwards: encoding of one rANS stream, the last token first. */
#include "rans_encode.h"

u64 rans_encode(rans_encoder *e) {
    u64 width = (u64)e->segment * e->lanes, left = e->count;
    for (u32 l = 0; l < e->lanes; l++) e->x[l] = 65536;
    for (u64 begin = (e->count - 1) / width * width;; begin -= width) {
        for (u32 k = e->segment; k-- > 0;)
            for (u32 l = e->lanes; l-- > 0;) {
                u64 i = begin + (u64)l * e->segment + k;
                if (i >= e->count) continue;
                size_t entry = (e->numbers == NULL ? 0 : (size_t)e->numbers[i] * 256) + e->tokens[i];
                u32 frequency = e->frequencies[entry], x = e->x[l];
                if (x >= (u64)frequency << 20) {
                    e->words[--left] = (u16)x;
                    x >>= 16;
                }
                e->x[l] = (x / frequency << 12) + x % frequency + e->starts[entry];
            }
        if (begin == 0) return e->count - left;
    }
}
