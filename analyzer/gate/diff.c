/* SPDX-License-Identifier: Apache-2.0 */
/* What has changed between runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "gate/diff.h"
#include "gate/scope.h"

/* A signature or object while runs are read: the range of each set. */
struct range {
	const char *name;
	uint64_t sig;
	uint64_t now[DIFF_COUNT]; /* of the run that is being read */
	uint64_t least[2][DIFF_COUNT];
	uint64_t most[2][DIFF_COUNT];
	size_t runs[2]; /* that had it */
};

typedef VEC(struct range) range_list;

struct ranges {
	range_list list;
	struct hashmap by_hash;
};

static struct range *range_of(struct ranges *ranges, uint64_t hash, uint64_t sig, const char *name)
{
	const struct range fresh = { .sig = sig, .name = name };

	HASHMAP_EACH(&ranges->by_hash, hash, index)
	{
		struct range *range = &ranges->list.at[index];

		if (sig ? range->sig == sig : strcmp(range->name, name) == 0)
			return range;
	}
	if (vec_push(&ranges->list, fresh) < 0 ||
	    hashmap_add(&ranges->by_hash, hash, (uint32_t)ranges->list.count - 1) < 0)
		return NULL;
	return &ranges->list.at[ranges->list.count - 1];
}

static const char *keep(struct diff *diff, struct strbuf *text)
{
	const char *copy = text->failed ? NULL
					: arena_string(&diff->texts, strbuf_get(text), text->count);

	strbuf_clear(text);
	return copy;
}

static void end_run(struct ranges *ranges, unsigned int set)
{
	for (size_t i = 0; i < ranges->list.count; i++) {
		struct range *range = &ranges->list.at[i];

		if (!range->now[DIFF_LIVE] && !range->now[DIFF_PEAK])
			continue;
		for (unsigned int k = 0; k < DIFF_COUNT; k++) {
			if (!range->runs[set] || range->now[k] < range->least[set][k])
				range->least[set][k] = range->now[k];
			if (range->now[k] > range->most[set][k])
				range->most[set][k] = range->now[k];
			range->now[k] = 0;
		}
		range->runs[set]++;
	}
}

static int add_site(struct diff *diff, struct ranges *sigs, struct ranges *modules,
		    const struct places_view *view, const struct report_site *site, uint64_t live)
{
	struct strbuf text = { 0 };
	struct range *sig = range_of(sigs, site->sig, site->sig, ""), *module;
	const char *name;
	int r = -ENOMEM;

	if (sig && !*sig->name) {
		scope_where(&text, view, site->stack);
		sig->name = keep(diff, &text);
	}
	if (!sig || !sig->name)
		goto out;
	scope_module(&text, view, site->stack);
	name = text.count ? strbuf_get(&text) : "(unknown)";
	module = range_of(modules, hash_bytes(name, strlen(name)), 0, name);
	if (!module)
		goto out;
	if (module->name == name) { /* new: it needs a copy of its own */
		module->name = arena_string(&diff->texts, name, strlen(name));
		if (!module->name)
			goto out;
	}
	sig->now[DIFF_LIVE] += live;
	sig->now[DIFF_PEAK] += site->peak_bytes;
	module->now[DIFF_LIVE] += live;
	module->now[DIFF_PEAK] += site->peak_bytes;
	r = 0;
out:
	strbuf_fini(&text);
	return r;
}

static int add_run(struct diff *diff, struct ranges *all, const struct report *report,
		   unsigned int set)
{
	struct places_view view = { 0 };
	struct range *total = range_of(&all[2], 1, 0, "total");
	int r = places_view_init(&view, report, REPORT_FRAMES_MIXED);

	if (!total)
		r = -ENOMEM;
	for (size_t i = 0; i < report->processes.count && r == 0; i++) {
		const struct report_process *process = &report->processes.at[i];
		bool judged = scope_is_judged(process);

		diff->is_complete &= process->trust.complete && !process->sample_bytes;
		total->now[DIFF_LIVE] += judged ? process->totals.live_bytes : 0;
		if (process->totals.peak_bytes > total->now[DIFF_PEAK])
			total->now[DIFF_PEAK] = process->totals.peak_bytes;
		for (size_t k = 0; k < process->sites.count && r == 0; k++) {
			const struct report_site *site = &process->sites.at[k];
			uint64_t live = judged ? site->live_bytes : 0;

			if (live || site->peak_bytes)
				r = add_site(diff, &all[0], &all[1], &view, site, live);
		}
	}
	diff->is_complete &= report->processes.count != 0;
	places_view_fini(&view);
	for (unsigned int i = 0; i < 3; i++)
		end_run(&all[i], set);
	return r;
}

