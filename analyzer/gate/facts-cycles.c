/* SPDX-License-Identifier: Apache-2.0 */
/* Reference cycles of a report, by signature. */
#include <errno.h>
#include <string.h>

#include "gate/facts.h"
#include "gate/scope.h"

const struct facts_cycle *facts_find_cycle(const struct facts *facts, uint64_t sig)
{
	for (size_t i = 0; i < facts->cycles.count; i++)
		if (facts->cycles.at[i].sig == sig)
			return &facts->cycles.at[i];
	return NULL;
}

static int add_shape(struct facts *facts, const struct report_shape *shape)
{
	struct facts_cycle *known = (struct facts_cycle *)facts_find_cycle(facts, shape->sig);
	struct facts_cycle fresh = { .sig = shape->sig };
	struct strbuf text = { 0 };
	int r;

	if (known) {
		known->count += cycles_count(shape);
		known->objects += shape->objects;
		return 0;
	}
	fresh.count = cycles_count(shape);
	fresh.objects = shape->objects;
	scope_reference(&text, shape);
	fresh.where = text.failed ? NULL
				  : arena_string(&facts->texts, strbuf_get(&text), text.count);
	r = fresh.where ? vec_push(&facts->cycles, fresh) : -ENOMEM;
	strbuf_fini(&text);
	return r;
}

int facts_add_cycles(struct facts *facts, const struct places_view *view)
{
	const struct report *report = view->report;
	int r = 0;

	for (size_t p = 0; p < report->processes.count; p++) {
		const struct report_cycles *cycles = &report->processes.at[p].cycles;

		facts->has_cycles |= cycles->looked;
		facts->skipped += cycles_skipped(cycles);
		for (size_t i = 0; i < cycles->shapes.count && r == 0; i++)
			if (scope_has_shape("process", view, &cycles->shapes.at[i]))
				r = add_shape(facts, &cycles->shapes.at[i]);
	}
	return r;
}

void facts_meet_cycles(struct facts *facts, const struct facts *other)
{
	size_t kept = 0;

	facts->has_cycles &= other->has_cycles;
	facts->skipped += other->skipped;
	for (size_t i = 0; i < facts->cycles.count; i++) {
		struct facts_cycle cycle = facts->cycles.at[i];
		const struct facts_cycle *same = facts_find_cycle(other, cycle.sig);

		if (!same)
			continue;
		if (same->count < cycle.count) {
			cycle.count = same->count;
			cycle.objects = same->objects;
		}
		facts->cycles.at[kept++] = cycle;
	}
	facts->cycles.count = kept;
}
