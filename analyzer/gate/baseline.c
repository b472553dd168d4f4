/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted: taken from reports, lowered, raised. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "gate/baseline.h"
#include "report/sig.h"

const char *baseline_copy(struct baseline *baseline, const char *text)
{
	return arena_string(&baseline->texts, text, strlen(text));
}

static int by_sig(const void *a, const void *b)
{
	const struct baseline_entry *x = a, *y = b;

	return x->sig < y->sig ? -1 : x->sig > y->sig;
}

static int by_sig_of_cycle(const void *a, const void *b)
{
	const struct baseline_cycle *x = a, *y = b;

	return x->sig < y->sig ? -1 : x->sig > y->sig;
}

void baseline_sort(struct baseline *baseline)
{
	if (baseline->cycles.count)
		qsort(baseline->cycles.at, baseline->cycles.count, sizeof(*baseline->cycles.at),
		      by_sig_of_cycle);
	if (baseline->entries.count)
		qsort(baseline->entries.at, baseline->entries.count, sizeof(*baseline->entries.at),
		      by_sig);
}

static int add_fact(struct baseline *baseline, const struct fact *fact, const char *reason)
{
	const struct baseline_entry entry = {
		.sig = fact->sig,
		.live_bytes = fact->live_bytes,
		.live_blocks = fact->live_blocks,
		.module = baseline_copy(baseline, fact->module),
		.where = baseline_copy(baseline, fact->where),
		.reason = baseline_copy(baseline, reason),
	};

	if (!entry.module || !entry.where || !entry.reason)
		return -ENOMEM;
	return vec_push(&baseline->entries, entry);
}

static int add_cycle(struct baseline *baseline, const struct facts_cycle *from, const char *reason)
{
	const struct baseline_cycle cycle = {
		.sig = from->sig,
		.count = from->count,
		.objects = from->objects,
		.where = baseline_copy(baseline, from->where),
		.reason = baseline_copy(baseline, reason),
	};

	return cycle.where && cycle.reason ? vec_push(&baseline->cycles, cycle) : -ENOMEM;
}

int baseline_from(struct baseline *baseline, const struct facts *facts)
{
	int r = 0;

	*baseline = (struct baseline){ .environment = facts->environment };
	memcpy(baseline->totals, facts->totals, sizeof(baseline->totals));
	baseline->environment.tenure = baseline_copy(baseline, facts->environment.tenure);
	baseline->environment.loader = baseline_copy(baseline, facts->environment.loader);
	baseline->environment.python = baseline_copy(baseline, facts->environment.python);
	baseline->environment.hash_seed = baseline_copy(baseline, facts->environment.hash_seed);
	if (!baseline->environment.tenure || !baseline->environment.loader ||
	    !baseline->environment.python || !baseline->environment.hash_seed)
		r = -ENOMEM;
	baseline->has_cycles = facts->has_cycles && !facts->skipped;
	for (size_t i = 0; baseline->has_cycles && i < facts->cycles.count && r == 0; i++)
		r = add_cycle(baseline, &facts->cycles.at[i], "");
	for (size_t i = 0; i < facts->live.count && r == 0; i++) {
		if (facts->live.at[i].live_blocks)
			r = add_fact(baseline, &facts->live.at[i], "");
	}
	baseline_sort(baseline);
	return r;
}

struct baseline_entry *baseline_find(const struct baseline *baseline, uint64_t sig)
{
	const struct baseline_entry key = { .sig = sig };

	return baseline->entries.count
		       ? bsearch(&key, baseline->entries.at, baseline->entries.count,
				 sizeof(*baseline->entries.at), by_sig)
		       : NULL;
}

struct baseline_cycle *baseline_find_cycle(const struct baseline *baseline, uint64_t sig)
{
	const struct baseline_cycle key = { .sig = sig };

	return baseline->cycles.count ? bsearch(&key, baseline->cycles.at, baseline->cycles.count,
						sizeof(*baseline->cycles.at), by_sig_of_cycle)
				      : NULL;
}

