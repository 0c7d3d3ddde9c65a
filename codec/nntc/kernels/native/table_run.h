/* SPEC.md 8.7: frequency tables in their bit run. */
#ifndef NNTC_TABLE_RUN_H
#define NNTC_TABLE_RUN_H

#include "kernels.h"

/* Reads `count` tables: frequencies[256 * t + token], tokens firsts[t] to lasts[t]. Returns the bytes that they take, or -1 if
 * they are cut off or not valid. */
i64 read_table_run(const u8 *data, u64 size, u32 count, u8 *firsts, u8 *lasts, u16 *frequencies);

#endif
