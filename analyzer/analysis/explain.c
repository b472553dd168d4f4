/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointers to the inside of a block that programs hold on purpose.
 *
 * An array of objects begins behind its length, a base class that is not the
 * first one behind others, a reference-counted string or an exception behind
 * its head; and where every pointer to the blocks of a site has the same offset, that is how
 * the program knows them.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "graph.h"
#include "model/sites.h"

#define COMMON_BLOCKS	4u /* so many make a habit */
#define COMMON_BYTES	65536u
#define HEADER_BYTES	128u
#define EXCEPTION_HEAD	128u
#define EXCEPTION_CLASS 96u
#define STRING_HEAD	24u
#define READS_MAX	200000u

/* Of a site: how its blocks are pointed at. */
struct habit {
	uint64_t offset; /* of all pointers so far, UINT64_MAX: they differ */
	uint32_t last;	 /* block seen last */
	uint32_t blocks;
};

static uint32_t *target_of(struct graph *graph, const struct graph_inside *inside)
{
	return inside->is_root ? &graph->roots.at[inside->at].to : &graph->edges.at[inside->at].to;
}

static struct habit *habit_of(struct graph *graph, struct habit *habits, uint32_t block)
{
	uint32_t site = (uint32_t)graph->blocks.at[block].site;

	return site < graph->view->sites->count ? &habits[site] : NULL;
}

static void note_start(struct graph *graph, struct habit *habits, uint32_t to)
{
	struct habit *habit = to & GRAPH_INSIDE ? NULL : habit_of(graph, habits, to);

	if (habit)
		habit->offset = UINT64_MAX;
}

static int learn(struct graph *graph, struct habit **ret_habits)
{
	struct habit *habits = calloc((size_t)graph->view->sites->count + 1, sizeof(*habits));

	if (!habits)
		return -ENOMEM;
	for (size_t i = 0; i < graph->edges.count; i++)
		if (graph->edges.at[i].from != UINT32_MAX)
			note_start(graph, habits, graph->edges.at[i].to);
	for (size_t i = 0; i < graph->roots.count; i++)
		note_start(graph, habits, graph->roots.at[i].to);
	for (size_t i = 0; i < graph->insides.count; i++) {
		const struct graph_inside *inside = &graph->insides.at[i];
		uint32_t to = *target_of(graph, inside) & ~GRAPH_INSIDE;
		struct habit *habit = habit_of(graph, habits, to);

		if (!habit || habit->offset == UINT64_MAX)
			continue;
		if (!habit->blocks)
			habit->offset = inside->offset;
		if (habit->offset != inside->offset) {
			habit->offset = UINT64_MAX;
		} else if (!habit->blocks || habit->last != to) {
			habit->last = to;
			habit->blocks++;
		}
	}
	*ret_habits = habits;
	return 0;
}

static bool read_word(const struct graph *graph, uint64_t addr, uint64_t *ret_word)
{
	const struct target *target = graph->target;

	return target->read(target->arg, addr, ret_word, sizeof(*ret_word)) == sizeof(*ret_word);
}

/* A pointer to a second base class: its word there also points to a table in a module. */
static bool is_base_class(const struct graph *graph, const struct block *block, uint64_t offset)
{
	uint64_t word;

	return offset % 8 == 0 && offset + 8 <= block->bytes &&
	       read_word(graph, block->addr + offset, &word) && graph_module(graph->view, word);
}

/* A string of the old kind: length, capacity, references, text. */
static bool is_counted_string(const struct graph *graph, const struct block *block)
{
	uint64_t length, capacity;

	return read_word(graph, block->addr, &length) &&
	       read_word(graph, block->addr + 8, &capacity) && length <= capacity &&
	       capacity >= block->bytes / 2 && capacity + 25 <= block->bytes &&
	       block->bytes - (capacity + 25) < 8;
}

/* What was thrown, behind the head that the C++ runtime gives it. */
static bool is_exception(const struct graph *graph, const struct block *block)
{
	uint64_t language;

	return read_word(graph, block->addr + EXCEPTION_CLASS, &language) &&
	       language >> 8 == UINT64_C(0x474e5543432b2b); /* GNUCC++ */
}

/* Near the pointer the block itself says where it begins, as one aligned by hand does. */
static bool names_itself(const struct graph *graph, uint32_t block, uint64_t offset)
{
	for (uint32_t e = graph->first[block]; e < graph->first[block + 1]; e++) {
		const struct graph_edge *edge = &graph->edges.at[e];

		if (edge->to == block && edge->from + HEADER_BYTES >= offset &&
		    edge->from < offset + HEADER_BYTES)
			return true;
	}
	return false;
}

static bool is_meant(const struct graph *graph, const struct graph_inside *inside, uint32_t to,
		     const struct habit *habit, unsigned int *reads)
{
	const struct block *block = &graph->blocks.at[to];
	uint8_t head = graph->heads[to];

	if (head & (GRAPH_PYTHON | GRAPH_RUNTIME))
		return true;
	if ((head & GRAPH_COUNT_8 && inside->offset == 8) ||
	    (head & GRAPH_COUNT_16 && inside->offset == 16))
		return true;
	if (habit && habit->offset == inside->offset && habit->blocks >= COMMON_BLOCKS &&
	    inside->offset <= COMMON_BYTES)
		return true;
	if (names_itself(graph, to, inside->offset))
		return true;
	if ((!(head & GRAPH_VTABLE) && inside->offset != STRING_HEAD &&
	     inside->offset != EXCEPTION_HEAD) ||
	    ++*reads > READS_MAX)
		return false;
	if (head & GRAPH_VTABLE && is_base_class(graph, block, inside->offset))
		return true;
	return inside->offset == STRING_HEAD
		       ? is_counted_string(graph, block)
		       : inside->offset == EXCEPTION_HEAD && is_exception(graph, block);
}

int graph_explain(struct graph *graph)
{
	struct habit *habits;
	unsigned int reads = 0;
	int r;

	if (!graph->insides.count)
		return 0;
	r = learn(graph, &habits);
	if (r < 0)
		return r;
	for (size_t i = 0; i < graph->insides.count; i++) {
		const struct graph_inside *inside = &graph->insides.at[i];
		uint32_t *to = target_of(graph, inside);
		uint32_t block = *to & ~GRAPH_INSIDE;

		if (is_meant(graph, inside, block, habit_of(graph, habits, block), &reads))
			*to = block;
	}
	free(habits);
	return 0;
}
