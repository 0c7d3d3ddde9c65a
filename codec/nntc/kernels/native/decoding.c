/* Functions for Python that decode: see decoding.py. */
#include "huffman_decode.h"
#include "module.h"
#include "rans_decode.h"
#include "table_run.h"
#include "values.h"

/* Tables and lanes of a stream, in one block. */
typedef struct rans_room {
    void *block, *scratch;
    decoding_table *tables;
    u32 *x, *state;
} rans_room;

static bool make_room(rans_room *room, size_t tables, u32 lanes) {
    size_t padded = ((size_t)lanes + 15) & ~(size_t)15, before = tables * sizeof(decoding_table);
    /* 64 bytes more: gathers of four bytes begin at any token. */
    room->block = get(before + 2 * padded * sizeof(u32) + rans_scratch(lanes) + 64);
    if (room->block == NULL) return false;
    room->tables = room->block;
    room->x = (u32 *)(void *)((u8 *)room->block + before);
    room->state = room->x + padded;
    room->scratch = room->state + padded;
    return true;
}

/* Sums to 4096 in each table; contexts below their number. */
static bool is_valid(const u16 *frequencies, u64 tables, const u8 *contexts, u64 count, u64 per_context) {
    u8 most = 0;
    for (u64 t = 0; t < tables; t++) {
        u32 sum = 0;
        for (u32 v = 0; v < 256; v++) sum += frequencies[256 * t + v];
        if (sum != 4096) return false;
    }
    if (contexts != NULL)
        for (u64 i = 0; i < count; i++) most = contexts[i] > most ? contexts[i] : most;
    return ((u64)most + 1) * per_context <= tables;
}

static PyObject *decode_rans(PyObject *self, PyObject *arguments) {
    (void)self;
    arrays a = {0};
    Py_buffer *frequencies = &a.of[0], *contexts = &a.of[1], *states = &a.of[2], *words = &a.of[3], *out = &a.of[4];
    unsigned int segment, trellis;
    rans_room room = {0};
    bool valid = false;
    if (!PyArg_ParseTuple(arguments, "y*z*y*y*IIw*", frequencies, contexts, states, words, &segment, &trellis, out)) goto end;
    u64 tables = elements(frequencies, 512), lanes = elements(states, 4), count = elements(out, trellis == 0 ? 1 : 2);
    if (!require(count >= 1 && count <= UINT32_MAX && lanes >= 1 && lanes <= 65536 && segment >= 1, "no stream")) goto end;
    if (!require(trellis <= 3 && (trellis != 0 || segment == 1) && tables >= 1, "no such trellis")) goto end;
    if (!require(contexts->buf == NULL || elements(contexts, 1) == count, "contexts differ in number")) goto end;
    if (!require(is_valid(frequencies->buf, tables, contexts->buf, count, trellis == 0 ? 1 : 2), "no such tables")) goto end;
    if (!make_room(&room, (size_t)tables, (u32)lanes)) goto end;
    Py_BEGIN_ALLOW_THREADS;
    for (u64 t = 0; t < tables; t++) rans_table((const u16 *)frequencies->buf + 256 * t, &room.tables[t]);
    memcpy(room.x, states->buf, (size_t)lanes * sizeof(u32));
    const u8 *data = words->buf;
    rans_stream s = {room.tables, contexts->buf, (u32)count, segment, (u32)lanes, trellis, room.x, room.state, data, data + words->len};
    valid = rans_decode(&s, room.scratch, out->buf);
    Py_END_ALLOW_THREADS;
end:
    free(room.block);
    release(&a);
    return PyErr_Occurred() ? NULL : PyBool_FromLong(valid);
}

static PyObject *decode_huffman(PyObject *self, PyObject *arguments) {
    (void)self;
    arrays a = {0};
    Py_buffer *lengths = &a.of[0], *sizes = &a.of[1], *data = &a.of[2], *out = &a.of[3];
    u16 *table = NULL;
    bool valid = true;
    if (!PyArg_ParseTuple(arguments, "y*y*y*w*", lengths, sizes, data, out)) goto end;
    u64 lanes = elements(sizes, 8), left = (u64)data->len;
    if (!require(lengths->len == 256 && lanes >= 1, "no code")) goto end;
    for (u64 l = 0; l < lanes; l++) {
        u64 size = ((const u64 *)sizes->buf)[l];
        if (!require(size <= left, "lanes are longer than their data")) goto end;
        left -= size;
    }
    table = get(sizeof(u16) << 15);
    if (table == NULL) goto end;
    Py_BEGIN_ALLOW_THREADS;
    const u8 *lane = data->buf;
    u32 longest = huffman_table(lengths->buf, table);
    for (u64 l = 0; valid && l < lanes; l++) {
        u64 size = ((const u64 *)sizes->buf)[l];
        valid = huffman_decode_lane(table, longest, lane, size, l, lanes, (u64)out->len, out->buf);
        lane += size;
    }
    Py_END_ALLOW_THREADS;
end:
    free(table);
    release(&a);
    return PyErr_Occurred() ? NULL : PyBool_FromLong(valid);
}

static PyObject *look_up_elements(PyObject *self, PyObject *arguments) {
    (void)self;
    arrays a = {0};
    Py_buffer *table = &a.of[0], *indices = &a.of[1], *out = &a.of[2];
    unsigned int width, index_width;
    bool inside = true;
    if (!PyArg_ParseTuple(arguments, "y*Iy*Iw*", table, &width, indices, &index_width, out)) goto end;
    bool widths = (width == 1 || width == 2 || width == 4 || width == 8) && (index_width == 1 || index_width == 2 || index_width == 4);
    if (!require(widths, "no such width")) goto end;
    u64 count = elements(indices, index_width), size = elements(table, width);
    if (!require(size >= 1 && elements(out, width) == count, "sizes differ")) goto end;
    Py_BEGIN_ALLOW_THREADS;
    inside = look_up(table->buf, size, width, indices->buf, index_width, count, out->buf);
    Py_END_ALLOW_THREADS;
    require(inside, "an index is beyond the table");
end:
    release(&a);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

static PyObject *read_tables(PyObject *self, PyObject *arguments) {
    (void)self;
    arrays a = {0};
    Py_buffer *data = &a.of[0], *firsts = &a.of[1], *lasts = &a.of[2], *frequencies = &a.of[3];
    unsigned long long begin;
    i64 used = -1;
    if (!PyArg_ParseTuple(arguments, "y*Kw*w*w*", data, &begin, firsts, lasts, frequencies)) goto end;
    u64 count = elements(firsts, 1), size = elements(data, 1);
    if (!require(count <= 1024 && elements(lasts, 1) == count && elements(frequencies, 512) == count && begin <= size, "sizes differ"))
        goto end;
    used = read_table_run((const u8 *)data->buf + begin, size - begin, (u32)count, firsts->buf, lasts->buf, frequencies->buf);
end:
    release(&a);
    return PyErr_Occurred() ? NULL : PyLong_FromLongLong(used);
}

PyMethodDef kernels_decoding[] = {
    {"decode_rans", decode_rans, METH_VARARGS, "frequencies, contexts, states, words, segment, trellis, out: whether it is valid"},
    {"decode_huffman", decode_huffman, METH_VARARGS, "lengths, lane sizes, data, out: whether it is valid"},
    {"read_tables", read_tables, METH_VARARGS, "data, where it begins, first and last tokens, frequencies: bytes read, or -1"},
    {"look_up", look_up_elements, METH_VARARGS, "table, width, indices, width of an index, out"},
    {NULL, NULL, 0, NULL},
};
