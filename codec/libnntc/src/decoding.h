/* Types and functions of clauses 7 to 9: a section while it is decoded. Included by internal.h. */
#ifndef NNTC_DECODING_H
#define NNTC_DECODING_H

/* Clause 8: an integer block. Numbers that are only needed in order stay where they are stored. */
typedef struct integers {
    u64 at; /* of flags */
    u8 flags, low_bits;
    i64 lo, background;
    u64 escape_count;
    u64 escapes, low, gaps, tokens; /* where they begin */
    u32 size, n;  /* integers, and tokens */
    bool of_view; /* one for each element */
} integers;
enum { ESCAPE = 8, LOW = 16, SPARSE = 32 };

/* Memory of a section, which it takes from the beginning on. With base NULL it is counted alone. */
typedef struct space {
    u8 *base;
    u64 used, size;
} space;
NNTC_LOCAL void *nntc_take(space *m, u64 bytes); /* NULL if it is used up */

/* Clause 7: a record. */
typedef struct record {
    nntc_record head;
    const nntc *nntc;
    u64 begin, end; /* where it stands in its section */
    u64 need;  /* clause 11.2, summed up as fields are read */
    /* Of the first record: need of the section; if there are several, the most scratch that one asks for. */
    u64 section_need, most_scratch, most_faster;
    u64 faster; /* how much more is taken where there is memory to spare */
    u32 streams; /* symbol data that is decoded side by side */
    space room;
    bool spare; /* there is */
    u64 stored; /* if the source is no span: most bytes of a zstd frame or bzip2 stream, and where they go */
    u8 *stored_bytes;
    u8 *windows; /* if the source is no span: windows of one size for all that is read side by side */
    u32 window_size, windows_used;
    u64 view_at, row_lengths;
    u32 columns, *row_start; /* ragged: rows + 1 sums of row lengths */
    u8 flags;
    u8 coding; /* tool, or method of difference */
    bool differs, later; /* the tool is difference; a record is before it */
    u8 base_type, base_width;
    u64 base_offsets;
    /* planes */
    u32 common_count, other; /* other: number of elements that are not common ones */
    u64 common, count_at, planes[16];
    /* codebook */
    u8 entry_width;
    u32 entry_count;
    u64 entries;
    /* uniform */
    float step, offset;
    u32 height, breadth, mix, segment;
    u64 row_codes, column_codes, row_bases;
    integers integers; /* of a product the left ones */
    /* product */
    u32 rank;
    u64 rank_codes;
    integers right;
} record;
enum { PLANES, CODEBOOK, UNIFORM, DIFFERENCE, PRODUCT };
extern const u8 nntc_widths[16]; /* of element types; 0 where there is none */
enum { PACKED, RANS, HUFFMAN, BZIP2, ZSTD };
enum { TRANSPOSED = 1, RAGGED = 2 };
enum { TRANSFORM = 4, ROW_CODES = 8, COLUMN_CODES = 16, OFFSET = 32, ROW_BASES = 64 };

NNTC_LOCAL bool nntc_parse_section(const nntc *n, const section *s, reader *r, record *rec); /* rec: the first of it */
/* The record at r; before: how many of its section are before it, of which rec is the last. */
NNTC_LOCAL bool nntc_parse_record(const nntc *n, const section *s, reader *r, u32 before, record *rec);
NNTC_LOCAL bool nntc_parse_planes(record *rec, reader *r);
NNTC_LOCAL bool nntc_parse_uniform(record *rec, reader *r);
NNTC_LOCAL bool nntc_parse_step(reader *r, float *step);
NNTC_LOCAL bool nntc_parse_difference(record *rec, reader *r);
NNTC_LOCAL bool nntc_parse_integers(record *rec, reader *r, integers *b, u32 size, bool of_view, bool trellis);

/* Clause 8.7: a frequency table as it is stored, and two forms to decode by. */
typedef u16 frequencies[256];
typedef struct small_table {
    u16 end[256];  /* sum of the frequencies of a token and of those below it */
    u8 first[64];  /* token of slot 64 * i */
} small_table;
typedef struct fast_table {
    u8 token[4096];
    u32 packed[256]; /* frequency | start << 16 */
} fast_table;
NNTC_LOCAL bool nntc_frequencies(reader *r, u64 run, u64 *bit, frequencies freq);
NNTC_LOCAL bool nntc_table_run(reader *r, u32 count, u64 *marks); /* marks: NULL, or where every sixteenth begins */
NNTC_LOCAL void nntc_small_table(const frequencies freq, small_table *table);
NNTC_LOCAL void nntc_fast_table(const frequencies freq, fast_table *table);

