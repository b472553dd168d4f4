/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dominators of a graph of blocks, without recursion.
 *
 * There may be many millions of blocks, so what one step needs no longer is
 * given back, or serves the next one.
 */
#include "dominators.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/huge.h"

/*
 * @number: by block: 0 while it has not been seen; then a stack
 * @parent, @semi, @label: by number
 * @first, @from: by number: the numbers of those that lead to it
 */
struct work {
	const struct graph *graph;
	struct dominators *ret;
	const uint64_t *roots;
	uint32_t *number;
	uint32_t *parent;
	uint32_t *semi;
	uint32_t *label;
	uint32_t *first;
	uint32_t *from;
};

static inline bool is_root(const struct work *work, uint32_t block)
{
	return work->roots[block / 64] >> block % 64 & 1;
}

static inline uint32_t target_of(const struct graph *graph, uint32_t edge)
{
	return graph->edges.at[edge].to & ~GRAPH_INSIDE;
}

/* ------------------------------------------------------------ search in depth */

/* In @semi is what edge to follow next, as long as it is not needed. */
static void enter(struct work *work, uint32_t block, uint32_t parent)
{
	uint32_t number = ++work->ret->count;

	work->number[block] = number;
	work->ret->block[number] = block;
	work->parent[number] = parent;
	work->semi[number] = work->graph->first[block];
}

static void search(struct work *work, uint32_t root)
{
	const struct graph *graph = work->graph;
	uint32_t at;

	if (work->number[root])
		return;
	enter(work, root, DOMINATORS_ROOT);
	at = work->ret->count;
	while (at != DOMINATORS_ROOT) {
		uint32_t end = graph->first[work->ret->block[at] + 1];
		uint32_t edge = work->semi[at];

		while (edge < end && work->number[target_of(graph, edge)])
			edge++;
		work->semi[at] = edge + 1;
		if (edge < end) {
			enter(work, target_of(graph, edge), at);
			at = work->ret->count;
		} else {
			at = work->parent[at];
		}
	}
}

/* Who leads to whom, the other way round. */
static int turn_round(struct work *work)
{
	const struct graph *graph = work->graph;
	uint32_t last = work->ret->count;
	uint32_t *first = huge_take((size_t)last + 3, sizeof(*first));
	uint64_t all = 0;

	work->first = first;
	if (!first)
		return -ENOMEM;
	for (uint32_t v = 2; v <= last; v++) {
		uint32_t block = work->ret->block[v];

		first[v + 2] += is_root(work, block);
		for (uint32_t e = graph->first[block]; e < graph->first[block + 1]; e++)
			first[work->number[target_of(graph, e)] + 2]++;
		all += graph->first[block + 1] - graph->first[block] + 1;
	}
	if (all >= UINT32_MAX)
		return -E2BIG;
	for (uint32_t v = 2; v <= last + 2; v++)
		first[v] += first[v - 1];
	work->from = huge_take((size_t)first[last + 2] + 1, sizeof(*work->from));
	if (!work->from)
		return -ENOMEM;
	for (uint32_t v = 2; v <= last; v++) {
		uint32_t block = work->ret->block[v];

		if (is_root(work, block))
			work->from[first[v + 1]++] = DOMINATORS_ROOT;
		for (uint32_t e = graph->first[block]; e < graph->first[block + 1]; e++)
			work->from[first[work->number[target_of(graph, e)] + 1]++] = v;
	}
	return 0;
}

/* ---------------------------------------------------------------- dominators */

/* The smallest label on the way from @v up to what lies below @limit. */
static uint32_t compress(struct work *work, uint32_t v, uint32_t limit)
{
	uint32_t *parent = work->parent, *label = work->label;
	uint32_t *path = work->number;
	size_t count = 0;

	for (uint32_t at = v; parent[at] > limit; at = parent[at])
		path[count++] = at;
	while (count > 0) {
		uint32_t at = path[--count];
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
		for (uint32_t i = work->first[v]; i < work->first[v + 1]; i++) {
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

int dominators_find(struct dominators *dominators, const struct graph *graph, const uint64_t *roots)
{
	size_t all = (size_t)graph->blocks.count + 2;
	struct work work = {
		.graph = graph,
		.ret = dominators,
		.roots = roots,
		.number = huge_take(all, sizeof(*work.number)),
		.parent = huge_take(all, sizeof(*work.parent)),
		.semi = huge_take(all, sizeof(*work.semi)),
	};
	int r = -ENOMEM;

	dominators->block = huge_take(all, sizeof(*dominators->block));
	dominators->count = DOMINATORS_ROOT;
	if (work.number && work.parent && work.semi && dominators->block) {
		work.parent[DOMINATORS_ROOT] = 0;
		for (uint32_t i = 0; i < graph->blocks.count; i++)
			if (is_root(&work, i))
				search(&work, i);
		r = turn_round(&work);
	}
	if (r == 0) {
		size_t count = (size_t)dominators->count + 2;

		work.label = huge_take(count, sizeof(*work.label));
		dominators->above = huge_take(count, sizeof(*dominators->above));
		r = work.label && dominators->above ? 0 : -ENOMEM;
	}
	if (r == 0) {
		dominators->above[DOMINATORS_ROOT] = DOMINATORS_ROOT;
		find(&work);
	}
	huge_give(work.number);
	huge_give(work.parent);
	huge_give(work.semi);
	huge_give(work.label);
	huge_give(work.first);
	huge_give(work.from);
	return r;
}

void dominators_fini(struct dominators *dominators)
{
	huge_give(dominators->block);
	huge_give(dominators->above);
	*dominators = (struct dominators){ 0 };
}
