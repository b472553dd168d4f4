/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures that rise between all checkpoints. */
#include <errno.h>
#include <inttypes.h>

#include "base/units.h"
#include "gate/judge.h"

static const char *unit_of_slope(uint32_t kind)
{
	return kind == RESULT_SERIES_MARK	  ? "iteration"
	       : kind == RESULT_SERIES_COLLECTION ? "full collection"
						  : "10 ms";
}

static int add_growth(struct judge *judge, const struct facts_growth *growth, uint64_t limit)
{
	uint64_t more = growth->last - growth->first;
	struct gate_violation violation = {
		.rule = GATE_GROWTH,
		.unit = GATE_BYTES_PER_ITERATION,
		.scope = judge_text(judge, "sig:%016" PRIx64, growth->sig),
		.metric = "growth",
		.got = growth->slope,
		.limit = limit,
		.delta = (int64_t)(growth->slope - limit),
		.has_sig = true,
		.sig = growth->sig,
		.process = growth->process,
		.stack = growth->stack,
		.where = growth->where,
		.accept = judge_text(judge, "git config -f %s gate.growth %" PRIu64,
				     judge->config->path ? judge->config->path : ".tenure",
				     growth->slope),
		.suppress = judge_suppress_command(judge, growth->sig, growth->where),
	};

	violation.message = judge_text(
		judge,
		"%" PRIu64 " bytes per %s: rose in all %" PRIu32 " intervals, by %s over %s%s%s%s",
		growth->slope, unit_of_slope(growth->kind), growth->intervals, units_bytes(more).s,
		units_count(growth->iterations).s,
		growth->kind == RESULT_SERIES_MARK   ? " turns of '"
		: growth->kind == RESULT_SERIES_TIME ? " of them"
						     : " collections",
		growth->kind == RESULT_SERIES_MARK ? growth->series : "",
		growth->kind == RESULT_SERIES_MARK ? "'" : "");
	if (!violation.scope || !violation.accept || !violation.suppress || !violation.message)
		return -ENOMEM;
	return judge_add(judge, violation);
}

int judge_growth(struct judge *judge)
{
	const struct limit *limit = config_find(judge->config, "process", LIMITS_GROWTH, false);
	bool is_alone = !judge->baseline;
	int r = 0;

	if (!limit || limit->value.off)
		return 0;
	if (!judge->facts.series) {
		static const char text[] =
			"growth cannot be judged: it needs %" PRIu64
			" moments to compare, not counting the first %" PRIu64
			" (marks of one name, full collections, or a longer run)";

		for (size_t i = 0; i < judge->config->limits.count; i++)
			is_alone &= judge->config->limits.at[i].value.relative ||
				    judge->config->limits.at[i].metric == LIMITS_GROWTH;
		return is_alone || judge->config->growth_asked
			       ? judge_reason(judge, text, judge->config->intervals + 1,
					      judge->config->warmup)
			       : judge_note(judge, text, judge->config->intervals + 1,
					    judge->config->warmup);
	}
	judge->result->rules++;
	for (size_t i = 0; i < judge->facts.growth.count && r == 0; i++) {
		const struct facts_growth *growth = &judge->facts.growth.at[i];

		if (growth->slope > limit->value.bytes &&
		    !judge_suppressed(judge, growth->sig, growth->stack,
				      growth->last - growth->first))
			r = add_growth(judge, growth, limit->value.bytes);
	}
	return r;
}
