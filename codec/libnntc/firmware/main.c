/* Decodes every tensor of the model in flash, in an arena of the size that the header asks for, and says what it took. A line
 * for each tensor: number, elements, instructions for each of them, and the SHA-256 of the payload, which is not counted. */
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
    (void)context;
    memcpy(dst, model_begin + offset, length);
    return 0;
}
#endif

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

int main(void) {
    nntc_source source = {model_begin, NULL, NULL, (u64)(model_end - model_begin)};
    nntc_limits limits;
    nntc_arena arena;
    nntc *n;
    u64 need, elements = 0, instructions = 0;
    memset(&limits, 0, sizeof limits);
    limits.tensors_only = 1; /* GRAPH needs zstd */
#ifdef READS
    source.span = NULL;
    source.read_at = read_at;
#endif
    nntc_error e = nntc_arena_need(&source, &limits, &need);
    if (e.id != NNTC_OK) return failed(e);
    if (need > (u64)(stack_begin - bss_end)) {
        tell("too little memory for", need);
        return 2;
    }
    nntc_arena_init(&arena, bss_end, (size_t)need);
    e = nntc_open(&source, &limits, nntc_arena_memory(&arena), &n);
    for (u32 i = 0; e.id == NNTC_OK && i < nntc_summarize(n).tensors; i++)
        e = decode(n, i, nntc_arena_memory(&arena), &elements, &instructions);
    if (e.id != NNTC_OK) return failed(e);
    tell("working memory in the header:", nntc_summarize(n).working_memory);
    tell("arena:", need);
    tell("of it used:", arena.most);
    tell("stack:", deepest_stack());
    tell("static:", (u64)(bss_end - data_begin));
    tell("memory in all:", arena.most + deepest_stack() + (u64)(bss_end - data_begin));
    tell("elements:", elements);
    tell("instructions an element:", elements == 0 ? 0 : instructions / elements);
    return 0;
}
