/* What the functions for Python share: arrays are buffers that the callers in Python have made contiguous and of the right
 * type; their sizes are checked here, so that no mistake there reads or writes beyond them. */
#ifndef NNTC_MODULE_H
#define NNTC_MODULE_H

#include "kernels.h"

/* The limited interface, so that one build serves every Python from 3.11 on; Pythons without a global lock have none. */
#ifndef Py_GIL_DISABLED
#define Py_LIMITED_API 0x030B0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>

enum { MOST_ARRAYS = 16 };

/* Buffers of a call, released together. */
typedef struct arrays {
    Py_buffer of[MOST_ARRAYS];
} arrays;

static inline void release(arrays *a) {
    for (int i = 0; i < MOST_ARRAYS; i++)
        if (a->of[i].obj != NULL) PyBuffer_Release(&a->of[i]);
}

/* Elements of a buffer. */
static inline u64 elements(const Py_buffer *b, size_t size) { return (u64)b->len / size; }

/* Whether sizes are right; sets ValueError if not. */
static inline bool require(bool condition, const char *what) {
    if (!condition) PyErr_SetString(PyExc_ValueError, what);
    return condition;
}

/* Memory; sets MemoryError if there is none. */
static inline void *get(size_t size) {
    void *block = malloc(size == 0 ? 1 : size);
    if (block == NULL) PyErr_NoMemory();
    return block;
}

extern PyMethodDef kernels_decoding[], kernels_elements[], kernels_encoding[];

#endif
