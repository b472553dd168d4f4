/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a program add up to. */
#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

#include "gate/scope.h"

bool scope_is_judged(const struct report_process *process)
{
	return process->end.kind == RESULT_END_EXIT;
}

#define SITE(member)	offsetof(struct report_site, member)
#define TYPE(member)	offsetof(struct result_type, member)
#define PROCESS(member) offsetof(struct report_process, member)

/*
 * Where a figure stands in processes, sites and types; 0 where there is none:
 * no figure is the first member.  @at_end: only of processes that were not cut
 * off.
 */
static const struct {
	size_t process;
	size_t site;
	size_t type;
	bool at_end;
} members[LIMITS_COUNT] = {
	[LIMITS_PEAK] = { PROCESS(totals.peak_bytes), SITE(peak_bytes), TYPE(peak_bytes), false },
	[LIMITS_LIVE] = { PROCESS(totals.live_bytes), SITE(live_bytes), TYPE(live_bytes), true },
	[LIMITS_SURVIVORS] = { 0, SITE(alive_bytes[2]), TYPE(alive_bytes[2]), true },
	[LIMITS_SURVIVORS_0] = { 0, SITE(alive_bytes[0]), TYPE(alive_bytes[0]), true },
	[LIMITS_SURVIVORS_1] = { 0, SITE(alive_bytes[1]), TYPE(alive_bytes[1]), true },
	[LIMITS_ALLOCATIONS] = { PROCESS(totals.allocations), SITE(allocations), TYPE(allocations),
				 false },
	[LIMITS_ALLOCATED] = { PROCESS(totals.allocated_bytes), SITE(bytes), TYPE(bytes), false },
	[LIMITS_TEMPORARY] = { PROCESS(totals.temporary), SITE(temporary), 0, false },
	[LIMITS_COLLECTED] = { 0, SITE(collected_blocks), TYPE(collected_blocks), false },
	[LIMITS_UNCOLLECTABLE] = { PROCESS(python.uncollectable), 0, 0, false },
};

static uint64_t member(const struct report_process *process, enum limits_metric metric,
		       const void *from, size_t at)
{
	uint64_t value;

	if (!at || (members[metric].at_end && !scope_is_judged(process)))
		return 0;
	memcpy(&value, (const char *)from + at, sizeof(value));
	return value;
}

uint64_t scope_of_site(const struct report_process *process, const struct report_site *site,
		       enum limits_metric metric)
{
	return member(process, metric, site, members[metric].site);
}

static uint64_t longest_pause(const struct report_process *process)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < process->python.collections.count; i++)
		if (process->python.collections.at[i].duration_ns > longest)
			longest = process->python.collections.at[i].duration_ns;
	return longest;
}

static uint64_t of_process(const struct report_process *process, enum limits_metric metric)
{
	uint64_t sum = 0;

	if (metric == LIMITS_GC_PAUSE)
		return longest_pause(process);
	if (members[metric].process)
		return member(process, metric, process, members[metric].process);
	for (size_t i = 0; i < process->sites.count; i++)
		sum += scope_of_site(process, &process->sites.at[i], metric);
	return sum;
}

static uint64_t of_types(const struct report_process *process, const char *glob,
			 enum limits_metric metric)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < process->types.count; i++)
		if (fnmatch(glob, process->types.at[i].name, 0) == 0)
			sum += member(process, metric, &process->types.at[i], members[metric].type);
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

bool scope_has_peak(const char *scope, const struct report_process *process)
{
	const char *glob = scope_phase(scope);
	uint64_t peak = process->totals.peak_time_ns;
	const struct report_mark *in = NULL;

	for (size_t i = 0; glob && i < process->marks.count; i++) {
		const struct report_mark *mark = &process->marks.at[i];

		if (mark->time_ns > peak)
			break;
		if (mark->kind == TENURE_MARK_PHASE_BEGIN && fnmatch(glob, mark->name, 0) == 0)
			in = mark;
		if (in && mark->kind == TENURE_MARK_PHASE_END && strcmp(mark->name, in->name) == 0)
			in = NULL;
	}
	return in != NULL;
}

static bool has_mark(const struct report *report, const char *glob, uint32_t kind)
{
	for (size_t i = 0; i < report->processes.count; i++) {
		const struct report_process *process = &report->processes.at[i];

		for (size_t k = 0; k < process->marks.count; k++)
			if (process->marks.at[k].kind == kind &&
			    fnmatch(glob, process->marks.at[k].name, 0) == 0)
				return true;
	}
	return false;
}

const char *scope_missing(const char *scope, enum limits_metric metric, const struct report *report)
{
	const char *phase = scope_phase(scope), *mark = scope_after(scope, "mark:");

	if (mark)
		return has_mark(report, mark, TENURE_MARK_POINT) ? NULL : "no such mark was made";
	if (phase && metric == LIMITS_LIVE)
		return has_mark(report, phase, TENURE_MARK_PHASE_END) ? NULL
								      : "no such phase has ended";
	if (phase)
		return has_mark(report, phase, TENURE_MARK_PHASE_BEGIN) ? NULL
									: "no such phase has begun";
	return NULL;
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

/* The most that lived at one of these marks. */
static uint64_t of_marks(const struct report_process *process, const char *glob)
{
	uint64_t most = 0;

	for (size_t i = 0; i < process->marks.count; i++) {
		const struct report_mark *mark = &process->marks.at[i];

		if (mark->kind == TENURE_MARK_POINT && mark->heap_bytes > most &&
		    fnmatch(glob, mark->name, 0) == 0)
			most = mark->heap_bytes;
	}
	return most;
}

static uint64_t of_sites(const struct places_view *view, const struct report_process *process,
			 const char *scope, enum limits_metric metric)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < process->sites.count; i++) {
		const struct report_site *site = &process->sites.at[i];
		uint64_t value = scope_of_site(process, site, metric);

		if (value && scope_matches(scope, view, site->sig, site->stack))
			sum += value;
	}
	return sum;
}

uint64_t scope_measure(const struct places_view *view, const char *scope, enum limits_metric metric)
{
	const struct report *report = view->report;
	const char *type = scope_after(scope, "type:"), *phase = scope_phase(scope);
	const char *mark = scope_after(scope, "mark:");
	bool whole = strcmp(scope, "process") == 0;
	uint64_t sum = 0, most = 0;

	for (size_t i = 0; i < report->processes.count; i++) {
		const struct report_process *process = &report->processes.at[i];
		uint64_t value = whole	 ? of_process(process, metric)
				 : type	 ? of_types(process, type, metric)
				 : phase ? of_phases(process, phase, metric)
				 : mark	 ? of_marks(process, mark)
					 : of_sites(view, process, scope, metric);

		sum += value;
		most = value > most ? value : most;
	}
	return phase || mark || metric == LIMITS_PEAK || metric == LIMITS_GC_PAUSE ? most : sum;
}
