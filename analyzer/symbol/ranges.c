/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted list of address ranges that may lie inside one another. */
#include <stdlib.h>

#include "symbol/ranges.h"

int ranges_add(struct ranges *ranges, uint64_t start, uint64_t end, uint32_t value)
{
	if (start >= end)
		return 0;
	return vec_push(&ranges->items, (struct range){ start, end, 0, value });
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

void ranges_sort(struct ranges *ranges)
{
	uint64_t reach = 0;

	if (ranges->items.count)
		qsort(ranges->items.at, ranges->items.count, sizeof(*ranges->items.at), by_start);
	for (size_t i = 0; i < ranges->items.count; i++) {
		if (ranges->items.at[i].end > reach)
			reach = ranges->items.at[i].end;
		ranges->items.at[i].reach = reach;
	}
}

uint32_t ranges_find(const struct ranges *ranges, uint64_t addr)
{
	size_t low = 0, high = ranges->items.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->items.at[middle].start <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	while (low-- > 0 && ranges->items.at[low].reach > addr) {
		if (addr < ranges->items.at[low].end)
			return ranges->items.at[low].value;
	}
	return UINT32_MAX;
}

void ranges_fini(struct ranges *ranges)
{
	vec_fini(&ranges->items);
}
