/* SPDX-License-Identifier: Apache-2.0 */
/* A program with Python inside that counts what Python allocates, in functions of its own. */
#include <Python.h>

static PyMemAllocatorEx found[2]; /* by domain, from PYMEM_DOMAIN_MEM on */
static long calls;

static void *count_malloc(void *ctx, size_t bytes)
{
	PyMemAllocatorEx *below = ctx;

	calls++;
	return below->malloc(below->ctx, bytes);
}

static void *count_calloc(void *ctx, size_t count, size_t bytes)
{
	PyMemAllocatorEx *below = ctx;

	calls++;
	return below->calloc(below->ctx, count, bytes);
}

static void *count_realloc(void *ctx, void *block, size_t bytes)
{
	PyMemAllocatorEx *below = ctx;

	calls++;
	return below->realloc(below->ctx, block, bytes);
}

static void count_free(void *ctx, void *block)
{
	PyMemAllocatorEx *below = ctx;

	below->free(below->ctx, block);
}

static void wrap(PyMemAllocatorDomain domain)
{
	PyMemAllocatorEx *below = &found[domain - PYMEM_DOMAIN_MEM];
	PyMemAllocatorEx ours = { below, count_malloc, count_calloc, count_realloc, count_free };

	PyMem_GetAllocator(domain, below);
	PyMem_SetAllocator(domain, &ours);
}

int main(void)
{
	long before;

	wrap(PYMEM_DOMAIN_MEM);
	wrap(PYMEM_DOMAIN_OBJ);
	Py_Initialize();
	before = calls;
	if (PyRun_SimpleString("class Thing: pass\n"
			       "def make(): return [Thing() for i in range(1000)]\n"
			       "kept = make()\n") != 0)
		return 1;
	if (calls - before < 1000)
		return 2;
	return Py_FinalizeEx() != 0 ? 3 : 0;
}
