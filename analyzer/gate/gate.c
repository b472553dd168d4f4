/* SPDX-License-Identifier: Apache-2.0 */
/* From reports to a verdict: the rules one by one, and what they amount to. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "gate/judge.h"
#include "gate/scope.h"
#include "report/report.h"

static const char *vtext(struct judge *judge, const char *format, va_list args) attr_printf(2, 0);

static const char *vtext(struct judge *judge, const char *format, va_list args)
{
	struct strbuf text = { 0 };
	const char *copy;

	strbuf_vaddf(&text, format, args);
	copy = text.failed ? NULL : report_text(judge->report, strbuf_get(&text));
	strbuf_fini(&text);
	return copy;
}

const char *judge_text(struct judge *judge, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = vtext(judge, format, args);
	va_end(args);
	return text;
}

static int add_text(report_texts *texts, const char *text)
{
	return text ? vec_push(texts, text) : -ENOMEM;
}

int judge_reason(struct judge *judge, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = vtext(judge, format, args);
	va_end(args);
	return add_text(&judge->result->reasons, text);
}

int judge_note(struct judge *judge, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = vtext(judge, format, args);
	va_end(args);
	return add_text(&judge->result->notes, text);
}

int judge_add(struct judge *judge, struct gate_violation violation)
{
	const char **texts[] = { &violation.scope,   &violation.metric, &violation.where,
				 &violation.message, &violation.accept, &violation.suppress };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		*texts[i] = report_text(judge->report, *texts[i] ? *texts[i] : "");
		if (!*texts[i])
			return -ENOMEM;
	}
	violation.culprit = violation.stack == REPORT_NONE
				    ? REPORT_NONE
				    : places_culprit(&judge->views[0], violation.stack);
	return vec_push(&judge->result->violations, violation);
}

bool judge_suppressed(struct judge *judge, uint64_t sig, uint32_t stack, uint64_t bytes)
{
	struct gate_config *config = judge->config;

	for (size_t i = 0; i < config->suppressions.count; i++) {
		struct suppression *suppression = &config->suppressions.at[i];

		if (suppression->until && suppression->until < config->today)
			continue;
		if (suppression->has_max && bytes > suppression->max)
			continue;
		if (!scope_matches(suppression->match, &judge->views[0], sig, stack))
			continue;
		suppression->used++;
		judge->result->suppressed++;
		return true;
	}
	return false;
}

static int note_suppressions(struct judge *judge)
{
	const struct gate_config *config = judge->config;
	int r = 0;

	for (size_t i = 0; i < config->suppressions.count && r == 0; i++) {
		const struct suppression *suppression = &config->suppressions.at[i];
		uint32_t day = suppression->until;

		if (day && day < config->today)
			r = judge_note(judge, "suppression '%s' has expired on %04u-%02u-%02u",
				       suppression->name, day / 10000, day / 100 % 100, day % 100);
		else if (!suppression->used)
			r = judge_note(judge, "suppression '%s' was not used", suppression->name);
		else
			r = judge_note(judge, "suppression '%s' was used %llu times (%s)",
				       suppression->name, (unsigned long long)suppression->used,
				       suppression->reason);
	}
	return r;
}

static int by_weight(const void *a, const void *b)
{
	const struct gate_violation *x = a, *y = b;
	uint64_t more_x = x->got - x->limit, more_y = y->got - y->limit;

	/* Growth first, then by how much is too much; the rest only makes it a total order. */
	if ((x->rule == GATE_GROWTH) != (y->rule == GATE_GROWTH))
		return x->rule == GATE_GROWTH ? -1 : 1;
	if ((x->unit == GATE_BLOCKS) != (y->unit == GATE_BLOCKS))
		return x->unit == GATE_BLOCKS ? 1 : -1;
	if (more_x != more_y)
		return more_x > more_y ? -1 : 1;
	if (x->sig != y->sig)
		return x->sig < y->sig ? -1 : 1;
	return strcmp(x->metric, y->metric);
}

static int apply_rules(struct judge *judge)
{
	int r = judge_trust(judge);

	if (r == 0)
		r = judge_growth(judge);
	if (r == 0)
		r = judge_budgets(judge);
	if (r == 0 && judge->baseline)
		r = judge_totals(judge);
	if (r == 0 && judge->baseline)
		r = judge_leaks(judge);
	if (r == 0 && judge->baseline)
		r = judge_new_cycles(judge);
	if (r == 0 && !judge->result->rules && !judge->result->reasons.count)
		r = judge_reason(
			judge,
			"there is nothing to judge by: no rule is on, or none could be used");
	if (r == 0)
		r = note_suppressions(judge);
	return r;
}

/* What all runs have in common. */
static int meet_runs(struct judge *judge)
{
	int r = 0;

	for (size_t i = 0; i < judge->count && r == 0; i++)
		r = places_view_init(&judge->views[i], judge->reports[i], REPORT_FRAMES_MIXED);
	if (r == 0)
		r = facts_init(&judge->facts, &judge->views[0], judge->config);
	for (size_t i = 1; i < judge->count && r == 0; i++) {
		struct facts other = { 0 };

		r = facts_init(&other, &judge->views[i], judge->config);
		if (r == 0)
			facts_meet(&judge->facts, &other);
		facts_fini(&other);
	}
	return r;
}

int gate_judge(struct report *const *reports, size_t count, struct gate_config *config,
	       const struct baseline *baseline, const char *accept_file)
{
	struct judge judge = {
		.reports = reports,
		.count = count,
		.views = calloc(count, sizeof(struct places_view)),
		.config = config,
		.baseline = baseline,
		.file = accept_file ? accept_file : "REPORT",
		.report = reports[0],
		.result = &reports[0]->gate,
	};
	struct gate_result *result = judge.result;
	int r = judge.views ? 0 : -ENOMEM;

	vec_clear(&result->violations);
	vec_clear(&result->reasons);
	vec_clear(&result->notes);
	result->suppressed = result->rules = 0;
	result->runs = count;
	if (r == 0)
		r = meet_runs(&judge);
	if (r == 0)
		r = apply_rules(&judge);
	if (result->violations.count)
		qsort(result->violations.at, result->violations.count,
		      sizeof(*result->violations.at), by_weight);
	result->verdict = judge.untrusted	     ? GATE_INCONCLUSIVE
			  : result->violations.count ? GATE_FAIL
			  : result->reasons.count    ? GATE_INCONCLUSIVE
						     : GATE_PASS;

	facts_fini(&judge.facts);
	for (size_t i = 0; judge.views && i < count; i++)
		places_view_fini(&judge.views[i]);
	free(judge.views);
	return r;
}
