/* SPDX-License-Identifier: Apache-2.0 */
/* Reference cycles of Python objects: how many of which shape, and what had better be weak. */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "gate/judge.h"
#include "gate/scope.h"

static uint32_t stack_of(const struct report_shape *shape)
{
	const struct cycles_edge *edge = scope_edge(shape);
	uint32_t member = edge ? edge->from : 0;

	return member < shape->members.count ? shape->members.at[member].stack : REPORT_NONE;
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

static void add_advice(struct strbuf *text, const struct report_shape *shape)
{
	const struct cycles_edge *edge = scope_edge(shape);

	if (!edge)
		return;
	strbuf_adds(text, edge->weaken ? "; make weak, or clear: " : "; one reference is ");
	scope_reference(text, shape);
}

/* What is the same whatever the limit is.  Return: 0 or -ENOMEM */
static int add_shape(struct judge *judge, struct gate_violation *violation, const char *what,
		     const struct report_shape *shape)
{
	struct strbuf text = { 0 }, where = { 0 };
	int r;

	violation->rule = GATE_CYCLE;
	violation->unit = GATE_BLOCKS;
	violation->metric = limits_name(LIMITS_CYCLES);
	violation->delta = (int64_t)(violation->got - violation->limit);
	violation->has_sig = true;
	violation->sig = shape->sig;
	violation->stack = stack_of(shape);
	strbuf_addf(&text, "%s%s %s of %s", what, units_count(violation->got).s,
		    violation->got == 1 ? "cycle" : "cycles", units_count(shape->least).s);
	if (shape->most != shape->least)
		strbuf_addf(&text, " to %s", units_count(shape->most).s);
	strbuf_addf(&text, " objects, %s in all", units_bytes(shape->bytes).s);
	add_advice(&text, shape);
	if (violation->stack != REPORT_NONE)
		scope_where(&where, &judge->views[0], violation->stack);
	violation->message = strbuf_get(&text);
	violation->where = strbuf_get(&where);
	violation->suppress = judge_suppress_command(judge, shape->sig, violation->where);
	r = text.failed || where.failed || !violation->accept || !violation->suppress
		    ? -ENOMEM
		    : judge_add(judge, *violation);
	strbuf_fini(&text);
	strbuf_fini(&where);
	return r;
}

static int add_to_budget(struct judge *judge, const struct limit *limit, uint32_t process,
			 const struct report_shape *shape, uint64_t count)
{
	const char *path = judge->config->path ? judge->config->path : ".tenure";
	bool whole = strcmp(limit->scope, "process") == 0;
	struct gate_violation violation = {
		.scope = limit->scope,
		.got = count,
		.limit = limit->value.bytes,
		.process = process,
		.accept = judge_text(judge, "git config -f %s 'budget%s%s.cycles' %" PRIu64, path,
				     whole ? "" : ".", whole ? "" : limit->scope, count),
	};

	return add_shape(judge, &violation, "", shape);
}

/* Collections that nobody has looked into: cycles may be there that are not counted. */
static uint64_t skipped(const struct judge *judge)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < judge->report->processes.count; i++)
		sum += cycles_skipped(&judge->report->processes.at[i].cycles);
	return sum;
}

/* The same signature may have several shapes, as of other lines or in other processes. */
static bool came_before(const struct report *report, uint32_t process, size_t index)
{
	uint64_t sig = report->processes.at[process].cycles.shapes.at[index].sig;

	for (uint32_t p = 0; p <= process; p++) {
		const struct report_cycles *cycles = &report->processes.at[p].cycles;

		for (size_t i = 0; i < (p < process ? cycles->shapes.count : index); i++)
			if (cycles->shapes.at[i].sig == sig)
				return true;
	}
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

			if (came_before(report, p, i) ||
			    !scope_has_shape(limit->scope, &judge->views[0], shape))
				continue;
			count = count_in_all(judge, limit->scope, shape->sig);
			if (count > limit->value.bytes && !is_suppressed(judge, shape))
				r = add_to_budget(judge, limit, p, shape, count);
		}
	}
	if (r == 0 && judge->result->violations.count == before && skipped(judge))
		r = judge_reason(judge,
				 "cycles cannot be judged: %" PRIu64
				 " collections were not looked into (--cycles=all looks into each)",
				 skipped(judge));
	return r;
}

