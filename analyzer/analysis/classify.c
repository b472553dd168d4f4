/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reachable, possibly reachable, lost; and of the lost, which lead to which.
 *
 * Components of the lost blocks are found with one number for each block, which
 * first says when it was met and then in which component it is (Pearce, "A
 * space-efficient algorithm for finding strongly connected components"), without
 * recursion.
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/huge.h"
#include "classify.h"

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
	struct front front = { huge_take((size_t)count + 1, sizeof(*front.at)), 0 };
	uint32_t block = 0;

	if (!classify->class) {
		classify->class = huge_take((size_t)count + 1, 1);
		classify->holder = huge_take((size_t)count + 1, sizeof(*classify->holder));
	}
	if (!front.at || !classify->class || !classify->holder) {
		huge_give(front.at);
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

		if (inside->is_root || !(graph->edges.at[inside->at].to & GRAPH_INSIDE))
			continue;
		/* The block that edge belongs to: they are in the same order. */
		while (graph->first[block + 1] <= inside->at)
			block++;
		if (classify->class[block] == LEAKS_REACHABLE)
			reach(classify, &front, graph->edges.at[inside->at].to & ~GRAPH_INSIDE,
			      LEAKS_POSSIBLE, classify->holder[block]);
	}
	follow(classify, graph, &front, LEAKS_POSSIBLE);
	huge_give(front.at);
	return 0;
}

/* ---------------------------------------------------------------- components */

/*
 * Blocks on the way down are the lower part of @stack, with AT_HEAD as long as
 * they may be the head of a component; in the upper part those are put aside that
 * are done but whose component is not.
 *
 * @edge: of each on the way down, which one to follow next
 */
struct search {
	uint32_t *stack;
	uint32_t *edge;
	uint32_t way;	/* count of the lower part */
	uint32_t aside; /* where the upper part begins */
	uint32_t end;
	uint32_t next; /* number of the next block that is met */
	uint32_t last; /* number of the component found last */
};

#define AT_HEAD (UINT32_C(1) << 31)

static void enter(struct classify *classify, const struct graph *graph, struct search *search,
		  uint32_t block)
{
	classify->part[block] = search->next++;
	search->edge[search->way] = graph->first[block];
	search->stack[search->way++] = block | AT_HEAD;
}

/* All pointers of the last block on the way have been followed. */
static void leave(struct classify *classify, struct search *search)
{
	uint32_t *part = classify->part;
	uint32_t block = search->stack[--search->way];
	bool is_head = block & AT_HEAD;

	block &= ~AT_HEAD;
	if (is_head) {
		search->next--;
		search->last--;
		while (search->aside < search->end &&
		       part[block] <= part[search->stack[search->aside]]) {
			part[search->stack[search->aside++]] = search->last;
			search->next--;
		}
		part[block] = search->last;
	} else {
		search->stack[--search->aside] = block;
	}
	if (search->way) {
		uint32_t above = search->stack[search->way - 1] & ~AT_HEAD;

		if (part[block] < part[above]) {
			part[above] = part[block];
			search->stack[search->way - 1] = above;
		}
	}
}

static void walk(struct classify *classify, const struct graph *graph, struct search *search,
		 uint32_t start)
{
	uint32_t *part = classify->part;

	enter(classify, graph, search, start);
	while (search->way) {
		uint32_t top = search->way - 1;
		uint32_t block = search->stack[top] & ~AT_HEAD;
		uint32_t end = graph->first[block + 1];
		uint32_t edge = search->edge[top];
		uint32_t to = 0;

		for (; edge < end; edge++) {
			to = graph->edges.at[edge].to & ~GRAPH_INSIDE;
			if (!part[to])
				break;
			if (part[to] < part[block]) {
				part[block] = part[to];
				search->stack[top] = block;
			}
		}
		search->edge[top] = edge + 1;
		if (edge < end)
			enter(classify, graph, search, to);
		else
			leave(classify, search);
	}
}

