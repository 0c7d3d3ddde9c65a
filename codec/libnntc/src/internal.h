/* Types and functions that the clauses share. A function that can fail returns false and sets the error of its
 * reader (or of its section's reader). */
#ifndef NNTC_INTERNAL_H
#define NNTC_INTERNAL_H

#include "nntc.h"

#include <stdbool.h>
#include <string.h>

#ifndef NNTC_LOCAL
#define NNTC_LOCAL
#endif
#define TRY(call) do { if (!(call)) return false; } while (0)

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;

/* Clause 3.3: a stretch of the file that is read field by field. */
typedef struct reader {
    const u8 *data;
    u64 at, size;   /* position and number of bytes of the stretch */
    u64 base;       /* offset of its first byte in the file */
    nntc_id short_id; /* E_TRUNCATED, in the directory E_DIRECTORY */
    bool fixed;     /* all errors are reported at base */
    nntc_error error;
} reader;

NNTC_LOCAL reader nntc_reader(const u8 *data, u64 size, u64 base);
NNTC_LOCAL bool nntc_fail(reader *r, nntc_id id, u64 at); /* at: position in the stretch; returns false */
NNTC_LOCAL bool nntc_u8(reader *r, u32 *value);
NNTC_LOCAL bool nntc_u32(reader *r, u32 *value);
NNTC_LOCAL bool nntc_bytes(reader *r, u64 count, const u8 **bytes);
NNTC_LOCAL bool nntc_varint(reader *r, u64 *value);
NNTC_LOCAL bool nntc_count(reader *r, u64 least, u64 most, nntc_id id, u64 *value); /* varint in a range */
NNTC_LOCAL bool nntc_svarint(reader *r, i64 *value);                                /* magnitude below 2^31 */
NNTC_LOCAL bool nntc_bits(reader *r, u64 *bit, u32 count, u32 *value);              /* each byte is a field */
NNTC_LOCAL u32 nntc_field(const u8 *run, u64 i, u32 width);                         /* field i of a checked run */
NNTC_LOCAL bool nntc_padded(const u8 *run, u64 bits);                               /* */
NNTC_LOCAL u32 nntc_load32(const u8 *p);
NNTC_LOCAL u32 nntc_crc32(u32 crc, const u8 *data, size_t length);

/* Clauses 3.6, 3.7: NNTC_OK, NNTC_E_ZSTD, NNTC_E_BZIP2 or NNTC_CODER. */
NNTC_LOCAL nntc_id nntc_zstd_frame(const nntc_coders *coders, const u8 *src, u64 length, u8 *dst, u64 n,
                                   u64 window);
NNTC_LOCAL nntc_id nntc_bzip2_stream(const nntc_coders *coders, const u8 *src, u64 length, u8 *dst, u64 n);
NNTC_LOCAL void nntc_default_coders(nntc_coders *coders);
typedef void nntc_sha256_start(void *state);
NNTC_LOCAL nntc_sha256_start *nntc_sha256_choose(void); /* the beginning that fits this processor */
NNTC_LOCAL void nntc_sha256_update(void *state, const void *data, size_t length);
NNTC_LOCAL void nntc_sha256_final(void *state, unsigned char digest[32]);

/* Clause 5: section of the directory. */
typedef struct section {
    u64 offset, length, output;
    u8 digest[16];
    u32 used; /* clause 6.2: parts that splices use */
    u8 type;
} section;
enum { GRAPH = 1, TABLES = 3, TENSOR = 4 };

typedef struct file_entry {
    u64 size;
    const u8 *sha256;
    u64 name_offset;
    u32 name_length;
    u32 order; /* scratch of the check of names */
} file_entry;

struct record;
struct buffers;
struct plain;
/* A step of lanes 0 to active - 1 under a trellis, clause 9.4: a token of each to tokens; words for all of them are left.
 * Returns where the words go on. */
typedef const u8 *nntc_trellis_step(const struct record *rec, const struct buffers *b, const struct plain *p, const u8 *words,
                                    const u8 *end, u32 active, u8 *tokens);

struct nntc {
    nntc_source source;
    nntc_limits limits;
    nntc_summary summary;
    section *sections;
    u32 first_tensor;
    file_entry *files;
    const u8 *splices; /* from here on content of GRAPH: splices, then graph bytes */
    u64 splices_size;
    const u8 *graph;
    u64 graph_size;
    const u8 *tables;   /* bit run of the shared tables */
    u64 tables_size;
    u64 *table_at;      /* bit at which each begins */
    u32 table_count;
    nntc_trellis_step *trellis_step; /* of this processor; NULL: portable code */
};

NNTC_LOCAL bool nntc_directory(nntc *n, nntc_memory memory, reader *r);
NNTC_LOCAL bool nntc_graph(nntc *n, nntc_memory memory, reader *r);
NNTC_LOCAL bool nntc_shared_tables(nntc *n, nntc_memory memory, reader *r);
/* Makes r read the section, after its digest is checked. kind: memory that is taken if the source is no span. */
NNTC_LOCAL bool nntc_load(const nntc *n, const section *s, nntc_memory memory, int kind, reader *r);
NNTC_LOCAL bool nntc_check_digest(const nntc *n, const section *s, reader *r);
NNTC_LOCAL bool nntc_get(nntc_memory memory, u64 bytes, int kind, reader *r, void **block);
NNTC_LOCAL bool nntc_read(const nntc *n, u64 offset, void *dst, size_t length, reader *r);

