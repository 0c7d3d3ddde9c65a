/* Clause 8.7: frequency tables.. */
#include "internal.h"

/* One table from bit *bit on; run: position of the first byte of its bit run. */
NNTC_LOCAL bool nntc_frequencies(reader *r, u64 run, u64 *bit, u32 freq[256]) {
    u32 first, last, peak, precision, one, mantissa, sum = 0;
    int previous = 0;
    TRY(nntc_bits(r, bit, 8, &first));
    TRY(nntc_bits(r, bit, 8, &last));
    TRY(nntc_bits(r, bit, 8, &peak));
    TRY(nntc_bits(r, bit, 4, &precision));
    if (first + last > 255 || peak > last || precision > 11) return nntc_fail(r, NNTC_E_TABLE, run);
    memset(freq, 0, 256 * sizeof *freq);
    for (u32 i = 0; i <= last; i++) {
        if (i == peak) continue;
        int z = 0;
        for (;;) {
            TRY(nntc_bits(r, bit, 1, &one));
            if (one == 0) break;
            if (++z > 26) return nntc_fail(r, NNTC_E_TABLE, run);
        }
        previous += z % 2 == 0 ? z / 2 : -(z + 1) / 2;
        if (previous < 0 || previous > 12) return nntc_fail(r, NNTC_E_TABLE, run);
        if (previous == 0) continue;
        u32 length = (u32)previous - 1, m = length < precision ? length : precision;
        TRY(nntc_bits(r, bit, m, &mantissa));
        freq[first + i] = ((1u << m) + mantissa) << (length - m);
        sum += freq[first + i];
    }
    if (sum >= 4096) return nntc_fail(r, NNTC_E_TABLE, run);
    freq[first + peak] = 4096 - sum;
    if (freq[first] == 0 || freq[first + last] == 0) return nntc_fail(r, NNTC_E_TABLE, run);
    return true;
}

/* Reads and checks a bit run of tables; bits_at, if not NULL, gets the bit at which each begins. */
NNTC_LOCAL bool nntc_table_run(reader *r, u32 count, u64 *bits_at) {
    u64 run = r->at, bit = run * 8;
    u32 freq[256];
    for (u32 i = 0; i < count; i++) {
        if (bits_at != NULL) bits_at[i] = bit;
        TRY(nntc_frequencies(r, run, &bit, freq));
    }
    r->at = (bit + 7) / 8;
    if ((bit & 7) != 0 && r->data[bit >> 3] >> (bit & 7) != 0) return nntc_fail(r, NNTC_E_PADDING, r->at - 1); /* */
    return true;
}