/* ------------------------------------------------------------------- baseline */

/* The first of this signature that the program's own code made; it is there, facts have it. */
static const struct report_shape *find_own(const struct judge *judge, uint64_t sig,
					   uint32_t *ret_process)
{
	const struct report *report = judge->report;

	for (uint32_t p = 0; p < report->processes.count; p++) {
		const struct report_cycles *cycles = &report->processes.at[p].cycles;

		*ret_process = p;
		for (size_t i = 0; i < cycles->shapes.count; i++)
			if (cycles->shapes.at[i].sig == sig &&
			    scope_has_shape("process", &judge->views[0], &cycles->shapes.at[i]))
				return &cycles->shapes.at[i];
	}
	return NULL;
}

/*
 * Types that were renamed or moved have a new signature, but as many cycles of as
 * many objects as one that is gone.  @taken: per cycle of the baseline, used for that.
 */
static bool has_moved(const struct judge *judge, const struct facts_cycle *cycle, bool *taken)
{
	const struct baseline *baseline = judge->baseline;

	for (size_t i = 0; i < baseline->cycles.count; i++) {
		const struct baseline_cycle *old = &baseline->cycles.at[i];

		if (taken[i] || old->count != cycle->count || old->objects != cycle->objects ||
		    facts_find_cycle(&judge->facts, old->sig))
			continue;
		taken[i] = true;
		return true;
	}
	return false;
}

static int add_to_baseline(struct judge *judge, const struct facts_cycle *cycle, uint64_t before,
			   uint64_t allowed)
{
	char sig[20];
	struct gate_violation violation = {
		.scope = judge_text(judge, "sig:%016" PRIx64, cycle->sig),
		.got = cycle->count,
		.limit = allowed,
		.has_baseline = true,
		.baseline = before,
	};
	const struct report_shape *shape = find_own(judge, cycle->sig, &violation.process);

	(void)snprintf(sig, sizeof(sig), "%016" PRIx64, cycle->sig);
	violation.accept = judge_accept_command(judge, sig);
	if (!violation.scope || !violation.accept)
		return -ENOMEM;
	if (!shape || is_suppressed(judge, shape))
		return 0;
	return add_shape(judge, &violation, before ? "more than before: " : "new: ", shape);
}

int judge_new_cycles(struct judge *judge)
{
	const struct limit *limit = config_find(judge->config, "process", LIMITS_CYCLES, true);
	const struct baseline *baseline = judge->baseline;
	uint64_t moved = 0;
	bool *taken;
	int r = 0;

	if (!limit || limit->value.off || !baseline->has_cycles || !judge->facts.has_cycles)
		return 0;
	judge->result->rules++;
	taken = calloc(baseline->cycles.count + 1, sizeof(*taken));
	if (!taken)
		return -ENOMEM;
	for (size_t i = 0; i < judge->facts.cycles.count && r == 0; i++) {
		const struct facts_cycle *cycle = &judge->facts.cycles.at[i];
		const struct baseline_cycle *old = baseline_find_cycle(baseline, cycle->sig);
		uint64_t before = old ? old->count : 0;
		uint64_t allowed = limits_allowed(&limit->value, before);

		if (cycle->count <= allowed)
			continue;
		if (!old && has_moved(judge, cycle, taken))
			moved++;
		else
			r = add_to_baseline(judge, cycle, before, allowed);
	}
	free(taken);
	if (r == 0 && moved)
		r = judge_note(judge, "%s in the baseline under other names: code that has moved",
			       moved == 1 ? "cycles of 1 kind were" : "cycles of some kinds were");
	if (r == 0 && judge->facts.skipped)
		r = judge_note(judge,
			       "%" PRIu64 " collections were not looked into: new cycles may be "
			       "among them (--cycles=all looks into each)",
			       judge->facts.skipped);
	return r;
}
