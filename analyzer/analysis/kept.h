/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of each site: what would be given back with its blocks, and how one of them
 * is held.
 */
#ifndef ANALYSIS_KEPT_H
#define ANALYSIS_KEPT_H

#include "base/attr.h"
#include "classify.h"
#include "graph.h"
#include "model/result-leaks.h"

/** kept_find() - fills in @kept and @steps of @leaks.  Return: 0 or -ENOMEM */
attr_nodiscard int kept_find(struct result_leaks *leaks, const struct graph *graph,
			     const struct classify *classify);

#endif /* ANALYSIS_KEPT_H */
