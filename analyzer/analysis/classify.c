/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reachable, possibly reachable, lost; and of the lost, which lead to which.
 *
 * Components of the lost blocks are found with Tarjan's algorithm, without
 * recursion.  They form a graph without cycles, in which the number of a
 * component is larger than those it leads to: so one pass in that order finds
 * what dominates each, and one in the other adds up what each keeps.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "classify.h"

#define NOTHING UINT32_MAX

/* ------------------------------------------------------------------ reaching */

/* Blocks whose pointers are still to be followed. */
struct front {
	uint32_t *at;
	size_t count;
};

static inline void reach(struct classify *classify, struct front *front, uint32_t block,
			 uint8_t class, uint16_t holder)
{
	if (classify->class[block] != CLASSIFY_UNSEEN)
		return;
	classify->class[block] = class;
	classify->holder[block] = holder;
	front->at[front->count++] = block;
}

/* Everything that can be reached from the front. */
static void follow(struct classify *classify, const struct graph *graph, struct front *front,
		   uint8_t class)
{
	while (front->count) {
		uint32_t block = front->at[--front->count];
		uint16_t holder = classify->holder[block];

		for (uint32_t e = graph->first[block]; e < graph->first[block + 1]; e++) {
			uint32_t to = graph->edges.at[e].to;

			if (class == LEAKS_REACHABLE && to & GRAPH_INSIDE)
				continue;
			reach(classify, front, to & ~GRAPH_INSIDE, class, holder);
		}
	}
}

int classify_reach(struct classify *classify, const struct graph *graph)
{
	uint32_t count = graph->blocks.count;
	struct front front = { malloc(((size_t)count + 1) * sizeof(*front.at)), 0 };

	if (!classify->class) {
		classify->class = malloc((size_t)count + 1);
		classify->holder = calloc((size_t)count + 1, sizeof(*classify->holder));
	}
	if (!front.at || !classify->class || !classify->holder) {
		free(front.at);
		return -ENOMEM;
	}
	memset(classify->class, CLASSIFY_UNSEEN, count);
	for (size_t i = 0; i < graph->roots.count; i++) {
		const struct graph_root *root = &graph->roots.at[i];

		if (!(root->to & GRAPH_INSIDE))
			reach(classify, &front, root->to, LEAKS_REACHABLE, (uint16_t)root->holder);
		follow(classify, graph, &front, LEAKS_REACHABLE);
	}
	/* Then what only pointers to the inside lead to, and on from there. */
	for (size_t i = 0; i < graph->roots.count; i++) {
		const struct graph_root *root = &graph->roots.at[i];

		if (root->to & GRAPH_INSIDE)
			reach(classify, &front, root->to & ~GRAPH_INSIDE, LEAKS_POSSIBLE,
			      (uint16_t)root->holder);
	}
	for (size_t i = 0; i < graph->insides.count; i++) {
		const struct graph_inside *inside = &graph->insides.at[i];
		uint32_t low = 0, high = count;

		if (inside->is_root || !(graph->edges.at[inside->at].to & GRAPH_INSIDE))
			continue;
		/* The block that edge belongs to. */
		while (low < high) {
			uint32_t middle = low + (high - low) / 2;

			if (graph->first[middle + 1] <= inside->at)
				low = middle + 1;
			else
				high = middle;
		}
		if (classify->class[low] == LEAKS_REACHABLE)
			reach(classify, &front, graph->edges.at[inside->at].to & ~GRAPH_INSIDE,
			      LEAKS_POSSIBLE, classify->holder[low]);
	}
	follow(classify, graph, &front, LEAKS_POSSIBLE);
	free(front.at);
	return 0;
}

/* ---------------------------------------------------------------- components */

/* One block on the way down. */
struct step {
	uint32_t number;
	uint64_t edge;
};

struct tarjan {
	uint32_t *index; /* by number; 0: not seen */
	uint32_t *low;
	uint32_t *stack;
	struct step *path;
	size_t stack_count;
	size_t path_count;
	uint32_t next;
};

