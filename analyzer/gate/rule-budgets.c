/* SPDX-License-Identifier: Apache-2.0 */
/* Absolute limits. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "gate/judge.h"
#include "gate/scope.h"

static uint64_t smallest(const struct judge *judge, const char *scope, enum limits_metric metric)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < judge->count; i++) {
		uint64_t value = scope_measure(&judge->views[i], scope, metric);

		least = value < least ? value : least;
	}
	return least;
}

/* Figures of the collector are worth nothing where it was not seen. */
static bool is_measured(const struct judge *judge, enum limits_metric metric)
{
	if (!limits_needs_python(metric))
		return true;
	for (size_t i = 0; i < judge->report->processes.count; i++)
		if (judge->report->processes.at[i].python.version)
			return true;
	return false;
}

int judge_budgets(struct judge *judge)
{
	const struct gate_config *config = judge->config;
	int r = 0;

	for (size_t i = 0; i < config->limits.count && r == 0; i++) {
		const struct limit *limit = &config->limits.at[i];
		bool whole = strcmp(limit->scope, "process") == 0;
		struct gate_violation violation = { .rule = GATE_BUDGET, .scope = limit->scope };
		const char *missing;

		if (limit->value.relative || limit->value.off || limit->metric == LIMITS_GROWTH ||
		    config_find(config, limit->scope, limit->metric, false) != limit)
			continue;
		if (!is_measured(judge, limit->metric)) {
			r = judge_reason(judge, "'%s' cannot be judged: no Python was recorded",
					 limits_name(limit->metric));
			continue;
		}
		/* The program may have a reason, or the name is wrong. */
		missing = scope_missing(limit->scope, limit->metric, judge->report);
		if (missing) {
			r = judge_note(judge, "the budget of '%s' was not used: %s", limit->scope,
				       missing);
			continue;
		}
		judge->result->rules++;
		if (limit->metric == LIMITS_CYCLES) {
			r = judge_cycles(judge, limit);
			continue;
		}
		violation.unit = limits_unit(limit->metric);
		violation.got = smallest(judge, limit->scope, limit->metric);
		violation.limit = limit->value.bytes;
		violation.delta = (int64_t)(violation.got - violation.limit);
		if (violation.got <= violation.limit)
			continue;
		violation.accept =
			judge_text(judge, "git config -f %s 'budget%s%s.%s' %" PRIu64 "%s",
				   config->path ? config->path : ".tenure", whole ? "" : ".",
				   whole ? "" : limit->scope, limits_name(limit->metric),
				   violation.got, violation.unit == GATE_NANOSECONDS ? "ns" : "");
		r = violation.accept ? judge_add_figure(judge, &violation, limit->metric) : -ENOMEM;
	}
	return r;
}
