/* Clause 7: record head, views, tool fields (phase 2 of clause 9.3).. */
#include "internal.h"

const u8 nntc_widths[16] = {1, 2, 4, 8, 16, 1, 1, 0, 2, 2, 4, 8, 0, 0, 0, 0};

static bool matrix_view(reader *r, nntc_record *head, u64 *elements, u32 *columns) {
    u64 rows, channels, period, most = INT32_MAX;
    TRY(nntc_count(r, 1, most, NNTC_E_LIMIT, &rows));     /* */
    TRY(nntc_count(r, 1, most, NNTC_E_LIMIT, &channels)); /* */
    TRY(nntc_count(r, 1, most, NNTC_E_LIMIT, &period));   /* */
    head->rows = (u32)rows;
    head->channels = (u32)channels;
    head->period = (u32)period;
    *elements = rows * channels > most ? most + 1 : rows * channels * period; /* saturates */
    *columns = (u32)(channels * period);
    return true;
}

static bool ragged_view(reader *r, record *rec, u64 *elements) {
    u64 rows, length;
    TRY(nntc_count(r, 1, 65536, NNTC_E_LIMIT, &rows)); /* */
    rec->head.rows = (u32)rows;
    rec->row_lengths = r->at;
    for (*elements = 0; rows > 0; rows--) {
        TRY(nntc_count(r, 1, INT32_MAX, NNTC_E_LIMIT, &length)); /* */
        *elements += length;
    }
    return true;
}

NNTC_LOCAL bool nntc_parse_planes(record *rec, reader *r) { /* clause 7.3 */
    u64 at = r->at;
    u32 flags, width = rec->head.width, entry = 1 + width;
    TRY(nntc_u8(r, &flags));
    if (flags > 3) return nntc_fail(r, NNTC_E_RESERVED, at);                                /* */
    if ((flags & 1) != 0 && rec->head.element < 8) return nntc_fail(r, NNTC_E_TYPE, at); /* */
    if ((flags & 2) != 0 && width == 1) return nntc_fail(r, NNTC_E_TYPE, at);            /* */
    rec->flags = (u8)flags;
    rec->other = rec->head.elements;
    if ((flags & 2) != 0) {
        at = r->at;
        TRY(nntc_u8(r, &rec->common_count));
        if (rec->common_count == 0) return nntc_fail(r, NNTC_E_LIMIT, at); /* */
        const u8 *one;
        u32 before = 0;
        at = rec->common = r->at;
        TRY(nntc_skip(r, (u64)entry * rec->common_count));
        for (u32 i = 0; i < rec->common_count; i++) {
            if ((one = nntc_look(r, at + i * entry, 1)) == NULL) return false;
            if (i > 0 && one[0] <= before) return nntc_fail(r, NNTC_E_CODEBOOK, at); /* */
            before = one[0];
        }
        u64 count;
        rec->count_at = r->at;
        TRY(nntc_count(r, 1, rec->head.elements, NNTC_E_LIMIT, &count)); /* */
        rec->other = (u32)count;
        rec->need += (u64)rec->common_count * width;
    }
    for (u32 k = 0; k < width; k++) {
        rec->planes[k] = r->at;
        TRY(nntc_symbol_block(rec, r, k == 0 ? rec->head.elements : rec->other, k == 0 || (flags & 2) == 0, NULL));
    }
    return true;
}

static bool codebook(record *rec, reader *r) { /* clause 7.4 */
    u64 at = r->at, count, before = 0;
    u32 width;
    TRY(nntc_u8(r, &width));
    if (width < 1 || width > rec->head.width) return nntc_fail(r, NNTC_E_CODEBOOK, at); /* */
    TRY(nntc_count(r, 1, 65536, NNTC_E_LIMIT, &count)); /* */
    rec->entry_width = (u8)width;
    rec->entry_count = (u32)count;
    at = rec->entries = r->at;
    TRY(nntc_skip(r, width * count));
    for (u64 i = 0; i < count; i++) {
        const u8 *entry = nntc_look(r, at + i * width, width);
        u64 value = 0;
        if (entry == NULL) return false;
        for (u32 k = width; k-- > 0;) value = value << 8 | entry[k];
        if (i > 0 && value <= before) return nntc_fail(r, NNTC_E_CODEBOOK, at); /* */
        before = value;
    }
    rec->need += count * rec->head.width;
    return nntc_parse_integers(rec, r, &rec->integers, rec->head.elements, true, false);
}

