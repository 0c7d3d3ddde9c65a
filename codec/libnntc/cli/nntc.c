/* The command nntc-c: decode, info, verify, list, extract. Exit codes: 0 done, 1 rejected, 2 wrong usage or no output possible, 3 the
 * file needs a newer or fuller decoder. */
#define _POSIX_C_SOURCE 200809L
#include "nntc_posix.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: nntc-c decode [--replace] [--base FILE]... [--max-memory BYTES] [--max-output BYTES] [KEYS] FILE OUTPUT\n"
    "       nntc-c verify [--base FILE]... [--max-memory BYTES] [--max-output BYTES] [KEYS] FILE\n"
    "       nntc-c info FILE\n"
    "       nntc-c list FILE\n"
    "       nntc-c extract [--replace] [--base FILE]... FILE TENSOR OUTPUT\n"
    "       nntc-c --version\n"
    "--base: a file that an update needs; as many as it names, in any order\n"
    "KEYS:  --require-key PUB (PEM; several times for several) [--threshold N]: that many of them must have signed FILE\n";

enum { KEYS = 64 };

static int report(nntc_error e, const char *path, const char *message) {
    if (e.id < NNTC_CALLER) {
        fprintf(stderr, "nntc: %s @ %" PRIu64 ": %s: %s\n", nntc_error_name(e.id), e.offset, path, nntc_error_text(e.id));
        return nntc_error_unsupported(e.id) ? 3 : 1;
    }
    fprintf(stderr, "nntc: %s: %s\n", path, message[0] != 0 ? message : nntc_error_text(e.id));
    return e.id == NNTC_CODER ? 3 : 2;
}

static int number(const char *text, uint64_t *value) {
    char *end;
    errno = 0;
    if (text == NULL || text[0] < '0' || text[0] > '9') return 0;
    *value = strtoull(text, &end, 10);
    return errno == 0 && *end == 0;
}

/* Repeated pieces are read back from what was written: verify keeps it in a file without a name. */
typedef struct kept {
    FILE *file;
    uint64_t *starts, end;
} kept;

static int kept_begin(void *context, uint32_t number_of, uint64_t size) {
    kept *k = context;
    k->starts[number_of] = k->end;
    k->end += size;
    return 0;
}

static int kept_write(void *context, const void *data, size_t length) {
    const kept *k = context;
    return k->file == NULL || fseek(k->file, 0, SEEK_END) != 0 || fwrite(data, 1, length, k->file) != length;
}

static int kept_read(void *context, uint32_t number_of, uint64_t offset, void *dst, size_t length) {
    const kept *k = context;
    uint64_t at = k->starts[number_of] + offset;
    return k->file == NULL || at > LONG_MAX || fseek(k->file, (long)at, SEEK_SET) != 0 || fread(dst, 1, length, k->file) != length;
}

static nntc_error check(const nntc *n, nntc_memory memory) {
    nntc_summary s = nntc_summarize(n);
    if (!s.repeats) return nntc_decode_all(n, NULL, memory);
    kept k = {tmpfile(), calloc(s.files, sizeof(uint64_t)), 0};
    nntc_sink sink = {kept_begin, kept_write, kept_read, &k};
    nntc_error e = {NNTC_SINK, 0};
    if (k.file != NULL && k.starts != NULL) e = nntc_decode_all(n, &sink, memory);
    if (k.file != NULL) fclose(k.file);
    free(k.starts);
    return e;
}

static void print_base(const nntc *n, uint32_t count) {
    nntc_base_file file;
    for (uint32_t i = 0; i < count; i++) {
        nntc_get_base(n, i, &file);
        printf("updates a file of %" PRIu64 " bytes, SHA-256 ", file.size);
        for (int k = 0; k < 32; k++) printf("%02x", file.sha256[k]);
        printf("\n");
    }
}

