/* The module nntc.kernels.native._native. */
#include "feedback_search.h"
#include "module.h"

static PyObject *use_up_to(PyObject *self, PyObject *argument) {
    (void)self;
    long most = PyLong_AsLong(argument);
    if (most == -1 && PyErr_Occurred()) return NULL;
    kernels_find_processor((int)most);
    Py_RETURN_NONE;
}

static PyObject *processor_name(PyObject *self, PyObject *unused) {
    (void)self;
    (void)unused;
    const processor *p = &kernels_processor;
    return PyUnicode_FromString(p->vbmi2 ? "AVX-512 VBMI2" : p->avx512 ? "AVX-512" : p->avx2 ? "AVX2" : "portable");
}

static PyMethodDef general[] = {
    {"use_up_to", use_up_to, METH_O, "Of what is written for particular processors use so much: 0 none, 1 AVX2, 2 AVX-512, 3 all."},
    {"processor", processor_name, METH_NOARGS, "What is made use of beyond portable code."},
    {NULL, NULL, 0, NULL},
};

static int fill(PyObject *module) {
    kernels_find_processor(WITH_VBMI2);
    return PyModule_AddFunctions(module, general) | PyModule_AddFunctions(module, kernels_decoding) |
           PyModule_AddFunctions(module, kernels_elements) | PyModule_AddFunctions(module, kernels_encoding) |
           PyModule_AddIntConstant(module, "INTERFACE", 6) | PyModule_AddIntConstant(module, "FEEDBACK_ROW", sizeof(feedback_row)) |
           PyModule_AddIntConstant(module, "FEEDBACK_BLOCK", BLOCK);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)fill}, {0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "_native", .m_doc = "Kernels in C.", .m_size = 0, .m_slots = slots};

PyMODINIT_FUNC PyInit__native(void);
PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