static bool uniform_flags(record *rec, reader *r) {
    u64 at = r->at;
    u32 flags;
    bool ragged = rec->head.view_kind == RAGGED;
    TRY(nntc_u8(r, &flags));
    if (flags > 127) return nntc_fail(r, NNTC_E_RESERVED, at);                                  /* */
    if ((flags & (ragged ? TRANSFORM | COLUMN_CODES : ROW_BASES)) != 0) return nntc_fail(r, NNTC_E_VIEW, at); /* */
    rec->flags = (u8)flags;
    return true;
}

static float from_bits(u32 bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

NNTC_LOCAL bool nntc_parse_step(reader *r, float *step) {
    u64 at = r->at;
    u32 bits;
    TRY(nntc_u32(r, &bits));
    if (bits < 0x00800000 || bits >= 0x7F800000) return nntc_fail(r, NNTC_E_STEP, at); /* */
    *step = from_bits(bits);
    return true;
}

NNTC_LOCAL bool nntc_parse_uniform(record *rec, reader *r) { /* clause 7.5 */
    u32 bits, block;
    u64 at, segment = 1;
    i64 base;
    TRY(uniform_flags(rec, r) && nntc_parse_step(r, &rec->step));
    if ((rec->flags & OFFSET) != 0) {
        at = r->at;
        TRY(nntc_u32(r, &bits));
        if ((bits & 0x7F800000) == 0x7F800000 || (bits & 0x7FFFFFFF) == 0) return nntc_fail(r, NNTC_E_STEP, at); /* */
        rec->offset = from_bits(bits);
    }
    if ((rec->flags & TRANSFORM) != 0) {
        TRY(nntc_u8(r, &block));
        rec->height = block / 16 + 1;
        rec->breadth = block % 16 + 1;
        at = r->at;
        TRY(nntc_u8(r, &rec->mix));
        if (rec->mix > 6) return nntc_fail(r, NNTC_E_RESERVED, at); /* */
        if ((rec->height * rec->breadth) << rec->mix != rec->head.period) return nntc_fail(r, NNTC_E_VIEW, at); /* */
        rec->need += 16 * (u64)rec->head.period;
    }
    if ((rec->flags & ROW_CODES) != 0) rec->need += rec->head.rows;
    if ((rec->flags & COLUMN_CODES) != 0) rec->need += rec->columns;
    rec->row_codes = r->at;
    if ((rec->flags & ROW_CODES) != 0) TRY(nntc_symbol_block(rec, r, rec->head.rows, false, NULL));
    rec->column_codes = r->at;
    if ((rec->flags & COLUMN_CODES) != 0) TRY(nntc_symbol_block(rec, r, rec->columns, false, NULL));
    rec->row_bases = r->at;
    if ((rec->flags & ROW_BASES) != 0)
        for (u32 i = 0; i < rec->head.rows; i++) TRY(nntc_svarint(r, &base)); /* */
    if ((rec->flags & 3) != 0) TRY(nntc_count(r, 1, 8192, NNTC_E_LIMIT, &segment)); /* */
    rec->segment = (u32)segment;
    return nntc_parse_integers(rec, r, &rec->integers, rec->head.elements, true, (rec->flags & 3) != 0);
}

/* tool_and_type */
static bool head(const nntc *n, reader *r, u32 before, record *rec) {
    const u64 at = r->at;
    const u32 type_before = before > 0 ? rec->head.element : 0;
    u32 byte;
    memset(rec, 0, sizeof *rec);
    TRY(nntc_u8(r, &byte));
    u32 tool = byte >> 4, type = byte & 15;
    if (tool > DIFFERENCE) return nntc_fail(r, NNTC_E_UNSUPPORTED, at);    /* */
    if (nntc_widths[type] == 0) return nntc_fail(r, NNTC_E_RESERVED, at);  /* */
    if (tool == UNIFORM ? type < 5 : type == 5 || type == 6 || (nntc_widths[type] > 8 && tool != PLANES))
        return nntc_fail(r, NNTC_E_TYPE, at); /* */
    if (before == 0 && tool == DIFFERENCE && n->limits.tensors_only) return nntc_no_base(n, r->error);
    if (before == 0 && tool == DIFFERENCE && n->summary.base == 0) return nntc_fail(r, NNTC_E_REFERENCE, at); /* */
    if (before > 15) return nntc_fail(r, NNTC_E_LIMIT, at);                                        /* */
    if (before > 0 && type != type_before) return nntc_fail(r, NNTC_E_TYPE, at);                   /* */
    rec->nntc = n;
    rec->begin = at;
    rec->head.tool = rec->coding = (u8)tool;
    rec->head.element = (u8)type;
    rec->head.width = nntc_widths[type];
    rec->differs = tool == DIFFERENCE;
    rec->later = before > 0;
    return true;
}

static bool tool_fields(record *rec, reader *r) {
    switch (rec->head.tool) {
    case PLANES: return nntc_parse_planes(rec, r);
    case CODEBOOK: return codebook(rec, r);
    case UNIFORM: return nntc_parse_uniform(rec, r);
    default: return nntc_parse_difference(rec, r);
    }
}

NNTC_LOCAL bool nntc_parse_record(const nntc *n, const section *s, reader *r, u32 before, record *rec) {
    u32 kind;
    u64 elements = 0;
    TRY(head(n, r, before, rec));
    rec->need = 1024;
    rec->view_at = r->at;
    TRY(nntc_u8(r, &kind));
    if (kind > RAGGED) return nntc_fail(r, NNTC_E_RESERVED, rec->view_at); /* */
    rec->head.view_kind = (u8)kind;
    TRY(kind == RAGGED ? ragged_view(r, rec, &elements) : matrix_view(r, &rec->head, &elements, &rec->columns));
    if (elements > INT32_MAX) return nntc_fail(r, NNTC_E_LIMIT, rec->view_at);                        /* */
    if (elements * rec->head.width != s->output) return nntc_fail(r, NNTC_E_SIZE, rec->view_at);      /* */
    rec->head.elements = (u32)elements;
    TRY(tool_fields(rec, r));
    rec->streams = rec->coding == PLANES ? rec->head.width : rec->coding == PRODUCT || (rec->integers.flags & SPARSE) != 0 ? 2 : 1;
    if (kind == RAGGED) rec->need += 8 * (u64)rec->head.rows;
    if (kind == TRANSPOSED) rec->need += s->output;
    rec->end = r->at;
    return true;
}

static void most(u64 *value, u64 other) { *value = other > *value ? other : *value; }

NNTC_LOCAL bool nntc_parse_section(const nntc *n, const section *s, reader *r, record *rec) {
    record later;
    u32 count = 1;
    const u8 *next;
    TRY(nntc_parse_record(n, s, r, 0, rec));
    rec->section_need = rec->need;
    rec->most_scratch = nntc_scratch(rec, false);
    rec->most_faster = nntc_scratch(rec, true);
    for (later.head.element = rec->head.element; r->at < r->size; count++) {
        if ((next = nntc_look(r, r->at, 1)) == NULL) return false;
        if (next[0] >> 4 != DIFFERENCE) return nntc_fail(r, NNTC_E_TRAILING, r->at); /* */
        TRY(nntc_parse_record(n, s, r, count, &later));
        rec->section_need += later.need - 1024;
        most(&rec->most_scratch, nntc_scratch(&later, false));
        most(&rec->most_faster, nntc_scratch(&later, true));
    }
    rec->head.records = count;
    if (count > 1) rec->section_need += s->output;
    return rec->section_need <= n->summary.working_memory || nntc_fail(r, NNTC_E_LIMIT, 0); /* */
}
