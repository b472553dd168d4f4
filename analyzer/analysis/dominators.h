/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who cannot be reached but through whom.
 *
 * Semi-NCA (Georgiadis): a search in depth, what is semidominated from the last
 * vertex to the first, and the nearest common ancestors from the first to the
 * last.  Vertices are numbered in the order of the search, from 2 on; 1 stands
 * for everything that is alive by itself.
 */
#ifndef ANALYSIS_DOMINATORS_H
#define ANALYSIS_DOMINATORS_H

#include <stdint.h>

#include "base/attr.h"
#include "graph.h"

#define DOMINATORS_ROOT 1u

/**
 * struct dominators - all zero is nothing
 * @block: by number: the block; of DOMINATORS_ROOT meaningless
 * @above: by number: its immediate dominator, which has a smaller number
 * @count: the largest number
 */
struct dominators {
	uint32_t *block;
	uint32_t *above;
	uint32_t count;
};

/**
 * dominators_find() - of all blocks that @roots lead to
 * @roots: a bit for each block
 *
 * It needs 28 bytes for each of these blocks and 4 for each pointer.
 *
 * Return: 0, -ENOMEM, or -E2BIG when there are 2^32 pointers.
 */
attr_nodiscard int dominators_find(struct dominators *dominators, const struct graph *graph,
				   const uint64_t *roots);
void dominators_fini(struct dominators *dominators);

#endif /* ANALYSIS_DOMINATORS_H */
