/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From who points at whom to what is lost, and through whom.
 */
#ifndef ANALYSIS_CLASSIFY_H
#define ANALYSIS_CLASSIFY_H

#include <stdint.h>

#include "base/attr.h"
#include "graph.h"

/**
 * struct classify - all zero is nothing
 * @class:  by block: enum leaks_class
 * @holder: by block: who holds it, if it is reachable
 * @number: by block: number among the lost, from 0
 * @lost:   those, in any order; @lost_count
 * @part:   by number among the lost: its component
 * @parts_count: components; each leads only to smaller ones
 * @size:   by component: its blocks and bytes
 * @kept:   by component: what would be given back with it, itself included
 * @is_root: by component: no other leads to it
 */
struct classify {
	uint8_t *class;
	uint16_t *holder;
	uint32_t *number;
	uint32_t *lost;
	uint32_t lost_count;
	uint32_t *part;
	uint32_t parts_count;
	struct leaks_count *size;
	struct leaks_count *kept;
	uint8_t *is_root;
};

#define CLASSIFY_UNSEEN 0xffu /* in .class after classify_reach(): cannot be reached */

/** classify_reach() - @class and @holder of what can be reached.  Return: 0 or -ENOMEM */
attr_nodiscard int classify_reach(struct classify *classify, const struct graph *graph);

/** classify_sort() - then, once: all about the rest.  Return: 0 or -ENOMEM */
attr_nodiscard int classify_sort(struct classify *classify, const struct graph *graph);

/**
 * classify_order() - the lost, by component
 * @ret_at:    numbers among the lost, those of a component one after the other
 * @ret_first: by component: where its own begin; one more at the end
 *
 * Both owned by the caller.  Return: 0 or -ENOMEM.
 */
attr_nodiscard int classify_order(const struct classify *classify, uint32_t **ret_at,
				  uint32_t **ret_first);
void classify_fini(struct classify *classify);

#endif /* ANALYSIS_CLASSIFY_H */
