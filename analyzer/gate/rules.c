/* SPDX-License-Identifier: Apache-2.0 */
/* The rules: trust, growth, budgets, totals and leaks against the baseline. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/units.h"
#include "gate/judge.h"
#include "gate/scope.h"
#include "report/names.h"

/* --------------------------------------------------------------------- trust */

static int distrust(struct judge *judge, const struct report_process *process, const char *why)
{
	judge->untrusted = true;
	return judge_reason(judge, "process %" PRIu32 " (%s) %s", process->pid,
			    names_base(process->exe), why);
}

static int judge_end(struct judge *judge, const struct report_process *process, bool is_first)
{
	switch (process->end.kind) {
	case RESULT_END_EXIT:
	case RESULT_END_EXEC:
		break;
	case RESULT_END_SIGNAL:
		return distrust(judge, process,
				"was ended by a signal: what it would have freed "
				"is not known");
	case RESULT_END_RUNNING:
		return distrust(judge, process, "was still running");
	case RESULT_END_UNKNOWN:
		/* Pools end their workers so. */
		if (process->forked && !is_first)
			return judge_note(judge,
					  "process %" PRIu32
					  " (%s) was ended from outside: what it "
					  "held at its end is not judged",
					  process->pid, names_base(process->exe));
		return distrust(judge, process, "was cut off: how it ended is not known");
	}
	return 0;
}

int judge_trust(struct judge *judge)
{
	int r = 0;

	for (size_t i = 0; i < judge->count && r == 0; i++) {
		const struct report *report = judge->reports[i];

		if (!report->processes.count) {
			judge->untrusted = true;
			r = judge_reason(judge, "nothing was recorded");
		}
		for (size_t k = 0; k < report->processes.count && r == 0; k++) {
			const struct report_process *process = &report->processes.at[k];

			if (!process->trust.complete)
				r = distrust(judge, process,
					     process->trust.off_reason ? process->trust.off_reason
								       : "was not recorded whole");
			if (r == 0 && process->sample_bytes)
				r = distrust(judge, process, "was only sampled");
			if (r == 0)
				r = judge_end(judge, process, k == 0);
		}
	}
	return r;
}

/* -------------------------------------------------------------------- growth */

static const char *suppress_command(struct judge *judge, uint64_t sig, const char *where)
{
	char name[64];
	size_t used = 0;

	/* The function's name, without what a shell or the file would stumble over. */
	for (; *where && *where != ' ' && used + 1 < sizeof(name); where++)
		if (!strchr("'\"\\[]%", *where))
			name[used++] = *where;
	name[used] = '\0';
	return judge_text(judge,
			  "printf '[suppress \"%s\"]\\n\\tmatch = sig:%016" PRIx64
			  "\\n\\treason = WHY\\n' >> %s",
			  used ? name : "leak", sig,
			  judge->config->path ? judge->config->path : ".tenure");
}

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
		.suppress = suppress_command(judge, growth->sig, growth->where),
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
			" moments to compare after the first %" PRIu64
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

/* ------------------------------------------------------------------- budgets */

/* The site of the scope that counts most, to show where. */
static void find_top(const struct judge *judge, const char *scope, enum limits_metric metric,
		     struct gate_violation *violation)
{
	const struct report *report = judge->report;
	bool whole = strncmp(scope, "process", 7) == 0 || strncmp(scope, "phase:", 6) == 0 ||
		     strncmp(scope, "type:", 5) == 0;
	uint64_t most = 0;

	violation->stack = REPORT_NONE;
	for (uint32_t i = 0; i < report->processes.count; i++) {
		const struct report_process *process = &report->processes.at[i];

		for (size_t k = 0; k < process->sites.count; k++) {
			const struct report_site *site = &process->sites.at[k];
			uint64_t value = metric == LIMITS_PEAK	      ? site->peak_bytes
					 : metric == LIMITS_LIVE      ? site->live_bytes
					 : metric == LIMITS_SURVIVORS ? site->alive_bytes[2]
					 : metric == LIMITS_TEMPORARY ? site->temporary
					 : metric == LIMITS_ALLOCATED ? site->bytes
								      : site->allocations;

			if (value <= most || (!whole && !scope_matches(scope, &judge->views[0],
								       site->sig, site->stack)))
				continue;
			most = value;
			violation->process = i;
			violation->stack = site->stack;
		}
	}
}

static const char *words_of(enum limits_metric metric)
{
	static const char *const words[LIMITS_COUNT] = {
		[LIMITS_PEAK] = "peak",
		[LIMITS_LIVE] = "live at the end",
		[LIMITS_SURVIVORS] = "in the oldest generation at the end",
		[LIMITS_ALLOCATIONS] = "allocations",
		[LIMITS_ALLOCATED] = "allocated",
		[LIMITS_TEMPORARY] = "temporary allocations",
	};

	return words[metric];
}

static int add_figure(struct judge *judge, struct gate_violation *violation,
		      enum limits_metric metric, const char *compared)
{
	struct strbuf text = { 0 }, where = { 0 };
	int r;

	find_top(judge, violation->scope, metric, violation);
	if (violation->stack != REPORT_NONE)
		scope_where(&where, &judge->views[0], violation->stack);
	strbuf_addf(&text, "%s: ", words_of(metric));
	limits_print(&text, violation->unit, violation->got);
	strbuf_adds(&text, ", allowed ");
	limits_print(&text, violation->unit, violation->limit);
	if (violation->has_baseline) {
		strbuf_addf(&text, " (%s ", compared);
		limits_print(&text, violation->unit, violation->baseline);
		strbuf_addc(&text, ')');
	}
	violation->metric = limits_name(metric);
	violation->where = strbuf_get(&where);
	violation->message = strbuf_get(&text);
	r = text.failed || where.failed ? -ENOMEM : judge_add(judge, *violation);
	strbuf_fini(&text);
	strbuf_fini(&where);
	return r;
}

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
		r = violation.accept ? add_figure(judge, &violation, limit->metric, "") : -ENOMEM;
	}
	return r;
}

/* ------------------------------------------------------------------ baseline */

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

static const char *accept_command(struct judge *judge, const char *what)
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

		if (!limit || limit->value.off || metric == LIMITS_LEAKS)
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
		violation.accept = accept_command(judge, limits_name(metric));
		r = violation.accept ? add_figure(judge, &violation, metric, "baseline") : -ENOMEM;
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
		.suppress = suppress_command(judge, fact->sig, fact->where),
	};

	(void)snprintf(sig, sizeof(sig), "%016" PRIx64, fact->sig);
	violation.accept = accept_command(judge, sig);
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
