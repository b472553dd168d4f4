/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What blocks keep, and how they are held.
 */
#ifndef ANALYSIS_KEPT_H
#define ANALYSIS_KEPT_H

#include "base/attr.h"
#include "classify.h"
#include "dominators.h"
#include "graph.h"
#include "model/result-leaks.h"

/**
 * struct kept - all zero is nothing
 * @dominators: from what is held by itself, and the first of what is lost
 * @blocks, @bytes: by number: what is given back with it, itself included
 */
struct kept {
	struct dominators dominators;
	uint32_t *blocks;
	uint64_t *bytes;
};

/** kept_init() - when all is classified.  Return: 0, -ENOMEM or -E2BIG */
attr_nodiscard int kept_init(struct kept *kept, const struct graph *graph,
			     struct classify *classify);

/**
 * kept_write() - into @leaks: by site, with the way to the block that keeps most
 *
 * Nothing is left of @kept then.  Return: 0 or -ENOMEM.
 */
attr_nodiscard int kept_write(struct kept *kept, struct result_leaks *leaks,
			      const struct graph *graph, struct classify *classify);
void kept_fini(struct kept *kept);

#endif /* ANALYSIS_KEPT_H */
