/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted list of address ranges that may lie inside one another. */
#ifndef SYMBOL_RANGES_H
#define SYMBOL_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"

struct range {
	uint64_t start;
	uint64_t end;
	uint64_t reach; /* furthest end of this and all before it */
	uint32_t value;
};

/** struct ranges - zero-initialised is empty */
struct ranges {
	VEC(struct range) items;
};

/** ranges_add() - remember that [@start, @end) belongs to @value.  Return: 0 or -ENOMEM */
attr_nodiscard int ranges_add(struct ranges *ranges, uint64_t start, uint64_t end, uint32_t value);

/** ranges_sort() - to be called between the last ranges_add() and ranges_find() */
void ranges_sort(struct ranges *ranges);

/** ranges_find() - value of the innermost range around @addr; UINT32_MAX when there is none */
uint32_t ranges_find(const struct ranges *ranges, uint64_t addr);

/** ranges_fini() - give the memory back */
void ranges_fini(struct ranges *ranges);

#endif /* SYMBOL_RANGES_H */
