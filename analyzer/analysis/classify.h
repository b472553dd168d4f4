/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From who points at whom to what is lost, and through whom.
 */
#ifndef ANALYSIS_CLASSIFY_H
#define ANALYSIS_CLASSIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "graph.h"

/* In .parts */
enum classify_part {
	CLASSIFY_LED_TO = 1u << 0, /* another component that has a block leads to it */
	CLASSIFY_ONE = 1u << 1,	   /* it has a block, mapped ranges not counted */
	CLASSIFY_MANY = 1u << 2,   /* it has several */
	CLASSIFY_BEGUN = 1u << 3,  /* see classify_begins() */
};

/**
 * struct classify - all zero is nothing
 * @class:  by block: enum leaks_class
 * @holder: by block: who holds it, if it is reachable
 * @part:   by block: its component among the lost, or CLASSIFY_NO_PART
 * @parts:  by component: enum classify_part; @parts_count
 */
struct classify {
	uint8_t *class;
	uint16_t *holder;
	uint32_t *part;
	uint8_t *parts;
	uint32_t parts_count;
};

#define CLASSIFY_NO_PART UINT32_MAX

#define CLASSIFY_UNSEEN 0xffu /* in .class after classify_reach(): cannot be reached */

/** classify_reach() - @class and @holder of what can be reached.  Return: 0 or -ENOMEM */
attr_nodiscard int classify_reach(struct classify *classify, const struct graph *graph);

/** classify_sort() - then, once: all about the rest.  Return: 0 or -ENOMEM */
attr_nodiscard int classify_sort(struct classify *classify, const struct graph *graph);

/**
 * classify_begins() - is @block the first that is asked for, of a component that no other leads to?
 *
 * All that is lost can be reached from such blocks.  Each is told of once, then
 * classify_again() is needed.
 */
static inline bool classify_begins(struct classify *classify, uint32_t block)
{
	uint32_t part = classify->part[block];

	if (part == CLASSIFY_NO_PART || classify->parts[part] & (CLASSIFY_LED_TO | CLASSIFY_BEGUN))
		return false;
	classify->parts[part] |= CLASSIFY_BEGUN;
	return true;
}

void classify_again(struct classify *classify);
void classify_fini(struct classify *classify);

#endif /* ANALYSIS_CLASSIFY_H */
