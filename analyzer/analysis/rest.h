/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where not all blocks are known: every other writable page may be one.
 */
#ifndef ANALYSIS_REST_H
#define ANALYSIS_REST_H

#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"
#include "graph.h"

struct rest_span {
	uint64_t start;
	uint64_t end;
};

typedef VEC(struct rest_span) rest_spans;

/** rest_known() - nothing that holds blocks lies from @start to @end but what is known.  Return: 0
 * or -ENOMEM */
attr_nodiscard int rest_known(rest_spans *known, uint64_t start, uint64_t end);

/**
 * rest_scan() - look through all memory but @known, the blocks themselves and the shim's own
 * @known: the shim's own is added; comes back in order
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int rest_scan(struct graph *graph, rest_spans *known);

#endif /* ANALYSIS_REST_H */
