/* Functions for Python that make elements of what is decoded: see elements.py. */
#include "module.h"
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

/* Whether all that belongs to a row, a column or an index is there for each of them. */
static bool fits(const reconstruction *r, const Py_buffer *out, u64 factors, u64 bases, u64 columns, u64 quantizers) {
    u32 width = r->element == FLOAT64 ? 8 : r->element == FLOAT32 ? 4 : 2;
    bool fit = r->count >= 1 && elements(out, width) == r->count && quantizers == r->size && r->size >= 1;
    fit &= r->element >= FLOAT16 && r->element <= FLOAT64 && (r->index_width == 1 || r->index_width == 2);
    if (r->ends != NULL) fit &= are_ends(r->ends, r->rows, r->count) && r->column_codes == NULL && r->transform == NULL;
    else fit &= r->rows >= 1 && r->columns >= 1 && r->count % r->rows == 0 && r->count / r->rows == r->columns;
    fit &= factors == (r->has_row_factors ? r->rows : 1) && (r->bases == NULL || bases == r->rows);
    fit &= r->column_codes == NULL || columns == r->columns;
    fit &= r->low_bits <= 24 && (r->low_bits == 0 || (r->low != NULL && r->low_size >= (r->count * r->low_bits + 7) / 8));
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
    Py_buffer *indices = &a.of[0], *table = &a.of[1], *quantizers = &a.of[2], *escapes = &a.of[3], *low = &a.of[4], *ends = &a.of[5];
    Py_buffer *factors = &a.of[6], *codes = &a.of[7], *steps = &a.of[8], *bases = &a.of[9], *vertical = &a.of[10];
    Py_buffer *horizontal = &a.of[11], *out = &a.of[12];
    reconstruction r = {0};
    transform t = {0};
    unsigned int index_width, low_bits, element;
    unsigned long long rows, columns;
    int dependent, bases_dependent;
    void *scratch = NULL;
    bool valid = false;
    if (!PyArg_ParseTuple(arguments, "(y*Iy*y*)(z*p)(z*I)(z*KK)(y*z*y*z*p)(IIIz*z*)(ddIw*)", indices, &index_width, table, quantizers,
                          escapes, &dependent, low, &low_bits, ends, &rows, &columns, factors, codes, steps, bases, &bases_dependent,
                          &t.height, &t.width, &t.mix, vertical, horizontal, &r.offset, &r.limit, &element, out))
        goto end;
    if (!require(index_width == 1 || index_width == 2, "no such width")) goto end;
    r.count = elements(indices, index_width), r.indices = indices->buf, r.index_width = index_width;
    r.table = table->buf, r.size = elements(table, 8), r.quantizers = quantizers->buf;
    r.escapes = escapes->buf, r.escape_count = elements(escapes, 4), r.dependent = dependent != 0;
    r.low = low->buf, r.low_size = elements(low, 1), r.low_bits = low_bits;
    r.ends = ends->buf, r.rows = ends->buf == NULL ? rows : elements(ends, 8), r.columns = columns;
    r.factors = factors->buf, r.has_row_factors = elements(factors, 8) != 1 || r.rows == 1;
    r.column_codes = codes->buf, r.steps = steps->buf;
    r.bases = bases->buf, r.bases_dependent = bases_dependent != 0;
    t.vertical = vertical->buf, t.horizontal = horizontal->buf;
    r.transform = vertical->buf == NULL ? NULL : &t;
    r.element = element, r.out = out->buf;
    if (!require(r.transform == NULL || is_transform(&t, vertical, horizontal, r.columns), "no such transform")) goto end;
    if (!require(fits(&r, out, elements(factors, 8), elements(bases, 8), elements(codes, 1), elements(quantizers, 1)), "sizes differ"))
        goto end;
    if (!require(elements(steps, 8) == 256, "no step codes")) goto end;
    scratch = get(reconstruct_scratch(&r) + 64);
    if (scratch == NULL) goto end;
    Py_BEGIN_ALLOW_THREADS;
    reconstruct(&r, (void *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63), &valid);
    Py_END_ALLOW_THREADS;
end:
    free(scratch);
    release(&a);
    return PyErr_Occurred() ? NULL : PyBool_FromLong(valid);
}

PyMethodDef kernels_elements[] = {
    {"reconstruct", reconstruct_elements, METH_VARARGS, "indices, escapes, low bits, rows, scales, transform, elements: whether it is valid"},
    {NULL, NULL, 0, NULL},
};