/* Clause 8: symbol data. */
typedef struct plain {
    u32 n;
    u64 at; /* position of the symbol data in the section */
    u8 coder, width, first, last, mode;
    u32 lanes, tables, contexts, segment; /* segment: T of clause 8.6 */
    bool trellis;
    u64 base;            /* of shared tables */
    u64 run;             /* position of own tables */
    const u8 *data;      /* packed, compressed or lane bytes; code lengths are at at + 2 */
    u64 size;            /* of data */
    u64 lane_lengths;    /* position of the first lane_length */
    const u8 *states, *words;
    u64 word_count;
} plain;
typedef struct class_list {
    bool present;
    u64 at;
    u32 count;
    plain tokens;
} class_list;
typedef struct symbols {
    plain main;
    class_list classes[3]; /* rows, channels, positions; used if bit 0 of mode is set */
} symbols;

typedef struct integers {
    u64 at; /* of flags */
    u8 flags, low_bits;
    i64 lo, background;
    u64 escape_count, escapes; /* position of the first */
    u32 count;                 /* M */
    u32 n;
    const u8 *low;
    symbols gaps, tokens;
} integers;
enum { ESCAPE = 8, LOW = 16, SPARSE = 32 };

/* Clause 7: a record. */
typedef struct record {
    nntc_record head;
    u8 profile;
    u64 need; /* clause 11.2, summed up as fields are read */
    const nntc *nntc;
    u64 view_at, row_lengths;
    u32 columns;
    u8 flags;
    /* planes */
    u32 common_count, other; /* other: number of elements that are not common ones */
    const u8 *common;
    u64 count_at;
    symbols planes[16];
    /* codebook */
    u8 entry_width;
    u32 entry_count;
    const u8 *entries;
    /* uniform */
    float step, offset;
    u32 height, breadth, mix, segment;
    symbols row_codes, column_codes;
    u64 row_bases;
    integers integers;
} record;
enum { TRANSFORM = 4, ROW_CODES = 8, COLUMN_CODES = 16, OFFSET = 32, ROW_BASES = 64 };

NNTC_LOCAL bool nntc_parse_record(const nntc *n, const section *s, reader *r, record *rec);
NNTC_LOCAL bool nntc_parse_integers(record *rec, reader *r, bool trellis);
NNTC_LOCAL bool nntc_parse_block(record *rec, reader *r, u32 n, bool of_view, symbols *block);

/* Clause 8.7. freq and start have 256 entries; either may be NULL together with the other. */
NNTC_LOCAL bool nntc_frequencies(reader *r, u64 run, u64 *bit, u32 freq[256]);
NNTC_LOCAL bool nntc_table_run(reader *r, u32 count, u64 *bits_at);

/* Integers below 2^51 (clause 9.8): binary64 has them exactly, and processors with it take several at a time. */
#ifdef NNTC_SMALL
typedef i64 nntc_sum;
#else
typedef double nntc_sum;
#endif

/* Clause 9.3: buffers of a section, laid out in scratch. */
typedef struct decoding_table {
    u8 token[4096];
    u32 packed[256]; /* frequency | start << 16 */
} decoding_table;
typedef struct lane_arrays { /* number l of each array belongs to lane l; a multiple of 16 of them have room */
    u32 *x, *state;
    u32 *row, *column, *size, *row_class; /* where a lane is, with contexts; size: columns of its row */
} lane_arrays;
typedef struct buffers {
    u32 *row_start; /* ragged: rows + 1 */
    u8 *planes[16];
    u8 *tokens, *gaps, *row_codes, *column_codes;
    u8 *classes[3];
    u8 *column_class;
    decoding_table *tables;
    lane_arrays lanes;
    u8 *staging; /* 16 tokens of each lane */
    u16 *codes;  /* Huffman: 2^15 entries */
    int32_t *x;
    nntc_sum *y;
} buffers;
NNTC_LOCAL u64 nntc_layout(const record *rec, u8 *base, buffers *b);
NNTC_LOCAL bool nntc_tokens(const record *rec, const buffers *b, reader *r, const symbols *block, u8 *out);
extern const u8 nntc_next[2][8][2]; /* trellis of clause 9.7: of four states, of eight */
extern const u8 nntc_q[2][8];
NNTC_LOCAL void nntc_enter_row(const record *rec, const buffers *b, u32 lane, u32 row);
NNTC_LOCAL bool nntc_exact(const record *rec, const buffers *b, reader *r, u8 *out);
NNTC_LOCAL bool nntc_uniform(const record *rec, const buffers *b, reader *r, u8 *out);
NNTC_LOCAL bool nntc_section_payload(const record *rec, const buffers *b, reader *r, u8 *out);

/* Clause 9.5: the integers one after another, once nntc_check_integers has passed. */
typedef struct level_source {
    const integers *block;
    const u8 *tokens, *gaps;
    reader escapes;
    i64 next; /* sparse: position of the next coded element, or -1 */
    u64 i;    /* tokens taken */
    i64 at;   /* elements given */
} level_source;
NNTC_LOCAL bool nntc_check_integers(const integers *block, const u8 *tokens, reader *r);
NNTC_LOCAL void nntc_levels(level_source *l, const integers *block, const buffers *b, const reader *r);
NNTC_LOCAL bool nntc_level(level_source *l, i64 *value);
NNTC_LOCAL bool nntc_levels_end(const level_source *l);

/* Clause 9.7: rounds each once; false if one is infinite. */
NNTC_LOCAL bool nntc_store(const double *values, u32 count, u32 element, u8 *out);
/* Clause 9.8. x: the block's numbers, destroyed; y: as many. */
NNTC_LOCAL void nntc_inverse_transform(int32_t *x, u32 planes, u32 height, u32 breadth, nntc_sum *y);
extern const int16_t nntc_basis[1496];

#endif
