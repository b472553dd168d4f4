/* SPDX-License-Identifier: Apache-2.0 */
/* Which frames answer for memory, and which only passed the wish on. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "report/names.h"
#include "report/places.h"
#include "symbol/resolve.h"

#define WRAPPER_CALLERS 6u /* distinct places that call a wrapper, at least */
#define WRAPPERS_DEEP	3u /* wrappers of wrappers */

/* Whether any frame is a Python function: then the interpreter's own say little. */
static bool has_python(const struct report *report)
{
	for (size_t i = 0; i < report->frames.count; i++) {
		if (report->frames.at[i].kind == RESOLVE_PYTHON)
			return true;
	}
	return false;
}

static bool is_interpreter(const char *module)
{
	const char *base = names_base(module);

	return strncmp(base, "libpython", 9) == 0 || strncmp(base, "python3", 7) == 0;
}

static enum places_class class_of(const struct report *report, const struct report_frame *frame,
				  bool python)
{
	const char *module =
		frame->module == REPORT_NONE ? "" : intern_get(&report->strings, frame->module);
	const char *function = intern_get(&report->strings, frame->function);

	if (frame->kind == RESOLVE_PYTHON && frame->file != REPORT_NONE &&
	    strncmp(intern_get(&report->strings, frame->file), "<frozen importlib", 17) == 0)
		return PLACES_SYSTEM;
	if (frame->kind != RESOLVE_NATIVE)
		return PLACES_OWN;
	if (names_is_entry(function))
		return PLACES_ENTRY;
	if (names_is_plumbing(function))
		return PLACES_PLUMBING;
	if (names_is_system(module) || (python && is_interpreter(module)))
		return PLACES_SYSTEM;
	return PLACES_OWN;
}

uint32_t places_culprit(const struct places_view *view, uint32_t stack)
{
	const struct report *report = view->report;
	uint32_t system = REPORT_NONE, nameless = REPORT_NONE;

	for (uint32_t at = stack; at != REPORT_NONE; at = report->stacks.at[at].caller) {
		uint32_t frame = report->stacks.at[at].frame;
		enum places_class class = view->classes[frame];

		if (class == PLACES_OWN) {
			/* An extension without names: the Python code that called it says more. */
			if (report->frames.at[frame].kind == RESOLVE_PYTHON)
				return at;
			if (report->frames.at[frame].named || !view->python)
				return nameless != REPORT_NONE ? nameless : at;
			if (nameless == REPORT_NONE)
				nameless = at;
		}
		if (class == PLACES_SYSTEM && system == REPORT_NONE)
			system = at;
	}
	if (nameless != REPORT_NONE)
		return nameless;
	return system != REPORT_NONE ? system : stack;
}

/* Counts that one more caller reaches @frame, if this one was not counted yet. */
static int count_caller(const struct places_view *view, uint32_t frame, uint32_t caller,
			struct idmap *pairs, uint32_t *callers)
{
	uint32_t ignored;
	int r = idmap_add(pairs, idmap_pair(view->labels[frame], view->labels[caller]), 0,
			  &ignored);

	if (r == 1)
		callers[view->labels[frame]]++;
	return r < 0 ? r : 0;
}

/* Callers of frames without a name that answer for sites, so far. */
static int count_callers(const struct places_view *view, const report_sites *sites,
			 struct idmap *pairs, uint32_t *callers)
{
	const struct report *report = view->report;

	for (size_t i = 0; i < sites->count; i++) {
		uint32_t stack = places_culprit(view, sites->at[i].stack);
		uint32_t above;
		int r;

		if (stack == REPORT_NONE)
			continue;
		above = report->stacks.at[stack].caller;
		if (above == REPORT_NONE || report->frames.at[report->stacks.at[stack].frame].named)
			continue;
		r = count_caller(view, report->stacks.at[stack].frame,
				 report->stacks.at[above].frame, pairs, callers);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Takes frames without a name that many call for wrappers. */
static int find_wrappers(struct places_view *view)
{
	const struct report *report = view->report;
	uint32_t *callers = calloc(report->frames.count + 1, sizeof(*callers));
	struct idmap pairs = { 0 };
	int r = callers ? 0 : -ENOMEM;

	for (size_t i = 0; i < report->processes.count && r == 0; i++)
		r = count_callers(view, &report->processes.at[i].sites, &pairs, callers);
	for (size_t i = 0; i < report->frames.count && r == 0; i++) {
		if (!report->frames.at[i].named && callers[view->labels[i]] >= WRAPPER_CALLERS)
			view->classes[i] = PLACES_PLUMBING;
	}
	idmap_fini(&pairs);
	free(callers);
	return r;
}

int places_view_init(struct places_view *view, const struct report *report)
{
	struct idmap names = { 0 }, labels = { 0 };
	size_t count = report->frames.count;
	int r = 0;

	view->report = report;
	view->python = has_python(report);
	view->classes = malloc(count + 1);
	view->labels = calloc(count + 1, sizeof(*view->labels));
	if (!view->classes || !view->labels)
		r = -ENOMEM;

	for (size_t i = 0; i < count && r >= 0; i++) {
		const struct report_frame *frame = &report->frames.at[i];
		uint32_t name;

		view->classes[i] = (uint8_t)class_of(report, frame, view->python);
		r = idmap_add(&names, idmap_pair(frame->function, frame->file),
			      (uint32_t)names.count, &name);
		if (r >= 0)
			r = idmap_add(&labels, idmap_pair(name, frame->line),
				      (uint32_t)labels.count, &view->labels[i]);
	}
	idmap_fini(&names);
	idmap_fini(&labels);
	for (unsigned int i = 0; i < WRAPPERS_DEEP && r >= 0; i++)
		r = find_wrappers(view);
	if (r < 0) {
		places_view_fini(view);
		return r;
	}
	return 0;
}

void places_view_fini(struct places_view *view)
{
	free(view->classes);
	free(view->labels);
	*view = (struct places_view){ 0 };
}
