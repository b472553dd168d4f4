/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cycles of the same sites are one finding: its members with their counts, and
 * at which offsets they point at each other, as the first one of them does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "leaks-cycles.h"

#define MEMBERS_MAX 32u
#define LINKS_MAX   64u
#define NO_CYCLE    UINT32_MAX
#define LOOK_MAX    4096u /* blocks of one cycle whose pointers are looked at */

/* A shape while it is put together. */
struct shape {
	struct leaks_member members[MEMBERS_MAX];
	size_t members_count;
};

static struct leaks_member *member_of(struct shape *shape, uint32_t site)
{
	for (size_t i = 0; i < shape->members_count; i++)
		if (shape->members[i].site == site)
			return &shape->members[i];
	if (shape->members_count == MEMBERS_MAX)
		return NULL;
	shape->members[shape->members_count] = (struct leaks_member){ .site = site };
	return &shape->members[shape->members_count++];
}

static int by_site(const void *a, const void *b)
{
	const struct leaks_member *x = a, *y = b;

	return x->site < y->site ? -1 : x->site > y->site;
}

static bool is_same(const struct leaks_item *item, const struct shape *shape)
{
	if (item->class != LEAKS_CYCLE || item->members_count != shape->members_count)
		return false;
	for (size_t i = 0; i < shape->members_count; i++)
		if (item->members[i].site != shape->members[i].site)
			return false;
	return true;
}

static size_t index_of(const struct shape *shape, uint32_t site)
{
	size_t i = 0;

	while (i < shape->members_count && shape->members[i].site != site)
		i++;
	return i;
}

/* The pointers among the blocks @at, @count of them. */
static int find_links(const struct classify *classify, const struct graph *graph,
		      const struct shape *shape, const uint32_t *at, size_t count,
		      struct leaks_item *item)
{
	VEC(struct leaks_link) links = { 0 };
	int r = 0;

	for (size_t i = 0; i < count && i < LOOK_MAX; i++) {
		uint32_t block = at[i];

		for (uint32_t e = graph->first[block]; e < graph->first[block + 1]; e++) {
			uint32_t other = graph->edges.at[e].to & ~GRAPH_INSIDE;
			struct leaks_link link = { .offset = graph->edges.at[e].from };
			bool known = false;

			if (classify->part[other] != classify->part[block])
				continue;
			link.from =
				(uint32_t)index_of(shape, (uint32_t)graph->blocks.at[block].site);
			link.to = (uint32_t)index_of(shape, (uint32_t)graph->blocks.at[other].site);
			for (size_t k = 0; k < links.count && !known; k++)
				known = links.at[k].from == link.from &&
					links.at[k].to == link.to &&
					links.at[k].offset == link.offset;
			if (known || links.count == LINKS_MAX || link.from == MEMBERS_MAX ||
			    link.to == MEMBERS_MAX)
				continue;
			r = vec_push(&links, link);
			if (r < 0)
				break;
		}
	}
	item->links = links.at;
	item->links_count = links.count;
	return r;
}

static struct leaks_item *find_item(leaks_items *items, const struct shape *shape)
{
	for (size_t i = 0; i < items->count; i++)
		if (is_same(&items->at[i], shape))
			return &items->at[i];
	return NULL;
}

static struct leaks_item *make_item(leaks_items *items, const struct shape *shape)
{
	struct leaks_member *members = calloc(shape->members_count + 1, sizeof(*members));
	struct leaks_item item = { .class = LEAKS_CYCLE, .members = members };
	uint64_t heaviest = 0;

	if (!members)
		return NULL;
	item.members_count = shape->members_count;
	for (size_t i = 0; i < shape->members_count; i++) {
		members[i].site = shape->members[i].site;
		if (shape->members[i].own.bytes >= heaviest) {
			heaviest = shape->members[i].own.bytes;
			item.site = members[i].site;
		}
	}
	if (vec_push(items, item) < 0) {
		free(members);
		return NULL;
	}
	return &items->at[items->count - 1];
}

