/* SPDX-License-Identifier: Apache-2.0 */
/* Totals and leaks against the baseline. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "gate/judge.h"

static bool differ(const char *a, const char *b)
{
	return strcmp(a, b) != 0;
}

/* May this baseline be compared with?  Return: 1 yes, 0 no, -ENOMEM. */
static int compare_environment(struct judge *judge)
{
	const struct facts_environment *now = &judge->facts.environment;
	const struct facts_environment *then = &judge->baseline->environment;
	const struct {
		const char *what, *then, *now;
	} keys[] = {
		{ "system", then->loader, now->loader },
		{ "Python", then->python, now->python },
		{ "allocator", then->allocator, now->allocator },
		{ "sampling", then->sampling, now->sampling },
	};
	int is_same = 1;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!differ(keys[i].then, keys[i].now))
			continue;
		is_same = 0;
		if (judge_reason(judge,
				 "the baseline is from another environment: its %s was '%s', this "
				 "one is '%s'",
				 keys[i].what, keys[i].then, keys[i].now) < 0)
			return -ENOMEM;
	}
	if (differ(then->threads, now->threads) &&
	    judge_note(judge, "in the baseline %s threads allocated, here %s", then->threads,
		       now->threads) < 0)
		return -ENOMEM;
	if (differ(then->hash_seed, now->hash_seed) &&
	    judge_note(judge,
		       "PYTHONHASHSEED was '%s' in the baseline, here '%s': small differences "
		       "mean nothing (--deterministic makes it 0)",
		       then->hash_seed, now->hash_seed) < 0)
		return -ENOMEM;
	return is_same;
}

/* Threads make the peak vary; unless somebody has said what is allowed, allow for it. */
static struct limits_value value_of(const struct judge *judge, const struct limit *limit)
{
	struct limits_value value = limit->value;

	if (!limit->line && limit->metric == LIMITS_PEAK && value.percent == 500 &&
	    !differ(judge->facts.environment.threads, "several"))
		value.percent = 1000;
	return value;
}

const char *judge_accept_command(struct judge *judge, const char *what)
{
	return judge_text(judge, "tenure baseline accept --reason=WHY %s%s%s%s %s",
			  judge->result->baseline[0] ? "--baseline=" : "", judge->result->baseline,
			  judge->result->baseline[0] ? " " : "", what, judge->file);
}

int judge_totals(struct judge *judge)
{
	const struct gate_config *config = judge->config;
	int r = compare_environment(judge);

	if (r <= 0) {
		judge->baseline = NULL;
		return r;
	}
	r = 0;
	for (unsigned int i = 0; i < LIMITS_COUNT && r == 0; i++) {
		enum limits_metric metric = (enum limits_metric)i;
		const struct limit *limit = config_find(config, "process", metric, true);
		struct gate_violation violation = { .rule = GATE_TOTAL, .scope = "process" };
		struct limits_value value;

		if (!limit || limit->value.off || limits_is_by_signature(metric))
			continue;
		judge->result->rules++;
		value = value_of(judge, limit);
		violation.unit = limits_unit(metric);
		violation.got = judge->facts.totals[metric];
		violation.has_baseline = true;
		violation.baseline = judge->baseline->totals[metric];
		violation.limit = limits_allowed(&value, violation.baseline);
		violation.delta = (int64_t)(violation.got - violation.baseline);
		if (violation.got <= violation.limit)
			continue;
		violation.accept = judge_accept_command(judge, limits_name(metric));
		r = violation.accept ? judge_add_figure(judge, &violation, metric) : -ENOMEM;
	}
	return r;
}

static bool is_like(uint64_t a, uint64_t b)
{
	uint64_t more = a > b ? a - b : b - a;

	return more <= b / 20;
}

/*
 * Code that was renamed or moved has a new signature, but holds what another
 * one of its object held, which is gone.  @taken: per entry, used for that already.
 */