static nntc_error info(const nntc *n, nntc_memory memory) {
    static const char *const tools[] = {"planes", "codebook", "uniform", "difference"};
    static const char *const methods[] = {" of planes", " of uniform levels", " of a product"};
    nntc_summary s = nntc_summarize(n);
    nntc_error e = {NNTC_OK, 0};
    nntc_section section;
    nntc_record record;
    uint32_t tensor = 0;
    printf("format 1.%d, profile %s, %" PRIu32 " output files, %" PRIu64 " bytes; at most %" PRIu64 " bytes of memory\n", s.minor,
           s.profile == 0 ? "Device" : s.profile == 1 ? "Main" : "Full", s.files, s.output, s.bound);
    print_base(n, s.base);
    printf("  offset     bytes  section\n");
    for (uint32_t i = 0; i < s.sections && e.id == NNTC_OK; i++) {
        nntc_get_section(n, i, &section);
        printf("%8" PRIu64 "  %8" PRIu64 "  ", section.offset, section.length);
        if (section.type != 4) {
            printf("%s\n", section.type == 1 ? "GRAPH" : section.type == 3 ? "TABLES" : section.type == 0x81 ? "NOTES" : section.type == 0x83 ? "INDEX" : "other");
            continue;
        }
        e = nntc_get_record(n, tensor++, memory, &record);
        if (e.id == NNTC_OK)
            printf("TENSOR %s%s, %" PRIu32 " records, %" PRIu32 " elements of %d bytes, decoded in %zu bytes of memory\n",
                   tools[record.tool], record.tool == 3 ? methods[record.method] : "", record.records, record.elements,
                   record.width, record.scratch);
        else printf("TENSOR\n");
    }
    return e;
}

static int tell(void *context, const char *name, size_t length, const nntc_entry *entry) {
    (void)context;
    printf("%10" PRIu64 "  type %-3d ", entry->bytes, entry->data_type);
    for (unsigned i = 0; i < entry->rank; i++) printf("%s%" PRIu64, i > 0 ? "x" : "", entry->dims[i]);
    printf("  ");
    for (size_t i = 0; i < length; i++) putchar((unsigned char)name[i] < 0x20 || name[i] == 0x7F ? '?' : name[i]); /* never to a terminal */
    printf("%s\n", entry->sections == 0 ? "  (in the graph)" : "");
    return ferror(stdout);
}

static int append(void *context, const void *data, size_t length) { return fwrite(data, 1, length, context) != length; }

/* Writes a tensor's bytes beside path, and gives the file its name when all of it is there. */
static nntc_error extract(const nntc *n, const char *name, const char *path, int replace, nntc_memory memory, char *message, size_t size) {
    static const char suffix[] = ".part-XXXXXX";
    nntc_error e = {NNTC_SINK, 0};
    nntc_entry entry;
    nntc_error found = nntc_find(n, name, strlen(name), memory, &entry);
    if (found.id != NNTC_OK) return found;
    char *part = malloc(strlen(path) + sizeof suffix);
    if (part == NULL) return e;
    memcpy(part, path, strlen(path));
    memcpy(part + strlen(path), suffix, sizeof suffix);
    int descriptor = mkstemp(part);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    if (file == NULL) {
        snprintf(message, size, "%s: %s", path, strerror(errno));
        free(part);
        return e;
    }
    nntc_sink sink = {NULL, append, NULL, file};
    e = nntc_extract(n, &entry, &sink, memory);
    int problem = e.id != NNTC_OK ? 0 : fflush(file) != 0 || fsync(descriptor) != 0 ? errno : 0;
    if (fclose(file) != 0 && problem == 0 && e.id == NNTC_OK) problem = errno;
    if (e.id == NNTC_OK && problem == 0 && (replace ? rename(part, path) : link(part, path)) != 0) problem = errno;
    if (problem != 0) {
        snprintf(message, size, "%s: %s", path, strerror(problem));
        e.id = NNTC_SINK;
    }
    unlink(part);
    free(part);
    return e;
}

/* One more key that must have signed; what is wrong with its file goes to standard error. */
static int require_key(const char *path, unsigned char keys[][32], nntc_trusted *trusted) {
    if (trusted->count == KEYS) return 0;
    int problem = nntc_public_key(path, keys[trusted->count]);
    if (problem != 0) fprintf(stderr, "nntc: %s: %s\n", path, problem < 0 ? "no public key of Ed25519 in PEM" : strerror(problem));
    trusted->count++;
    return problem == 0;
}

