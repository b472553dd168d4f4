/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reference from one object to another is called: an attribute, a
 * key, an index, a local variable.
 */
#ifndef PRELOAD_PY_EDGES_H
#define PRELOAD_PY_EDGES_H

#include <stdint.h>

#include "tenure/wire-python.h"
#include "thread.h"

#define PY_LABEL(kind, value) ((uint32_t)(value) << TENURE_PY_LABEL_BITS | (kind))

/**
 * struct py_edges - the references of one object that want a name
 * @thread: that records
 * @want:   where the label of one more reference to @target goes, or NULL when none
 *          is wanted.  Places hold 0 before
 * @arg:    for @want
 * @left:   references that have no label yet; at 0 the search ends
 */
struct py_edges {
	struct thread *thread;
	uint32_t *(*want)(const void *target, void *arg);
	void *arg;
	uint32_t left;
};

/**
 * py_edges_name() - find the names of @object's references
 *
 * Reads only what the object itself holds, besides its type's tables and the
 * names.  References that it finds no name for are left alone.
 *
 * Context: as py_names_str().
 */
void py_edges_name(struct py_edges *edges, const void *object);

/** py_edges_flags() - enum tenure_py_object_flag of an object */
uint32_t py_edges_flags(const void *object);

/** py_edges_block() - the block that a tracked object lies in */
const void *py_edges_block(const void *object);

#endif /* PRELOAD_PY_EDGES_H */
