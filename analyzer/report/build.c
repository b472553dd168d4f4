/* SPDX-License-Identifier: Apache-2.0 */
/* Turns the model's result of one process image into its part of the document. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "model/result-python.h"
#include "report/build.h"
#include "report/report.h"

/* Time since the start of the image; 0 for what lies before. */
static uint64_t since_start(const struct build *build, uint64_t stamp)
{
	return stamp > build->result->start_stamp
		       ? build_ns(build, stamp - build->result->start_stamp)
		       : 0;
}

static int copy_text(struct build *build, const char *text, const char **ret_copy)
{
	const char *copy = report_text(build->report, text ? text : "");

	if (!copy)
		return -ENOMEM;
	*ret_copy = copy;
	return 0;
}

static int add_identity(struct build *build)
{
	const struct result_process *from = build->result;
	struct report_process *process = build->process;
	int r = copy_text(build, from->exe, &process->exe);

	process->pid = from->pid;
	process->ppid = from->ppid;
	process->image = from->image;
	process->forked = from->forked;
	process->end = (struct report_end){ from->end, from->end_status };
	process->duration_ns = since_start(build, from->end_stamp);
	if (from->start_unix_ns > build->report->start_unix_ns)
		process->start_ns = from->start_unix_ns - build->report->start_unix_ns;
	if (from->python)
		process->collected =
			from->python->runs[0] + from->python->runs[1] + from->python->runs[2] > 0;
	memcpy(process->gen_clock, from->gen_clock, sizeof(process->gen_clock));
	process->sample_bytes = from->sample_bytes;
	process->events = from->events;
	process->stream_bytes = from->stream_bytes;

	for (const char *arg = from->command; r == 0 && arg && *arg; arg += strlen(arg) + 1) {
		const char *copy;

		r = copy_text(build, arg, &copy);
		if (r == 0)
			r = vec_push(&process->command, copy);
	}
	return r;
}

static void add_totals(struct build *build)
{
	const struct result_totals *from = &build->result->totals;
	struct report_totals *totals = &build->process->totals;

	*totals = (struct report_totals){
		.allocations = from->allocations,
		.allocated_bytes = from->allocated_bytes,
		.frees = from->frees,
		.freed_bytes = from->freed_bytes,
		.reallocs = from->reallocs,
		.temporary = from->temporary,
		.live_blocks = from->live_blocks,
		.live_bytes = from->live_bytes,
		.peak_bytes = from->peak_bytes,
		.peak_blocks = from->peak_blocks,
		.peak_time_ns = since_start(build, from->peak_stamp),
		.peak_rss_bytes = from->peak_rss_bytes,
		.inherited_frees = from->inherited_frees,
		.mapped_peak_bytes = from->mapped_peak_bytes,
		.mapped_live_bytes = from->mapped_live_bytes,
		.mapped_file_bytes = from->mapped_file_bytes,
		.maps = from->maps,
		.unmaps = from->unmaps,
		.break_bytes = from->break_bytes,
	};
	totals->errors = build->result->errors;
	memcpy(totals->died_bytes, from->died_bytes, sizeof(totals->died_bytes));
	memcpy(totals->collected_blocks, from->collected_blocks, sizeof(totals->collected_blocks));
	memcpy(totals->collected_bytes, from->collected_bytes, sizeof(totals->collected_bytes));
	memcpy(totals->by_fn, from->by_fn, sizeof(totals->by_fn));
	memcpy(totals->size_histogram, from->size_histogram, sizeof(totals->size_histogram));
	memcpy(totals->life_histogram, from->life_histogram, sizeof(totals->life_histogram));
}

static int add_trust(struct build *build)
{
	const struct result_trust *from = &build->result->trust;
	struct report_trust *trust = &build->process->trust;
	int r = 0;

	trust->complete = from->complete;
	memcpy(trust->lost, from->lost, sizeof(trust->lost));
	trust->truncated = from->truncated;
	trust->guessed = from->guessed;
	trust->folded = from->folded;
	trust->repaired = from->repaired;
	trust->unmatched = from->unmatched;
	trust->bad_bytes = from->bad_bytes;
	trust->missing_chunks = from->missing_chunks;
	if (from->off_reason)
		r = copy_text(build, from->off_reason, &trust->off_reason);
	for (size_t i = 0; i < from->notes_count && r == 0; i++) {
		const char *copy;

		r = copy_text(build, from->notes[i], &copy);
		if (r == 0)
			r = vec_push(&trust->notes, copy);
	}
	return r;
}

static int add_threads(struct build *build)
{
	int r = vec_reserve(&build->process->threads, build->result->threads_count);

	for (size_t i = 0; i < build->result->threads_count && r == 0; i++) {
		const struct result_thread *from = &build->result->threads[i];
		struct report_thread thread = {
			.tid = from->tid,
			.start_ns = since_start(build, from->start),
			.end_ns = from->end ? since_start(build, from->end) : 0,
			.allocations = from->allocations,
			.bytes = from->bytes,
			.live_blocks = from->live_blocks,
			.live_bytes = from->live_bytes,
			.peak_blocks = from->peak_blocks,
			.peak_bytes = from->peak_bytes,
			.survived_blocks = from->survived_blocks,
			.survived_bytes = from->survived_bytes,
			.collected_blocks = from->collected_blocks,
			.collected_bytes = from->collected_bytes,
		};

		r = copy_text(build, from->name, &thread.name);
		if (r == 0)
			r = vec_push(&build->process->threads, thread);
	}
	return r;
}

