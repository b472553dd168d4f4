/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unreachable objects of one collection as a graph: read from records,
 * dictionaries of instances made one with them, cycles found.
 */
#ifndef MODEL_GARBAGE_H
#define MODEL_GARBAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"
#include "tenure/wire-python.h"

#define GARBAGE_NONE UINT32_MAX

/**
 * struct garbage_object - one unreachable object
 * @block:  it lies in
 * @type:   id, 0 when it has none
 * @flags:  enum tenure_py_object_flag
 * @edges:  index of its first reference, @edges_count of them
 * @bytes, @birth, @stack, @fn: of the block, all 0 when it is not known.  Set by the caller
 * @owner:  the instance whose dictionary it is, or GARBAGE_NONE
 * @dict:   its dictionary, or GARBAGE_NONE
 * @scc:    strongly connected component; a lower one cannot reach a higher one
 * @kept:   not freed after all
 */
struct garbage_object {
	uint64_t block;
	uint64_t bytes;
	uint64_t birth;
	uint32_t type;
	uint32_t flags;
	uint32_t edges;
	uint32_t edges_count;
	uint32_t stack;
	uint32_t fn;
	uint32_t owner;
	uint32_t dict;
	uint32_t scc;
	bool kept;
};

/** struct garbage_edge - @to: object; @label: kind in the low TENURE_PY_LABEL_BITS */
struct garbage_edge {
	uint32_t to;
	uint32_t label;
};

/**
 * struct garbage_scc - a strongly connected component
 * @first, @count: its objects, in garbage.order
 * @is_cycle: more than one object, or one that refers to itself
 */
struct garbage_scc {
	uint32_t first;
	uint32_t count;
	bool is_cycle;
};

/** struct garbage - all zero is an empty one; @block: of the object before */
struct garbage {
	VEC(struct garbage_object) objects;
	VEC(struct garbage_edge) edges;
	VEC(struct garbage_scc) sccs;
	VEC(uint32_t) order;
	uint64_t block;
};

void garbage_clear(struct garbage *graph);
void garbage_fini(struct garbage *graph);

/**
 * garbage_read() - append the objects of a TENURE_PY_GRAPH record
 *
 * Return: 0; -EINVAL when it is malformed; -ENOMEM.
 */
attr_nodiscard int garbage_read(struct garbage *graph, const uint8_t *bytes, size_t count);

/**
 * garbage_analyze() - all objects are there: owners, dictionaries, components
 *
 * Return: 0; -EINVAL when a reference goes nowhere; -ENOMEM.
 */
attr_nodiscard int garbage_analyze(struct garbage *graph);

/** struct garbage_walk - position among the references of an object and its dictionary */
struct garbage_walk {
	const struct garbage *graph;
	uint32_t object;
	uint32_t from; /* the object, or its dictionary */
	uint32_t at;
};

/**
 * garbage_walk_next() - the next reference of an instance, as the program sees it
 * @ret_edge: its @to is never a dictionary that belongs to an instance, and its
 *            label never that of an instance's own dictionary
 */
bool garbage_walk_next(struct garbage_walk *walk, struct garbage_edge *ret_edge);

static inline struct garbage_walk garbage_walk(const struct garbage *graph, uint32_t object)
{
	return (struct garbage_walk){ .graph = graph, .object = object, .from = object };
}

#endif /* MODEL_GARBAGE_H */
