/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of orders; leaky_label() forgets that the caller will own what it returns. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *label(PyObject *self, PyObject *name)
{
	(void)self;
	return PyUnicode_FromFormat("order of %U", name);
}

static PyObject *leaky_label(PyObject *self, PyObject *name)
{
	PyObject *text = label(self, name);

	Py_XINCREF(text);
	return text;
}

static PyMethodDef methods[] = {
	{ "label", label, METH_O, "A label." },
	{ "leaky_label", leaky_label, METH_O, "A label, and a reference that is lost." },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT, "labels", "Labels.", -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_labels(void)
{
	return PyModule_Create(&module);
}