static struct diff_row row_of(const struct range *range, const size_t *runs)
{
	struct diff_row row = { .name = range->name, .sig = range->sig };

	for (unsigned int k = 0; k < DIFF_COUNT; k++) {
		/* Runs that do not have it have none of it. */
		uint64_t least_0 = range->runs[0] < runs[0] ? 0 : range->least[0][k];
		uint64_t least_1 = range->runs[1] < runs[1] ? 0 : range->least[1][k];

		if (least_1 > range->most[0][k]) {
			row.before[k] = range->most[0][k];
			row.after[k] = least_1;
		} else if (range->most[1][k] < least_0) {
			row.before[k] = least_0;
			row.after[k] = range->most[1][k];
		} else {
			row.before[k] = row.after[k] = range->most[1][k];
		}
		row.delta[k] = (int64_t)(row.after[k] - row.before[k]);
	}
	return row;
}

static uint64_t size_of(int64_t delta)
{
	return delta < 0 ? -(uint64_t)delta : (uint64_t)delta;
}

static int by_change(const void *a, const void *b)
{
	const struct diff_row *x = a, *y = b;

	for (unsigned int k = 0; k < DIFF_COUNT; k++)
		if (size_of(x->delta[k]) != size_of(y->delta[k]))
			return size_of(x->delta[k]) > size_of(y->delta[k]) ? -1 : 1;
	if (x->sig != y->sig)
		return x->sig < y->sig ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int collect_rows(const struct ranges *ranges, const size_t *runs, diff_rows *rows)
{
	int r = 0;

	for (size_t i = 0; i < ranges->list.count && r == 0; i++) {
		struct diff_row row = row_of(&ranges->list.at[i], runs);

		if (row.delta[DIFF_LIVE] || row.delta[DIFF_PEAK])
			r = vec_push(rows, row);
	}
	if (rows->count)
		qsort(rows->at, rows->count, sizeof(*rows->at), by_change);
	return r;
}

int diff_init(struct diff *diff, struct report *const *before, size_t before_count,
	      struct report *const *after, size_t after_count)
{
	struct ranges all[3] = { 0 };
	const size_t runs[2] = { before_count, after_count };
	int r = 0;

	*diff = (struct diff){ .is_complete = true };
	for (size_t i = 0; i < before_count && r == 0; i++)
		r = add_run(diff, all, before[i], 0);
	for (size_t i = 0; i < after_count && r == 0; i++)
		r = add_run(diff, all, after[i], 1);
	if (r == 0)
		r = collect_rows(&all[0], runs, &diff->sigs);
	if (r == 0)
		r = collect_rows(&all[1], runs, &diff->modules);
	if (r == 0)
		diff->totals = row_of(&all[2].list.at[0], runs);
	for (unsigned int i = 0; i < 3; i++) {
		vec_fini(&all[i].list);
		hashmap_fini(&all[i].by_hash);
	}
	return r;
}

static bool is_more(const struct diff_row *row, uint64_t floor)
{
	for (unsigned int k = 0; k < DIFF_COUNT; k++)
		if (row->delta[k] > 0 && (uint64_t)row->delta[k] > floor)
			return true;
	return false;
}

bool diff_is_worse(const struct diff *diff, uint64_t floor)
{
	if (is_more(&diff->totals, floor))
		return true;
	for (size_t i = 0; i < diff->modules.count; i++)
		if (is_more(&diff->modules.at[i], floor))
			return true;
	return false;
}

void diff_fini(struct diff *diff)
{
	vec_fini(&diff->sigs);
	vec_fini(&diff->modules);
	arena_fini(&diff->texts);
}