/* @kept: with the cycle, itself included */
static int add_cycle(const struct classify *classify, const struct graph *graph,
		     const struct leaks_count *kept, const uint32_t *at, size_t count,
		     leaks_items *items)
{
	struct shape shape;
	struct leaks_count own = { 0 };
	struct leaks_member *members;
	struct leaks_item *item;
	int r = 0;

	shape.members_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct block *block = &graph->blocks.at[at[i]];
		struct leaks_member *member;

		if (block->site == BLOCKS_SITE_MAPPED)
			continue;
		own.blocks++;
		own.bytes += block->bytes;
		member = member_of(&shape, (uint32_t)block->site);
		if (member) {
			member->own.blocks++;
			member->own.bytes += block->bytes;
		}
	}
	qsort(shape.members, shape.members_count, sizeof(shape.members[0]), by_site);
	item = find_item(items, &shape);
	if (!item) {
		item = make_item(items, &shape);
		r = item ? find_links(classify, graph, &shape, at, count, item) : -ENOMEM;
	}
	if (r < 0)
		return r;
	item->cycles++;
	item->own.blocks += own.blocks;
	item->own.bytes += own.bytes;
	item->indirect.blocks += kept->blocks - own.blocks;
	item->indirect.bytes += kept->bytes - own.bytes;
	members = (struct leaks_member *)(uintptr_t)item->members;
	for (size_t i = 0; i < shape.members_count; i++) {
		members[i].own.blocks += shape.members[i].own.blocks;
		members[i].own.bytes += shape.members[i].own.bytes;
	}
	return 0;
}

/*
 * The blocks of all cycles, those of each one after the other.
 *
 * @number: by component: of the cycle, or NO_CYCLE
 * @first:  by cycle: its first in @at; one more at the end
 */
struct rows {
	uint32_t *number;
	uint32_t count;
	uint32_t *first;
	uint32_t *at;
	struct leaks_count *kept;
};

static uint32_t cycle_of(const struct classify *classify, const struct rows *rows, uint32_t block)
{
	uint32_t part = classify->part[block];

	return part == CLASSIFY_NO_PART ? NO_CYCLE : rows->number[part];
}

static int number_cycles(const struct classify *classify, struct rows *rows)
{
	rows->number = malloc(((size_t)classify->parts_count + 1) * sizeof(*rows->number));
	if (!rows->number)
		return -ENOMEM;
	for (uint32_t p = 0; p < classify->parts_count; p++) {
		bool is_cycle = classify->parts[p] & CLASSIFY_MANY &&
				!(classify->parts[p] & CLASSIFY_LED_TO);

		rows->number[p] = is_cycle ? rows->count++ : NO_CYCLE;
	}
	return 0;
}

static int fill_rows(const struct classify *classify, const struct graph *graph,
		     const struct kept *kept, struct rows *rows)
{
	const struct dominators *dominators = &kept->dominators;
	uint32_t *first = calloc((size_t)rows->count + 2, sizeof(*first));

	rows->first = first;
	rows->kept = calloc((size_t)rows->count + 1, sizeof(*rows->kept));
	if (!first || !rows->kept)
		return -ENOMEM;
	for (uint32_t i = 0; i < graph->blocks.count; i++) {
		uint32_t cycle = cycle_of(classify, rows, i);

		if (cycle != NO_CYCLE)
			first[cycle + 2]++;
	}
	for (uint32_t c = 2; c < rows->count + 2; c++)
		first[c] += first[c - 1];
	rows->at = malloc(((size_t)first[rows->count + 1] + 1) * sizeof(*rows->at));
	if (!rows->at)
		return -ENOMEM;
	for (uint32_t i = 0; i < graph->blocks.count; i++) {
		uint32_t cycle = cycle_of(classify, rows, i);

		if (cycle != NO_CYCLE)
			rows->at[first[cycle + 1]++] = i;
	}
	/* Whoever comes to a cycle comes through the one that its search began with. */
	for (uint32_t v = DOMINATORS_ROOT + 1; v <= dominators->count; v++) {
		uint32_t cycle = cycle_of(classify, rows, dominators->block[v]);

		if (cycle != NO_CYCLE && dominators->above[v] == DOMINATORS_ROOT)
			rows->kept[cycle] = (struct leaks_count){ .blocks = kept->blocks[v],
								  .bytes = kept->bytes[v] };
	}
	return 0;
}

int leaks_cycles(const struct classify *classify, const struct graph *graph,
		 const struct kept *kept, leaks_items *items)
{
	struct rows rows = { .count = 0 };
	int r = number_cycles(classify, &rows);

	if (r == 0 && rows.count)
		r = fill_rows(classify, graph, kept, &rows);
	for (uint32_t c = 0; c < rows.count && r == 0; c++)
		r = add_cycle(classify, graph, &rows.kept[c], rows.at + rows.first[c],
			      rows.first[c + 1] - rows.first[c], items);
	free(rows.number);
	free(rows.first);
	free(rows.at);
	free(rows.kept);
	return r;
}
