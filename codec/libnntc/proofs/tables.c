/* Clause 8.7: a table of any content, wherever its bits begin, in a stretch of up to 128 bytes, all at hand. */
#include "../src/c03_syntax.c"
#include "../src/c08_tables.c"

#include "__fc_builtin.h"

enum { MOST = 128 };

bool nntc_read(const nntc_source *source, u64 offset, void *dst, u64 length, nntc_error *error) {
    (void)source, (void)offset, (void)dst, (void)length, (void)error;
    return false;
}

static u8 content[MOST];
static nntc_error error;
static frequencies freq;

static void read_table(u64 size, u64 bit) {
    error.id = NNTC_OK;
    reader r = nntc_reader(content, size, 0, &error);
    nntc_frequencies(&r, 0, &bit, freq);
}

int main(void) {
    Frama_C_make_unknown((char *)content, sizeof content);
    read_table(MOST, Frama_C_unsigned_long_interval(0, 8 * MOST));
    read_table(5, Frama_C_unsigned_long_interval(0, 40));
    return 0;
}
