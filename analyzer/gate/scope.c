/* SPDX-License-Identifier: Apache-2.0 */
/* Which sites are part of what, and what they add up to. */
#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gate/scope.h"
#include "report/names.h"
#include "symbol/resolve.h"

static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* What stands behind one of the prefixes, if there is something. */
static const char *operand(const char *scope, const char *const *prefixes)
{
	for (; *prefixes; prefixes++) {
		const char *rest = after(scope, *prefixes);

		if (rest)
			return *rest ? rest : NULL;
	}
	return NULL;
}

static const char *const site_scopes[] = { "dso:", "package:", "function:", "sig:", NULL };

bool scope_is_valid(const char *scope)
{
	static const char *const others[] = { "type:", "phase:", NULL };

	return strcmp(scope, "process") == 0 || operand(scope, site_scopes) ||
	       operand(scope, others);
}

bool scope_is_pattern(const char *pattern)
{
	static const char *const leak[] = { "leak:", NULL };

	return operand(pattern, site_scopes) || operand(pattern, leak);
}

bool scope_has(const char *scope, enum limits_metric metric)
{
	if (metric == LIMITS_GROWTH || metric == LIMITS_LEAKS)
		return strcmp(scope, "process") == 0;
	if (after(scope, "phase:"))
		return metric == LIMITS_PEAK || metric == LIMITS_LIVE;
	if (after(scope, "type:"))
		return metric != LIMITS_TEMPORARY && metric != LIMITS_SURVIVORS;
	return true;
}

/* ------------------------------------------------------------------ matching */

static const struct report_frame *frame_of(const struct report *report, uint32_t stack)
{
	return &report->frames.at[report->stacks.at[stack].frame];
}

static const char *text_of(const struct report *report, uint32_t string)
{
	return string == REPORT_NONE ? "" : intern_get(&report->strings, string);
}

static uint32_t culprit_of(const struct places_view *view, uint32_t stack)
{
	return stack == REPORT_NONE ? REPORT_NONE : places_culprit(view, stack);
}

/* The part of a Python file's path that import would know. */
static const char *below_root(const struct report *report, const char *path)
{
	static const char *const roots[] = { "/site-packages/", "/dist-packages/" };
	size_t cwd = strlen(report->cwd);

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		const char *root = strstr(path, roots[i]);

		if (root)
			return root + strlen(roots[i]);
	}
	if (cwd && strncmp(path, report->cwd, cwd) == 0 && path[cwd] == '/')
		return path + cwd + 1;
	return path;
}

/* "src/app/cache.py" is app.cache, and part of app. */
static bool is_in_package(const struct report *report, const char *path, const char *package)
{
	char dotted[512], pattern[256];
	size_t used = 0;

	for (path = below_root(report, path); *path && used + 1 < sizeof(dotted); path++)
		dotted[used++] = *path == '/' ? '.' : *path;
	dotted[used] = '\0';
	if (used > 3 && strcmp(dotted + used - 3, ".py") == 0)
		dotted[used -= 3] = '\0';
	(void)snprintf(pattern, sizeof(pattern), "%s.*", package);

	for (const char *at = dotted; at; at = strchr(at, '.')) {
		at += at != dotted;
		if (fnmatch(package, at, 0) == 0 || fnmatch(pattern, at, 0) == 0)
			return true;
	}
	return false;
}

static bool is_on_stack(const struct report *report, uint32_t stack, const char *glob)
{
	for (; stack != REPORT_NONE; stack = report->stacks.at[stack].caller)
		if (fnmatch(glob, text_of(report, frame_of(report, stack)->function), 0) == 0)
			return true;
	return false;
}

/* As the sanitizers' suppressions: a part of a function, file or object of the stack. */
static bool is_part(const struct report *report, uint32_t stack, const char *part)
{
	for (; stack != REPORT_NONE; stack = report->stacks.at[stack].caller) {
		const struct report_frame *frame = frame_of(report, stack);

		if (strstr(text_of(report, frame->function), part) ||
		    strstr(text_of(report, frame->file), part) ||
		    strstr(text_of(report, frame->module), part))
			return true;
	}
	return false;
}