static void enter(struct classify *classify, const struct graph *graph, struct tarjan *tarjan,
		  uint32_t number)
{
	tarjan->index[number] = tarjan->low[number] = ++tarjan->next;
	tarjan->stack[tarjan->stack_count++] = number;
	tarjan->path[tarjan->path_count++] =
		(struct step){ number, graph->first[classify->lost[number]] };
}

/* The number of an edge's target among the lost, or NOTHING. */
static inline uint32_t lost_target(const struct classify *classify, const struct graph *graph,
				   uint64_t edge)
{
	return classify->number[graph->edges.at[edge].to & ~GRAPH_INSIDE];
}

static void leave(struct classify *classify, struct tarjan *tarjan, uint32_t number)
{
	uint32_t member;

	if (tarjan->low[number] == tarjan->index[number]) {
		do {
			member = tarjan->stack[--tarjan->stack_count];
			classify->part[member] = classify->parts_count;
		} while (member != number);
		classify->parts_count++;
	}
	tarjan->path_count--;
	if (tarjan->path_count) {
		uint32_t above = tarjan->path[tarjan->path_count - 1].number;

		if (tarjan->low[number] < tarjan->low[above])
			tarjan->low[above] = tarjan->low[number];
	}
}

static void walk(struct classify *classify, const struct graph *graph, struct tarjan *tarjan,
		 uint32_t start)
{
	enter(classify, graph, tarjan, start);
	while (tarjan->path_count) {
		struct step *step = &tarjan->path[tarjan->path_count - 1];
		uint32_t number = step->number;
		uint64_t end = graph->first[classify->lost[number] + 1];
		bool deeper = false;

		while (step->edge < end && !deeper) {
			uint32_t to = lost_target(classify, graph, step->edge++);

			if (to == NOTHING)
				continue;
			if (!tarjan->index[to]) {
				enter(classify, graph, tarjan, to);
				deeper = true;
			} else if (classify->part[to] == NOTHING &&
				   tarjan->index[to] < tarjan->low[number]) {
				tarjan->low[number] = tarjan->index[to];
			}
		}
		if (!deeper)
			leave(classify, tarjan, number);
	}
}

static int find_parts(struct classify *classify, const struct graph *graph)
{
	size_t count = (size_t)classify->lost_count + 1;
	struct tarjan tarjan = {
		.index = calloc(count, sizeof(*tarjan.index)),
		.low = calloc(count, sizeof(*tarjan.low)),
		.stack = calloc(count, sizeof(*tarjan.stack)),
		.path = calloc(count, sizeof(*tarjan.path)),
	};
	int r = tarjan.index && tarjan.low && tarjan.stack && tarjan.path ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < classify->lost_count && r == 0; i++)
		if (!tarjan.index[i])
			walk(classify, graph, &tarjan, i);
	free(tarjan.index);
	free(tarjan.low);
	free(tarjan.stack);
	free(tarjan.path);
	return r;
}

/* ------------------------------------------------------------- who keeps whom */

/* The nearest that all ways to both lead through; those above have larger numbers. */
static uint32_t common(const uint32_t *above, uint32_t a, uint32_t b)
{
	while (a != b) {
		if (a < b)
			a = above[a];
		else
			b = above[b];
	}
	return a;
}

int classify_order(const struct classify *classify, uint32_t **ret_at, uint32_t **ret_first)
{
	uint32_t *at = malloc(((size_t)classify->lost_count + 1) * sizeof(*at));
	uint32_t *first = calloc((size_t)classify->parts_count + 2, sizeof(*first));

	if (!at || !first) {
		free(at);
		free(first);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < classify->lost_count; i++)
		first[classify->part[i] + 2]++;
	for (uint32_t p = 2; p <= classify->parts_count; p++)
		first[p] += first[p - 1];
	for (uint32_t i = 0; i < classify->lost_count; i++)
		at[first[classify->part[i] + 1]++] = i;
	*ret_at = at;
	*ret_first = first;
	return 0;
}

