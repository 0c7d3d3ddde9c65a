/* nntc.h: decoder of .nntc files (SPEC.md, format 1.0), profiles Device, Main and Full.
 *
 * The core has no global state, allocates nothing, touches no file and is reentrant: a handle never changes after
 * nntc_open, so several threads may read it, each with memory of its own. All sizes and offsets are in bytes. */
#ifndef NNTC_H
#define NNTC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NNTC_VERSION "1.0.0"

/* Errors. Those of the format (SPEC.md, clause 12.2) come first; from NNTC_CALLER on they are no fault of the file. */
#define NNTC_ERRORS(X) \
    X(E_SIGNATURE, "does not begin with the signature of the format") \
    X(E_VERSION, "needs a newer decoder") \
    X(E_PROFILE, "profile does not exist, or forbids this tool") \
    X(E_CRC, "is damaged: CRC-32 does not match") \
    X(E_DIGEST, "is damaged: digest of a section does not match") \
    X(E_TRUNCATED, "a field does not fit; the file is cut off") \
    X(E_TRAILING, "bytes are left after the last field") \
    X(E_VARINT, "varint is too long or not minimal") \
    X(E_PADDING, "padding bits are not zero") \
    X(E_DIRECTORY, "entries do not fill the directory exactly") \
    X(E_ORDER, "sections are missing, repeated or out of order") \
    X(E_RESERVED, "reserved bit or code point is used") \
    X(E_UNSUPPORTED, "section type, tool or profile is not supported") \
    X(E_LIMIT, "number is outside its limits") \
    X(E_EXPANSION, "output is too large for the stored length") \
    X(E_MEMORY, "more memory or output is needed than is allowed") \
    X(E_SIGNED, "is not signed by the keys that are demanded") \
    X(E_SPLICE, "splices, sections and sizes do not fit together") \
    X(E_FILE_NAME, "file name is not allowed") \
    X(E_HASH, "SHA-256 of an output file does not match") \
    X(E_BASE, "updates files that are not given") \
    X(E_REFERENCE, "differs from elements that the base does not have") \
    X(E_ZSTD, "zstd frame is not valid") \
    X(E_BZIP2, "bzip2 stream is not valid") \
    X(E_TYPE, "element type does not go with the tool or flag") \
    X(E_VIEW, "flag, block or contexts do not go with the view") \
    X(E_SIZE, "size is not that of the directory") \
    X(E_STEP, "step or offset is not allowed") \
    X(E_CODEBOOK, "codebook or common elements are not allowed") \
    X(E_TRELLIS, "integer block does not go with a trellis") \
    X(E_ESCAPE, "escapes do not agree with the tokens") \
    X(E_TABLE, "frequency table or code lengths are not valid") \
    X(E_ENTROPY, "coded tokens do not begin or end as they must") \
    X(E_RANGE, "decoded number is out of range") \
    X(CALLER, "argument is not allowed") \
    X(ARENA, "memory given is too small; the offset is the number of bytes asked for") \
    X(SOURCE, "reading the file failed") \
    X(SINK, "writing the output failed") \
    X(CODER, "this build lacks a coder that the file needs") \
    X(ABSENT, "the file has no index, or the index no such tensor")

typedef enum nntc_id {
    NNTC_OK = 0,
#define NNTC_ID(name, text) NNTC_##name,
    NNTC_ERRORS(NNTC_ID)
#undef NNTC_ID
    NNTC_IDS
} nntc_id;

/* Result of every call that can fail: NNTC_OK, or what is wrong and where (byte offset in the file). */
typedef struct nntc_error {
    nntc_id id;
    uint64_t offset;
} nntc_error;

/* Name ("E_CRC") and sentence of an id; static strings. */
const char *nntc_error_name(nntc_id id);
const char *nntc_error_text(nntc_id id);

/* 1 if the file may be valid but needs a newer or fuller decoder (class unsupported), else 0. */
int nntc_error_unsupported(nntc_id id);

/* Where the file is: either all of it in memory (span, size), or span NULL and read_at, which copies exactly length
 * bytes from offset to dst and returns 0, anything else on failure (NNTC_SOURCE). It is only asked for bytes below
 * size. The span must stay as it is while the handle is used. */
