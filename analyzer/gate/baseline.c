/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted: taken from reports, lowered, raised. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "gate/baseline.h"

const char *baseline_copy(struct baseline *baseline, const char *text)
{
	return arena_string(&baseline->texts, text, strlen(text));
}

static int by_sig(const void *a, const void *b)
{
	const struct baseline_entry *x = a, *y = b;

	return x->sig < y->sig ? -1 : x->sig > y->sig;
}

void baseline_sort(struct baseline *baseline)
{
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

int baseline_from(struct baseline *baseline, const struct facts *facts)
{
	int r = 0;

	*baseline = (struct baseline){ .environment = facts->environment };
	memcpy(baseline->totals, facts->totals, sizeof(baseline->totals));
	baseline->environment.tenure = baseline_copy(baseline, facts->environment.tenure);
	baseline->environment.loader = baseline_copy(baseline, facts->environment.loader);
	baseline->environment.python = baseline_copy(baseline, facts->environment.python);
	if (!baseline->environment.tenure || !baseline->environment.loader ||
	    !baseline->environment.python)
		r = -ENOMEM;
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
	return changes;
}

int baseline_accept(struct baseline *baseline, const struct facts *facts, const char *what,
		    const char *reason)
{
	const char *best, *text = baseline_copy(baseline, reason);
	struct baseline_entry *entry;
	enum limits_metric metric;
	const struct fact *fact;
	uint64_t sig;
	int length = 0;
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
	if (sscanf(what, "%16" SCNx64 "%n", &sig, &length) != 1 || length != 16 || what[length])
		return -ENOENT;
	fact = facts_find(facts, sig);
	if (!fact || !fact->live_blocks)
		return -ENOENT;
	entry = baseline_find(baseline, sig);
	if (entry) {
		entry->live_bytes = fact->live_bytes;
		entry->live_blocks = fact->live_blocks;
		entry->reason = text;
		return 0;
	}
	r = add_fact(baseline, fact, reason);
	baseline_sort(baseline);
	return r;
}

void baseline_fini(struct baseline *baseline)
{
	vec_fini(&baseline->entries);
	arena_fini(&baseline->texts);
}
