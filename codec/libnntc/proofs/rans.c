/* Clause 9.4: a token of any state under any table, and steps of lanes under each trellis, words at hand or ending anywhere. */
#include "../src/c03_syntax.c"
#include "../src/c08_tables.c"
#include "../src/c09_rans.c"

#include "__fc_builtin.h"

enum { LANES = 18, STEPS = 2, WORDS = 2 * LANES };

bool nntc_read(const nntc_source *source, u64 offset, void *dst, u64 length, nntc_error *error) {
    (void)source, (void)offset, (void)dst, (void)length, (void)error;
    return false;
}

static small_table tables[2];
static u32 states[LANES];
static u8 trellis[LANES], words[WORDS], tile[LANES * STEPS];
static nntc_error error;
static record rec;

/* Tables whose slots are found from a token on; what a frequency table ends with is all that is known of it. */
static void make_tables(u8 first) {
    Frama_C_make_unknown((char *)tables, sizeof tables);
    for (int i = 0; i < 2; i++) {
        for (int v = 0; v < 255; v++) tables[i].end[v] = (u16)Frama_C_unsigned_int_interval(0, 4096);
        tables[i].end[255] = 4096;
        for (int k = 0; k < 64; k++) tables[i].first[k] = first;
    }
}

static void one(u8 first) {
    u32 x = Frama_C_unsigned_int_interval(0, UINT32_MAX), v;
    make_tables(first);
    v = token_of(false, tables, 0, &x);
    //@ assert v <= 255;
}

static void lanes(u32 kind, u32 active, u64 held) {
    stream s;
    memset(&s, 0, sizeof s);
    error.id = NNTC_OK;
    Frama_C_make_unknown((char *)states, sizeof states);
    Frama_C_make_unknown((char *)words, sizeof words);
    memset(trellis, 0, sizeof trellis);
    s.rec = &rec;
    s.in = nntc_reader(words, held, 0, &error);
    s.end = held;
    s.contexts = 1;
    s.trellis = kind;
    s.lanes = s.batch = LANES;
    s.steps = STEPS;
    s.tables = tables;
    s.x = states;
    s.state = trellis;
    for (u32 k = 0; k < STEPS; k++) any_step(&s, active, tile, k);
}

int main(void) {
    //@ loop unroll 256;
    for (u32 first = 0; first < 256; first++) one((u8)first);
    make_tables(252);
    //@ loop unroll 3;
    for (u32 kind = 1; kind <= 3; kind++) {
        lanes(kind, LANES, WORDS);
        lanes(kind, LANES - 1, WORDS);
        lanes(kind, LANES, 5);
        lanes(kind, 1, 2);
        lanes(kind, 0, 0);
    }
    return 0;
}