typedef struct nntc_source {
    const void *span;
    int (*read_at)(void *context, uint64_t offset, void *dst, size_t length);
    void *context;
    uint64_t size;
} nntc_source;

/* Where memory comes from. get returns bytes aligned for any type, or NULL (the call then fails with NNTC_ARENA).
 * NNTC_KEEP: a new block, valid as long as the handle (nntc_open) or the call (other functions).
 * NNTC_SCRATCH: one block for each context, valid until the next such request; its content need not be kept.
 * What is asked for is known from header, directory or record, and has been checked against the limits. */
enum { NNTC_KEEP = 0, NNTC_SCRATCH = 1 };
typedef struct nntc_memory {
    void *(*get)(void *context, size_t bytes, int kind);
    void *context;
} nntc_memory;

/* Memory from one block of the caller's: kept blocks grow from its beginning, scratch is what is left. most is the
 * high-water mark in bytes. To use the block for a further call, save used and set it back afterwards. */
typedef struct nntc_arena {
    unsigned char *base;
    size_t size, used, most;
} nntc_arena;
void nntc_arena_init(nntc_arena *arena, void *block, size_t size);
nntc_memory nntc_arena_memory(nntc_arena *arena); /* the arena must outlive what it returns */

/* Coders that may be replaced; NULL takes the one of this build. zstd and bzip2 decode the stretch src of length bytes
 * to exactly n bytes at dst and return 0, 1 if it is not valid, -1 if there is no such coder. zstd need not check the
 * frame header: the core has. SHA-256 keeps its state in at most 128 bytes. */
typedef struct nntc_coders {
    int (*zstd)(const void *src, size_t length, void *dst, size_t n);
    int (*bzip2)(const void *src, size_t length, void *dst, size_t n);
    void (*sha256_init)(void *state);
    void (*sha256_update)(void *state, const void *data, size_t length);
    void (*sha256_final)(void *state, unsigned char digest[32]);
    /* Checks a signature of Ed25519 (RFC 8032): 0 if it is valid for the key, 1 if not, -1 if this build cannot tell. */
    int (*ed25519)(const unsigned char key[32], const unsigned char signature[64], const void *message, size_t length);
} nntc_coders;

/* Public keys of Ed25519, threshold of which (0: one) must have signed the file (SPEC.md 6.8); count 0 demands nothing. nntc_open
 * then fails with NNTC_E_SIGNED before it reads more than header, directory and signatures. A key given twice counts once.
 * Keys that nobody may trust, or fewer than threshold, are NNTC_CALLER. */
typedef struct nntc_trusted {
    const unsigned char (*keys)[32];
    size_t count, threshold;
} nntc_trusted;

/* A file of the base of an update (SPEC.md 6.9). sha256: NULL, then all of it is read for that when the update is opened; or
 * the 32 bytes that the caller vouches for. */
typedef struct nntc_base {
    nntc_source source;
    const unsigned char *sha256;
} nntc_base;

/* What the caller allows, and has; NULL or 0 in a field means no limit (use UINT64_MAX - 1 and so on for real ones).
 * has_memory, has_output: whether max_memory (the bound of nntc_summary) and max_output (sum of all output files) hold. */
typedef struct nntc_limits {
    int has_memory, has_output;
    uint64_t max_memory, max_output;
    int tensors_only; /* 1: GRAPH is not read; tensors are decoded, but for differences to a base (NNTC_E_BASE); nntc_decode_all
                         and nntc_get_file fail */
    uint64_t window;  /* bytes that are read ahead of where they are needed, if the source is no span; 0: few */
    const nntc_base *base; /* base_count files that an update may be of, in any order; they must outlive the handle */
    uint32_t base_count;
    int without_base; /* 1: an update is opened without its base too; what needs it fails then, with NNTC_E_BASE */
    nntc_coders coders;
    nntc_trusted trusted;
} nntc_limits;

typedef struct nntc nntc;

/* Bytes of memory that no header or record counts: the handle, and what is kept of symbol data that is decoded side by side. */
#ifdef NNTC_SMALL
#define NNTC_OVERHEAD 8192
#else
#define NNTC_OVERHEAD 16384
#endif

