/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks, what points at them, and what holds them: how it is put together. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/huge.h"
#include "edges.h"
#include "graph.h"
#include "hidden.h"
#include "model/heap.h"
#include "model/sites.h"

int graph_holder(struct graph *graph, const struct leaks_holder *holder, uint32_t *ret_number)
{
	for (size_t i = 0; i < graph->holders.count; i++) {
		const struct leaks_holder *old = &graph->holders.at[i];

		if (old->kind == holder->kind && old->value == holder->value) {
			*ret_number = (uint32_t)i;
			return 0;
		}
	}
	*ret_number = (uint32_t)graph->holders.count;
	return vec_push(&graph->holders, *holder);
}

/* The block of a word, and whether it is its beginning. */
static inline uint32_t look_up(const struct graph *graph, uint64_t word, uint64_t *ret_offset)
{
	if (likely(word - graph->low >= graph->high - graph->low))
		return BLOCKS_NONE;
	return graph_find(graph, word, ret_offset);
}

int graph_root(struct graph *graph, uint64_t word, uint32_t holder, uint64_t addr)
{
	uint64_t offset;
	uint32_t to = look_up(graph, word, &offset);
	int r = 0;

	if (to == BLOCKS_NONE)
		return 0;
	if (graph_is_inside(graph, to, offset)) {
		r = vec_push(&graph->insides,
			     ((struct graph_inside){
				     .at = graph->roots.count, .is_root = 1, .offset = offset }));
		to |= GRAPH_INSIDE;
	}
	return r < 0 ? r : vec_push(&graph->roots, ((struct graph_root){ to, holder, addr }));
}

int graph_init(struct graph *graph, const struct session_view *view, const struct target *target)
{
	const struct blocks *blocks = &graph->blocks;
	int r;

	*graph = (struct graph){ .view = view, .target = target };
	r = blocks_init(&graph->blocks, view);
	if (r < 0)
		return r;
	graph->low = UINT64_MAX;
	for (uint32_t i = 0; i < blocks->count; i++) {
		const struct block *block = &blocks->at[i];

		if (block->addr < graph->low)
			graph->low = block->addr;
		if (block->addr + block->bytes >= graph->high)
			graph->high = block->addr + block->bytes + 1;
	}
	if (!blocks->count)
		graph->low = 0;
	graph->first = huge_take((size_t)blocks->count + 1, sizeof(*graph->first));
	graph->heads = calloc((size_t)blocks->count + 1, sizeof(*graph->heads));
	graph->tables = calloc((size_t)view->sites->count + 1, sizeof(*graph->tables));
	r = graph->first && graph->heads && graph->tables ? graph_owners(graph) : -ENOMEM;
	if (r == 0)
		r = pyheap_new(graph, &graph->python);
	if (r == 0) {
		graph->hidden = hidden_new(graph);
		r = graph->hidden ? edges_find(graph) : -ENOMEM;
	}
	return r;
}

int graph_join(struct graph *graph, const struct graph_join *joins, size_t count)
{
	size_t to = graph->edges.count + count;
	size_t end = graph->edges.count;
	size_t join = count;
	size_t inside = graph->insides.count;

	if (to >= UINT32_MAX)
		return -E2BIG;
	if (vec_reserve(&graph->edges, to) < 0)
		return -ENOMEM;
	graph->edges.count = to;
	graph->first[graph->blocks.count] = (uint32_t)to;
	/* From the last to the first, so that all can stay where they are. */
	for (uint32_t i = graph->blocks.count; i-- > 0 && join > 0;) {
		size_t begin = graph->first[i];

		for (; join > 0 && joins[join - 1].block == i; join--)
			graph->edges.at[--to] = joins[join - 1].edge;
		to -= end - begin;
		memmove(graph->edges.at + to, graph->edges.at + begin,
			(end - begin) * sizeof(*graph->edges.at));
		for (; inside > 0; inside--) {
			struct graph_inside *at = &graph->insides.at[inside - 1];

			if (at->is_root)
				continue;
			if (at->at < begin)
				break;
			at->at += to - begin;
		}
		graph->first[i] = (uint32_t)to;
		end = begin;
	}
	return 0;
}

void graph_fini(struct graph *graph)
{
	blocks_fini(&graph->blocks);
	vec_fini(&graph->edges);
	vec_fini(&graph->roots);
	vec_fini(&graph->insides);
	vec_fini(&graph->holders);
	huge_give(graph->first);
	free(graph->heads);
	free(graph->tables);
	hidden_free(graph->hidden);
	graph->python = pyheap_free(graph->python);
}