/* Numbers of components are counted down from above those of blocks, and turned round at last. */
static int find_parts(struct classify *classify, const struct graph *graph)
{
	uint32_t count = graph->blocks.count;
	uint32_t lost = 0;
	struct search search = { .next = 1, .last = CLASSIFY_NO_PART };
	int r;

	for (uint32_t i = 0; i < count; i++) {
		bool is_lost = classify->class[i] == CLASSIFY_UNSEEN;

		classify->part[i] = is_lost ? 0 : CLASSIFY_NO_PART;
		lost += is_lost;
	}
	search.stack = huge_take(2 * ((size_t)lost + 1), sizeof(*search.stack));
	search.edge = search.stack ? search.stack + lost + 1 : NULL;
	search.aside = search.end = lost;
	r = search.stack ? 0 : -ENOMEM;
	if (r == 0) {
		for (uint32_t i = 0; i < count; i++)
			if (!classify->part[i])
				walk(classify, graph, &search, i);
		for (uint32_t i = 0; i < count; i++)
			if (classify->part[i] != CLASSIFY_NO_PART)
				classify->part[i] = CLASSIFY_NO_PART - 1 - classify->part[i];
		classify->parts_count = CLASSIFY_NO_PART - search.last;
	}
	huge_give(search.stack);
	return r;
}

/* A lost range that the program mapped: no part of the heap. */
struct mapped {
	uint32_t part;
	uint32_t block;
};

/* Whatever leads to another component has a larger number. */
static int by_part(const void *a, const void *b)
{
	const struct mapped *x = a, *y = b;

	return x->part > y->part ? -1 : x->part < y->part;
}

static void lead(struct classify *classify, const struct graph *graph, uint32_t block)
{
	const uint32_t *part = classify->part;

	for (uint32_t e = graph->first[block]; e < graph->first[block + 1]; e++) {
		uint32_t to = part[graph->edges.at[e].to & ~GRAPH_INSIDE];

		if (to != CLASSIFY_NO_PART && to != part[block])
			classify->parts[to] |= CLASSIFY_LED_TO;
	}
}

/*
 * How many blocks each has, and whether another one leads to it.  A component of
 * nothing but mapped ranges only passes on that: nobody tells of it, so what hangs
 * on it alone would be lost through nothing.
 */
static int look_at_parts(struct classify *classify, const struct graph *graph)
{
	const uint32_t *part = classify->part;
	uint8_t *parts = classify->parts;
	VEC(struct mapped) mapped = { 0 };
	int r = 0;

	for (uint32_t i = 0; i < graph->blocks.count && r == 0; i++) {
		if (part[i] == CLASSIFY_NO_PART)
			continue;
		if (graph->blocks.at[i].site == BLOCKS_SITE_MAPPED)
			r = vec_push(&mapped, ((struct mapped){ part[i], i }));
		else
			parts[part[i]] |= parts[part[i]] & CLASSIFY_ONE ? CLASSIFY_MANY
									: CLASSIFY_ONE;
	}
	for (uint32_t i = 0; i < graph->blocks.count && r == 0; i++)
		if (part[i] != CLASSIFY_NO_PART && parts[part[i]] & CLASSIFY_ONE)
			lead(classify, graph, i);
	if (mapped.count)
		qsort(mapped.at, mapped.count, sizeof(*mapped.at), by_part);
	for (size_t i = 0; i < mapped.count && r == 0; i++)
		if (parts[mapped.at[i].part] & CLASSIFY_LED_TO)
			lead(classify, graph, mapped.at[i].block);
	vec_fini(&mapped);
	return r;
}

int classify_sort(struct classify *classify, const struct graph *graph)
{
	uint32_t count = graph->blocks.count;
	int r;

	classify->part = huge_take((size_t)count + 1, sizeof(*classify->part));
	r = classify->part ? find_parts(classify, graph) : -ENOMEM;
	if (r < 0)
		return r;
	classify->parts = huge_take((size_t)classify->parts_count + 1, sizeof(*classify->parts));
	if (!classify->parts)
		return -ENOMEM;
	r = look_at_parts(classify, graph);
	for (uint32_t i = 0; i < count && r == 0; i++) {
		uint8_t part;

		if (classify->part[i] == CLASSIFY_NO_PART)
			continue;
		part = classify->parts[classify->part[i]];
		classify->class[i] = part & CLASSIFY_LED_TO ? LEAKS_LOST_THROUGH
				     : part & CLASSIFY_MANY ? LEAKS_CYCLE
							    : LEAKS_LOST;
	}
	return r;
}

void classify_again(struct classify *classify)
{
	for (uint32_t p = 0; p < classify->parts_count; p++)
		classify->parts[p] &= (uint8_t)~CLASSIFY_BEGUN;
}

void classify_fini(struct classify *classify)
{
	huge_give(classify->class);
	huge_give(classify->holder);
	huge_give(classify->part);
	huge_give(classify->parts);
}