/* From the header alone (errors: SPEC.md 5.1): an arena of *bytes is enough for nntc_open with tensors_only, and then for every
 * tensor, one after another. That is working_memory, 48 bytes a section, NNTC_OVERHEAD, and the window if there is one. With a
 * source that is no span, sections with zstd or bzip2 take the length of their longest such stream besides. */
nntc_error nntc_arena_need(const nntc_source *source, const nntc_limits *limits, uint64_t *bytes);

/* Header, directory, GRAPH, base and TABLES (SPEC.md 9.2, steps 1 to 4). limits may be NULL. *handle lies in kept memory;
 * there is nothing to close. The source is copied; what it points to must outlive the handle. */
nntc_error nntc_open(const nntc_source *source, const nntc_limits *limits, nntc_memory memory, nntc **handle);

typedef struct nntc_summary {
    uint8_t minor, reader, profile; /* profile: 0 Device, 1 Main, 2 Full */
    uint32_t sections, tensors;     /* all sections; TENSOR sections */
    uint32_t files, splices;        /* 0 if GRAPH was not read */
    uint32_t base;                  /* files of the base; 0: no update, or GRAPH was not read */
    int repeats;                    /* 1 if a sink must read back what was written */
    uint64_t output;                /* sum of the sizes of all output files */
    uint32_t working_memory;        /* of SPEC.md 11.2, as the header states it */
    uint64_t bound;                 /* bytes of memory in which this decoder decodes the file */
} nntc_summary;
nntc_summary nntc_summarize(const nntc *handle);

typedef struct nntc_section {
    uint8_t type; /* SPEC.md 14.3 */
    uint64_t offset, length, output;
} nntc_section;
/* Section i in 0..sections-1, else NNTC_CALLER. */
nntc_error nntc_get_section(const nntc *handle, uint32_t i, nntc_section *section);

typedef struct nntc_file {
    uint64_t size, start;        /* start: sum of the sizes of those before it */
    const unsigned char *sha256; /* 32 bytes */
    const char *name;            /* NULL for output file 0; name_length bytes of UTF-8 without a zero at the end */
    size_t name_length;
} nntc_file;
/* Output file i in 0..files-1, else NNTC_CALLER. What it points to belongs to the handle. */
nntc_error nntc_get_file(const nntc *handle, uint32_t i, nntc_file *file);

typedef struct nntc_base_file {
    uint64_t size;
    const unsigned char *sha256; /* 32 bytes, of the handle */
    int given;                   /* 1: by the caller; 0 only with without_base */
} nntc_base_file;
/* File i in 0..base-1 of the base, else NNTC_CALLER. */
nntc_error nntc_get_base(const nntc *handle, uint32_t i, nntc_base_file *file);

typedef struct nntc_record {
    uint8_t tool;      /* 0 planes, 1 codebook, 2 uniform, 3 difference; this and what follows is the first record's */
    uint8_t method;    /* of difference: 0 planes, 1 uniform, 2 product */
    uint8_t element;   /* element type of SPEC.md 7.1 */
    uint8_t width;     /* bytes of an element */
    uint8_t view_kind; /* 0 matrix, 1 transposed matrix, 2 ragged */
    uint32_t rows, channels, period; /* channels and period are 0 for ragged views */
    uint32_t elements;
    uint32_t records; /* 1, or how many change the elements one after another */
    size_t scratch;   /* least scratch that decoding all of them asks for, in bytes */
} nntc_record;
/* What TENSOR section i in 0..tensors-1 is, after digest and syntax are checked (SPEC.md 9.3, phases 1 and 2). */
nntc_error nntc_get_record(const nntc *handle, uint32_t i, nntc_memory memory, nntc_record *record);

/* Decodes the payload of TENSOR section i to out: exactly its output size of the directory, little-endian. out has
 * out_size bytes, else NNTC_CALLER. After an error the content of out is not defined. */
nntc_error nntc_tensor(const nntc *handle, uint32_t i, void *out, size_t out_size, nntc_memory memory);

