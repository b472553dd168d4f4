/* SPDX-License-Identifier: Apache-2.0 */
/* All memory that nothing is known of, as what holds blocks. */
#include "rest.h"

#include <stdlib.h>

#include "base/err.h"
#include "range.h"

int rest_known(rest_spans *known, uint64_t start, uint64_t end)
{
	return vec_push(known, ((struct rest_span){ start, end }));
}

static int by_start(const void *a, const void *b)
{
	const struct rest_span *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* All of @range but blocks.  @next: the first that may lie there; ranges come in order. */
static int scan_between(struct graph *graph, const struct range *whole, uint32_t *next)
{
	const struct blocks *blocks = &graph->blocks;
	struct range range = *whole;
	uint64_t at = whole->start;
	int r = 0;

	while (at < whole->end && r == 0) {
		const struct block *block = blocks->at + *next;

		while (*next < blocks->inner && block->addr + block->bytes <= at) {
			(*next)++;
			block++;
		}
		range.start = at;
		range.end = whole->end;
		if (*next < blocks->inner && block->addr < range.end) {
			range.end = block->addr;
			at = block->addr + block->bytes;
		} else {
			at = whole->end;
		}
		if (range.end > range.start)
			r = range_scan(graph, &range);
	}
	return r;
}

/* Of one mapping what is not known.  @span: the first of those that may lie there. */
static int scan_map(struct graph *graph, struct range *range, const struct target_map *map,
		    const rest_spans *known, size_t *span, uint32_t *next)
{
	uint64_t at = map->start;
	int r = 0;

	while (*span < known->count && known->at[*span].end <= at)
		(*span)++;
	for (size_t i = *span; at < map->end && r == 0; i++) {
		bool is_last = i >= known->count || known->at[i].start >= map->end;

		range->start = at;
		range->end = is_last ? map->end : known->at[i].start;
		if (range->end > range->start)
			r = scan_between(graph, range, next);
		if (is_last)
			break;
		if (known->at[i].end > at)
			at = known->at[i].end;
	}
	return r;
}

int rest_scan(struct graph *graph, rest_spans *known)
{
	const struct target *target = graph->target;
	struct range range = { 0 };
	uint32_t next = 0;
	size_t span = 0;
	int r = graph_holder(graph, &(struct leaks_holder){ .kind = LEAKS_HOLDER_MEMORY },
			     &range.holder);

	for (size_t i = 0; i < target->own_count && r == 0; i++)
		r = rest_known(known, target->own[i].start,
			       target->own[i].start + target->own[i].bytes);
	if (known->count)
		qsort(known->at, known->count, sizeof(*known->at), by_start);
	for (size_t i = 0; i < target->maps_count && r == 0; i++) {
		const struct target_map *map = &target->maps[i];

		if (map->writable && map->readable && !(map->shared && map->file))
			r = scan_map(graph, &range, map, known, &span, &next);
	}
	return r;
}
