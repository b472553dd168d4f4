/* SPDX-License-Identifier: Apache-2.0 */
/* Which sites are part of what, and what they add up to. */
#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gate/scope.h"
#include "report/names.h"
#include "report/origin.h"
#include "symbol/resolve.h"

const char *scope_after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

const char *scope_phase(const char *scope)
{
	const char *glob = scope_after(scope, "phase:");

	/* The plugin for pytest calls the phase of a test so. */
	if (!glob && scope_after(scope, "test:"))
		glob = scope;
	return glob;
}

/* What stands behind one of the prefixes, if there is something. */
static const char *operand(const char *scope, const char *const *prefixes)
{
	for (; *prefixes; prefixes++) {
		const char *rest = scope_after(scope, *prefixes);

		if (rest)
			return *rest ? rest : NULL;
	}
	return NULL;
}

static const char *const site_scopes[] = { "dso:", "package:", "function:", "sig:", NULL };

bool scope_is_valid(const char *scope)
{
	static const char *const others[] = { "type:", "phase:", "test:", "mark:", NULL };

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
	if (metric == LIMITS_LIVE || scope_after(scope, "mark:"))
		return metric == LIMITS_LIVE;
	if (metric == LIMITS_PEAK)
		return true;
	if (metric == LIMITS_GROWTH || metric == LIMITS_LEAKS || metric == LIMITS_UNCOLLECTABLE ||
	    metric == LIMITS_GC_PAUSE)
		return strcmp(scope, "process") == 0;
	if (metric == LIMITS_TEMPORARY && scope_after(scope, "type:"))
		return false;
	return !scope_phase(scope);
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

	for (const char *at = dotted;; at++) {
		if (fnmatch(package, at, 0) == 0 || fnmatch(pattern, at, 0) == 0)
			return true;
		at = strchr(at, '.');
		if (!at)
			return false;
	}
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

	rest = scope_after(pattern, "sig:");
	if (rest) {
		(void)snprintf(text, sizeof(text), "%016" PRIx64, sig);
		return fnmatch(rest, text, 0) == 0;
	}
	rest = scope_after(pattern, "function:");
	if (rest)
		return is_on_stack(report, stack, rest);
	rest = scope_after(pattern, "leak:");
	if (rest)
		return is_part(report, stack, rest);

	stack = culprit_of(view, stack);
	if (stack == REPORT_NONE)
		return false;
	rest = scope_after(pattern, "dso:");
	if (rest) {
		const char *base = names_base(text_of(report, frame_of(report, stack)->module));

		return *base && fnmatch(rest, base, 0) == 0;
	}
	rest = scope_after(pattern, "package:");
	return rest && frame_of(report, stack)->kind == RESOLVE_PYTHON &&
	       is_in_package(report, text_of(report, frame_of(report, stack)->file), rest);
}

/* Not of a library: the innermost Python function that has a file decides. */
static bool is_own_code(const struct report *report, uint32_t stack)
{
	bool has_python = false;

	for (; stack != REPORT_NONE; stack = report->stacks.at[stack].caller) {
		const struct report_frame *frame = frame_of(report, stack);
		enum origin_file file;

		if (frame->kind != RESOLVE_PYTHON)
			continue;
		file = origin_of_file(text_of(report, frame->file));
		if (file != ORIGIN_FILE_NONE)
			return file == ORIGIN_FILE_APPLICATION;
		has_python = true;
	}
	return has_python;
}

bool scope_has_shape(const char *scope, const struct places_view *view,
		     const struct report_shape *shape)
{
	const char *type = scope_after(scope, "type:");
	bool whole = strcmp(scope, "process") == 0;

	for (size_t i = 0; i < shape->members.count; i++) {
		const struct report_cycle_member *member = &shape->members.at[i];

		if (whole  ? is_own_code(view->report, member->stack)
		    : type ? fnmatch(type, member->type, 0) == 0
			   : scope_matches(scope, view, shape->sig, member->stack))
			return true;
	}
	return false;
}

const struct cycles_edge *scope_edge(const struct report_shape *shape)
{
	for (size_t i = 0; i < shape->edges.count; i++)
		if (shape->edges.at[i].weaken)
			return &shape->edges.at[i];
	return shape->edges.count ? &shape->edges.at[0] : NULL;
}

/* --------------------------------------------------------------------- words */

static const char *type_of(const struct report_shape *shape, uint32_t member)
{
	return *shape->members.at[member].type ? shape->members.at[member].type : "object";
}

void scope_reference(struct strbuf *text, const struct report_shape *shape)
{
	const struct cycles_edge *edge = scope_edge(shape);

	if (!edge)
		return;
	strbuf_adds(text, type_of(shape, edge->from));
	cycles_label(text, edge);
	strbuf_addf(text, " -> %s", type_of(shape, edge->to));
}

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
