/* Clause 9.6: tools planes and codebook.. */
#include "internal.h"

/* u is rotated to the right by one bit. */
static inline void rotate(u8 *p, u32 width) {
    u64 u = 0;
    for (u32 k = 0; k < width; k++) u |= (u64)p[k] << (8 * k);
    u = u >> 1 | (u & 1) << (8 * width - 1);
    for (u32 k = 0; k < width; k++) p[k] = (u8)(u >> (8 * k));
}

static void rotate_all(u8 *p, u32 width, u32 count) {
    for (u32 i = 0; i < count; i++, p += width) {
        if (width == 4) rotate(p, 4); /* widths that are known are fast */
        else if (width == 2) rotate(p, 2);
        else rotate(p, 8);
    }
}

/* Elements of common, and for each token which of them it stands for: 1 for the first, 0 for none. */
static bool read_common(decoding *d, u8 **elements, u8 which[256]) {
    const record *rec = d->rec;
    const u32 width = rec->head.width;
    memset(which, 0, 256);
    if (rec->common_count == 0) return true;
    TRY(nntc_take_for(d, (u64)rec->common_count * width, elements));
    for (u32 i = 0; i < rec->common_count; i++) {
        const u8 *one = nntc_look(&d->r, rec->common + i * (1 + width), 1 + width);
        if (one == NULL) return false;
        which[one[0]] = (u8)(i + 1);
        memcpy(*elements + (size_t)i * width, one + 1, width);
    }
    return true;
}

NNTC_LOCAL bool nntc_decode_planes(decoding *d) {
    const record *rec = d->rec;
    const u32 width = rec->head.width;
    const bool turned = (rec->flags & 1) != 0;
    u8 which[256], first[SOME], plane[SOME], *common = NULL;
    u32 other = 0; /* elements so far that are not common ones */
    TRY(read_common(d, &common, which));
    for (u32 done = 0, count; done < rec->head.elements; done += count) {
        u32 others = 0;
        u8 *out = nntc_room(d->out);
        count = rec->head.elements - done < SOME ? rec->head.elements - done : SOME;
        TRY(nntc_tokens(&d->streams[0], first, count));
        for (u32 i = 0; i < count; i++) others += which[first[i]] == 0;
        if (others > rec->other - other) return false; /* */
        other += others;
        for (u32 i = 0; i < count; i++) out[i * width + width - 1] = first[i];
        for (u32 k = 1; k < width; k++) {
            u8 *to = out + width - 1 - k;
            TRY(nntc_tokens(&d->streams[k], plane, others));
            if (others == count)
                for (u32 i = 0; i < count; i++) to[i * width] = plane[i];
            else
                for (u32 i = 0, j = 0; i < count; i++)
                    if (which[first[i]] == 0) to[i * width] = plane[j++];
        }
        if (turned) rotate_all(out, width, count);
        for (u32 i = 0; i < count && others < count; i++)
            if (which[first[i]] != 0) memcpy(out + i * width, common + (size_t)(which[first[i]] - 1u) * width, width);
        if (rec->differs) TRY(nntc_move_places(d, count));
        TRY(nntc_put(d->out, count));
    }
    return other == rec->other;
}

/* Entries in the width of elements. */
static bool read_entries(decoding *d, u8 **entries) {
    const record *rec = d->rec;
    const u32 width = rec->head.width, stored = rec->entry_width;
    TRY(nntc_take_for(d, (u64)rec->entry_count * width, entries));
    for (u64 i = 0; i < rec->entry_count; i++) {
        const u8 *entry = nntc_look(&d->r, rec->entries + i * stored, stored);
        if (entry == NULL) return false;
        memset(*entries + i * width, 0, width - stored);
        memcpy(*entries + i * width + (width - stored), entry, stored);
    }
    return true;
}

static inline bool look_up(const u8 *entries, u32 entry_count, u32 width, const i64 *index, u32 count, u8 *out) {
    for (u32 i = 0; i < count; i++) {
        if (index[i] < 0 || index[i] >= entry_count) return false; /* */
        memcpy(out + i * width, entries + (size_t)index[i] * width, width);
    }
    return true;
}

NNTC_LOCAL bool nntc_decode_codebook(decoding *d) {
    const record *rec = d->rec;
    i64 index[SOME];
    u8 *entries;
    bool plain;
    TRY(read_entries(d, &entries));
    for (u32 done = 0, count; done < rec->head.elements; done += count) {
        u8 *out = nntc_room(d->out);
        count = rec->head.elements - done < SOME ? rec->head.elements - done : SOME;
        TRY(nntc_levels(&d->levels, count, index, &plain));
        for (u32 i = 0; i < count && plain; i++) index[i] = rec->integers.lo + d->levels.some[i];
        TRY(rec->head.width == 4 ? look_up(entries, rec->entry_count, 4, index, count, out)
                                 : look_up(entries, rec->entry_count, rec->head.width, index, count, out));
        TRY(nntc_put(d->out, count));
    }
    return nntc_levels_end(&d->levels); /* */
}