/* Clauses 8.3 to 8.6, 9.4: symbol data that is being decoded. */
typedef struct huffman_codes {
    u16 limit[16];  /* codes of this length are below it, in 15 bits */
    u16 before[16]; /* tokens that have shorter codes */
    u8 token[256];  /* by length, then ascending */
    u16 quick[256]; /* for the first 8 bits: token << 4 | length, 0 for longer codes */
} huffman_codes;
typedef struct huffman_lane {
    u64 next;         /* position of the byte that comes after those that are ready */
    u32 bits;         /* the low `held` of them come next */
    u16 left;         /* bytes; 65535 are more than any lane needs */
    u8 held, ready;   /* ready: bytes of the lane's window that are not yet taken */
} huffman_lane;
_Static_assert(sizeof(small_table) == 576 && sizeof(huffman_codes) <= 1024 && sizeof(huffman_lane) == 16, "clause 11.2");

typedef struct stream {
    const record *rec;
    reader in;      /* packed tokens, lane data, words */
    u64 at;         /* position of the symbol data, where its errors are reported */
    u64 run, end;   /* positions at which packed tokens begin, and words end */
    u64 failed_at;
    nntc_id failed; /* what is wrong in phase 3, or NNTC_OK */
    u32 n, taken;   /* tokens in all, and those that were taken */
    u32 escapes;    /* tokens 255 among them, if they are counted */
    u32 lanes, lane;
    u32 contexts, segment, trellis; /* trellis: 0 none, 1 four states, 2 eight, 3 128 */
    u32 batch, steps;         /* trellis: lanes of this batch, tokens of each in a tile */
    u32 at_lane, at_token;    /* trellis: which token of the batch is taken next */
    u8 coder, width, lane_window;
    bool counts;
    u8 *tokens; /* trellis: of a batch, in tiles; bzip2 and zstd: all */
    small_table *tables;
    fast_table *fast; /* in place of tables */
    /* Of each lane; of the first alone for row, left and row_class without trellis. left: elements of the row */
    u32 *x, *row, *left;
    u8 *state, *row_class;
    u8 *classes[3];  /* of rows, channels and positions; NULL: all are 0 */
    u8 *columns_end; /* in place of the last two, where there is memory to spare: end of their sums, one for each column */
    huffman_codes *codes;
    huffman_lane *huffman;
    u8 *lane_bytes;
} stream;
/* s NULL: it is only checked. Else false comes with an error, or with s->failed alone if a class list is at fault. */
NNTC_LOCAL bool nntc_symbol_block(record *rec, reader *r, u32 n, bool of_view, stream *s);
NNTC_LOCAL bool nntc_integer_tokens(record *rec, reader *r, const integers *b, stream *s); /* r: at b->tokens */
NNTC_LOCAL bool nntc_rans_data(record *rec, reader *r, u32 n, bool of_view, bool trellis, stream *s);
NNTC_LOCAL bool nntc_take_stream(record *rec, const reader *r, u64 bytes, void *pointer);
NNTC_LOCAL bool nntc_window_of(record *rec, reader *r); /* gives a reader a window of its own */
static inline void nntc_needs(record *rec, const stream *s, u64 bytes) { rec->need += s == NULL ? bytes : 0; }

/* Phase 3. */
NNTC_LOCAL bool nntc_huffman_codes(stream *s, reader *r, u64 lengths, u32 first, u32 last);
NNTC_LOCAL bool nntc_tokens(stream *s, u8 *out, u32 count);
NNTC_LOCAL bool nntc_rans_tokens(stream *s, u8 *out, u32 count);
NNTC_LOCAL bool nntc_rans_ended(const stream *s);
NNTC_LOCAL bool nntc_finish(stream *s);

extern const u8 nntc_next[3][8][2]; /* trellis of clause 9.7: of four states, of eight, of the low bits of 128 */
extern const u8 nntc_q[3][8];
/* next(s, v & 1) and q(s). 128 states are linear, and what is above the low three bits is shifted. */
static inline u32 nntc_next_state(u32 kind, u32 s, u32 v) { return s >> 3 << 2 ^ nntc_next[kind - 1][s & 7][v & 1]; }
static inline u32 nntc_quantizer(u32 kind, u32 s) { return nntc_q[kind - 1][s & 7]; }
NNTC_LOCAL void nntc_enter_row(stream *s, u32 lane);

/* Phase 4, clause 9.5: the integers one after another. */
typedef struct feed { /* some tokens of a stream ahead */
    stream *from;
    u32 at, count;
    u8 held[32];
} feed;
typedef struct levels {
    const integers *block;
    stream *tokens;
    reader escapes, low;
    feed coded, gaps; /* sparse */
    i64 next, at;     /* sparse: position of the next coded element, elements given */
    u64 i, escaped;   /* tokens and escapes taken */
    u8 some[SOME];    /* not sparse: the tokens of the integers given last */
} levels;
/* At most SOME; false: one is out of range, or a stream failed. plain: they are lo + l->some[i], far from any limit, and have
 * not been written. */
