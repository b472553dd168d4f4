/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An extension with the mistakes that extensions make, each on request.  Built
 * by the tests, for every interpreter by its own headers.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdlib.h>
#include <structmember.h>
#include <sys/mman.h>

/* ---------------------------------------------- a reference, and a buffer */

static PyObject *leak_reference(PyObject *self, PyObject *object)
{
	(void)self;
	Py_INCREF(object);
	Py_RETURN_NONE;
}

static void *volatile nowhere;

static PyObject *leak_buffer(PyObject *self, PyObject *bytes)
{
	size_t count = PyLong_AsSize_t(bytes);

	(void)self;
	if (count == (size_t)-1 && PyErr_Occurred())
		return NULL;
	nowhere = malloc(count);
	nowhere = NULL;
	Py_RETURN_NONE;
}

/* Keeps a reference where it may be kept: in a variable of the extension. */
static PyObject *kept;

static PyObject *keep(PyObject *self, PyObject *object)
{
	PyObject *old = kept;

	(void)self;
	Py_INCREF(object);
	kept = object;
	Py_XDECREF(old);
	Py_RETURN_NONE;
}

/* ------------------------- references where nobody but the extension looks for them */

struct cell {
	struct cell *next;
	PyObject *object;
};

#define POOL_CELLS 1024

static struct cell *by_malloc, *by_python, *by_object, *by_pool;
static __thread PyObject *volatile by_thread;

static struct cell *pool_cell(void)
{
	static struct cell *pool;
	static size_t used;

	if (!pool)
		pool = mmap(NULL, POOL_CELLS * sizeof(*pool), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return pool == MAP_FAILED || used == POOL_CELLS ? NULL : &pool[used++];
}

static PyObject *put(struct cell *cell, struct cell **list, PyObject *object)
{
	if (!cell)
		return PyErr_NoMemory();
	Py_INCREF(object);
	cell->object = object;
	cell->next = *list;
	*list = cell;
	Py_RETURN_NONE;
}

static PyObject *keep_by_malloc(PyObject *self, PyObject *object)
{
	(void)self;
	return put(malloc(sizeof(struct cell)), &by_malloc, object);
}

static PyObject *keep_by_python(PyObject *self, PyObject *object)
{
	(void)self;
	return put(PyMem_Malloc(sizeof(struct cell)), &by_python, object);
}

static PyObject *keep_by_object(PyObject *self, PyObject *object)
{
	(void)self;
	return put(PyObject_Malloc(sizeof(struct cell)), &by_object, object);
}

static PyObject *keep_by_pool(PyObject *self, PyObject *object)
{
	(void)self;
	return put(pool_cell(), &by_pool, object);
}

static PyObject *keep_by_thread(PyObject *self, PyObject *object)
{
	(void)self;
	Py_INCREF(object);
	by_thread = object;
	Py_RETURN_NONE;
}

/* Frees the memory of a reference, and not the reference. */
static PyObject *forget(PyObject *self, PyObject *object)
{
	struct cell *cell = malloc(sizeof(*cell));

	(void)self;
	if (!cell)
		return PyErr_NoMemory();
	Py_INCREF(object);
	cell->object = object;
	free(cell);
	Py_RETURN_NONE;
}

/* ------------------- Hidden: refers to an object and does not tell the collector */

struct link {
	PyObject_HEAD PyObject *other;
};

static PyMemberDef link_members[] = {
	{ "other", T_OBJECT_EX, offsetof(struct link, other), 0, NULL },
	{ NULL, 0, 0, 0, NULL },
};

static void hidden_dealloc(PyObject *self)
{
	Py_XDECREF(((struct link *)self)->other);
	Py_TYPE(self)->tp_free(self);
}

static PyTypeObject hidden_type = {
	PyVarObject_HEAD_INIT(NULL, 0).tp_name = "leaky.Hidden",
	.tp_basicsize = sizeof(struct link),
	.tp_flags = Py_TPFLAGS_DEFAULT,
	.tp_new = PyType_GenericNew,
	.tp_dealloc = hidden_dealloc,
	.tp_members = link_members,
};

/* ------ Legacy: tells it, but has a finalizer that the collector dare not call */

static int legacy_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(((struct link *)self)->other);
	return 0;
}

static int legacy_clear(PyObject *self)
{
	Py_CLEAR(((struct link *)self)->other);
	return 0;
}

static void legacy_del(PyObject *self)
{
	(void)self;
}

static void legacy_dealloc(PyObject *self)
{
	PyObject_GC_UnTrack(self);
	(void)legacy_clear(self);
	Py_TYPE(self)->tp_free(self);
}

static PyTypeObject legacy_type = {
	PyVarObject_HEAD_INIT(NULL, 0).tp_name = "leaky.Legacy",
	.tp_basicsize = sizeof(struct link),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.tp_new = PyType_GenericNew,
	.tp_dealloc = legacy_dealloc,
	.tp_traverse = legacy_traverse,
	.tp_clear = legacy_clear,
	.tp_del = legacy_del,
	.tp_members = link_members,
};

/* ---------------------------------------------------------------- the module */

static PyMethodDef methods[] = {
	{ "leak_reference", leak_reference, METH_O, NULL },
	{ "leak_buffer", leak_buffer, METH_O, NULL },
	{ "keep", keep, METH_O, NULL },
	{ "keep_by_malloc", keep_by_malloc, METH_O, NULL },
	{ "keep_by_python", keep_by_python, METH_O, NULL },
	{ "keep_by_object", keep_by_object, METH_O, NULL },
	{ "keep_by_pool", keep_by_pool, METH_O, NULL },
	{ "keep_by_thread", keep_by_thread, METH_O, NULL },
	{ "forget", forget, METH_O, NULL },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "leaky",
	.m_size = -1,
	.m_methods = methods,
};

static int add_type(PyObject *module, const char *name, PyTypeObject *type)
{
	if (PyType_Ready(type) < 0)
		return -1;
	Py_INCREF((PyObject *)type);
	return PyModule_AddObject(module, name, (PyObject *)type);
}

PyMODINIT_FUNC PyInit_leaky(void)
{
	PyObject *module = PyModule_Create(&definition);

	if (!module)
		return NULL;
	if (add_type(module, "Hidden", &hidden_type) < 0 ||
	    add_type(module, "Legacy", &legacy_type) < 0) {
		Py_DECREF(module);
		return NULL;
	}
	return module;
}
