/* SPDX-License-Identifier: Apache-2.0 */
/* Which leaks of a report the rules of a set match. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "report/names.h"
#include "report/report.h"
#include "report/suppress.h"
#include "report/words.h"

bool suppress_glob(const char *pattern, const char *text, bool question)
{
	const char *star = NULL, *back = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			back = text;
		} else if (*pattern == *text || (question && *pattern == '?')) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++back;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* What a frame says, "" where it says nothing. */
struct says {
	const char *function;
	const char *file;
	const char *module;
	uint32_t line;
};

static const char *string(const struct report *report, uint32_t id)
{
	return id == REPORT_NONE ? "" : intern_get(&report->strings, id);
}

static struct says read_frame(const struct report *report, uint32_t stack)
{
	const struct report_frame *frame = &report->frames.at[report->stacks.at[stack].frame];

	return (struct says){ string(report, frame->function), string(report, frame->file),
			      string(report, frame->module), frame->line };
}

static bool matches_source(const char *pattern, const struct says *says)
{
	char place[4096 + 16];

	(void)snprintf(place, sizeof(place), "%s:%u", says->file, says->line);
	return *says->file && (suppress_glob(pattern, says->file, true) ||
			       suppress_glob(pattern, names_base(says->file), true) ||
			       suppress_glob(pattern, place, true) ||
			       suppress_glob(pattern, names_base(place), true));
}

static bool matches_frame(const struct suppress_frame *frame, const struct says *says)
{
	switch (frame->kind) {
	case SUPPRESS_ANY:
		return suppress_glob(frame->pattern, says->function, false) ||
		       suppress_glob(frame->pattern, says->module, false) ||
		       (*says->file && suppress_glob(frame->pattern, says->file, false));
	case SUPPRESS_FUNCTION:
		return suppress_glob(frame->pattern, says->function, true);
	case SUPPRESS_OBJECT:
		return suppress_glob(frame->pattern, says->module, true);
	case SUPPRESS_SOURCE:
		return matches_source(frame->pattern, says);
	case SUPPRESS_ELLIPSIS:
		break;
	}
	return false;
}

static bool matches_any(const struct report *report, const struct suppress_frame *frame,
			uint32_t stack)
{
	for (; stack != REPORT_NONE; stack = report->stacks.at[stack].caller) {
		const struct says says = read_frame(report, stack);

		if (matches_frame(frame, &says))
			return true;
	}
	return false;
}

/* Frames one after the other from @stack on; after an ellipsis at the first place that fits. */
static bool matches_frames(const struct report *report, const struct suppress_rule *rule,
			   size_t frame, uint32_t stack)
{
	size_t retry_frame = SIZE_MAX;
	uint32_t retry_stack = REPORT_NONE;

	while (frame < rule->frames.count) {
		const struct suppress_frame *at = &rule->frames.at[frame];
		struct says says;

		if (at->kind == SUPPRESS_ELLIPSIS) {
			retry_frame = ++frame;
			retry_stack = stack;
			continue;
		}
		if (stack != REPORT_NONE) {
			says = read_frame(report, stack);
			if (matches_frame(at, &says)) {
				frame++;
				stack = report->stacks.at[stack].caller;
				continue;
			}
		}
		if (retry_frame == SIZE_MAX || retry_stack == REPORT_NONE)
			return false;
		frame = retry_frame;
		stack = retry_stack = report->stacks.at[retry_stack].caller;
	}
	return true;
}

/* Valgrind's lists name the allocator's function first, which our stacks do not have. */
static bool matches_stack(const struct report *report, const struct suppress_rule *rule,
			  uint32_t fn, uint32_t stack)
{
	const struct suppress_frame *first = &rule->frames.at[0];
	const struct says allocator = { words_get(&words_fn, fn), "", "", 0 };

	if (first->kind == SUPPRESS_ANY)
		return matches_any(report, first, stack);
	return matches_frames(report, rule, 0, stack) ||
	       (first->kind == SUPPRESS_FUNCTION && matches_frame(first, &allocator) &&
		matches_frames(report, rule, 1, stack));
}