int main(int count, char **arguments) {
    unsigned char keys[KEYS][32];
    uint64_t threshold = 0;
    nntc_limits limits;
    nntc_source source;
    nntc_heap heap;
    nntc *n = NULL;
    const char *paths[3] = {NULL, NULL, NULL}, **base_paths = calloc((size_t)count + 1, sizeof *base_paths);
    char message[1400] = "";
    int replace = 0, found = 0, descriptor = -1;
    uint32_t given = 0;
    nntc_base *base = calloc((size_t)count + 1, sizeof *base);
    int *base_descriptors = calloc((size_t)count + 1, sizeof *base_descriptors);
    if (base == NULL || base_paths == NULL || base_descriptors == NULL) return 2;
    memset(&limits, 0, sizeof limits);
    memset(&heap, 0, sizeof heap);
    limits.window = 1 << 18;
    if (count == 2 && strcmp(arguments[1], "--version") == 0) return printf("nntc-c %s\n", NNTC_VERSION) < 0;
    const char *command = count > 1 ? arguments[1] : "";
    int decodes = strcmp(command, "decode") == 0, verifies = strcmp(command, "verify") == 0;
    int lists = strcmp(command, "list") == 0, extracts = strcmp(command, "extract") == 0, wanted = decodes ? 2 : extracts ? 3 : 1;
    int good = decodes || verifies || lists || extracts || strcmp(command, "info") == 0;
    for (int i = 2; i < count && good; i++) {
        if (strcmp(arguments[i], "--replace") == 0 && (decodes || extracts)) replace = 1;
        else if (strcmp(arguments[i], "--max-memory") == 0 && ++i < count) limits.has_memory = good = number(arguments[i], &limits.max_memory);
        else if (strcmp(arguments[i], "--max-output") == 0 && ++i < count) limits.has_output = good = number(arguments[i], &limits.max_output);
        else if (strncmp(arguments[i], "--require-key=", 14) == 0) good = require_key(arguments[i] + 14, keys, &limits.trusted);
        else if (strcmp(arguments[i], "--require-key") == 0 && ++i < count) good = require_key(arguments[i], keys, &limits.trusted);
        else if (strcmp(arguments[i], "--threshold") == 0 && ++i < count) good = number(arguments[i], &threshold) && threshold > 0;
        else if (strncmp(arguments[i], "--base=", 7) == 0 && (decodes || verifies || extracts)) base_paths[given++] = arguments[i] + 7;
        else if (strcmp(arguments[i], "--base") == 0 && ++i < count && (decodes || verifies || extracts)) base_paths[given++] = arguments[i];
        else if (i < count && arguments[i][0] != '-' && found < wanted) paths[found++] = arguments[i];
        else good = 0;
    }
    if (!good || found != wanted) {
        fputs(usage, stderr);
        return 2;
    }
    limits.trusted.keys = (const unsigned char (*)[32])keys;
    limits.trusted.threshold = (size_t)threshold;
    int problem = nntc_file_source(paths[0], &descriptor, &source);
    const char *at_fault = paths[0];
    for (uint32_t i = 0; i < given && problem == 0; i++)
        problem = nntc_file_source(at_fault = base_paths[i], &base_descriptors[i], &base[i].source);
    if (problem != 0) {
        fprintf(stderr, "nntc: %s: %s\n", at_fault, strerror(problem));
        return 2;
    }
    limits.tensors_only = lists || (extracts && given == 0); /* the index tells enough */
    limits.base = base;
    limits.base_count = given;
    limits.without_base = !decodes && !verifies && !(extracts && given > 0);
    nntc_memory memory = nntc_heap_memory(&heap);
    nntc_error e = nntc_open(&source, &limits, memory, &n);
    if (e.id == NNTC_OK && decodes) e = nntc_decode_to(n, paths[1], replace, memory, message, sizeof message);
    else if (e.id == NNTC_OK && verifies) e = check(n, memory);
    else if (e.id == NNTC_OK && lists) e = nntc_list(n, tell, NULL, memory);
    else if (e.id == NNTC_OK && extracts) e = extract(n, paths[1], paths[2], replace, memory, message, sizeof message);
    else if (e.id == NNTC_OK) e = info(n, memory);
    int status = e.id == NNTC_OK ? 0 : report(e, paths[0], message);
    if (status == 0 && verifies) printf("%s: valid; all checksums match, decodes to %" PRIu64 " bytes\n", paths[0], nntc_summarize(n).output);
    nntc_heap_free(&heap);
    free(base);
    free(base_paths);
    free(base_descriptors);
    return status;
}
