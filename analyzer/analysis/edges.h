/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pass over the memory of all blocks: every pointer to another one.
 */
#ifndef ANALYSIS_EDGES_H
#define ANALYSIS_EDGES_H

#include "base/attr.h"
#include "graph.h"

/**
 * edges_find() - fill in edges, insides, first, tables, and heads by what is in blocks
 * @graph: with blocks, bounds, owners and hidden
 *
 * Return: 0, -ENOMEM, or -E2BIG when there are 2^32 pointers.
 */
attr_nodiscard int edges_find(struct graph *graph);

#endif /* ANALYSIS_EDGES_H */
