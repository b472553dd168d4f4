/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lost blocks that point at each other in a circle.
 */
#ifndef ANALYSIS_LEAKS_CYCLES_H
#define ANALYSIS_LEAKS_CYCLES_H

#include "base/attr.h"
#include "base/vec.h"
#include "classify.h"
#include "graph.h"
#include "kept.h"
#include "model/result-leaks.h"

typedef VEC(struct leaks_item) leaks_items;

/** leaks_cycles() - an item for each shape of cycles, appended.  Return: 0 or -ENOMEM */
attr_nodiscard int leaks_cycles(const struct classify *classify, const struct graph *graph,
				const struct kept *kept, leaks_items *items);

#endif /* ANALYSIS_LEAKS_CYCLES_H */