static uint64_t lower_cycles(struct baseline *baseline, const struct facts *facts)
{
	uint64_t changes = 0;
	size_t left = 0;

	if (!facts->has_cycles || facts->skipped)
		return 0;
	for (size_t i = 0; i < baseline->cycles.count; i++) {
		struct baseline_cycle cycle = baseline->cycles.at[i];
		const struct facts_cycle *now = facts_find_cycle(facts, cycle.sig);

		changes += !now || now->count < cycle.count;
		if (!now)
			continue;
		if (now->count < cycle.count) {
			cycle.count = now->count;
			cycle.objects = now->objects;
		}
		baseline->cycles.at[left++] = cycle;
	}
	baseline->cycles.count = left;
	return changes;
}

uint64_t baseline_lower(struct baseline *baseline, const struct facts *facts)
{
	uint64_t changes = 0;
	size_t left = 0;

	for (size_t i = 0; i < LIMITS_TOTALS_COUNT; i++) {
		if (facts->totals[limits_totals[i]] < baseline->totals[limits_totals[i]]) {
			baseline->totals[limits_totals[i]] = facts->totals[limits_totals[i]];
			changes++;
		}
	}
	for (size_t i = 0; i < baseline->entries.count; i++) {
		struct baseline_entry entry = baseline->entries.at[i];
		const struct fact *fact = facts_find(facts, entry.sig);

		if (!fact || !fact->live_blocks) {
			changes++;
			continue;
		}
		if (fact->live_bytes < entry.live_bytes) {
			entry.live_bytes = fact->live_bytes;
			entry.live_blocks = fact->live_blocks;
			changes++;
		}
		baseline->entries.at[left++] = entry;
	}
	baseline->entries.count = left;
	return changes + lower_cycles(baseline, facts);
}

static int accept_blocks(struct baseline *baseline, const struct fact *fact, const char *reason)
{
	struct baseline_entry *entry = baseline_find(baseline, fact->sig);

	if (!entry)
		return add_fact(baseline, fact, reason);
	entry->live_bytes = fact->live_bytes;
	entry->live_blocks = fact->live_blocks;
	entry->reason = reason;
	return 0;
}

static int accept_cycle(struct baseline *baseline, const struct facts_cycle *now,
			const char *reason)
{
	struct baseline_cycle *cycle = baseline_find_cycle(baseline, now->sig);

	if (!cycle)
		return add_cycle(baseline, now, reason);
	cycle->count = now->count;
	cycle->objects = now->objects;
	cycle->reason = reason;
	return 0;
}

int baseline_accept(struct baseline *baseline, const struct facts *facts, const char *what,
		    const char *reason)
{
	const char *best, *text = baseline_copy(baseline, reason);
	const struct facts_cycle *cycle;
	enum limits_metric metric;
	const struct fact *fact;
	uint64_t sig;
	int r;

	if (!text)
		return -ENOMEM;
	if (limits_find(what, &metric, &best) == 0) {
		for (size_t i = 0; i < LIMITS_TOTALS_COUNT; i++) {
			if (limits_totals[i] != metric)
				continue;
			baseline->totals[metric] = facts->totals[metric];
			baseline->reasons[metric] = text;
			return 0;
		}
		return -ENOENT;
	}
	if (strlen(what) != 16 || sig_parse(what, &sig) < 0)
		return -ENOENT;
	fact = facts_find(facts, sig);
	cycle = facts_find_cycle(facts, sig);
	if (fact && fact->live_blocks)
		r = accept_blocks(baseline, fact, text);
	else if (cycle)
		r = accept_cycle(baseline, cycle, text);
	else
		return -ENOENT;
	baseline_sort(baseline);
	return r;
}

void baseline_fini(struct baseline *baseline)
{
	vec_fini(&baseline->entries);
	vec_fini(&baseline->cycles);
	arena_fini(&baseline->texts);
}
