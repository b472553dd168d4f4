/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last attempt before a block is called lost: its address at any byte, or
 * under 16 bits of something else; or its distance from the place where that is
 * written, if all blocks of that kind have such a distance there.
 *
 * Only beginnings count: of the numbers in memory hardly one is that of a lost
 * block by chance.  For distances, which are small numbers, this does not hold.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "hidden.h"
#include "model/heap.h"
#include "model/sites.h"

#define FOUND_MAX    (1u << 20)
#define HABIT_BLOCKS 4u /* so many make a habit */
#define HABITS_MAX   64u
#define ADDRESS_BITS 48
#define NEAR_BYTES   (INT64_C(1) << 36)

/* A word in a block that is the distance from itself to a lost block. */
struct distance {
	uint32_t site;
	uint32_t offset;
	uint32_t from;
	uint32_t to;
};

struct hidden {
	struct graph *graph;
	const struct classify *classify;
	uint64_t low; /* of the lost */
	uint64_t high;
	bool in_blocks;
	VEC(struct graph_join) joins;
	VEC(struct distance) distances;
	bool has_roots;
};

static uint32_t find_start(const struct hidden *hidden, uint64_t word)
{
	uint64_t offset;
	uint32_t to = blocks_find(&hidden->graph->blocks, word, &offset);

	return to != BLOCKS_NONE && offset == 0 ? to : BLOCKS_NONE;
}

/* The lost block that begins there, or BLOCKS_NONE. */
static inline uint32_t find_lost(const struct hidden *hidden, uint64_t word)
{
	uint32_t to;

	if (likely(word - hidden->low >= hidden->high - hidden->low))
		return BLOCKS_NONE;
	to = find_start(hidden, word);
	return to != BLOCKS_NONE && hidden->classify->class[to] == CLASSIFY_UNSEEN ? to
										   : BLOCKS_NONE;
}

static int note(struct hidden *hidden, uint32_t whose, uint64_t from, uint32_t to)
{
	struct graph *graph = hidden->graph;

	if (!hidden->in_blocks) {
		hidden->has_roots = true;
		return vec_push(&graph->roots, ((struct graph_root){ to, whose, from }));
	}
	if (hidden->joins.count >= FOUND_MAX || from >= UINT32_MAX)
		return 0;
	return vec_push(&hidden->joins,
			((struct graph_join){ whose, { .to = to, .from = (uint32_t)from } }));
}

/* Distances tell something only of blocks that are known by their sites. */
static int note_distance(struct hidden *hidden, uint32_t whose, uint64_t from, int64_t distance)
{
	const struct block *block;
	uint32_t to;

	if (!hidden->in_blocks || !distance || distance >= NEAR_BYTES || distance <= -NEAR_BYTES ||
	    from >= UINT32_MAX || hidden->distances.count >= FOUND_MAX)
		return 0;
	block = &hidden->graph->blocks.at[whose];
	to = find_lost(hidden, block->addr + from + (uint64_t)distance);
	if (to == BLOCKS_NONE || block->site == BLOCKS_SITE_MAPPED)
		return 0;
	return vec_push(&hidden->distances,
			((struct distance){ (uint32_t)block->site, (uint32_t)from, whose, to }));
}

static int look(void *arg, uint32_t whose, const uint8_t *bytes, size_t count, uint64_t from)
{
	struct hidden *hidden = arg;
	int r = 0;

	for (size_t i = 0; i + 8 <= count && r == 0; i++) {
		uint64_t word;
		uint32_t to;

		memcpy(&word, bytes + i, sizeof(word));
		if (i % 8 == 0) {
			r = note_distance(hidden, whose, from + i, (int64_t)word);
			if (!(word >> ADDRESS_BITS))
				continue;
			word &= ((UINT64_C(1) << ADDRESS_BITS) - 1) & ~7ull;
		}
		to = find_lost(hidden, word);
		if (unlikely(to != BLOCKS_NONE) && r == 0)
			r = note(hidden, whose, from + i, to);
	}
	return r;
}

/* ------------------------------------------------------------------ distances */

static int by_place(const void *a, const void *b)
{
	const struct distance *x = a, *y = b;

	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

/* Has every block of the site a distance there, or nothing? */
static bool is_habit(const struct hidden *hidden, const struct distance *distance)
{
	const struct graph *graph = hidden->graph;
	uint32_t seen = 0;

	for (uint32_t i = 0; i < graph->blocks.count; i++) {
		const struct block *block = &graph->blocks.at[i];
		uint64_t addr = block->addr + distance->offset;
		uint64_t word;

		if (block->site != distance->site || distance->offset + 8 > block->bytes)
			continue;
		if (graph->target->read(graph->target->arg, addr, &word, 8) != 8)
			return false;
		if (word && find_start(hidden, addr + word) == BLOCKS_NONE)
			return false;
		seen += word != 0;
	}
	return seen >= HABIT_BLOCKS;
}

static int take_distances(struct hidden *hidden)
{
	struct distance *at = hidden->distances.at;
	size_t count = hidden->distances.count;
	unsigned int habits = 0;
	int r = 0;

	if (count)
		qsort(at, count, sizeof(*at), by_place);
	for (size_t i = 0, end; i < count && r == 0; i = end) {
		uint32_t targets = 1;

		for (end = i + 1;
		     end < count && at[end].site == at[i].site && at[end].offset == at[i].offset;
		     end++)
			targets += at[end].to != at[end - 1].to;
		if (targets < HABIT_BLOCKS || habits++ >= HABITS_MAX || !is_habit(hidden, &at[i]))
			continue;
		for (size_t k = i; k < end && r == 0; k++)
			r = note(hidden, at[k].from, at[k].offset, at[k].to);
	}
	return r;
}

/* ------------------------------------------------------------------------ all */

static int by_block(const void *a, const void *b)
{
	const struct graph_join *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return x->edge.from < y->edge.from ? -1 : x->edge.from > y->edge.from;
}

static uint64_t find_bounds(struct hidden *hidden)
{
	const struct graph *graph = hidden->graph;
	uint64_t lost = 0;

	hidden->low = UINT64_MAX;
	for (uint32_t i = 0; i < graph->blocks.count; i++) {
		const struct block *block = &graph->blocks.at[i];

		if (hidden->classify->class[i] != CLASSIFY_UNSEEN ||
		    block->site == BLOCKS_SITE_MAPPED)
			continue;
		if (block->addr < hidden->low)
			hidden->low = block->addr;
		if (block->addr >= hidden->high)
			hidden->high = block->addr + 1;
		lost++;
	}
	return lost;
}

int hidden_find(struct graph *graph, struct classify *classify)
{
	struct hidden hidden = { .graph = graph, .classify = classify };
	bool is_new;
	int r;

	if (!find_bounds(&hidden))
		return 0;
	r = roots_each(graph, look, &hidden);
	hidden.in_blocks = true;
	if (r == 0)
		r = graph_each(graph, look, &hidden);
	if (r == 0)
		r = take_distances(&hidden);
	is_new = hidden.joins.count || hidden.has_roots;
	if (r == 0 && hidden.joins.count) {
		qsort(hidden.joins.at, hidden.joins.count, sizeof(*hidden.joins.at), by_block);
		r = graph_join(graph, hidden.joins.at, hidden.joins.count);
	}
	if (r == 0 && is_new)
		r = classify_reach(classify, graph);
	vec_fini(&hidden.joins);
	vec_fini(&hidden.distances);
	return r;
}