static bool has_moved(const struct judge *judge, const struct fact *fact, bool *taken)
{
	const struct baseline *baseline = judge->baseline;

	for (size_t i = 0; i < baseline->entries.count; i++) {
		const struct baseline_entry *entry = &baseline->entries.at[i];
		const struct fact *now = facts_find(&judge->facts, entry->sig);

		if (taken[i] || (now && now->live_blocks) || differ(entry->module, fact->module) ||
		    !is_like(fact->live_bytes, entry->live_bytes) ||
		    !is_like(fact->live_blocks, entry->live_blocks))
			continue;
		taken[i] = true;
		return true;
	}
	return false;
}

static int add_leak(struct judge *judge, const struct fact *fact, uint64_t before, uint64_t allowed)
{
	char sig[20];
	struct gate_violation violation = {
		.rule = GATE_LEAK,
		.scope = judge_text(judge, "sig:%016" PRIx64, fact->sig),
		.metric = "leaks",
		.got = fact->live_bytes,
		.limit = allowed,
		.delta = (int64_t)(fact->live_bytes - before),
		.has_baseline = true,
		.baseline = before,
		.has_sig = true,
		.sig = fact->sig,
		.process = fact->process,
		.stack = fact->stack,
		.where = fact->where,
		.suppress = judge_suppress_command(judge, fact->sig, fact->where),
	};

	(void)snprintf(sig, sizeof(sig), "%016" PRIx64, fact->sig);
	violation.accept = judge_accept_command(judge, sig);
	violation.message =
		before ? judge_text(judge,
				    "leak has grown: %s in %s blocks at the end, baseline %s",
				    units_bytes(fact->live_bytes).s,
				    units_count(fact->live_blocks).s, units_bytes(before).s)
		       : judge_text(judge, "new leak: %s in %s blocks at the end",
				    units_bytes(fact->live_bytes).s,
				    units_count(fact->live_blocks).s);
	if (!violation.scope || !violation.suppress || !violation.accept || !violation.message)
		return -ENOMEM;
	return judge_add(judge, violation);
}

int judge_leaks(struct judge *judge)
{
	const struct limit *limit = config_find(judge->config, "process", LIMITS_LEAKS, true);
	uint64_t moved = 0, gone = 0;
	bool *taken;
	int r = 0;

	if (!judge->baseline || !limit || limit->value.off)
		return 0;
	judge->result->rules++;
	taken = calloc(judge->baseline->entries.count + 1, sizeof(*taken));
	if (!taken)
		return -ENOMEM;
	for (size_t i = 0; i < judge->facts.live.count && r == 0; i++) {
		const struct fact *fact = &judge->facts.live.at[i];
		const struct baseline_entry *entry = baseline_find(judge->baseline, fact->sig);
		uint64_t before = entry ? entry->live_bytes : 0;
		uint64_t allowed = limits_allowed(&limit->value, before);

		if (fact->live_bytes <= allowed)
			continue;
		if (!entry && has_moved(judge, fact, taken))
			moved++;
		else if (!judge_suppressed(judge, fact->sig, fact->stack, fact->live_bytes))
			r = add_leak(judge, fact, before, allowed);
	}
	for (size_t i = 0; i < judge->baseline->entries.count; i++) {
		const struct fact *fact =
			facts_find(&judge->facts, judge->baseline->entries.at[i].sig);

		gone += (!fact || !fact->live_blocks) && !taken[i];
	}
	free(taken);
	if (r == 0 && moved)
		r = judge_note(judge, "%s held elsewhere in the baseline: code that has moved",
			       moved == 1 ? "1 signature was" : "some signatures were");
	if (r == 0 && gone)
		r = judge_note(judge,
			       "%" PRIu64 " %s of the baseline %s gone: 'tenure baseline update' "
			       "takes that over",
			       gone, gone == 1 ? "entry" : "entries", gone == 1 ? "is" : "are");
	return r;
}
