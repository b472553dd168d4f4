/* SPDX-License-Identifier: Apache-2.0 */
/* Reference counts against the references that were found. */
#include "pyroots.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "pyheap.h"

static bool is_object(const struct graph *graph, uint32_t block)
{
	return pyheap_type(graph->python, block) != PYTYPES_NONE;
}

/* By block: references that are known to be some. */
static uint32_t *count_references(const struct graph *graph)
{
	uint32_t *seen = calloc((size_t)graph->blocks.count + 1, sizeof(*seen));

	for (uint32_t i = 0; seen && i < graph->blocks.count; i++) {
		if (!pyheap_is_precise(graph->python, i))
			continue;
		for (uint32_t e = graph->first[i]; e < graph->first[i + 1]; e++)
			seen[graph->edges.at[e].to & ~GRAPH_INSIDE]++;
	}
	return seen;
}

/* What is part of an object is nobody else's. */
static bool is_part(const struct graph *graph, uint32_t block)
{
	const struct pyheap_part *part = pyheap_part(graph->python, block);

	return part && part->role != PYHEAP_OBJECT;
}

static bool is_explained(const struct graph *graph, const uint32_t *seen, uint32_t block)
{
	if (is_part(graph, block))
		return true;
	return seen[block] && is_object(graph, block) &&
	       seen[block] >= pyheap_references(graph->python, block);
}

static bool owns(const struct graph *graph, uint32_t from, uint32_t to)
{
	const struct pyheap_part *part = pyheap_part(graph->python, to & ~GRAPH_INSIDE);

	return part && part->owner == from;
}

int pyroots_settle(struct graph *graph)
{
	uint32_t *seen;
	size_t kept = 0;

	if (!graph->python)
		return 0;
	seen = count_references(graph);
	if (!seen)
		return -ENOMEM;
	/* From here on a block's number stands for: all its references are explained. */
	for (uint32_t i = 0; i < graph->blocks.count; i++)
		seen[i] = is_explained(graph, seen, i);
	for (uint32_t i = 0; i < graph->blocks.count; i++) {
		if (pyheap_is_precise(graph->python, i))
			continue;
		/* A block that points at itself means nothing. */
		for (uint32_t e = graph->first[i]; e < graph->first[i + 1]; e++)
			if (seen[graph->edges.at[e].to & ~GRAPH_INSIDE] &&
			    !owns(graph, i, graph->edges.at[e].to))
				graph->edges.at[e].to = i;
	}
	for (size_t i = 0; i < graph->roots.count; i++)
		if (!seen[graph->roots.at[i].to & ~GRAPH_INSIDE])
			graph->roots.at[kept++] = graph->roots.at[i];
	graph->roots.count = kept;
	free(seen);
	return 0;
}

/* ---------------------------------------------------------------- what is left */

struct rest {
	struct graph *graph;
	uint8_t *reached;
	uint32_t *front;
	size_t count;
	uint32_t holder;
};

static void reach(struct rest *rest, uint32_t block)
{
	if (rest->reached[block])
		return;
	rest->reached[block] = 1;
	rest->front[rest->count++] = block;
}

static int add_root(struct rest *rest, uint32_t block)
{
	const struct graph *graph = rest->graph;

	if (rest->reached[block] || !(graph->heads[block] & GRAPH_PYTHON))
		return 0;
	reach(rest, block);
	while (rest->count) {
		uint32_t at = rest->front[--rest->count];

		for (uint32_t e = graph->first[at]; e < graph->first[at + 1]; e++)
			reach(rest, graph->edges.at[e].to & ~GRAPH_INSIDE);
	}
	return vec_push(&rest->graph->roots, ((struct graph_root){ block, rest->holder, 0 }));
}

/* First those that count more references than there are, then what is left. */
static int add_rest(struct rest *rest)
{
	const struct graph *graph = rest->graph;
	uint32_t *seen = count_references(graph);
	int r = seen ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < graph->blocks.count && r == 0; i++)
		if (is_object(graph, i) && pyheap_references(graph->python, i) > seen[i])
			r = add_root(rest, i);
	for (uint32_t i = 0; i < graph->blocks.count && r == 0; i++)
		r = add_root(rest, i);
	free(seen);
	return r;
}

static int add_modules(struct graph *graph, const struct classify *classify)
{
	uint32_t holder;
	int r = graph_holder(graph, &(struct leaks_holder){ .kind = LEAKS_HOLDER_MODULE }, &holder);

	for (size_t i = 0; i < graph->python->modules.count && r == 0; i++) {
		uint32_t block = graph->python->modules.at[i];

		if (classify->class[block] == LEAKS_REACHABLE)
			r = vec_push(&graph->roots, ((struct graph_root){ block, holder, 0 }));
	}
	return r;
}

int pyroots_add(struct graph *graph, struct classify *classify)
{
	size_t count = (size_t)graph->blocks.count + 1;
	struct rest rest = { .graph = graph };
	int r;

	if (!graph->python)
		return 0;
	rest.reached = calloc(count, 1);
	rest.front = malloc(count * sizeof(*rest.front));
	r = rest.reached && rest.front ? add_modules(graph, classify) : -ENOMEM;
	if (r == 0)
		r = graph_holder(graph, &(struct leaks_holder){ .kind = LEAKS_HOLDER_PYTHON },
				 &rest.holder);
	for (uint32_t i = 0; i < graph->blocks.count && r == 0; i++)
		rest.reached[i] = classify->class[i] != CLASSIFY_UNSEEN;
	if (r == 0)
		r = add_rest(&rest);
	if (r == 0)
		r = classify_reach(classify, graph);
	free(rest.reached);
	free(rest.front);
	return r;
}
