/* SPDX-License-Identifier: Apache-2.0 */
/* Sites brought together by the place in the program that is to answer for them. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "report/names.h"
#include "report/places.h"
#include "symbol/resolve.h"

enum frame_class {
	FRAME_OWN,	/* the program's and its libraries' */
	FRAME_SYSTEM,	/* the C and C++ run-time libraries' */
	FRAME_PLUMBING, /* allocation functions and their wrappers */
	FRAME_ENTRY,	/* on every stack */
};

static enum frame_class class_of(const struct report *report, const struct report_frame *frame)
{
	const char *function = intern_get(&report->strings, frame->function);

	if (frame->kind != RESOLVE_NATIVE)
		return FRAME_OWN;
	if (names_is_entry(function))
		return FRAME_ENTRY;
	if (names_is_plumbing(function))
		return FRAME_PLUMBING;
	if (frame->module != REPORT_NONE &&
	    names_is_system(intern_get(&report->strings, frame->module)))
		return FRAME_SYSTEM;
	return FRAME_OWN;
}

int places_view_init(struct places_view *view, const struct report *report)
{
	struct idmap names = { 0 }, labels = { 0 };
	size_t count = report->frames.count;
	int r = 0;

	view->report = report;
	view->classes = malloc(count + 1);
	view->labels = calloc(count + 1, sizeof(*view->labels));
	if (!view->classes || !view->labels)
		r = -ENOMEM;

	for (size_t i = 0; i < count && r >= 0; i++) {
		const struct report_frame *frame = &report->frames.at[i];
		uint32_t name;

		view->classes[i] = (uint8_t)class_of(report, frame);
		r = idmap_add(&names, idmap_pair(frame->function, frame->file),
			      (uint32_t)names.count, &name);
		if (r >= 0)
			r = idmap_add(&labels, idmap_pair(name, frame->line),
				      (uint32_t)labels.count, &view->labels[i]);
	}
	idmap_fini(&names);
	idmap_fini(&labels);
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

/* The stack at @stack or below whose leaf answers for what is allocated there. */
static uint32_t culprit_of(const struct places_view *view, uint32_t stack)
{
	const struct report_stack *stacks = view->report->stacks.at;
	uint32_t system = REPORT_NONE;

	for (uint32_t at = stack; at != REPORT_NONE; at = stacks[at].caller) {
		enum frame_class class = view->classes[stacks[at].frame];

		if (class == FRAME_OWN)
			return at;
		if (class == FRAME_SYSTEM && system == REPORT_NONE)
			system = at;
	}
	return system != REPORT_NONE ? system : stack;
}

static struct place_member member_of(const struct report_site *site, enum report_sort sort)
{
	struct place_member member = { .whole = site->allocations };

	switch (sort) {
	case REPORT_SORT_PEAK:
		member.weight = site->peak_bytes;
		member.blocks = site->peak_blocks;
		break;
	case REPORT_SORT_LIVE:
		member.weight = site->live_bytes;
		member.blocks = site->live_blocks;
		break;
	case REPORT_SORT_ALLOCATIONS:
		member.weight = site->allocations;
		member.blocks = site->bytes;
		break;
	case REPORT_SORT_BYTES:
		member.weight = site->bytes;
		member.blocks = site->allocations;
		break;
	case REPORT_SORT_TEMPORARY:
		member.weight = site->temporary;
		member.blocks = site->bytes;
		break;
	case REPORT_SORT_SURVIVORS:
		member.weight = site->alive_bytes[RESULT_GENERATIONS - 1];
		member.blocks = site->alive[RESULT_GENERATIONS - 1];
		break;
	case REPORT_SORT_COUNT:
		break;
	}
	return member;
}

static int by_label(const void *a, const void *b)
{
	const struct place_member *x = a, *y = b;

	if (x->label != y->label)
		return x->label < y->label ? -1 : 1;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->stack < y->stack ? -1 : x->stack > y->stack;
}

static int by_weight(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	if (x->blocks != y->blocks)
		return x->blocks > y->blocks ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

/* Makes places of the members, which stand in order of their labels. */
static int bring_together(struct places *places)
{
	struct place *place = NULL;

	for (size_t i = 0; i < places->members.count; i++) {
		const struct place_member *member = &places->members.at[i];

		if (i == 0 || member->label != places->members.at[i - 1].label) {
			int r = vec_push(&places->items,
					 (struct place){ .stack = member->stack, .first = i });

			if (r < 0)
				return r;
			place = &places->items.at[places->items.count - 1];
		}
		place->weight += member->weight;
		place->blocks += member->blocks;
		place->whole += member->whole;
		place->sites++;
	}
	if (places->items.count)
		qsort(places->items.at, places->items.count, sizeof(*places->items.at), by_weight);
	return 0;
}

int places_init(struct places *places, const struct places_view *view, const report_sites *sites,
		enum report_sort sort)
{
	int r = 0;

	*places = (struct places){ 0 };
	for (size_t i = 0; i < sites->count && r == 0; i++) {
		struct place_member member = member_of(&sites->at[i], sort);

		if (!member.weight)
			continue;
		places->weight += member.weight;
		places->blocks += member.blocks;
		member.stack = culprit_of(view, sites->at[i].stack);
		member.label = REPORT_NONE;
		if (member.stack != REPORT_NONE)
			member.label = view->labels[view->report->stacks.at[member.stack].frame];
		r = vec_push(&places->members, member);
	}
	if (r == 0 && places->members.count)
		qsort(places->members.at, places->members.count, sizeof(*places->members.at),
		      by_label);
	if (r == 0)
		r = bring_together(places);
	if (r < 0)
		places_fini(places);
	return r;
}

void places_fini(struct places *places)
{
	vec_fini(&places->items);
	vec_fini(&places->members);
}

/* What the way up has shown so far: a function is shown once. */
struct climb {
	const struct places_view *view;
	uint32_t functions[16];
	size_t count;
};

static bool is_shown(const struct climb *climb, uint32_t function)
{
	for (size_t i = 0; i < climb->count; i++) {
		if (climb->functions[i] == function)
			return true;
	}
	return false;
}

/* The next stack above @stack that is worth showing, or REPORT_NONE. */
static uint32_t next_above(const struct climb *climb, uint32_t stack)
{
	const struct report *report = climb->view->report;

	while (stack != REPORT_NONE) {
		uint32_t frame;

		stack = report->stacks.at[stack].caller;
		if (stack == REPORT_NONE)
			break;
		frame = report->stacks.at[stack].frame;
		if (climb->view->classes[frame] == FRAME_OWN &&
		    !is_shown(climb, report->frames.at[frame].function))
			break;
	}
	return stack;
}

/* Moves all @members one step up.  Return: the heaviest label they have now, or -ENOMEM. */
static int64_t step_up(const struct climb *climb, struct place_member *members, size_t count,
		       uint64_t *ret_weight)
{
	const struct places_view *view = climb->view;
	struct idmap ids = { 0 };
	VEC(uint64_t) weights = { 0 };
	int64_t best = REPORT_NONE;
	int r = 0;

	*ret_weight = 0;
	for (size_t i = 0; i < count && r >= 0; i++) {
		struct place_member *member = &members[i];
		uint32_t id;

		member->stack = next_above(climb, member->stack);
		member->label = REPORT_NONE;
		if (member->stack == REPORT_NONE)
			continue;
		member->label = view->labels[view->report->stacks.at[member->stack].frame];
		r = idmap_add(&ids, member->label, (uint32_t)weights.count, &id);
		if (r == 1)
			r = vec_push(&weights, 0);
		if (r < 0)
			break;
		weights.at[id] += member->weight;
		if (weights.at[id] > *ret_weight) {
			*ret_weight = weights.at[id];
			best = member->label;
		}
	}
	idmap_fini(&ids);
	vec_fini(&weights);
	return r < 0 ? r : best;
}

/* Keeps of @members those with @label, in front.  Return: how many. */
static size_t keep_label(struct place_member *members, size_t count, uint32_t label)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (members[i].label == label)
			members[kept++] = members[i];
	}
	return kept;
}

int places_callers(struct places *places, const struct places_view *view, const struct place *place,
		   struct place_caller *callers, size_t most, size_t *ret_count)
{
	const struct report *report = view->report;
	struct climb climb = { .view = view };
	struct place_member *members;
	size_t count = place->sites, shown = 0;

	*ret_count = 0;
	if (place->stack == REPORT_NONE)
		return 0;
	members = malloc(count * sizeof(*members));
	if (!members)
		return -ENOMEM;
	memcpy(members, &places->members.at[place->first], count * sizeof(*members));
	climb.functions[climb.count++] =
		report->frames.at[report->stacks.at[place->stack].frame].function;

	while (shown < most && climb.count < ARRAY_SIZE(climb.functions)) {
		uint64_t weight;
		int64_t label = step_up(&climb, members, count, &weight);

		if (label < 0) {
			free(members);
			return (int)label;
		}
		if (label == REPORT_NONE)
			break;
		count = keep_label(members, count, (uint32_t)label);
		callers[shown].frame = report->stacks.at[members[0].stack].frame;
		callers[shown].weight = weight;
		climb.functions[climb.count++] = report->frames.at[callers[shown].frame].function;
		shown++;
	}
	free(members);
	*ret_count = shown;
	return 0;
}
