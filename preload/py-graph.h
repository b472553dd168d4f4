/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects that the cyclic garbage collector tracks, as a graph: who is
 * referred to from outside, what is reachable from there, what is not.
 *
 * It computes what the collector computes, from the same lists and the same
 * tp_traverse functions, but keeps its numbers in memory of its own: nothing
 * of the interpreter is written to, no reference count changes, nothing is
 * allocated from it.
 *
 *	struct py_graph graph = { .deadline = sys_ticks() + budget };
 *	struct py_graph_node *node;
 *
 *	if (py_graph_open(&graph, gc, PY_GRAPH_ALL) == 0 && py_graph_count(&graph) == 0)
 *		py_graph_each (node, &graph)
 *			if (node->refs > 0)
 *				... somebody outside of the graph refers to node->object
 *	py_graph_close(&graph);
 */
#ifndef PRELOAD_PY_GRAPH_H
#define PRELOAD_PY_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "py-abi.h"

/**
 * struct py_graph_node - one object
 * @object: NULL: an unused place of the table
 * @refs:   references to it that are not explained; see py_graph_count()
 * @link:   0: not reached
 */
struct py_graph_node {
	const void *object;
	int32_t refs;
	uint32_t link;
};

/**
 * struct py_graph - all zero, but for the limits, is an empty one
 * @nodes:    hash table; objects of one page lie near one another
 * @mask:     places of it less one
 * @count:    nodes that are used
 * @capacity: places that @nodes has memory for
 * @edges:    references followed so far
 * @hint:     objects to be expected; 0 when nothing is known.  Set by the caller
 * @limit:    more objects than this are not taken; 0: none but the own limit.  Likewise
 * @deadline: ticks when it is time to give up; 0: none.  Likewise
 */
struct py_graph {
	struct py_graph_node *nodes;
	uint32_t mask;
	uint32_t count;
	uint32_t capacity;
	uint32_t hint;
	uint64_t limit;
	uint64_t edges;
	uint64_t deadline;
};

/* Which lists of the collector. */
#define PY_GRAPH_UP_TO(generation) ((2u << (generation)) - 1)
#define PY_GRAPH_PERMANENT	   (1u << 3) /* gc.freeze() */
#define PY_GRAPH_ALL		   (PY_GRAPH_UP_TO(2) | PY_GRAPH_PERMANENT)

/** typedef py_visit - what tp_traverse calls; not 0 ends the traversal */
typedef int (*py_visit)(void *object, void *arg);

/**
 * py_graph_open() - take in all objects of the lists @lists
 * @gc: the collector's state, in the interpreter or the runtime
 *
 * Return: 0; -E2BIG, -ETIME when a limit was met, -ENOMEM, -EINVAL when the
 * lists do not look as expected.
 * Context: the thread holds the GIL of the collector's interpreter; no
 * collection is under way, but that its gc.callbacks may be running.
 */
attr_nodiscard int py_graph_open(struct py_graph *graph, const void *gc, unsigned int lists);

/**
 * py_graph_walk() - call @each for every object of the lists @lists; no graph is made
 * @each: returns 0, or something else to end the walk
 *
 * Return: 0; 1 when @each has ended it; -EINVAL as py_graph_open().
 * Context: as py_graph_open().
 */
int py_graph_walk(const void *gc, unsigned int lists, int (*each)(const void *object, void *arg),
		  void *arg);

/** py_graph_close() - forget all; small tables are kept for the next time */
void py_graph_close(struct py_graph *graph);

/**
 * py_graph_count() - take from each node's refs the references that nodes make
 *
 * From here on @refs is the reference count less the references from within.
 *
 * Return: 0 or -ETIME.
 */
attr_nodiscard int py_graph_count(struct py_graph *graph);

/**
 * py_graph_reach() - mark what is reachable from nodes with refs left
 * @ret_unreachable: nodes whose @link stayed 0
 *
 * Comes after py_graph_count().  Return: 0 or -ETIME.
 */
attr_nodiscard int py_graph_reach(struct py_graph *graph, uint32_t *ret_unreachable);

/** py_graph_traverse() - call @visit for each reference of a tracked object */
static inline int py_graph_traverse(const void *object, py_visit visit, void *arg)
{
	int (*traverse)(const void *object, py_visit visit, void *arg);

	traverse = (int (*)(const void *, py_visit, void *))py_field(py_field(object, PY_OB_TYPE),
								     PY_TYPE_TRAVERSE);
	return traverse ? traverse(object, visit, arg) : 0;
}

/* Where the search for @object begins: 256 places for a page of objects. */
static attr_always_inline uint32_t py_graph_home(const struct py_graph *graph, const void *object)
{
	uintptr_t at = (uintptr_t)object;

	return ((uint32_t)((at >> 12) * 0x9e3779b97f4a7c15ull >> 32) + (at >> 4 & 255)) &
	       graph->mask;
}

/** py_graph_find() - the node of an object, or NULL when it is not in the graph */
static attr_always_inline struct py_graph_node *py_graph_find(const struct py_graph *graph,
							      const void *object)
{
	uint32_t i = py_graph_home(graph, object);

	for (;; i = (i + 1) & graph->mask) {
		struct py_graph_node *node = &graph->nodes[i];

		if (node->object == object)
			return node;
		if (!node->object)
			return NULL;
	}
}

/** py_graph_next() - the first used node from place @at on, or NULL */
static inline struct py_graph_node *py_graph_next(const struct py_graph *graph, uint32_t at)
{
	for (; at <= graph->mask && graph->nodes; at++)
		if (graph->nodes[at].object)
			return &graph->nodes[at];
	return NULL;
}

#define py_graph_each(node, graph)                       \
	for ((node) = py_graph_next((graph), 0); (node); \
	     (node) = py_graph_next((graph), (uint32_t)((node) - (graph)->nodes) + 1))

#endif /* PRELOAD_PY_GRAPH_H */
