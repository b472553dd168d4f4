/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What valgrind's DHAT writes, version 2, with lifetimes and without accesses.
 *
 * Two figures are lower bounds, for DHAT keeps what tenure does not: blocks at
 * the moment when a stack held most, and the lifetimes of blocks never freed.
 * The most bytes of stacks that look alike are added up: an upper bound.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/emit.h"
#include "export/formats.h"
#include "export/stacks.h"

static void write_head(struct emit *emit, const struct report_process *process)
{
	cleanup_strbuf struct strbuf command = { 0 };

	for (size_t i = 0; i < process->command.count; i++)
		strbuf_addf(&command, "%s%s", i ? " " : "", process->command.at[i]);
	emit_uint(emit, "dhatFileVersion", 2);
	emit_text(emit, "mode", "heap");
	emit_text(emit, "verb", "Allocated");
	emit_bool(emit, "bklt", true);
	emit_bool(emit, "bkacc", false);
	emit_text(emit, "tu", "µs");
	emit_text(emit, "Mtu", "s");
	emit_uint(emit, "tuth", 500);
	emit_text(emit, "cmd", command.count ? strbuf_get(&command) : process->exe);
	emit_uint(emit, "pid", process->pid);
	emit_uint(emit, "te", process->duration_ns / 1000);
	emit_uint(emit, "tg", process->totals.peak_time_ns / 1000);
}

/* Puts @site to those that are shown with the same stack. */
static int merge_site(struct stacks *stacks, struct idmap *ids, report_sites *sites,
		      const struct report_site *site)
{
	struct report_site *to;
	uint32_t number, id;
	int r = stacks_number(stacks, site->stack, &number);

	if (r == 0)
		r = idmap_add(ids, number, (uint32_t)sites->count, &id);
	if (r == 1)
		return vec_push(sites, *site);
	if (r < 0)
		return r;
	to = &sites->at[id];
	if (to->frees + site->frees)
		to->life_mean_ns =
			(to->life_mean_ns * to->frees + site->life_mean_ns * site->frees) /
			(to->frees + site->frees);
	to->allocations += site->allocations;
	to->bytes += site->bytes;
	to->frees += site->frees;
	to->max_bytes += site->max_bytes;
	to->peak_blocks += site->peak_blocks;
	to->peak_bytes += site->peak_bytes;
	to->live_blocks += site->live_blocks;
	to->live_bytes += site->live_bytes;
	return 0;
}

static int write_site(struct emit *emit, struct stacks *stacks, const struct report_site *site)
{
	uint64_t most_blocks = site->peak_blocks > site->live_blocks ? site->peak_blocks
								     : site->live_blocks;
	int r = stacks_path(stacks, site->stack);

	if (r < 0)
		return r;
	emit_object(emit, NULL, EMIT_FLAT);
	emit_uint(emit, "tb", site->bytes);
	emit_uint(emit, "tbk", site->allocations);
	emit_uint(emit, "tl", site->life_mean_ns * site->frees / 1000);
	emit_uint(emit, "mb", site->max_bytes);
	emit_uint(emit, "mbk", most_blocks || !site->max_bytes ? most_blocks : 1);
	emit_uint(emit, "gb", site->peak_bytes);
	emit_uint(emit, "gbk", site->peak_blocks);
	emit_uint(emit, "eb", site->live_bytes);
	emit_uint(emit, "ebk", site->live_blocks);
	emit_array(emit, "fs", EMIT_FLAT);
	for (size_t i = 0; i < stacks->path.count; i++)
		emit_uint(emit, NULL, stacks->path.at[i] + 1);
	if (!stacks->path.count)
		emit_uint(emit, NULL, stacks->job->report->frames.count + 1);
	emit_end(emit);
	emit_end(emit);
	return 0;
}

/* One entry per stack: readers refuse a second one. */
static int write_sites(struct emit *emit, struct stacks *stacks,
		       const struct report_process *process)
{
	report_sites sites = { 0 };
	struct idmap ids = { 0 };
	int r = 0;

	for (size_t i = 0; i < process->sites.count && r == 0; i++)
		r = merge_site(stacks, &ids, &sites, &process->sites.at[i]);
	emit_array(emit, "pps", EMIT_LINES);
	for (size_t i = 0; i < sites.count && r == 0; i++)
		r = write_site(emit, stacks, &sites.at[i]);
	emit_end(emit);
	vec_fini(&sites);
	idmap_fini(&ids);
	return r;
}

/* Texts of the form "0xADDRESS: function (file:line)"; 0 is the root, the last is no stack. */
static int write_frames(struct emit *emit, const struct stacks *stacks)
{
	const struct report *report = stacks->job->report;
	cleanup_strbuf struct strbuf text = { 0 };

	emit_array(emit, "ftbl", EMIT_LINES);
	emit_text(emit, NULL, "[root]");
	for (size_t i = 0; i < report->frames.count; i++) {
		const struct report_frame *frame = &report->frames.at[i];

		strbuf_clear(&text);
		strbuf_addf(&text, "0x%llX: %s",
			    (unsigned long long)(frame->address ? frame->address : i + 1),
			    stacks_string(stacks, frame->function));
		if (frame->file != REPORT_NONE)
			strbuf_addf(&text, " (%s:%u)", stacks_string(stacks, frame->file),
				    frame->line);
		else if (frame->module != REPORT_NONE)
			strbuf_addf(&text, " (in %s)", stacks_string(stacks, frame->module));
		if (text.failed)
			return -ENOMEM;
		emit_text(emit, NULL, strbuf_get(&text));
	}
	emit_text(emit, NULL, "0x0: no stack");
	emit_end(emit);
	return 0;
}

int dhat_write(const struct export_job *job, FILE *file)
{
	cleanup_free struct emit *emit = malloc(sizeof(*emit));
	cleanup_stacks struct stacks stacks = { 0 };
	const struct report *report = job->report;
	const struct report_process *process = job->process;
	int r = emit ? stacks_init(&stacks, job) : -ENOMEM;
	int written;

	if (r < 0)
		return r;
	if (!process && report->processes.count == 0)
		return -ENODATA;
	if (!process)
		process = &report->processes.at[report->tree.peak_process];

	emit_init(emit, file);
	emit_object(emit, NULL, EMIT_LINES);
	write_head(emit, process);
	r = write_sites(emit, &stacks, process);
	if (r == 0)
		r = write_frames(emit, &stacks);
	emit_end(emit);
	written = emit_finish(emit);
	return r < 0 ? r : written;
}
