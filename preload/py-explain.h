/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References outside the objects that the collector knows: words of memory
 * that are addresses of its nodes.
 *
 * A reference that was found is taken from the node's @refs.
 */
#ifndef PRELOAD_PY_EXPLAIN_H
#define PRELOAD_PY_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "py-body.h"
#include "py-graph.h"

/** py_explain_any() - the node whose address the word at @at is, or NULL */
struct py_graph_node *py_explain_any(const struct py_graph *graph, const void *at);

/** py_explain_at() - likewise, if there are references to explain */
struct py_graph_node *py_explain_at(const struct py_graph *graph, const void *at);

/** py_explain_words() - references in memory that can be read */
void py_explain_words(const struct py_graph *graph, const void *from, size_t bytes);

/** py_explain_safely() - references in memory that may end early */
void py_explain_safely(const struct py_graph *graph, const void *from, size_t bytes);

/** py_explain_body() - references of an object that the collector does not know */
void py_explain_body(const struct py_graph *graph, const void *object);

/** py_explain_done() - is there nothing left to explain? */
bool py_explain_done(const struct py_graph *graph);

/** py_explain_variables() - references in the variables of all loaded libraries */
void py_explain_variables(const struct py_graph *graph);

/**
 * py_explain_through() - references in objects that a library keeps in a variable
 * @known: was this object looked into before?
 *
 * The interpreter's own variables are left out.
 */
void py_explain_through(const struct py_graph *graph, bool (*known)(const void *object));

#endif /* PRELOAD_PY_EXPLAIN_H */