bool scope_matches(const char *pattern, const struct places_view *view, uint64_t sig,
		   uint32_t stack)
{
	const struct report *report = view->report;
	const char *rest;
	char text[20];

	rest = after(pattern, "sig:");
	if (rest) {
		(void)snprintf(text, sizeof(text), "%016" PRIx64, sig);
		return fnmatch(rest, text, 0) == 0;
	}
	rest = after(pattern, "function:");
	if (rest)
		return is_on_stack(report, stack, rest);
	rest = after(pattern, "leak:");
	if (rest)
		return is_part(report, stack, rest);

	stack = culprit_of(view, stack);
	if (stack == REPORT_NONE)
		return false;
	rest = after(pattern, "dso:");
	if (rest) {
		const char *base = names_base(text_of(report, frame_of(report, stack)->module));

		return *base && fnmatch(rest, base, 0) == 0;
	}
	rest = after(pattern, "package:");
	return rest && frame_of(report, stack)->kind == RESOLVE_PYTHON &&
	       is_in_package(report, text_of(report, frame_of(report, stack)->file), rest);
}

/* ----------------------------------------------------------------- measuring */

bool scope_is_judged(const struct report_process *process)
{
	return process->end.kind == RESULT_END_EXIT;
}

static uint64_t of_process(const struct report_process *process, enum limits_metric metric)
{
	const struct report_totals *totals = &process->totals;
	uint64_t sum = 0;

	switch (metric) {
	case LIMITS_PEAK:
		return totals->peak_bytes;
	case LIMITS_LIVE:
		return scope_is_judged(process) ? totals->live_bytes : 0;
	case LIMITS_ALLOCATIONS:
		return totals->allocations;
	case LIMITS_ALLOCATED:
		return totals->allocated_bytes;
	case LIMITS_TEMPORARY:
		return totals->temporary;
	case LIMITS_SURVIVORS:
		for (size_t i = 0; scope_is_judged(process) && i < process->sites.count; i++)
			sum += process->sites.at[i].alive_bytes[RESULT_GENERATIONS - 1];
		return sum;
	case LIMITS_GROWTH:
	case LIMITS_LEAKS:
	case LIMITS_COUNT:
		break;
	}
	return 0;
}

static uint64_t of_site(const struct report_process *process, const struct report_site *site,
			enum limits_metric metric)
{
	switch (metric) {
	case LIMITS_PEAK:
		return site->peak_bytes;
	case LIMITS_LIVE:
		return scope_is_judged(process) ? site->live_bytes : 0;
	case LIMITS_SURVIVORS:
		return scope_is_judged(process) ? site->alive_bytes[RESULT_GENERATIONS - 1] : 0;
	case LIMITS_ALLOCATIONS:
		return site->allocations;
	case LIMITS_ALLOCATED:
		return site->bytes;
	case LIMITS_TEMPORARY:
		return site->temporary;
	case LIMITS_GROWTH:
	case LIMITS_LEAKS:
	case LIMITS_COUNT:
		break;
	}
	return 0;
}

static uint64_t of_type(const struct report_process *process, const char *glob,
			enum limits_metric metric)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < process->types.count; i++) {
		const struct result_type *type = &process->types.at[i];

		if (fnmatch(glob, type->name, 0) != 0)
			continue;
		if (metric == LIMITS_PEAK)
			sum += type->peak_bytes;
		else if (metric == LIMITS_LIVE && scope_is_judged(process))
			sum += type->live_bytes;
		else if (metric == LIMITS_ALLOCATIONS)
			sum += type->allocations;
		else if (metric == LIMITS_ALLOCATED)
			sum += type->bytes;
	}
	return sum;
}

/* What one phase, from mark @begin on, added (live), or the most it had (peak). */
static uint64_t of_phase(const struct report_process *process, size_t begin,
			 enum limits_metric metric)
{
	const struct report_mark *from = &process->marks.at[begin], *to = NULL;
	uint64_t most = from->heap_bytes;

