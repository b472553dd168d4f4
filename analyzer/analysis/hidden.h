/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointers that do not look like any: packed, tagged in their high bits,
 * relative to where they lie.
 */
#ifndef ANALYSIS_HIDDEN_H
#define ANALYSIS_HIDDEN_H

#include "base/attr.h"
#include "classify.h"
#include "graph.h"

/**
 * hidden_find() - look for such pointers to blocks that nobody seems to lead to
 * @classify: as classify_reach() left it; brought up to date if some were found
 *
 * While the memory can still be read.  Return: 0 or -ENOMEM.
 */
attr_nodiscard int hidden_find(struct graph *graph, struct classify *classify);

#endif /* ANALYSIS_HIDDEN_H */