NNTC_LOCAL bool nntc_levels(levels *l, u32 count, i64 *out, bool *plain);
NNTC_LOCAL bool nntc_levels_end(const levels *l);

/* Where a payload goes: to one block of memory, or piece by piece to a sink. */
typedef struct payload {
    u8 *whole;
    int (*write)(void *context, const void *data, size_t length); /* NULL: nowhere */
    void *context;
    nntc_error *error;
    bool moved;      /* a transposed view: elements come in another order than they stand in whole */
    bool differs;    /* elements of before are still needed where they stand in whole */
    u32 row, channel, position; /* of the next element, if moved */
    u64 at;
    const nntc_record *head;
    u8 some[16 * SOME];
} payload;
/* Where the next count elements are to be written, at most SOME, in coded order; then they are put. */
static inline u8 *nntc_room(payload *p) { return p->whole != NULL && !p->moved && !p->differs ? p->whole + p->at : p->some; }
NNTC_LOCAL bool nntc_put(payload *p, u32 count);
NNTC_LOCAL void nntc_elements_before(payload *p, u32 count, u8 *out); /* that nntc_put will put others in place of */

/* Clause 7.6: elements of the base, one after another. */
typedef struct from_base {
    reader offsets, file; /* of parts that are to come; the base file that this part is in */
    i64 end;              /* of the range of this part */
    u32 part, left;       /* parts that have begun, and elements of the last that are left */
    u8 *window;
} from_base;

/* Clause 9.3. A section that is being decoded. */
typedef struct decoding {
    record *rec;
    reader r;
    payload *out;
    nntc_error *error;
    u32 count;       /* of streams, in stored order */
    stream *streams;
    u8 *row_codes, *column_codes;
    bool wrong;      /* a number of phase 5 is out of range */
    from_base before;
    levels levels;
} decoding;
NNTC_LOCAL u64 nntc_scratch(const record *rec, bool spare);
NNTC_LOCAL bool nntc_open_section(const nntc *n, const section *s, nntc_memory memory, reader *r, record *rec, nntc_error *error);
NNTC_LOCAL u64 nntc_section_scratch(const record *rec);
/* rec: the first record; afterwards it is the last. */
NNTC_LOCAL bool nntc_decode_section(const nntc *n, const section *s, nntc_memory memory, const reader *r, record *rec, payload *out);
NNTC_LOCAL bool nntc_take_for(decoding *d, u64 bytes, void *pointer);
NNTC_LOCAL bool nntc_open_streams(decoding *d);
NNTC_LOCAL bool nntc_streams_end(decoding *d);                      /* phase 3 */
NNTC_LOCAL bool nntc_integers_end(const decoding *d, const reader *r); /* phases 4 and 5; r: where errors are reported */
NNTC_LOCAL bool nntc_kept_tokens(decoding *d, u64 at, u32 count, u8 **kept);
NNTC_LOCAL bool nntc_decode_planes(decoding *d);
NNTC_LOCAL bool nntc_decode_codebook(decoding *d);
NNTC_LOCAL bool nntc_decode_uniform(decoding *d);
NNTC_LOCAL bool nntc_decode_product(decoding *d);
/* Clause 9.9, for the next count elements: of places to move by, in nntc_room; of values, the sums. */
NNTC_LOCAL bool nntc_open_before(decoding *d);
NNTC_LOCAL bool nntc_move_places(decoding *d, u32 count);
NNTC_LOCAL bool nntc_add_before(decoding *d, double *values, u32 count);

/* Integers below 2^51 (clause 9.8): binary64 has them exactly, and processors with it take several at a time. */
#ifdef NNTC_SMALL
typedef i64 nntc_sum;
#else
typedef double nntc_sum;
#endif

NNTC_LOCAL double nntc_step_code(u32 code); /* clause 9.7 */
/* Clause 9.9: elements to values, and to those of another type. */
NNTC_LOCAL void nntc_load(const u8 *elements, u32 count, u32 element, double *values);
NNTC_LOCAL void nntc_convert(const u8 *elements, u32 count, u32 from, u32 to, u8 *out);
/* Clause 9.7: rounds each once; false if one is infinite or a NaN. */
NNTC_LOCAL bool nntc_store(const double *values, u32 count, u32 element, u8 *out);
/* Clause 9.8. x: the block's numbers, destroyed; y: as many. */
NNTC_LOCAL void nntc_inverse_transform(int32_t *x, u32 planes, u32 height, u32 breadth, nntc_sum *y);
extern const int16_t nntc_basis[1496];

#endif