/* What INDEX says of a tensor (SPEC.md 6.7). sections 0: its bytes are not, or not all, in TENSOR sections. */
enum { NNTC_RANK = 64 };
typedef struct nntc_entry {
    uint8_t data_type;     /* number that ONNX gives the element type */
    uint8_t rank;          /* 0..NNTC_RANK */
    uint32_t sections, section, part; /* part part of section; with sections above 1, part 0 of so many from section on */
    uint64_t bytes;        /* of the tensor, by data_type and dims; UINT64_MAX for a data_type that is not known */
    uint64_t dims[NNTC_RANK];
} nntc_entry;

/* Looks a tensor up by its name of length bytes, without GRAPH (tensors_only will do). It walks through INDEX, which is read
 * twice, in 1,024 bytes of kept memory and a window of scratch. NNTC_ABSENT: there is no INDEX, or a malformed one, or none with
 * this name. An index can be wrong: nntc_extract tells some of that; who must be sure of a name reads GRAPH. */
nntc_error nntc_find(const nntc *handle, const char *name, size_t length, nntc_memory memory, nntc_entry *entry);

/* All entries of INDEX in ascending order of the names, which are not ended by 0. each returns 0, or anything else to stop
 * (NNTC_SINK). Memory and NNTC_ABSENT as for nntc_find; each is first called when all of INDEX has been found right. */
nntc_error nntc_list(const nntc *handle, int (*each)(void *context, const char *name, size_t length, const nntc_entry *entry),
                     void *context, nntc_memory memory);

/* Where output files go, in order of their numbers. Each returns 0, or anything else on failure (NNTC_SINK). begin
 * starts file number; write appends to it; read copies bytes that were written before (needed for repeated pieces
 * alone; may be NULL, then these fail). Nothing of it is checked before nntc_decode_all returns NNTC_OK. */
typedef struct nntc_sink {
    int (*begin)(void *context, uint32_t number, uint64_t size);
    int (*write)(void *context, const void *data, size_t length);
    int (*read)(void *context, uint32_t number, uint64_t offset, void *dst, size_t length);
    void *context;
} nntc_sink;

/* The same in pieces: the bytes of the payload in order to sink->write, some hundred at a time; nothing else of sink is used.
 * sink NULL checks only. What was written before an error is worth nothing. */
nntc_error nntc_tensor_stream(const nntc *handle, uint32_t i, const nntc_sink *sink, nntc_memory memory);

/* Decodes the tensor of an entry, as nntc_tensor_stream does a section. NNTC_ABSENT: it is not in sections, or the sections have
 * no such part, or another number of bytes than the entry. */
nntc_error nntc_extract(const nntc *handle, const nntc_entry *entry, const nntc_sink *sink, nntc_memory memory);

/* Decodes everything (SPEC.md 9.2, steps 5 to 9). sink NULL checks only; files with repeated pieces need a sink. */
nntc_error nntc_decode_all(const nntc *handle, const nntc_sink *sink, nntc_memory memory);

/* Decoding while the file arrives. Of source only the first source->size bytes are there: *bytes is how many must be for
 * nntc_open, which reads nothing behind them (if these are more, ask again when they are there), and *size the size of the
 * file, 0 as long as it is not known. The errors are those that nntc_open would report. A source that is given to nntc_open
 * then has that size: that all of it comes, and nothing behind it, is for the caller to see. */
nntc_error nntc_open_needs(const nntc_source *source, uint64_t *bytes, uint64_t *size);

/* nntc_decode_all in steps, each of which decodes one section at most. Kept memory and scratch stay in use until the last. sink is
 * copied. After an error every step gives the same. */
typedef struct nntc_decoding nntc_decoding;
nntc_error nntc_decode_begin(const nntc *handle, const nntc_sink *sink, nntc_memory memory, nntc_decoding **decoding);
nntc_error nntc_decode_step(nntc_decoding *decoding, int *done);
/* The next step reads no byte of the file from *to on. Neither it nor a later one reads any before *from, but for those that
 * nntc_open needed. */
void nntc_decode_reads(nntc_decoding *decoding, uint64_t *from, uint64_t *to);

#ifdef __cplusplus
}
#endif
#endif