static int add_times(struct build *build)
{
	const struct result_process *from = build->result;
	int r = 0;

	for (size_t i = 0; i < from->timeline_count && r == 0; i++) {
		const struct result_moment *at = &from->timeline[i];
		struct report_moment moment = { since_start(build, at->stamp), at->heap_bytes,
						at->heap_blocks, at->mapped_bytes, at->rss_bytes };

		r = vec_push(&build->process->timeline, moment);
	}
	for (size_t i = 0; i < from->marks_count && r == 0; i++) {
		const struct result_mark *at = &from->marks[i];
		struct report_mark mark = { .time_ns = since_start(build, at->stamp),
					    .kind = at->kind,
					    .heap_bytes = at->heap_bytes,
					    .heap_blocks = at->heap_blocks,
					    .allocations = at->allocations };

		r = copy_text(build, at->name, &mark.name);
		if (r == 0)
			r = vec_push(&build->process->marks, mark);
	}
	return r;
}

static int add_types(struct build *build)
{
	int r = 0;

	for (size_t i = 0; i < build->result->types_count && r == 0; i++) {
		struct result_type type = build->result->types[i];

		r = copy_text(build, type.name, &type.name);
		if (r == 0)
			r = vec_push(&build->process->types, type);
	}
	return r;
}

/* Texts now, because signatures need the build ids; where names came from, later. */
static int add_modules(struct build *build)
{
	int r = 0;

	for (size_t i = 0; i < build->result->modules_count && r == 0; i++) {
		const struct result_module *from = &build->result->modules[i];
		struct report_module module = { .names = RESOLVE_UNUSED };

		r = copy_text(build, from->path, &module.path);
		if (r == 0)
			r = copy_text(build, from->build_id, &module.build_id);
		if (r == 0)
			r = vec_push(&build->process->modules, module);
	}
	return r;
}

static int add_python(struct build *build)
{
	const struct result_python *from = build->result->python;
	struct report_python *python = &build->process->python;
	int r;

	if (!from)
		return 0;
	r = copy_text(build, from->version, &python->version);
	python->no_generations = from->no_generations;
	for (unsigned int i = 0; i < RESULT_GENERATIONS; i++) {
		python->runs[i] = from->runs[i];
		python->run_ns[i] = build_ns(build, from->run_ticks[i]);
	}
	python->collected = from->collected;
	python->uncollectable = from->uncollectable;
	python->has_arenas = build->result->arenas != NULL;
	if (python->has_arenas)
		python->arenas = *build->result->arenas;
	for (size_t i = 0; i < from->collections_count && r == 0; i++) {
		const struct result_collection *at = &from->collections[i];
		struct report_collection collection = {
			.time_ns = since_start(build, at->start),
			.duration_ns = at->stop > at->start ? build_ns(build, at->stop - at->start)
							    : 0,
			.interpreter = at->interpreter,
			.generation = at->generation,
			.collected = at->collected,
			.uncollectable = at->uncollectable,
			.freed_blocks = at->freed_blocks,
			.freed_bytes = at->freed_bytes,
			.heap_bytes = at->heap_bytes,
			.heap_blocks = at->heap_blocks,
		};

		r = vec_push(&python->collections, collection);
	}
	return r;
}

static int add_all(struct build *build)
{
	const struct result_process *from = build->result;
	struct report_process *process = build->process;
	int r = add_identity(build);

	add_totals(build);
	if (r == 0)
		r = add_trust(build);
	if (r == 0)
		r = add_threads(build);
	if (r == 0)
		r = add_times(build);
	if (r == 0)
		r = add_types(build);
	if (r == 0)
		r = add_python(build);
	if (r == 0)
		r = add_modules(build);
	if (r == 0)
		r = build_end_levels(build);
	if (r == 0)
		r = build_sites(build, from->sites, from->sites_count, "heap", &process->sites,
				build->sig_of);
	if (r == 0)
		r = build_sites(build, from->mapped, from->mapped_count, "mapped", &process->mapped,
				NULL);
	if (r == 0)
		r = build_containers(build);
	if (r == 0)
		r = build_python_end(build);
	if (r == 0)
		r = build_series(build);
	if (r == 0)
		r = build_leaks(build);
	if (r == 0)
		r = build_cycles(build);
	if (r == 0)
		r = build_held(build);
	if (r < 0)
		return r;

	for (size_t i = 0; i < process->modules.count; i++)
		process->modules.at[i].names = (uint32_t)resolve_source(build->resolve, i);
	return 0;
}

int report_add(struct report *report, const struct result_process *process, struct resolve *resolve)
{
	struct build build = { .report = report, .result = process, .resolve = resolve };
	int r = vec_push(&report->processes, (struct report_process){ 0 });

	if (r < 0)
		return r;
	build.process = &report->processes.at[report->processes.count - 1];
	build.process->exe = "";
	build.stack_of = calloc(process->nodes_count + 1, sizeof(*build.stack_of));
	build.frames_of = calloc(process->nodes_count + 1, sizeof(*build.frames_of));
	build.sig_of = calloc(process->sites_count + 1, sizeof(*build.sig_of));
	r = build.stack_of && build.frames_of && build.sig_of ? resolve_process(resolve, process)
							      : -ENOMEM;
	if (r == 0)
		r = add_all(&build);
	free(build.stack_of);
	free(build.frames_of);
	free(build.sig_of);
	free(build.end_of);
	origins_fini(&build.origins);
	vec_fini(&build.frames);
	vec_fini(&build.path);
	variables_fini(&build.variables);
	members_fini(&build.members);
	pysplice_fini(&build.splice);
	return r;
}
