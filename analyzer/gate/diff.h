/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has changed between runs: two, or a set without a change and a set with it.
 *
 * Something is more only if every run of the second set has more than every
 * run of the first, and less likewise.  So noise is no change.
 */
#ifndef GATE_DIFF_H
#define GATE_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/vec.h"
#include "report/document.h"

enum diff_figure {
	DIFF_LIVE, /* bytes at the end */
	DIFF_PEAK, /* bytes at the peak */
	DIFF_COUNT,
};

/**
 * struct diff_row - one signature or object
 * @name:   function and place, or object
 * @sig:    0 for objects
 * @before, @after: the runs of each set that are nearest to the other set
 * @delta:  0 when the sets overlap
 */
struct diff_row {
	const char *name;
	uint64_t sig;
	uint64_t before[DIFF_COUNT];
	uint64_t after[DIFF_COUNT];
	int64_t delta[DIFF_COUNT];
};

typedef VEC(struct diff_row) diff_rows;

/**
 * struct diff - @sigs and @modules have changed, the largest change first
 * @totals:   of whole runs
 * @is_complete: all runs were recorded whole
 */
struct diff {
	struct diff_row totals;
	diff_rows sigs;
	diff_rows modules;
	bool is_complete;
	struct arena texts;
};

/** diff_init() - compare.  Return: 0 or -ENOMEM; diff_fini() in any case */
attr_nodiscard int diff_init(struct diff *diff, struct report *const *before, size_t before_count,
			     struct report *const *after, size_t after_count);

/** diff_is_worse() - has an object, or the whole, more than @floor bytes more? */
bool diff_is_worse(const struct diff *diff, uint64_t floor);

/** diff_text(), diff_markdown(), diff_json() - print at most @top rows of each kind, 0: all */
attr_nodiscard int diff_text(const struct diff *diff, size_t top, FILE *out);
attr_nodiscard int diff_markdown(const struct diff *diff, size_t top, FILE *out);
attr_nodiscard int diff_json(const struct diff *diff, FILE *out);

void diff_fini(struct diff *diff);

#endif /* GATE_DIFF_H */
