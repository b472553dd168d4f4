/* SPDX-License-Identifier: Apache-2.0 */
/* Reference cycles of Python objects: how many of which shape, and what had better be weak. */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <string.h>

#include "base/units.h"
#include "gate/judge.h"
#include "gate/scope.h"

/* The reference to give up, or the first one; NULL when none is known. */
static const struct cycles_edge *edge_of(const struct report_shape *shape)
{
	for (size_t i = 0; i < shape->edges.count; i++)
		if (shape->edges.at[i].weaken)
			return &shape->edges.at[i];
	return shape->edges.count ? &shape->edges.at[0] : NULL;
}

static uint32_t stack_of(const struct report_shape *shape)
{
	const struct cycles_edge *edge = edge_of(shape);
	uint32_t member = edge ? edge->from : 0;

	return member < shape->members.count ? shape->members.at[member].stack : REPORT_NONE;
}

static const char *type_of(const struct report_shape *shape, uint32_t member)
{
	return *shape->members.at[member].type ? shape->members.at[member].type : "object";
}

static bool is_suppressed(struct judge *judge, const struct report_shape *shape)
{
	for (size_t i = 0; i < shape->members.count; i++)
		if (judge_suppressed(judge, shape->sig, shape->members.at[i].stack, shape->bytes))
			return true;
	return false;
}

/* How many of this shape there were in every run. */
static uint64_t count_in_all(const struct judge *judge, const char *scope, uint64_t sig)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < judge->count; i++) {
		const struct report *report = judge->reports[i];
		uint64_t sum = 0;

		for (size_t p = 0; p < report->processes.count; p++) {
			const struct report_cycles *cycles = &report->processes.at[p].cycles;

			for (size_t k = 0; k < cycles->shapes.count; k++)
				if (cycles->shapes.at[k].sig == sig &&
				    scope_has_shape(scope, &judge->views[i], &cycles->shapes.at[k]))
					sum += cycles_count(&cycles->shapes.at[k]);
		}
		least = sum < least ? sum : least;
	}
	return least;
}

/* "weaken orders.Line.basket -> orders.Basket": the advice in a few words. */
static void add_advice(struct strbuf *text, const struct report_shape *shape)
{
	const struct cycles_edge *edge = edge_of(shape);

	if (!edge)
		return;
	strbuf_addf(text, "; %s %s", edge->weaken ? "make weak, or clear:" : "one reference is",
		    type_of(shape, edge->from));
	cycles_label(text, edge);
	strbuf_addf(text, " -> %s", type_of(shape, edge->to));
}

static int add_shape(struct judge *judge, const struct limit *limit, uint32_t process,
		     const struct report_shape *shape, uint64_t count)
{
	const char *path = judge->config->path ? judge->config->path : ".tenure";
	bool whole = strcmp(limit->scope, "process") == 0;
	struct gate_violation violation = {
		.rule = GATE_CYCLE,
		.unit = GATE_BLOCKS,
		.scope = limit->scope,
		.metric = limits_name(LIMITS_CYCLES),
		.got = count,
		.limit = limit->value.bytes,
		.delta = (int64_t)(count - limit->value.bytes),
		.has_sig = true,
		.sig = shape->sig,
		.process = process,
		.stack = stack_of(shape),
	};
	struct strbuf text = { 0 }, where = { 0 };
	int r;

	strbuf_addf(&text, "%s cycles of %s", units_count(count).s, units_count(shape->least).s);
	if (shape->most != shape->least)
		strbuf_addf(&text, " to %s", units_count(shape->most).s);
	strbuf_addf(&text, " objects, %s in all", units_bytes(shape->bytes).s);
	add_advice(&text, shape);
	if (violation.stack != REPORT_NONE)
		scope_where(&where, &judge->views[0], violation.stack);
	violation.message = strbuf_get(&text);
	violation.where = strbuf_get(&where);
	violation.accept = judge_text(judge, "git config -f %s 'budget%s%s.cycles' %" PRIu64, path,
				      whole ? "" : ".", whole ? "" : limit->scope, count);
	violation.suppress = judge_suppress_command(judge, shape->sig, violation.where);
	r = text.failed || where.failed || !violation.accept || !violation.suppress
		    ? -ENOMEM
		    : judge_add(judge, violation);
	strbuf_fini(&text);
	strbuf_fini(&where);
	return r;
}

/* Collections that nobody has looked into: cycles may be there that are not counted. */
static uint64_t skipped(const struct judge *judge)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < judge->report->processes.count; i++)
		sum += cycles_skipped(&judge->report->processes.at[i].cycles);
	return sum;
}

/* The same signature may have several shapes, as of other lines. */
static bool came_before(const struct report_cycles *cycles, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (cycles->shapes.at[i].sig == cycles->shapes.at[index].sig)
			return true;
	return false;
}

int judge_cycles(struct judge *judge, const struct limit *limit)
{
	const struct report *report = judge->report;
	size_t before = judge->result->violations.count;
	int r = 0;

	for (uint32_t p = 0; p < report->processes.count && r == 0; p++) {
		const struct report_cycles *cycles = &report->processes.at[p].cycles;

		for (size_t i = 0; i < cycles->shapes.count && r == 0; i++) {
			const struct report_shape *shape = &cycles->shapes.at[i];
			uint64_t count;

			if (came_before(cycles, i) ||
			    !scope_has_shape(limit->scope, &judge->views[0], shape))
				continue;
			count = count_in_all(judge, limit->scope, shape->sig);
			if (count > limit->value.bytes && !is_suppressed(judge, shape))
				r = add_shape(judge, limit, p, shape, count);
		}
	}
	if (r == 0 && judge->result->violations.count == before && skipped(judge))
		r = judge_reason(judge,
				 "cycles cannot be judged: %" PRIu64
				 " collections were not looked into (--cycles=all looks into each)",
				 skipped(judge));
	return r;
}
