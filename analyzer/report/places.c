/* SPDX-License-Identifier: Apache-2.0 */
/* Sites brought together by the place in the program that is to answer for them. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "report/places.h"

static struct place_member member_of(const struct report_site *site, enum report_sort sort)
{
	struct place_member member = { .whole = site->allocations };
	double error = 0;

	switch (sort) {
	case REPORT_SORT_PEAK:
		member.weight = site->peak_bytes;
		member.blocks = site->peak_blocks;
		error = (double)site->errors.peak_bytes;
		break;
	case REPORT_SORT_LIVE:
		member.weight = site->live_bytes;
		member.blocks = site->live_blocks;
		error = (double)site->errors.live_bytes;
		break;
	case REPORT_SORT_ALLOCATIONS:
		member.weight = site->allocations;
		member.blocks = site->bytes;
		error = (double)site->errors.allocations;
		break;
	case REPORT_SORT_BYTES:
		member.weight = site->bytes;
		member.blocks = site->allocations;
		error = (double)site->errors.bytes;
		break;
	case REPORT_SORT_TEMPORARY:
		member.weight = site->temporary;
		member.blocks = site->bytes;
		break;
	case REPORT_SORT_SURVIVORS:
		member.weight = site->alive_bytes[RESULT_GENERATIONS - 1];
		member.blocks = site->alive[RESULT_GENERATIONS - 1];
		break;
	case REPORT_SORT_CYCLIC:
		member.weight = site->collected_bytes;
		member.blocks = site->collected_blocks;
		break;
	case REPORT_SORT_COUNT:
		break;
	}
	member.error = error * error;
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
		place->error += member->error;
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

		if (!member.weight || !places_shows(view, &sites->at[i]))
			continue;
		places->weight += member.weight;
		places->blocks += member.blocks;
		member.leaf = sites->at[i].stack;
		member.stack = places_culprit(view, sites->at[i].stack);
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

/*
 * The next stack above @stack that is worth showing, or REPORT_NONE.  Frames
 * without a name are, only if there is no name above them.
 */
static uint32_t next_above(const struct climb *climb, uint32_t stack)
{
	const struct report *report = climb->view->report;
	uint32_t nameless = REPORT_NONE;

	for (stack = report->stacks.at[stack].caller; stack != REPORT_NONE;
	     stack = report->stacks.at[stack].caller) {
		uint32_t frame = report->stacks.at[stack].frame;

		if (climb->view->classes[frame] != PLACES_OWN ||
		    is_shown(climb, report->frames.at[frame].function))
			continue;
		if (report->frames.at[frame].named)
			return stack;
		if (nameless == REPORT_NONE)
			nameless = stack;
	}
	return nameless;
}

/* The callers that the members have come to, with what they account for. */
typedef VEC(struct place_caller) caller_vec;

