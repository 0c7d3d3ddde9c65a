/* Functions for Python that encode: see encoding.py. */
#include "candidates.h"
#include "feedback_search.h"
#include "huffman_encode.h"
#include "many_states.h"
#include "module.h"
#include "rans_encode.h"
#include "trellis_search.h"

/* Whether every token has a frequency in its table. */
static bool has_frequencies(const rans_encoder *e, u64 tables) {
    bool all = true;
    for (u64 i = 0; i < e->count; i++) {
        u64 table = e->numbers == NULL ? 0 : e->numbers[i];
        all &= table < tables && e->frequencies[table * 256 + e->tokens[i]] != 0;
        if (!all) return false;
    }
    return true;
}

static void sum_up(const u16 *frequencies, u64 tables, u16 *starts) {
    for (u64 t = 0; t < tables; t++) {
        u16 start = 0;
        for (u32 v = 0; v < 256; v++) {
            starts[t * 256 + v] = start;
            start = (u16)(start + frequencies[t * 256 + v]);
        }
    }
}

static PyObject *encode_rans(PyObject *self, PyObject *arguments) {
    (void)self;
    arrays a = {0};
    Py_buffer *frequencies = &a.of[0], *tokens = &a.of[1], *numbers = &a.of[2], *states = &a.of[3], *words = &a.of[4];
    unsigned int segment;
    u16 *starts = NULL;
    u64 written = 0;
    if (!PyArg_ParseTuple(arguments, "y*y*z*Iw*w*", frequencies, tokens, numbers, &segment, states, words)) goto end;
    u64 tables = elements(frequencies, 512), count = elements(tokens, 1), lanes = elements(states, 4);
    if (!require(count >= 1 && lanes >= 1 && lanes <= 65536 && segment >= 1 && tables >= 1, "no stream")) goto end;
    if (!require(elements(words, 2) == count, "no room for words")) goto end;
    if (!require(numbers->buf == NULL || elements(numbers, 2) == count, "table numbers differ in number")) goto end;
    starts = get((size_t)tables * 512);
    if (starts == NULL) goto end;
    rans_encoder e = {tokens->buf, numbers->buf, frequencies->buf, starts, count, segment, (u32)lanes, states->buf, words->buf};
    bool valid;
    Py_BEGIN_ALLOW_THREADS;
    valid = has_frequencies(&e, tables);
    if (valid) {
        sum_up(frequencies->buf, tables, starts);
        written = rans_encode(&e);
    }
    Py_END_ALLOW_THREADS;
    require(valid, "a token has no frequency");
end:
    free(starts);
    release(&a);
    return PyErr_Occurred() ? NULL : PyLong_FromUnsignedLongLong(written);
}

static PyObject *encode_huffman(PyObject *self, PyObject *arguments) {
    (void)self;
    arrays a = {0};
    Py_buffer *tokens = &a.of[0], *lengths = &a.of[1], *codes = &a.of[2], *sizes = &a.of[3], *out = &a.of[4];
    u64 written = 0;
    if (!PyArg_ParseTuple(arguments, "y*y*y*w*w*", tokens, lengths, codes, sizes, out)) goto end;
    u64 lanes = elements(sizes, 8), count = elements(tokens, 1);
    /* A code word has at most 15 bits; of each lane a byte is padded. */
    if (!require(lengths->len == 256 && codes->len == 512 && lanes >= 1, "no code")) goto end;
    bool fits = elements(out, 1) >= 2 * count + lanes;
    for (u32 v = 0; v < 256; v++) fits &= ((const u8 *)lengths->buf)[v] <= 15;
    if (!require(fits, "no room")) goto end;
    Py_BEGIN_ALLOW_THREADS;
    for (u64 l = 0; l < lanes; l++) {
        u64 size = huffman_encode_lane(tokens->buf, l, lanes, count, lengths->buf, codes->buf, (u8 *)out->buf + written);
        ((u64 *)sizes->buf)[l] = size;
        written += size;
    }
    Py_END_ALLOW_THREADS;
end:
    release(&a);
    return PyErr_Occurred() ? NULL : PyLong_FromUnsignedLongLong(written);
}

/* Whether contexts have costs. */
static bool have_costs(const Py_buffer *contexts, const Py_buffer *costs) {
    u64 count = elements(contexts, 2), known = elements(costs, 2 * MAGNITUDES * sizeof(float));
    const u16 *context = contexts->buf;
    u32 most = 0;
    for (u64 i = 0; i < count; i++) most = context[i] > most ? context[i] : most;
    return most < known;
}

