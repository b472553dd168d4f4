/* SPDX-License-Identifier: Apache-2.0 */
/* Cycles of a run whose every figure is known: a part of report-sample.h. */
#ifndef TESTS_UNIT_SAMPLE_CYCLES_H
#define TESTS_UNIT_SAMPLE_CYCLES_H

#include "model/result-cycles.h"
#include "tenure/wire.h"

static const struct cycles_member sample_members[] = {
	{ .type = "app.Node",
	  .stack = 4,
	  .fn = TENURE_FN_PY_OBJ,
	  .objects = 14,
	  .bytes = 672,
	  .least = 1,
	  .most = 3,
	  .flags = TENURE_PY_WEAKABLE | TENURE_PY_FINALIZER },
	{ .type = "", .objects = 7, .bytes = 392, .least = 1, .most = 1 },
};
static const struct cycles_edge sample_edges[] = {
	{ .from = 0, .to = 1, .kind = TENURE_PY_LABEL_ATTR, .name = "children", .count = 7 },
	{ .from = 1,
	  .to = 0,
	  .kind = TENURE_PY_LABEL_INDEX,
	  .name = "",
	  .number = 2,
	  .varies = true,
	  .count = 14 },
	{ .from = 0,
	  .to = 0,
	  .kind = TENURE_PY_LABEL_KEY,
	  .name = "parent",
	  .count = 9,
	  .back = 9,
	  .weaken = true },
};
static const struct cycles_shape sample_shapes[] = {
	{ .cycles = { 5, 2 },
	  .objects = 21,
	  .bytes = 1064,
	  .held_objects = 3,
	  .held_bytes = 150,
	  .least = 2,
	  .most = 4,
	  .generations = { 1, 2, 4 },
	  .first = 1200,
	  .last = 1500,
	  .cut = true,
	  .members = sample_members,
	  .members_count = 2,
	  .edges = sample_edges,
	  .edges_count = 3 },
};
static const struct result_cycles report_sample_cycles = {
	.outcomes = { { 3, 1 }, { 2 }, { 1, 0, 1 } },
	.examined = 1000,
	.unreachable = 30,
	.kept = 2,
	.ticks = 80,
	.dropped = 4,
	.shapes = sample_shapes,
	.shapes_count = 1,
};
#endif /* TESTS_UNIT_SAMPLE_CYCLES_H */