	for (size_t i = begin + 1; i < process->marks.count && !to; i++) {
		const struct report_mark *mark = &process->marks.at[i];

		if (mark->heap_bytes > most)
			most = mark->heap_bytes;
		if (mark->kind == TENURE_MARK_PHASE_END && strcmp(mark->name, from->name) == 0)
			to = mark;
	}
	if (metric == LIMITS_LIVE)
		return to && to->heap_bytes > from->heap_bytes ? to->heap_bytes - from->heap_bytes
							       : 0;
	/* Intervals that began in the phase: what was before it cannot count. */
	for (size_t i = 0; i < process->timeline.count; i++) {
		const struct report_moment *moment = &process->timeline.at[i];

		if (moment->time_ns >= from->time_ns && (!to || moment->time_ns < to->time_ns) &&
		    moment->heap_bytes > most)
			most = moment->heap_bytes;
	}
	return most;
}

static uint64_t of_phases(const struct report_process *process, const char *glob,
			  enum limits_metric metric)
{
	uint64_t most = 0;

	for (size_t i = 0; i < process->marks.count; i++) {
		const struct report_mark *mark = &process->marks.at[i];
		uint64_t value;

		if (mark->kind != TENURE_MARK_PHASE_BEGIN || fnmatch(glob, mark->name, 0) != 0)
			continue;
		value = of_phase(process, i, metric);
		if (value > most)
			most = value;
	}
	return most;
}

static uint64_t of_sites(const struct places_view *view, const struct report_process *process,
			 const char *scope, enum limits_metric metric)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < process->sites.count; i++) {
		const struct report_site *site = &process->sites.at[i];
		uint64_t value = of_site(process, site, metric);

		if (value && scope_matches(scope, view, site->sig, site->stack))
			sum += value;
	}
	return sum;
}

uint64_t scope_measure(const struct places_view *view, const char *scope, enum limits_metric metric)
{
	const struct report *report = view->report;
	const char *type = after(scope, "type:"), *phase = after(scope, "phase:");
	bool whole = strcmp(scope, "process") == 0;
	uint64_t sum = 0, most = 0;

	for (size_t i = 0; i < report->processes.count; i++) {
		const struct report_process *process = &report->processes.at[i];
		uint64_t value = whole	 ? of_process(process, metric)
				 : type	 ? of_type(process, type, metric)
				 : phase ? of_phases(process, phase, metric)
					 : of_sites(view, process, scope, metric);

		sum += value;
		most = value > most ? value : most;
	}
	return phase || metric == LIMITS_PEAK ? most : sum;
}

/* --------------------------------------------------------------------- words */

void scope_module(struct strbuf *text, const struct places_view *view, uint32_t stack)
{
	const struct report_frame *frame;

	stack = culprit_of(view, stack);
	if (stack == REPORT_NONE)
		return;
	frame = frame_of(view->report, stack);
	if (frame->kind == RESOLVE_PYTHON)
		strbuf_adds(text, below_root(view->report, text_of(view->report, frame->file)));
	else
		names_library(text, text_of(view->report, frame->module));
}

void scope_where(struct strbuf *text, const struct places_view *view, uint32_t stack)
{
	const struct report *report = view->report;
	const struct report_frame *frame;

	stack = culprit_of(view, stack);
	if (stack == REPORT_NONE)
		return;
	frame = frame_of(report, stack);
	if (frame->kind == RESOLVE_NATIVE)
		names_short(text, text_of(report, frame->function), "...");
	else
		strbuf_adds(text, text_of(report, frame->function));
	if (frame->file != REPORT_NONE && frame->line)
		strbuf_addf(text, "  %s:%" PRIu32, below_root(report, text_of(report, frame->file)),
			    frame->line);
	else if (frame->module != REPORT_NONE)
		strbuf_addf(text, "  (%s)", names_base(text_of(report, frame->module)));
}