static int by_caller_weight(const void *a, const void *b)
{
	const struct place_caller *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

/* Moves all @members one step up; @callers: where they are now, the heaviest first. */
static int step_up(const struct climb *climb, struct place_member *members, size_t count,
		   caller_vec *callers)
{
	const struct places_view *view = climb->view;
	struct idmap ids = { 0 };
	int r = 0;

	vec_clear(callers);
	for (size_t i = 0; i < count && r >= 0; i++) {
		struct place_member *member = &members[i];
		uint32_t frame, id;

		member->stack = next_above(climb, member->stack);
		member->label = REPORT_NONE;
		if (member->stack == REPORT_NONE)
			continue;
		frame = view->report->stacks.at[member->stack].frame;
		member->label = view->labels[frame];
		r = idmap_add(&ids, member->label, (uint32_t)callers->count, &id);
		if (r == 1)
			r = vec_push(callers, (struct place_caller){ .frame = frame });
		if (r < 0)
			break;
		callers->at[id].weight += member->weight;
	}
	idmap_fini(&ids);
	if (r < 0)
		return r;
	if (callers->count)
		qsort(callers->at, callers->count, sizeof(*callers->at), by_caller_weight);
	return 0;
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

/* One line of the way up: @callers has what is there at this depth.  Return: go on? */
static bool show_step(const struct place *place, const caller_vec *found, uint32_t depth,
		      struct place_caller *callers, size_t most, size_t *shown)
{
	bool one = found->at[0].weight >= place->weight - place->weight / 2;

	for (size_t i = 0; i < found->count && *shown < most; i++) {
		/* Of many, those that matter. */
		if (i > 0 && (one || found->at[i].weight < place->weight / 20))
			break;
		callers[*shown] = found->at[i];
		callers[*shown].depth = depth;
		(*shown)++;
	}
	return one && *shown < most;
}

static int climb_up(struct climb *climb, const struct place *place, struct place_member *members,
		    struct place_caller *callers, size_t most, size_t *shown)
{
	const struct places_view *view = climb->view;
	caller_vec found = { 0 };
	size_t count = place->sites;
	int r = 0;

	for (uint32_t depth = 0; climb->count < ARRAY_SIZE(climb->functions); depth++) {
		r = step_up(climb, members, count, &found);
		if (r < 0 || !found.count || !show_step(place, &found, depth, callers, most, shown))
			break;
		count = keep_label(members, count, view->labels[found.at[0].frame]);
		climb->functions[climb->count++] =
			view->report->frames.at[found.at[0].frame].function;
	}
	vec_fini(&found);
	return r;
}

int places_callers(const struct places *places, const struct places_view *view,
		   const struct place *place, struct place_caller *callers, size_t most,
		   size_t *ret_count)
{
	const struct report *report = view->report;
	struct climb climb = { .view = view };
	struct place_member *members;
	size_t shown = 0;
	int r;

	*ret_count = 0;
	if (place->stack == REPORT_NONE || most == 0)
		return 0;
	members = malloc(place->sites * sizeof(*members));
	if (!members)
		return -ENOMEM;
	memcpy(members, &places->members.at[place->first], place->sites * sizeof(*members));
	climb.functions[climb.count++] =
		report->frames.at[report->stacks.at[place->stack].frame].function;
	r = climb_up(&climb, place, members, callers, most, &shown);
	free(members);
	*ret_count = shown;
	return r;
}

/*
 * The frame that asked, from the leaf of @member up to the place: the first with a name, or one
 * without a name of an extension that has none up to where it was entered.  REPORT_NONE: neither.
 */
static uint32_t inner_frame(const struct places_view *view, const struct place_member *member)
{
	const struct report *report = view->report;
	uint32_t nameless = REPORT_NONE;

	for (uint32_t at = member->leaf; at != member->stack && at != REPORT_NONE;
	     at = report->stacks.at[at].caller) {
		uint32_t frame = report->stacks.at[at].frame;

		if (view->classes[frame] == PLACES_PLUMBING)
			continue;
		if (nameless != REPORT_NONE &&
		    report->frames.at[frame].module != report->frames.at[nameless].module)
			break;
		if (report->frames.at[frame].named)
			return frame;
		if (nameless == REPORT_NONE && view->classes[frame] == PLACES_OWN)
			nameless = frame;
	}
	return nameless;
}

/* Functions are told apart; those of one module that have no names are not. */
static uint64_t inner_key(const struct places_view *view, uint32_t frame)
{
	const struct report_frame *at = &view->report->frames.at[frame];

	return at->named ? idmap_pair(0, view->labels[frame]) : idmap_pair(1, at->module);
}

int places_inner(const struct places *places, const struct places_view *view,
		 const struct place *place, struct place_caller *ret_inner)
{
	caller_vec found = { 0 };
	struct idmap ids = { 0 };
	int r = 0;

	*ret_inner = (struct place_caller){ 0 };
	for (size_t i = 0; i < place->sites && r >= 0; i++) {
		const struct place_member *member = &places->members.at[place->first + i];
		uint32_t frame = inner_frame(view, member);
		uint32_t id;

		if (frame == REPORT_NONE)
			continue;
		r = idmap_add(&ids, inner_key(view, frame), (uint32_t)found.count, &id);
		if (r == 1)
			r = vec_push(&found, (struct place_caller){ .frame = frame });
		if (r < 0)
			break;
		found.at[id].weight += member->weight;
		if (found.at[id].weight > ret_inner->weight)
			*ret_inner = found.at[id];
	}
	idmap_fini(&ids);
	vec_fini(&found);
	return r < 0 ? r : 0;
}
