/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A range of words to look through for what holds blocks.
 */
#ifndef ANALYSIS_RANGE_H
#define ANALYSIS_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "graph.h"
#include "initial.h"

/**
 * struct range - where, and what counts there
 * @starts_only: pointers to the inside of blocks say nothing here
 * @no_mapped:   what the program has mapped is not held from there
 * @hidden:      pointers that do not look like any may lie there
 * @initial:     words that are still what they were are no pointers; or NULL
 */
struct range {
	uint64_t start;
	uint64_t end;
	uint32_t holder;
	bool starts_only;
	bool no_mapped;
	bool hidden;
	struct initial *initial;
};

/** range_scan() - as far as it can be read.  Return: 0 or -ENOMEM */
attr_nodiscard int range_scan(struct graph *graph, const struct range *range);

#endif /* ANALYSIS_RANGE_H */
