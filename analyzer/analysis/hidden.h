/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointers that do not look like any: packed, tagged in their high bits,
 * relative to where they lie.
 *
 * They are collected along with the others, and those to blocks that nobody
 * seems to lead to are taken in the end.
 */
#ifndef ANALYSIS_HIDDEN_H
#define ANALYSIS_HIDDEN_H

#include "base/attr.h"
#include "classify.h"
#include "graph.h"

#define HIDDEN_AHEAD 24u /* bytes behind what is looked at that must be readable, by us */

/** hidden_new() - when all blocks are known.  Return: NULL without memory */
struct hidden *hidden_new(const struct graph *graph);
struct hidden *hidden_free(struct hidden *hidden);

/**
 * hidden_look() - @bytes of a block
 * @worker: of parallel_each()
 * @from:   where they begin in the block
 * @count:  as many, a multiple of 8
 * @seen:   as many follow in the block, @count at least
 *
 * Context: any thread.  Return: 0 or -ENOMEM.
 */
attr_nodiscard int hidden_look(struct hidden *hidden, unsigned int worker, uint32_t block,
			       const uint8_t *bytes, uint64_t from, size_t count, size_t seen);

/** hidden_look_root() - likewise, of what @holder is, from the address @addr on */
attr_nodiscard int hidden_look_root(struct hidden *hidden, uint32_t holder, const uint8_t *bytes,
				    uint64_t addr, size_t count);

/**
 * hidden_find() - take those that lead to blocks that nobody else leads to
 * @classify: as classify_reach() left it; brought up to date if there are such
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int hidden_find(struct graph *graph, struct classify *classify);

#endif /* ANALYSIS_HIDDEN_H */
