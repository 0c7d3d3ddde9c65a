/* Types and functions that the clauses share. A function that can fail returns false and sets the error of its reader. */
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

/* How much is read and computed at a time. */
#ifdef NNTC_SMALL
enum { SOME = 64, WINDOW = 1024, ALIGN = 8, FAST = 0 };
#else
enum { SOME = 512, WINDOW = 4096, ALIGN = 64, FAST = 1 }; /* FAST: there may be memory to spare */
#endif
enum { LOOK = 32 }; /* most that is looked at at once */

/* Clause 3.3: a stretch of the file that is read field by field. All of it is at hand, or a window of it, which moves. */
typedef struct reader {
    const u8 *data;   /* bytes begin to begin + held of the stretch */
    u64 begin, held;
    u64 at, size;     /* position of the next field, and number of bytes of the stretch */
    u64 base;         /* offset of its first byte in the file */
    const nntc_source *source; /* where a window is read from */
    u8 *room;
    u32 room_size;    /* at least LOOK */
    nntc_id short_id; /* E_TRUNCATED, in the directory E_DIRECTORY */
    bool fixed;       /* all errors are reported at base */
    nntc_error *error; /* the first one stays */
} reader;

NNTC_LOCAL reader nntc_reader(const u8 *data, u64 size, u64 base, nntc_error *error);
NNTC_LOCAL bool nntc_fail(const reader *r, nntc_id id, u64 at); /* at: position in the stretch; returns false */
NNTC_LOCAL const u8 *nntc_fill(reader *r, u64 at);
NNTC_LOCAL void nntc_move_window(reader *r, u8 *block, u64 size); /* of a reader that has one */
NNTC_LOCAL bool nntc_skip(reader *r, u64 count);
NNTC_LOCAL bool nntc_bytes(reader *r, u32 count, const u8 **bytes); /* at most LOOK, until the next call */
NNTC_LOCAL bool nntc_u8(reader *r, u32 *value);
NNTC_LOCAL bool nntc_u32(reader *r, u32 *value);
NNTC_LOCAL bool nntc_varint(reader *r, u64 *value);
NNTC_LOCAL bool nntc_count(reader *r, u64 least, u64 most, nntc_id id, u64 *value); /* varint in a range */
NNTC_LOCAL bool nntc_svarint(reader *r, i64 *value);                                /* magnitude below 2^31 */
NNTC_LOCAL bool nntc_wide_svarint(reader *r, i64 *value);                           /* at most 2^62 */
NNTC_LOCAL bool nntc_bits(reader *r, u64 *bit, u32 count, u32 *value);              /* each byte is a field */
NNTC_LOCAL bool nntc_field(reader *r, u64 run, u64 i, u32 width, u32 *value); /* field i of a run that fits */
NNTC_LOCAL bool nntc_padded(reader *r, u64 run, u64 bits);                    /* */
NNTC_LOCAL u32 nntc_load32(const u8 *p);
NNTC_LOCAL u32 nntc_crc32(u32 crc, const u8 *data, size_t length);

static inline u64 nntc_rounded_up(u64 a, u64 b) { return (a + b - 1) / b; }

/* The next count bytes at a position, which the stretch has; at most LOOK. NULL: reading has failed. */
static inline const u8 *nntc_look(reader *r, u64 at, u32 count) {
    u64 from = at - r->begin;
    if (from <= r->held && count <= r->held - from) return r->data + from;
    return nntc_fill(r, at);
}

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
    u64 offset, length;
    u32 output;
    u32 used; /* clause 6.2: parts that splices use */
    u8 digest[16];
    u8 type;
} section;
enum { GRAPH = 1, TABLES = 3, TENSOR = 4, SIGNATURE = 0x82, INDEX = 0x83 };

typedef struct file_entry {
    u64 size, start; /* start: sum of the sizes of those before it */
    const u8 *sha256;
    u64 name_offset;
    u32 name_length;
    u32 order; /* scratch of the check of names */
} file_entry;

typedef struct base_entry { /* clause 6.1 */
    u64 start, size; /* start: sum of the sizes of those before it */
    const u8 *sha256;
    const nntc_source *source; /* NULL: not given */
} base_entry;

