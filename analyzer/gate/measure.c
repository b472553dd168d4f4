/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a program add up to. */
#include <fnmatch.h>
#include <string.h>

#include "gate/scope.h"

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
	const char *type = scope_after(scope, "type:"), *phase = scope_after(scope, "phase:");
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
