/* SPDX-License-Identifier: Apache-2.0 */
/* Dominators of a graph of blocks, without recursion. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "dominators.h"

/* A vertex on the way down. */
struct step {
	uint32_t number;
	uint64_t edge;
};

/*
 * @number: by block: 0 while it has not been seen
 * @parent, @semi, @label: by number
 * @first, @from: by number: the numbers of those that lead to it
 */
struct work {
	const struct graph *graph;
	struct dominators *ret;
	uint32_t *number;
	uint32_t *parent;
	uint32_t *semi;
	uint32_t *label;
	uint64_t *first;
	uint32_t *from;
	struct step *path;
	size_t path_count;
};

static inline uint32_t target_of(const struct graph *graph, uint64_t edge)
{
	return graph->edges.at[edge].to & ~GRAPH_INSIDE;
}

static void enter(struct work *work, uint32_t block, uint32_t parent)
{
	uint32_t number = ++work->ret->count;

	work->number[block] = number;
	work->ret->block[number] = block;
	work->parent[number] = parent;
	work->path[work->path_count++] = (struct step){ number, work->graph->first[block] };
}

static void search(struct work *work, uint32_t root)
{
	const struct graph *graph = work->graph;

	if (work->number[root])
		return;
	enter(work, root, DOMINATORS_ROOT);
	while (work->path_count) {
		struct step *step = &work->path[work->path_count - 1];
		uint64_t end = graph->first[work->ret->block[step->number] + 1];
		uint32_t number = step->number;
		bool deeper = false;

		while (step->edge < end && !deeper) {
			uint32_t to = target_of(graph, step->edge++);

			if (!work->number[to]) {
				enter(work, to, number);
				deeper = true;
			}
		}
		if (!deeper)
			work->path_count--;
	}
}

/* Who leads to whom, the other way round. */
static int turn_round(struct work *work, const uint32_t *roots, size_t count)
{
	const struct graph *graph = work->graph;
	uint32_t last = work->ret->count;
	uint64_t *first = calloc((size_t)last + 3, sizeof(*first));

	work->first = first;
	if (!first)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		first[work->number[roots[i]] + 2]++;
	for (uint32_t v = 2; v <= last; v++) {
		uint32_t block = work->ret->block[v];

		for (uint32_t e = graph->first[block]; e < graph->first[block + 1]; e++)
			first[work->number[target_of(graph, e)] + 2]++;
	}
	for (uint32_t v = 2; v <= last + 2; v++)
		first[v] += first[v - 1];
	work->from = malloc((first[last + 2] + 1) * sizeof(*work->from));
	if (!work->from)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		work->from[first[work->number[roots[i]] + 1]++] = DOMINATORS_ROOT;
	for (uint32_t v = 2; v <= last; v++) {
		uint32_t block = work->ret->block[v];

		for (uint32_t e = graph->first[block]; e < graph->first[block + 1]; e++)
			work->from[first[work->number[target_of(graph, e)] + 1]++] = v;
	}
	return 0;
}

/* The smallest label on the way from @v up to what lies below @limit. */
static uint32_t compress(struct work *work, uint32_t v, uint32_t limit)
{
	uint32_t *parent = work->parent, *label = work->label;
	struct step *path = work->path;
	size_t count = 0;

	for (uint32_t at = v; parent[at] > limit; at = parent[at])
		path[count++].number = at;
	while (count > 0) {
		uint32_t at = path[--count].number;
		uint32_t above = parent[at];

		if (label[above] < label[at])
			label[at] = label[above];
		parent[at] = parent[above];
	}
	return label[v];
}

static void find(struct work *work)
{
	uint32_t *above = work->ret->above;

	for (uint32_t v = 1; v <= work->ret->count; v++)
		work->semi[v] = work->label[v] = v;
	for (uint32_t v = work->ret->count; v > DOMINATORS_ROOT; v--) {
		above[v] = work->parent[v];
		for (uint64_t i = work->first[v]; i < work->first[v + 1]; i++) {
			uint32_t from = work->from[i];

			if (from > v)
				from = compress(work, from, v);
			if (from < work->semi[v])
				work->semi[v] = from;
		}
		work->label[v] = work->semi[v];
	}
	for (uint32_t v = 2; v <= work->ret->count; v++)
		while (above[v] > work->semi[v])
			above[v] = above[above[v]];
}

int dominators_find(struct dominators *dominators, const struct graph *graph, const uint32_t *roots,
		    size_t count)
{
	size_t all = (size_t)graph->blocks.count + 2;
	struct work work = {
		.graph = graph,
		.ret = dominators,
		.number = calloc(all, sizeof(*work.number)),
		.parent = malloc(all * sizeof(*work.parent)),
		.semi = malloc(all * sizeof(*work.semi)),
		.label = malloc(all * sizeof(*work.label)),
		.path = malloc(all * sizeof(*work.path)),
	};
	int r = -ENOMEM;

	dominators->block = malloc(all * sizeof(*dominators->block));
	dominators->above = malloc(all * sizeof(*dominators->above));
	dominators->count = DOMINATORS_ROOT;
	if (work.number && work.parent && work.semi && work.label && work.path &&
	    dominators->block && dominators->above) {
		dominators->above[DOMINATORS_ROOT] = DOMINATORS_ROOT;
		work.parent[DOMINATORS_ROOT] = 0;
		for (size_t i = 0; i < count; i++)
			search(&work, roots[i]);
		r = turn_round(&work, roots, count);
		if (r == 0)
			find(&work);
	}
	free(work.number);
	free(work.parent);
	free(work.semi);
	free(work.label);
	free(work.first);
	free(work.from);
	free(work.path);
	return r;
}

void dominators_fini(struct dominators *dominators)
{
	free(dominators->block);
	free(dominators->above);
	*dominators = (struct dominators){ 0 };
}
