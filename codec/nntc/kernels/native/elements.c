/* Functions for Python that make elements of what is decoded: see elements.py. */
#include "module.h"
#include "planes.h"
#include "reconstruct.h"
#include "round_elements.h"

/* Whether rows end in order, the last at `count`. */
static bool are_ends(const i64 *ends, u64 rows, u64 count) {
    i64 before = 0;
    for (u64 row = 0; row < rows; row++) {
        if (ends[row] < before) return false;
        before = ends[row];
    }
    return (u64)before == count;
}

/* Whether all that belongs to an element, a row or a column is there for each of them. */
static bool fits(const reconstruction *r, const Py_buffer *out, u64 factors, u64 bases, u64 columns) {
    bool fit = r->count >= 1 && elements(out, width_of(r->element)) == r->count;
    fit &= r->element == INT8 || r->element == UINT8 || (r->element >= FLOAT16 && r->element <= FLOAT64);
    if (r->ends != NULL) fit &= are_ends(r->ends, r->rows, r->count) && r->column_codes == NULL && r->transform == NULL;
    else fit &= r->rows >= 1 && r->columns >= 1 && r->count % r->rows == 0 && r->count / r->rows == r->columns;
    fit &= factors == (r->has_row_factors ? r->rows : 1) && (r->bases == NULL || bases == r->rows);
    fit &= r->column_codes == NULL || columns == r->columns;
    fit &= r->low_bits <= 24 && (r->low_bits == 0 || !r->dependent) && (r->low_bits == 0 || (r->low != NULL && r->low_size >= (r->count * r->low_bits + 7) / 8));
    return fit;
}

static bool is_transform(const transform *t, const Py_buffer *vertical, const Py_buffer *horizontal, u64 columns) {
    bool sizes = t->height >= 1 && t->height <= 16 && t->width >= 1 && t->width <= 16 && t->mix <= 6;
    return sizes && elements(vertical, 8) == (u64)t->height * t->height && elements(horizontal, 8) == (u64)t->width * t->width &&
           columns % period_of(t) == 0;
}

static PyObject *reconstruct_elements(PyObject *self, PyObject *arguments) {
    (void)self;
    arrays a = {0};
    Py_buffer *tokens = &a.of[0], *escapes = &a.of[1], *low = &a.of[2], *ends = &a.of[3], *factors = &a.of[4], *codes = &a.of[5];
    Py_buffer *steps = &a.of[6], *bases = &a.of[7], *vertical = &a.of[8], *horizontal = &a.of[9], *out = &a.of[10];
    reconstruction r = {0};
    transform t = {0};
    unsigned int low_bits, element;
    unsigned long long rows, columns;
    int dependent;
    void *scratch = NULL;
    bool valid = false;
    if (!PyArg_ParseTuple(arguments, "(y*piz*)(z*I)(z*KK)(y*z*y*z*)(IIIz*z*)(ddIw*)", tokens, &dependent, &r.lowest, escapes, low,
                          &low_bits, ends, &rows, &columns, factors, codes, steps, bases, &t.height, &t.width, &t.mix, vertical,
                          horizontal, &r.offset, &r.limit, &element, out))
        goto end;
    r.count = elements(tokens, dependent ? 2 : 1), r.tokens = tokens->buf, r.dependent = dependent != 0;
    if (!require(r.lowest >= -INT32_MAX && r.lowest <= INT32_MAX - 255, "levels are too large")) goto end;
    r.escapes = escapes->buf, r.escape_count = elements(escapes, 4);
    r.low = low->buf, r.low_size = elements(low, 1), r.low_bits = low_bits;
    r.ends = ends->buf, r.rows = ends->buf == NULL ? rows : elements(ends, 8), r.columns = columns;
    r.factors = factors->buf, r.has_row_factors = elements(factors, 8) != 1 || r.rows == 1;
    r.column_codes = codes->buf, r.steps = steps->buf;
    r.bases = bases->buf;
    t.vertical = vertical->buf, t.horizontal = horizontal->buf;
    r.transform = vertical->buf == NULL ? NULL : &t;
    r.element = element, r.out = out->buf;
    if (!require(r.transform == NULL || is_transform(&t, vertical, horizontal, r.columns), "no such transform")) goto end;
    if (!require(fits(&r, out, elements(factors, 8), elements(bases, 8), elements(codes, 1)), "sizes differ"))
        goto end;
    if (!require(elements(steps, 8) == 256, "no step codes")) goto end;
    scratch = get(reconstruct_scratch(&r) + 64);
    if (scratch == NULL) goto end;
    Py_BEGIN_ALLOW_THREADS;
    valid = reconstruct(&r, (void *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63));
    Py_END_ALLOW_THREADS;
end:
    free(scratch);
    release(&a);
    return PyErr_Occurred() ? NULL : PyBool_FromLong(valid);
}

static PyObject *join_all_planes(PyObject *self, PyObject *arguments) {
    (void)self;
    arrays a = {0};
    Py_buffer *planes = a.of, *out = &a.of[8];
    const u8 *bytes[8];
    u32 width = 0;
    int rotated;
    if (!PyArg_ParseTuple(arguments, "(z*z*z*z*z*z*z*z*)pw*", planes, planes + 1, planes + 2, planes + 3, planes + 4, planes + 5, planes + 6,
                          planes + 7, &rotated, out))
        goto end;
    while (width < 8 && planes[width].buf != NULL) bytes[width] = planes[width].buf, width++;
    if (!require(width == 1 || width == 2 || width == 4 || width == 8, "no such width")) goto end;
    u64 count = elements(out, width);
    for (u32 i = 0; i < width; i++)
        if (!require(elements(&planes[i], 1) == count, "sizes differ")) goto end;
    Py_BEGIN_ALLOW_THREADS;
    join_planes(bytes, width, rotated != 0, count, out->buf);
    Py_END_ALLOW_THREADS;
end:
    release(&a);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

static PyObject *new_bytes(PyObject *self, PyObject *argument) {
    (void)self;
    Py_ssize_t size = PyLong_AsSsize_t(argument);
    if (size == -1 && PyErr_Occurred()) return NULL;
    if (!require(size > 1, "these bytes are shared")) return NULL;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, size);
    if (bytes == NULL) return NULL;
    PyObject *view = PyMemoryView_FromMemory(PyBytes_AsString(bytes), size, PyBUF_WRITE);
    PyObject *both = view == NULL ? NULL : PyTuple_Pack(2, bytes, view);
    Py_DECREF(bytes);
    Py_XDECREF(view);
    return both;
}

PyMethodDef kernels_elements[] = {
    {"new_bytes", new_bytes, METH_O, "size: bytes that have still no content, and a view to write it with"},
    {"join_planes", join_all_planes, METH_VARARGS, "eight planes or None, whether the sign was put last, elements"},
    {"reconstruct", reconstruct_elements, METH_VARARGS, "indices, escapes, low bits, rows, scales, transform, elements: whether it is valid"},
    {NULL, NULL, 0, NULL},
};