typedef struct splice { /* clause 6.2; from 0 on for the first */
    u64 run, piece;   /* piece as in files without a base, if copies is not set */
    u64 from, length; /* the last range of the base */
    bool copies;      /* it is this piece */
} splice;

struct stream;
/* A step of lanes 0 to active - 1 under a trellis, clause 9.4: a token of each, number k of the tile at tokens; words for all
 * of them are left. Returns where the words go on. */
typedef const u8 *nntc_trellis_step(struct stream *s, const u8 *words, const u8 *end, u32 active, u8 *tile, u32 k);

enum { TABLE_NEED = 576 }; /* clause 11.2: bytes that a table counts */
enum { MARKS = 64, BETWEEN_MARKS = 16 };
struct nntc {
    nntc_source source;
    nntc_limits limits;
    nntc_summary summary;
    section *sections;
    u32 graph_section, first_tensor;
    base_entry *base;
    bool base_missing; /* the caller knows */
    file_entry *files;
    const u8 *splices; /* from here on content of GRAPH: splices, then graph bytes */
    u64 splices_size;
    const u8 *graph;
    u64 graph_size;
    u32 tables, table_count; /* section TABLES, and how many there are */
    u64 table_at[MARKS];     /* bit at which every sixteenth begins */
    nntc_trellis_step *trellis_step; /* of this processor; NULL: portable code */
};

NNTC_LOCAL bool nntc_header(const nntc_source *source, nntc_summary *summary, u64 *directory_length, nntc_error *error);
NNTC_LOCAL bool nntc_directory(nntc *n, nntc_memory memory, nntc_error *error);
NNTC_LOCAL bool nntc_trust_is_sound(const nntc_trusted *trusted);
NNTC_LOCAL bool nntc_signed(const nntc *n, nntc_memory memory, nntc_error *error);
NNTC_LOCAL bool nntc_graph(nntc *n, nntc_memory memory, nntc_error *error);
NNTC_LOCAL bool nntc_utf8(const u8 *p, u32 length);
NNTC_LOCAL bool nntc_splice(const nntc *n, reader *r, splice *s);
NNTC_LOCAL bool nntc_read_base(nntc *n, nntc_memory memory, reader *r);
NNTC_LOCAL bool nntc_give_base(nntc *n, nntc_memory memory, nntc_error *error);
NNTC_LOCAL bool nntc_no_base(const nntc *n, nntc_error *error); /* fails with E_BASE */
NNTC_LOCAL u64 nntc_base_window(const nntc *n);                 /* for reads of the base; 0 if all of it is spans */
/* The base file that has all of size bytes from a place of the base on, or NULL. */
NNTC_LOCAL const base_entry *nntc_base_holding(const nntc *n, i64 start, u64 size);
NNTC_LOCAL bool nntc_shared_tables(nntc *n, nntc_memory memory, nntc_error *error);
/* A reader of a stretch of the file, with a window in scratch if the source is no span. */
NNTC_LOCAL bool nntc_stretch(const nntc *n, u64 offset, u64 length, nntc_memory memory, reader *r, nntc_error *error);
/* Makes r read the section, after its digest is checked. */
NNTC_LOCAL bool nntc_section_reader(const nntc *n, const section *s, nntc_memory memory, reader *r, nntc_error *error);
/* The same with all its bytes at hand, in scratch if the source is no span. */
NNTC_LOCAL bool nntc_whole_section(const nntc *n, const section *s, nntc_memory memory, reader *r, nntc_error *error);
NNTC_LOCAL u64 nntc_window(const nntc *n); /* size of all windows together; 0 if the source is a span */
/* The bytes from r->at on that are at hand, at least one of those that are left; moves past them. NULL: reading has failed. */
NNTC_LOCAL const u8 *nntc_next_bytes(reader *r, u64 *count);
NNTC_LOCAL bool nntc_get(nntc_memory memory, u64 bytes, int kind, nntc_error *error, void **block);
NNTC_LOCAL bool nntc_read(const nntc_source *source, u64 offset, void *dst, u64 length, nntc_error *error);

#include "decoding.h"

#endif
