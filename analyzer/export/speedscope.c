/* SPDX-License-Identifier: Apache-2.0 */
/* speedscope's own format: one sampled profile per process and cost. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/emit.h"
#include "export/formats.h"
#include "export/stacks.h"
#include "report/names.h"

static const char *const cost_titles[] = { "held at the peak", "held at the end", "allocated" };

static void write_frames(struct emit *emit, const struct stacks *stacks)
{
	const struct report *report = stacks->job->report;

	emit_object(emit, "shared", EMIT_LINES);
	emit_array(emit, "frames", EMIT_LINES);
	for (size_t i = 0; i < report->frames.count; i++) {
		const struct report_frame *frame = &report->frames.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		emit_text(emit, "name", stacks_string(stacks, frame->function));
		if (frame->file != REPORT_NONE)
			emit_text(emit, "file", stacks_string(stacks, frame->file));
		else if (frame->module != REPORT_NONE)
			emit_text(emit, "file", stacks_string(stacks, frame->module));
		if (frame->line)
			emit_uint(emit, "line", frame->line);
		emit_end(emit);
	}
	emit_end(emit);
	emit_end(emit);
}

static int write_samples(struct emit *emit, struct stacks *stacks,
			 const struct report_process *process, enum export_cost cost)
{
	emit_array(emit, "samples", EMIT_LINES);
	for (size_t i = 0; i < process->sites.count; i++) {
		const struct report_site *site = &process->sites.at[i];
		int r;

		if (!stacks_cost(site, cost))
			continue;
		r = stacks_path(stacks, site->stack);
		if (r < 0)
			return r;
		emit_array(emit, NULL, EMIT_FLAT);
		for (size_t n = stacks->path.count; n-- > 0;)
			emit_uint(emit, NULL, stacks->path.at[n]);
		emit_end(emit);
	}
	emit_end(emit);

	emit_array(emit, "weights", EMIT_LINES);
	for (size_t i = 0; i < process->sites.count; i++) {
		if (stacks_cost(&process->sites.at[i], cost))
			emit_uint(emit, NULL, stacks_cost(&process->sites.at[i], cost));
	}
	emit_end(emit);
	return 0;
}

static int write_profile(struct emit *emit, struct stacks *stacks,
			 const struct report_process *process, enum export_cost cost)
{
	cleanup_strbuf struct strbuf name = { 0 };
	uint64_t total = 0;
	int r;

	for (size_t i = 0; i < process->sites.count; i++)
		total += stacks_cost(&process->sites.at[i], cost);
	stacks_process(process, &name);
	strbuf_addf(&name, ": %s", cost_titles[cost]);
	if (name.failed)
		return -ENOMEM;

	emit_object(emit, NULL, EMIT_LINES);
	emit_text(emit, "type", "sampled");
	emit_text(emit, "name", strbuf_get(&name));
	emit_text(emit, "unit", "bytes");
	emit_uint(emit, "startValue", 0);
	emit_uint(emit, "endValue", total);
	r = write_samples(emit, stacks, process, cost);
	emit_end(emit);
	return r;
}

int speedscope_write(const struct export_job *job, FILE *file)
{
	cleanup_free struct emit *emit = malloc(sizeof(*emit));
	cleanup_stacks struct stacks stacks = { 0 };
	const struct report *report = job->report;
	int r = emit ? stacks_init(&stacks, job) : -ENOMEM;
	int written;

	if (r < 0)
		return r;
	emit_init(emit, file);
	emit_object(emit, NULL, EMIT_LINES);
	emit_text(emit, "$schema", "https://www.speedscope.app/file-format-schema.json");
	emit_text(emit, "exporter", report->generator);
	if (report->command.count)
		emit_text(emit, "name", names_base(report->command.at[0]));
	emit_uint(emit, "activeProfileIndex", (uint64_t)job->cost);
	write_frames(emit, &stacks);
	emit_array(emit, "profiles", EMIT_LINES);
	for (size_t i = 0; i < report->processes.count && r == 0; i++) {
		const struct report_process *process = &report->processes.at[i];

		for (unsigned int cost = 0; cost < EXPORT_COST_COUNT && r == 0; cost++) {
			if (stacks_has(&stacks, process))
				r = write_profile(emit, &stacks, process, (enum export_cost)cost);
		}
	}
	emit_end(emit);
	emit_end(emit);
	written = emit_finish(emit);
	return r < 0 ? r : written;
}
