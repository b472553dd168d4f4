/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What refers to nodes of a graph, and is none itself or does not tell.
 *
 * The graph of py-graph.h has the objects that the collector knows, nodes here.
 * What they refer to and what is not a node is a leaf to the collector; it may
 * refer to nodes all the same.  Leaves that do are called holders, and so are
 * nodes with references that their tp_traverse does not tell.
 *
 * There is one search at a time.
 */
#ifndef PRELOAD_PY_HOLDERS_H
#define PRELOAD_PY_HOLDERS_H

#include <stdbool.h>

#include "base/attr.h"
#include "py-graph.h"

/** py_holders_open() - begin; @graph: borrowed until the end.  Return: false without memory */
attr_nodiscard bool py_holders_open(struct py_graph *graph);

/** py_holders_close() - end */
void py_holders_close(void);

/** py_holders_find() - all that the nodes lead to.  Return: false if they are too many */
attr_nodiscard bool py_holders_find(void);

/** py_holders_has() - is @object one? */
bool py_holders_has(const void *object);

/** py_holders_explain() - take the references that they have from the nodes' counts */
void py_holders_explain(void);

/**
 * py_holders_reach() - mark all nodes that are reachable, by their @link
 *
 * Return: false if it cannot be told.
 */
attr_nodiscard bool py_holders_reach(void);

/** py_holders_tell() - what is not reachable, and not garbage to the collector either */
void py_holders_tell(void (*hidden)(void *arg, const void *object), void *arg);

#endif /* PRELOAD_PY_HOLDERS_H */
