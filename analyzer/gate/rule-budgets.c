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

int judge_budgets(struct judge *judge)
{
	const struct gate_config *config = judge->config;
	int r = 0;

	for (size_t i = 0; i < config->limits.count && r == 0; i++) {
		const struct limit *limit = &config->limits.at[i];
		bool whole = strcmp(limit->scope, "process") == 0;
		struct gate_violation violation = { .rule = GATE_BUDGET, .scope = limit->scope };

		if (limit->value.relative || limit->value.off || limit->metric == LIMITS_GROWTH ||
		    config_find(config, limit->scope, limit->metric, false) != limit)
			continue;
		judge->result->rules++;
		violation.unit = limits_unit(limit->metric);
		violation.got = smallest(judge, limit->scope, limit->metric);
		violation.limit = limit->value.bytes;
		violation.delta = (int64_t)(violation.got - violation.limit);
		if (violation.got <= violation.limit)
			continue;
		violation.accept = judge_text(judge, "git config -f %s 'budget%s%s.%s' %" PRIu64,
					      config->path ? config->path : ".tenure",
					      whole ? "" : ".", whole ? "" : limit->scope,
					      limits_name(limit->metric), violation.got);
		r = violation.accept ? judge_add_figure(judge, &violation, limit->metric) : -ENOMEM;
	}
	return r;
}
