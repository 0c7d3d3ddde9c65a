/* Trellis search with error feedback, as ../numpy/feedback_search.py does it: per-survivor processing, a block of columns at a
 * time. Paths are survivors of states: number state * survivors + rank; they stand side by side in vectors. */
#ifndef NNTC_FEEDBACK_SEARCH_H
#define NNTC_FEEDBACK_SEARCH_H

#include "many_states.h"
#include "vectors.h"

enum { BLOCK = 32, INNER = 8, MOST_SURVIVORS = 8, MOST_VECTORS = 8 * MOST_SURVIVORS / LANES };

/* What the paths of a row decided in a block that is not settled yet. */
typedef struct past {
    floats errors[BLOCK][MOST_VECTORS];
    ints levels[BLOCK][MOST_VECTORS];
    ints quantizers[BLOCK][MOST_VECTORS];
} past;

/* A row of 128 states, whose paths are numbered by place: see feedback_many.c. */
enum { MANY_VECTORS = MANY / LANES };
typedef struct many_row {
    floats cost[MANY_VECTORS];
    floats fine[BLOCK][MANY_VECTORS]; /* what the paths decided, in whole numbers, in a block that is not settled yet */
    float most;                       /* the greatest magnitude of these */
    u32 state;                        /* before that block */
    turn next;                        /* after it */
} many_row;

/* A row between two blocks. */
typedef union feedback_row {
    struct {
        floats cost[MOST_VECTORS];
        past undecided;
    };
    many_row many;
} feedback_row;

typedef struct feedback_search {
    u32 kind, survivors; /* kind: 0 for four states, 1 for eight, 2 for 128, which have one survivor each */
    u64 rows, length, rows_per_group;
    const float *x;          /* [rows][length], multiples of 2^-12 */
    const double *filters;   /* [groups][length][length], multiples of 2^-12 */
    const float *weights;    /* [groups][length] */
    const u16 *contexts;     /* [rows][length] */
    const u8 *zeros;         /* [rows][length] or NULL */
    const float *costs;      /* [contexts][2][MAGNITUDES] */
    i32 *levels;             /* [rows][length] */
    u8 *quantizers;          /* [rows][length] */
    double *settled;         /* [rows][length]: errors of what is decided */
    feedback_row *state;     /* [rows] */
} feedback_search;

/* Puts all rows before a column at which the trellis starts anew: all before it is decided. */
void feedback_start(const feedback_search *s);
/* Searches columns start to stop of all rows, and decides the block before, which is decided where the trellis starts anew.
 * common: [rows][stop - start], what is to be quantized but for errors since that block. */
void feedback_block(const feedback_search *s, u64 start, u64 stop, bool anew, const double *common);
/* Decides the block searched last, which begins at column start. */
void feedback_finish(const feedback_search *s, u64 start);

/* The same for 128 states. */
void many_start(const feedback_search *s);
void many_block(const feedback_search *s, u64 start, u64 stop, bool anew, const double *common);
void many_finish(const feedback_search *s, u64 start);

#endif