static PyObject *search_trellis(PyObject *self, PyObject *arguments) {
    (void)self;
    arrays a = {0};
    Py_buffer *x = &a.of[0], *contexts = &a.of[1], *costs = &a.of[2], *zeros = &a.of[3], *levels = &a.of[4], *quantizers = &a.of[5];
    unsigned int segment, kind;
    void *scratch = NULL;
    if (!PyArg_ParseTuple(arguments, "y*y*y*z*IIw*w*", x, contexts, costs, zeros, &segment, &kind, levels, quantizers)) goto end;
    u64 count = elements(x, 4);
    bool same = elements(contexts, 2) == count && elements(levels, 4) == count && elements(quantizers, 1) == count;
    if (!require(same && (zeros->buf == NULL || elements(zeros, 1) == count), "sizes differ")) goto end;
    if (!require(segment >= 1 && kind <= MANY_KIND, "no such trellis")) goto end;
    if (!require(have_costs(contexts, costs), "no costs of a context")) goto end;
    scratch = get(trellis_scratch(segment, kind));
    if (scratch == NULL) goto end;
    trellis_search s = {x->buf, contexts->buf, zeros->buf, costs->buf, count, segment, kind, levels->buf, quantizers->buf};
    Py_BEGIN_ALLOW_THREADS;
    u64 segments = count / segment + (count % segment != 0);
    for (u64 first = 0; first < segments; first += SEARCHED_AT_ONCE) search_segments(&s, first, scratch);
    Py_END_ALLOW_THREADS;
end:
    free(scratch);
    release(&a);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

static PyObject *search_feedback(PyObject *self, PyObject *arguments) {
    (void)self;
    arrays a = {0};
    Py_buffer *x = &a.of[0], *filters = &a.of[1], *weights = &a.of[2], *contexts = &a.of[3], *zeros = &a.of[4], *costs = &a.of[5];
    Py_buffer *levels = &a.of[6], *quantizers = &a.of[7], *settled = &a.of[8], *state = &a.of[9], *common = &a.of[10];
    unsigned int kind, survivors;
    unsigned long long length, start;
    int anew;
    if (!PyArg_ParseTuple(arguments, "y*y*y*y*z*y*w*w*w*w*z*IIKKp", x, filters, weights, contexts, zeros, costs, levels, quantizers,
                          settled, state, common, &kind, &survivors, &length, &start, &anew))
        goto end;
    u64 count = elements(x, 4);
    if (!require(length >= 1 && length <= UINT32_MAX && count >= length && count % length == 0, "no rows")) goto end;
    u64 rows = count / length, groups = elements(weights, 4 * (size_t)length), stop = start + BLOCK < length ? start + BLOCK : length;
    bool same = elements(contexts, 2) == count && elements(levels, 4) == count && elements(quantizers, 1) == count;
    same &= elements(settled, 8) == count && elements(state, sizeof(feedback_row)) == rows;
    same &= (uintptr_t)state->buf % sizeof(floats) == 0;
    same &= groups >= 1 && rows % groups == 0 && elements(filters, 8) == groups * length * length;
    if (!require(same && (zeros->buf == NULL || elements(zeros, 1) == count), "sizes differ")) goto end;
    if (!require(kind <= MANY_KIND && survivors >= 1 && survivors <= (kind == MANY_KIND ? 1 : MOST_SURVIVORS), "no such trellis")) goto end;
    if (!require(start < length && start % BLOCK == 0, "no such block")) goto end;
    if (!require(start > 0 || anew || common->buf == NULL, "rows begin anew")) goto end;
    if (!require(common->buf == NULL || elements(common, 8) == rows * (stop - start), "sizes differ")) goto end;
    if (!require(have_costs(contexts, costs), "no costs of a context")) goto end;
    feedback_search s = {kind, survivors, rows, length, rows / groups, x->buf, filters->buf, weights->buf, contexts->buf, zeros->buf,
                         costs->buf, levels->buf, quantizers->buf, settled->buf, state->buf};
    Py_BEGIN_ALLOW_THREADS;
    if (common->buf == NULL) feedback_finish(&s, start);
    else {
        if (anew) feedback_start(&s);
        feedback_block(&s, start, stop, anew, common->buf);
    }
    Py_END_ALLOW_THREADS;
end:
    release(&a);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

PyMethodDef kernels_encoding[] = {
    {"encode_rans", encode_rans, METH_VARARGS, "frequencies, tokens, numbers, segment, states, words: how many words, at the end"},
    {"encode_huffman", encode_huffman, METH_VARARGS, "tokens, lengths, codes, lane sizes, out: how many bytes"},
    {"search_trellis", search_trellis, METH_VARARGS, "x, contexts, costs, zeros, segment, kind, levels, quantizers"},
    {"search_feedback", search_feedback, METH_VARARGS,
     "x, filters, weights, contexts, zeros, costs, levels, quantizers, settled, state, common, kind, survivors, length, start"},
    {NULL, NULL, 0, NULL},
};
