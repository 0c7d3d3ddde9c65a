/* Clause 8.7: frequency tables.. */
#include "internal.h"

/* One table from bit *bit on; run: position of the first byte of its bit run. */
NNTC_LOCAL bool nntc_frequencies(reader *r, u64 run, u64 *bit, frequencies freq) {
    u32 first, last, peak, precision, one, mantissa, sum = 0;
    int previous = 0;
    TRY(nntc_bits(r, bit, 8, &first));
    TRY(nntc_bits(r, bit, 8, &last));
    TRY(nntc_bits(r, bit, 8, &peak));
    TRY(nntc_bits(r, bit, 4, &precision));
    if (first + last > 255 || peak > last || precision > 11) return nntc_fail(r, NNTC_E_TABLE, run);
    memset(freq, 0, sizeof(frequencies));
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
        freq[first + i] = (u16)(((1u << m) + mantissa) << (length - m));
        sum += freq[first + i];
    }
    if (sum >= 4096) return nntc_fail(r, NNTC_E_TABLE, run);
    freq[first + peak] = (u16)(4096 - sum);
    if (freq[first] == 0 || freq[first + last] == 0) return nntc_fail(r, NNTC_E_TABLE, run);
    return true;
}

/* Reads and checks a bit run of tables. */
NNTC_LOCAL bool nntc_table_run(reader *r, u32 count, u64 *marks) {
    u64 run = r->at, bit = run * 8;
    frequencies freq;
    for (u32 i = 0; i < count; i++) {
        if (marks != NULL && i % BETWEEN_MARKS == 0) marks[i / BETWEEN_MARKS] = bit;
        TRY(nntc_frequencies(r, run, &bit, freq));
    }
    r->at = (bit + 7) / 8;
    if (nntc_padded(r, 0, bit)) return true;
    return nntc_fail(r, NNTC_E_PADDING, r->at - 1); /* */
}

NNTC_LOCAL void nntc_small_table(const frequencies freq, small_table *table) {
    u32 sum = 0, slot = 0;
    for (u32 v = 0; v < 256; v++) {
        sum += freq[v];
        table->end[v] = (u16)sum;
        for (; slot < sum; slot += 64) table->first[slot / 64] = (u8)v;
    }
}

NNTC_LOCAL void nntc_fast_table(const frequencies freq, fast_table *table) {
    u32 start = 0;
    for (u32 v = 0; v < 256; v++) {
        table->packed[v] = freq[v] | start << 16;
        if (freq[v] != 0) memset(table->token + start, (int)v, freq[v]);
        start += freq[v];
    }
}
