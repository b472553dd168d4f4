/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References that native memory may hold: structures that an extension has
 * from malloc, containers of C++, memory that it has mapped.
 *
 * Which of the words found are in blocks that are alive, and whose these are,
 * only the analyzer knows.
 */
#ifndef PRELOAD_PY_NATIVE_H
#define PRELOAD_PY_NATIVE_H

#include <stddef.h>

#include "base/attr.h"
#include "py-graph.h"

/** struct py_native_area - memory that was looked at before */
struct py_native_area {
	const void *at;
	size_t bytes;
};

/**
 * struct py_native - one look
 * @graph: nodes with refs are looked for
 * @known: ends with one of 0 bytes
 * @held:  @at is a word that is the address of @object
 */
struct py_native {
	const struct py_graph *graph;
	const struct py_native_area *known;
	void (*held)(void *arg, const void *object, const void *at);
	void *arg;
};

/**
 * py_native_find() - look through all anonymous memory of the process
 *
 * Return: NULL, or why not all was looked at: a text for the user.
 * Context: guard held.
 */
attr_nodiscard const char *py_native_find(const struct py_native *native);

#endif /* PRELOAD_PY_NATIVE_H */
