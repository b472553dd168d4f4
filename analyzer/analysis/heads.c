/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays with their length before them, objects with a table; and the tables by site. */
#include "heads.h"

#include <stdlib.h>

#include "base/err.h"
#include "model/heap.h"
#include "model/sites.h"

#define TABLE_NONE 1u

/* @block: the first of them, whose next word it is */
struct table {
	struct leaks_table table;
	uint32_t block;
};

struct range {
	uint64_t start;
	uint64_t end;
};

/* @modules: in order of addresses; @last: the one that was met last */
struct heads {
	const struct graph *graph;
	struct table *tables;
	struct range *modules;
	size_t modules_count;
	size_t last;
};

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

struct heads *heads_new(const struct graph *graph)
{
	const struct session_view *view = graph->view;
	struct heads *heads = calloc(1, sizeof(*heads));

	if (!heads)
		return NULL;
	heads->graph = graph;
	heads->tables = calloc((size_t)view->sites->count + 1, sizeof(*heads->tables));
	heads->modules = calloc(view->modules_count + 1, sizeof(*heads->modules));
	if (!heads->tables || !heads->modules)
		return heads_free(heads);
	for (size_t i = 0; i < view->modules_count; i++)
		if (!view->modules[i].gone)
			heads->modules[heads->modules_count++] =
				(struct range){ view->modules[i].start, view->modules[i].end };
	qsort(heads->modules, heads->modules_count, sizeof(*heads->modules), by_start);
	return heads;
}

struct heads *heads_free(struct heads *heads)
{
	if (!heads)
		return NULL;
	free(heads->tables);
	free(heads->modules);
	free(heads);
	return NULL;
}

static bool is_in_module(struct heads *heads, uint64_t addr)
{
	const struct range *at = heads->modules;
	size_t low = 0, high = heads->modules_count;

	if (!high || addr < at[0].start || addr >= at[high - 1].end)
		return false;
	if (addr - at[heads->last].start < at[heads->last].end - at[heads->last].start)
		return true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (at[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	heads->last = low;
	return addr >= at[low].start;
}

/* Could that be the number of elements behind a head of so many bytes? */
static bool is_array_of(uint64_t number, uint64_t bytes, uint64_t head)
{
	if (bytes <= head)
		return bytes == head && !number;
	return number && number < bytes && (bytes - head) % number == 0;
}

/* All blocks of a site begin with the same table, or none counts. */
static void note_table(struct table *table, uint32_t block, uint64_t addr, uint64_t next_word)
{
	if (!table->table.addr || block < table->block) {
		table->block = block;
		table->table.next_word = next_word;
	}
	if (!table->table.addr)
		table->table.addr = addr;
	else if (table->table.addr != addr)
		table->table.addr = TABLE_NONE;
}

void heads_look(struct heads *heads, uint32_t number, const uint64_t *words, size_t count)
{
	const struct graph *graph = heads->graph;
	const struct block *block = &graph->blocks.at[number];
	uint8_t head = 0;

	if (count > 0 && is_array_of(words[0], block->bytes, 8))
		head |= GRAPH_COUNT_8;
	if (count > 1 && is_array_of(words[1], block->bytes, 16))
		head |= GRAPH_COUNT_16;
	if (count > 0 && is_in_module(heads, words[0]))
		head |= GRAPH_VTABLE;
	graph->heads[number] |= head;
	if (block->site < graph->view->sites->count)
		note_table(&heads->tables[block->site], number,
			   head & GRAPH_VTABLE ? words[0] : TABLE_NONE, count > 1 ? words[1] : 0);
}

void heads_merge(struct heads *heads, struct heads *from)
{
	for (uint32_t i = 0; i < heads->graph->view->sites->count; i++) {
		const struct table *table = &from->tables[i];

		if (table->table.addr)
			note_table(&heads->tables[i], table->block, table->table.addr,
				   table->table.next_word);
	}
	heads_free(from);
}

void heads_tables(const struct heads *heads, struct leaks_table *ret_tables)
{
	for (uint32_t i = 0; i < heads->graph->view->sites->count; i++)
		ret_tables[i] = heads->tables[i].table;
}
