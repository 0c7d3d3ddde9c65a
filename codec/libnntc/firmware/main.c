/* Decodes every tensor of the model in flash, in an arena of the size that the header asks for, and says what it took. A line
 * for each tensor: number, elements, instructions for each of them, and the SHA-256 of the payload, which is not counted.
 * An update has the memory that there is, opens GRAPH and base as well, and is decoded once more to whole files, whose digests
 * are compared: what is written goes nowhere. */
#include "board.h"
#include "internal.h"

static void say_number(u64 value) {
    char digits[21], *p = digits + 20;
    *p = 0;
    do *--p = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    say(p);
}

static void say_hex(const unsigned char *bytes, u32 count) {
    static const char digits[] = "0123456789abcdef";
    char text[3] = {0};
    for (u32 i = 0; i < count; i++) {
        text[0] = digits[bytes[i] >> 4];
        text[1] = digits[bytes[i] & 15];
        say(text);
    }
}

static void tell(const char *what, u64 value) {
    say(what);
    say(" ");
    say_number(value);
    say("\n");
}

static int failed(nntc_error e) {
    say(nntc_error_name(e.id));
    say(" @ ");
    say_number(e.offset);
    say("\n");
    return 1;
}

#ifdef READS
static int read_at(void *context, uint64_t offset, void *dst, size_t length) {
    memcpy(dst, (unsigned char *)context + offset, length);
    return 0;
}
#endif

static nntc_source stretch(unsigned char *begin, unsigned char *end) {
    nntc_source source = {begin, NULL, begin, (u64)(end - begin)};
#ifdef READS
    source.span = NULL;
    source.read_at = read_at;
#endif
    return source;
}

static int absorb(void *context, const void *data, size_t length) {
    nntc_sha256_update(context, data, length);
    return 0;
}

/* Instructions of all tensors are added up in *sum. */
static nntc_error decode(const nntc *n, u32 i, nntc_memory memory, u64 *elements, u64 *sum) {
    u64 state[16];
    unsigned char digest[32];
    nntc_sink sink = {NULL, absorb, NULL, state};
    nntc_record head;
    nntc_error e = nntc_get_record(n, i, memory, &head);
    if (e.id != NNTC_OK) return e;
    u32 before = ticks();
    e = nntc_tensor_stream(n, i, NULL, memory);
    u64 instructions = (u64)(ticks() - before) * 40;
    nntc_sha256_choose()(state);
    if (e.id == NNTC_OK) e = nntc_tensor_stream(n, i, &sink, memory);
    if (e.id != NNTC_OK) return e;
    nntc_sha256_final(state, digest);
    *elements += head.elements;
    *sum += instructions;
    say_number(i);
    say(" ");
    say_number(head.elements);
    say(" ");
    say_number(instructions / head.elements);
    say(" ");
    say_hex(digest, 32);
    say("\n");
    return e;
}

#ifdef BASE
static int begin(void *context, uint32_t number, uint64_t size) {
    (void)context, (void)number, (void)size;
    return 0;
}

static int drop(void *context, const void *data, size_t length) {
    (void)context, (void)data, (void)length;
    return 0;
}

/* Opens an update in the memory from bss_end to room, the end of which is zstd's as long as GRAPH is read. */
static nntc_error open(const nntc_source *source, nntc_limits *limits, unsigned char *room, nntc_arena *arena, nntc **n) {
    static nntc_base base;
    base.source = stretch(base_begin, base_end);
    limits->base = &base;
    limits->base_count = 1;
    limits->coders.zstd = zstd_decode;
    room -= zstd_need();
    zstd_lend(room);
    nntc_arena_init(arena, bss_end, (size_t)(room - bss_end));
    return nntc_open(source, limits, nntc_arena_memory(arena), n);
}

static nntc_error decode_files(const nntc *n, nntc_memory memory, u64 spent) {
    const nntc_sink sink = {begin, drop, NULL, NULL};
    u32 before = ticks();
    nntc_error e = nntc_decode_all(n, &sink, memory);
    spent += (u64)(ticks() - before) * 40;
    if (e.id == NNTC_OK) tell("bytes of files, as GRAPH says:", nntc_summarize(n).output);
    if (e.id == NNTC_OK) tell("instructions for opening and all files:", spent);
    return e;
}
#else
/* Opens a file in an arena as large as its header asks for. */
static nntc_error open(const nntc_source *source, nntc_limits *limits, unsigned char *room, nntc_arena *arena, nntc **n) {
    u64 need;
    limits->tensors_only = 1; /* GRAPH needs zstd */
    nntc_error e = nntc_arena_need(source, limits, &need);
    if (e.id != NNTC_OK) return e;
    tell("arena:", need);
    if (need > (u64)(room - bss_end)) return (nntc_error){NNTC_ARENA, need};
    nntc_arena_init(arena, bss_end, (size_t)need);
    return nntc_open(source, limits, nntc_arena_memory(arena), n);
}
#endif

int main(void) {
    const nntc_source source = stretch(model_begin, model_end);
    nntc_limits limits;
    nntc_arena arena;
    nntc *n;
    u64 elements = 0, instructions = 0, all;
    memset(&limits, 0, sizeof limits);
    u32 before = ticks();
    nntc_error e = open(&source, &limits, stack_begin, &arena, &n);
    if (e.id != NNTC_OK) return failed(e);
    const u64 opening = (u64)(ticks() - before) * 40;
    const size_t kept = arena.used;
    for (u32 i = 0; e.id == NNTC_OK && i < nntc_summarize(n).tensors; i++) {
        e = decode(n, i, nntc_arena_memory(&arena), &elements, &instructions);
        arena.used = kept;
    }
    if (e.id != NNTC_OK) return failed(e);
    tell("working memory in the header:", nntc_summarize(n).working_memory);
    tell("of it used:", arena.most);
    all = arena.most;
#ifdef BASE
    e = decode_files(n, nntc_arena_memory(&arena), opening);
    if (e.id != NNTC_OK) return failed(e);
    tell("used by whole files:", arena.most);
    tell("zstd:", zstd_need());
    all = arena.most + zstd_need();
#else
    (void)opening;
#endif
    tell("stack:", deepest_stack());
    tell("static:", (u64)(bss_end - data_begin));
    tell("memory in all:", all + deepest_stack() + (u64)(bss_end - data_begin));
    tell("elements:", elements);
    tell("instructions an element:", elements == 0 ? 0 : instructions / elements);
    return 0;
}