static bool matches(const struct report *report, const struct suppress_rule *rule,
		    const struct report_leak *leak)
{
	if (!(rule->classes & 1u << leak->class))
		return false;
	if (matches_stack(report, rule, leak->fn, leak->stack))
		return true;
	for (size_t i = 0; i < leak->members.count; i++)
		if (matches_stack(report, rule, leak->members.at[i].fn, leak->members.at[i].stack))
			return true;
	return false;
}

/* Is it about a library of another version? */
static bool is_other_version(const struct suppress_rule *rule, const struct report_process *process)
{
	return rule->python &&
	       (!process->python.version ||
		strncmp(process->python.version, rule->python, strlen(rule->python)) != 0);
}

/* @is_end: what was found at marks is not added to it, for it may still be there at the end. */
static void mark(struct suppress *suppress, const struct report *report,
		 const struct report_process *process, struct report_leak *leak, bool is_end)
{
	leak->suppressed = 0;
	for (size_t i = 0; i < suppress->rules.count && !leak->suppressed; i++) {
		struct suppress_rule *rule = &suppress->rules.at[i];

		if (is_other_version(rule, process) || !matches(report, rule, leak))
			continue;
		leak->suppressed = (uint32_t)i + 1;
		rule->used++;
		/* What is lost through others counts with them. */
		if (leak->class == LEAKS_LOST_THROUGH || !is_end)
			continue;
		rule->own.blocks += leak->own.blocks + leak->indirect.blocks;
		rule->own.bytes += leak->own.bytes + leak->indirect.bytes;
	}
}

/* Our own rules are of interest only if they did something. */
static bool is_listed(const struct suppress_rule *rule)
{
	return rule->used || rule->source != REPORT_SUPPRESSION_BUILTIN;
}

static void renumber(report_leaks *leaks, const uint32_t *numbers)
{
	for (size_t i = 0; i < leaks->count; i++)
		if (leaks->at[i].suppressed)
			leaks->at[i].suppressed = numbers[leaks->at[i].suppressed - 1];
}

static int list(const struct suppress *suppress, struct report *report)
{
	uint32_t *numbers = calloc(suppress->rules.count + 1, sizeof(*numbers));
	int r = numbers ? 0 : -ENOMEM;

	vec_clear(&report->suppressions);
	for (size_t i = 0; i < suppress->rules.count && r == 0; i++) {
		const struct suppress_rule *rule = &suppress->rules.at[i];
		struct report_suppression entry = {
			.name = report_text(report, rule->name),
			.source = rule->source,
			.line = rule->line,
			.used = rule->used,
			.own = rule->own,
			.file = rule->file ? report_text(report, rule->file) : "",
			.reason = rule->reason ? report_text(report, rule->reason) : "",
		};

		if (!is_listed(rule))
			continue;
		r = entry.name && entry.file && entry.reason
			    ? vec_push(&report->suppressions, entry)
			    : -ENOMEM;
		numbers[i] = (uint32_t)report->suppressions.count;
	}
	for (size_t p = 0; p < report->processes.count && r == 0; p++) {
		struct report_process *process = &report->processes.at[p];

		renumber(&process->leaks, numbers);
		for (size_t i = 0; i < process->looks.count; i++)
			renumber(&process->looks.at[i].leaks, numbers);
	}
	free(numbers);
	return r;
}

int suppress_apply(struct suppress *suppress, struct report *report)
{
	for (size_t i = 0; i < suppress->rules.count; i++) {
		suppress->rules.at[i].used = 0;
		suppress->rules.at[i].own = (struct leaks_count){ 0 };
	}
	for (size_t p = 0; p < report->processes.count; p++) {
		struct report_process *process = &report->processes.at[p];

		for (size_t i = 0; i < process->leaks.count; i++)
			mark(suppress, report, process, &process->leaks.at[i], true);
		for (size_t i = 0; i < process->looks.count; i++)
			for (size_t k = 0; k < process->looks.at[i].leaks.count; k++)
				mark(suppress, report, process, &process->looks.at[i].leaks.at[k],
				     false);
	}
	return list(suppress, report);
}

void suppress_fini(struct suppress *suppress)
{
	for (size_t i = 0; i < suppress->rules.count; i++)
		vec_fini(&suppress->rules.at[i].frames);
	vec_fini(&suppress->rules);
	arena_fini(&suppress->texts);
}
