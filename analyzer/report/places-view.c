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

/* The machinery of "import" stands between every module and its importer. */
static enum places_class python_class(const struct places_view *view,
				      const struct report_frame *frame)
{
	const char *file =
		frame->file == REPORT_NONE ? "" : intern_get(&view->report->strings, frame->file);

	return !view->python || strncmp(file, "<frozen importlib", 17) == 0 ? PLACES_SYSTEM
									    : PLACES_OWN;
}

static enum places_class class_of(const struct places_view *view, const struct report_frame *frame)
{
	const struct report *report = view->report;
	const char *module =
		frame->module == REPORT_NONE ? "" : intern_get(&report->strings, frame->module);
	const char *function = intern_get(&report->strings, frame->function);

	if (frame->kind == RESOLVE_PYTHON)
		return python_class(view, frame);
	if (frame->kind == RESOLVE_CUT)
		return PLACES_OWN;
	if (names_is_entry(function))
		return PLACES_ENTRY;
	if (names_is_plumbing(function))
		return PLACES_PLUMBING;
	if (names_is_system(module) || (view->python && names_is_interpreter(module)))
		return PLACES_SYSTEM;
	return view->python && view->frames == REPORT_FRAMES_PYTHON ? PLACES_SYSTEM : PLACES_OWN;
}

/* What a walk from the leaf has seen that may have to answer. */
struct candidates {
	uint32_t system;   /* of a run-time library */
	uint32_t nameless; /* without a name */
	uint32_t native;   /* the answer, if there is no Python */
};

/*
 * In a stripped object the first function with a name, which the object
 * exports, says more than addresses below it.
 */
static void consider(const struct report *report, uint32_t at, struct candidates *seen)
{
	const struct report_frame *frame = &report->frames.at[report->stacks.at[at].frame];

	if (seen->native != REPORT_NONE)
		return;
	if (seen->nameless == REPORT_NONE) {
		if (frame->named)
			seen->native = at;
		else
			seen->nameless = at;
		return;
	}
	if (report->frames.at[report->stacks.at[seen->nameless].frame].module != frame->module)
		seen->native = seen->nameless;
	else if (frame->named)
		seen->native = at;
}

uint32_t places_culprit(const struct places_view *view, uint32_t stack)
{
	const struct report *report = view->report;
	struct candidates seen = { REPORT_NONE, REPORT_NONE, REPORT_NONE };

	if (view->inner && stack != REPORT_NONE && view->inner[stack] != REPORT_NONE)
		return view->inner[stack];
	for (uint32_t at = stack; at != REPORT_NONE; at = report->stacks.at[at].caller) {
		uint32_t frame = report->stacks.at[at].frame;

		if (view->classes[frame] == PLACES_SYSTEM && seen.system == REPORT_NONE)
			seen.system = at;
		if (view->classes[frame] != PLACES_OWN)
			continue;
		consider(report, at, &seen);
		if (seen.native != REPORT_NONE)
			return seen.native;
	}
	if (seen.nameless != REPORT_NONE)
		return seen.nameless;
	return seen.system != REPORT_NONE ? seen.system : stack;
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

/* The part of @stack whose leaf is the first frame that is no plumbing, so far. */
static uint32_t first_own(const struct places_view *view, uint32_t stack)
{
	const struct report_stack *stacks = view->report->stacks.at;

	while (stack != REPORT_NONE && view->classes[stacks[stack].frame] != PLACES_OWN)
		stack = stacks[stack].caller;
	return stack;
}

/* Callers of frames without a name that answer for sites, so far. */
static int count_callers(const struct places_view *view, const report_sites *sites,
			 struct idmap *pairs, uint32_t *callers)
{
	const struct report *report = view->report;

	for (size_t i = 0; i < sites->count; i++) {
		uint32_t stack = first_own(view, sites->at[i].stack);
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

/* Deep stacks of native functions need not be climbed for each site. */
static int find_python(struct places_view *view)
{
	const struct report *report = view->report;

	view->inner = malloc((report->stacks.count + 1) * sizeof(*view->inner));
	if (!view->inner)
		return -ENOMEM;

	/* Callers come before those they call. */
	for (size_t i = 0; i < report->stacks.count; i++) {
		const struct report_stack *stack = &report->stacks.at[i];
		bool is_own = report->frames.at[stack->frame].kind == RESOLVE_PYTHON &&
			      view->classes[stack->frame] == PLACES_OWN;
		uint32_t above = stack->caller == REPORT_NONE ? REPORT_NONE
							      : view->inner[stack->caller];

		view->inner[i] = is_own ? (uint32_t)i : above;
	}
	return 0;
}

int places_view_init(struct places_view *view, const struct report *report,
		     enum report_frames frames)
{
	struct idmap names = { 0 }, labels = { 0 };
	size_t count = report->frames.count;
	int r = 0;

	view->report = report;
	view->frames = frames;
	view->python = frames != REPORT_FRAMES_NATIVE && has_python(report);
	view->classes = malloc(count + 1);
	view->labels = calloc(count + 1, sizeof(*view->labels));
	view->inner = NULL;
	if (!view->classes || !view->labels)
		r = -ENOMEM;

	for (size_t i = 0; i < count && r >= 0; i++) {
		const struct report_frame *frame = &report->frames.at[i];
		uint32_t name;

		view->classes[i] = (uint8_t)class_of(view, frame);
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
	if (r >= 0 && view->python)
		r = find_python(view);
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
	free(view->inner);
	*view = (struct places_view){ 0 };
}
