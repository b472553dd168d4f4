/* SPDX-License-Identifier: Apache-2.0 */
/* What a violation says: how much of what, where, and how to live with it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "gate/judge.h"
#include "gate/scope.h"

/* The site of the scope that counts most, to show where. */
static void find_top(const struct judge *judge, const char *scope, enum limits_metric metric,
		     struct gate_violation *violation)
{
	const struct report *report = judge->report;
	bool whole = strcmp(scope, "process") == 0 || scope_phase(scope) ||
		     scope_after(scope, "type:");
	uint64_t most = 0;

	violation->stack = REPORT_NONE;
	for (uint32_t i = 0; i < report->processes.count; i++) {
		const struct report_process *process = &report->processes.at[i];

		/* Of other moments than the peak and the end only the sum is kept. */
		if (scope_after(scope, "mark:") ||
		    (scope_phase(scope) &&
		     (metric != LIMITS_PEAK || !scope_has_peak(scope, process))))
			continue;

		for (size_t k = 0; k < process->sites.count; k++) {
			const struct report_site *site = &process->sites.at[k];
			uint64_t value = scope_of_site(process, site, metric);

			if (value <= most || (!whole && !scope_matches(scope, &judge->views[0],
								       site->sig, site->stack)))
				continue;
			most = value;
			violation->process = i;
			violation->stack = site->stack;
		}
	}
}

static const char *words_of(const char *scope, enum limits_metric metric)
{
	static const char *const words[LIMITS_COUNT] = {
		[LIMITS_PEAK] = "peak",
		[LIMITS_LIVE] = "live at the end",
		[LIMITS_SURVIVORS] = "in the oldest generation at the end",
		[LIMITS_SURVIVORS_0] = "in the youngest generation at the end",
		[LIMITS_SURVIVORS_1] = "in generation 1 at the end",
		[LIMITS_COLLECTED] = "blocks that only the collector could free",
		[LIMITS_UNCOLLECTABLE] = "objects that the collector could not free",
		[LIMITS_GC_PAUSE] = "longest run of the collector",
		[LIMITS_ALLOCATIONS] = "allocations",
		[LIMITS_ALLOCATED] = "allocated",
		[LIMITS_TEMPORARY] = "temporary allocations",
	};

	if (metric == LIMITS_LIVE && scope_after(scope, "mark:"))
		return "live at the mark";
	if (metric == LIMITS_LIVE && scope_phase(scope))
		return "added while it lasted";
	return words[metric];
}

int judge_add_figure(struct judge *judge, struct gate_violation *violation,
		     enum limits_metric metric)
{
	struct strbuf text = { 0 }, where = { 0 };
	int r;

	find_top(judge, violation->scope, metric, violation);
	if (violation->stack != REPORT_NONE)
		scope_where(&where, &judge->views[0], violation->stack);
	strbuf_addf(&text, "%s: ", words_of(violation->scope, metric));
	limits_print(&text, violation->unit, violation->got);
	strbuf_adds(&text, ", allowed ");
	limits_print(&text, violation->unit, violation->limit);
	if (violation->has_baseline) {
		strbuf_adds(&text, " (baseline ");
		limits_print(&text, violation->unit, violation->baseline);
		strbuf_addc(&text, ')');
	}
	violation->metric = limits_name(metric);
	violation->where = strbuf_get(&where);
	violation->message = strbuf_get(&text);
	r = text.failed || where.failed ? -ENOMEM : judge_add(judge, *violation);
	strbuf_fini(&text);
	strbuf_fini(&where);
	return r;
}

const char *judge_suppress_command(struct judge *judge, uint64_t sig, const char *where)
{
	char name[64];
	size_t used = 0;

	/* The function's name, without what a shell or the file would stumble over. */
	for (; *where && *where != ' ' && used + 1 < sizeof(name); where++)
		if (!strchr("'\"\\[]%", *where))
			name[used++] = *where;
	name[used] = '\0';
	return judge_text(judge,
			  "printf '[suppress \"%s\"]\\n\\tmatch = sig:%016" PRIx64
			  "\\n\\treason = WHY\\n' >> %s",
			  used ? name : "leak", sig,
			  judge->config->path ? judge->config->path : ".tenure");
}