static int find_kept(struct classify *classify, const struct graph *graph)
{
	uint32_t parts = classify->parts_count;
	uint32_t *above = malloc(((size_t)parts + 1) * sizeof(*above));
	uint32_t *at = NULL, *first = NULL;
	int r = above ? classify_order(classify, &at, &first) : -ENOMEM;

	if (r < 0) {
		free(above);
		return r;
	}
	/* NOTHING: not reached yet; @parts: only from outside. */
	memset(above, 0xff, ((size_t)parts + 1) * sizeof(*above));
	for (uint32_t p = parts; p-- > 0;) {
		if (above[p] == NOTHING) {
			above[p] = parts;
			classify->is_root[p] = 1;
		}
		for (uint32_t i = first[p]; i < first[p + 1]; i++) {
			uint32_t block = classify->lost[at[i]];

			for (uint32_t e = graph->first[block]; e < graph->first[block + 1]; e++) {
				uint32_t to = lost_target(classify, graph, e);
				uint32_t q = to == NOTHING ? p : classify->part[to];

				if (q != p)
					above[q] = above[q] == NOTHING ? p
								       : common(above, above[q], p);
			}
		}
	}
	memcpy(classify->kept, classify->size, parts * sizeof(*classify->kept));
	for (uint32_t p = 0; p < parts; p++) {
		if (above[p] >= parts)
			continue;
		classify->kept[above[p]].blocks += classify->kept[p].blocks;
		classify->kept[above[p]].bytes += classify->kept[p].bytes;
	}
	free(above);
	free(at);
	free(first);
	return 0;
}

int classify_sort(struct classify *classify, const struct graph *graph)
{
	uint32_t count = graph->blocks.count;
	int r;

	classify->number = malloc(((size_t)count + 1) * sizeof(*classify->number));
	if (!classify->number)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		classify->number[i] = classify->class[i] == CLASSIFY_UNSEEN ? classify->lost_count++
									    : NOTHING;
	classify->lost = malloc(((size_t)classify->lost_count + 1) * sizeof(*classify->lost));
	classify->part = malloc(((size_t)classify->lost_count + 1) * sizeof(*classify->part));
	if (!classify->lost || !classify->part)
		return -ENOMEM;
	memset(classify->part, 0xff, (size_t)classify->lost_count * sizeof(*classify->part));
	for (uint32_t i = 0; i < count; i++)
		if (classify->number[i] != NOTHING)
			classify->lost[classify->number[i]] = i;

	r = find_parts(classify, graph);
	if (r < 0)
		return r;
	classify->size = calloc((size_t)classify->parts_count + 1, sizeof(*classify->size));
	classify->kept = calloc((size_t)classify->parts_count + 1, sizeof(*classify->kept));
	classify->is_root = calloc((size_t)classify->parts_count + 1, sizeof(*classify->is_root));
	if (!classify->size || !classify->kept || !classify->is_root)
		return -ENOMEM;
	for (uint32_t i = 0; i < classify->lost_count; i++) {
		struct leaks_count *size = &classify->size[classify->part[i]];

		/* What was mapped is no part of the heap. */
		if (graph->blocks.at[classify->lost[i]].site == BLOCKS_SITE_MAPPED)
			continue;
		size->blocks++;
		size->bytes += graph->blocks.at[classify->lost[i]].bytes;
	}
	r = find_kept(classify, graph);
	for (uint32_t i = 0; i < classify->lost_count && r == 0; i++) {
		uint32_t part = classify->part[i];
		uint8_t class = !classify->is_root[part]	  ? LEAKS_LOST_THROUGH
				: classify->size[part].blocks > 1 ? LEAKS_CYCLE
								  : LEAKS_LOST;

		classify->class[classify->lost[i]] = class;
	}
	return r;
}

void classify_fini(struct classify *classify)
{
	free(classify->class);
	free(classify->holder);
	free(classify->number);
	free(classify->lost);
	free(classify->part);
	free(classify->size);
	free(classify->kept);
	free(classify->is_root);
}
