/* SPDX-License-Identifier: Apache-2.0 */
/* The report document as JSON.  report-load.c reads the same fields in the same order. */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/emit.h"
#include "base/err.h"
#include "report/cycles-json.h"
#include "report/gate-json.h"
#include "report/held-json.h"
#include "report/leaks-json.h"
#include "report/python-json.h"
#include "report/report-json.h"
#include "report/series-json.h"
#include "report/suppress-json.h"
#include "report/words.h"

#define NS_PER_S 1000000000u

static void write_texts(struct emit *emit, const char *key, const report_texts *texts)
{
	emit_array(emit, key, EMIT_FLAT);
	for (size_t i = 0; i < texts->count; i++)
		emit_text(emit, NULL, texts->at[i]);
	emit_end(emit);
}

static void write_counts(struct emit *emit, const char *key, const uint64_t *counts, size_t count)
{
	emit_array(emit, key, EMIT_FLAT);
	for (size_t i = 0; i < count; i++)
		emit_uint(emit, NULL, counts[i]);
	emit_end(emit);
}

static void write_end(struct emit *emit, const struct report_end *end)
{
	emit_object(emit, "end", EMIT_FLAT);
	emit_text(emit, "how", words_get(&words_end, end->kind));
	if (end->kind == RESULT_END_EXIT)
		emit_int(emit, "status", end->value);
	if (end->kind == RESULT_END_SIGNAL)
		emit_int(emit, "signal", end->value);
	emit_end(emit);
}

/* RFC 3339 in UTC with all nanoseconds. */
static void write_time(struct emit *emit, const char *key, uint64_t unix_ns)
{
	time_t seconds = (time_t)(unix_ns / NS_PER_S);
	struct tm tm;
	char day[32] = "1970-01-01T00:00:00";
	char text[64];

	if (gmtime_r(&seconds, &tm))
		(void)strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(text, sizeof(text), "%s.%09" PRIu64 "Z", day, unix_ns % NS_PER_S);
	emit_text(emit, key, text);
}

static void write_session(struct emit *emit, const struct report *report)
{
	emit_object(emit, "generated_by", EMIT_FLAT);
	emit_text(emit, "name", report->generator);
	emit_text(emit, "version", report->version);
	emit_end(emit);

	emit_object(emit, "session", EMIT_LINES);
	write_texts(emit, "command", &report->command);
	emit_text(emit, "cwd", report->cwd);
	emit_text(emit, "host", report->host);
	emit_text(emit, "hash_seed", report->hash_seed);
	write_time(emit, "start", report->start_unix_ns);
	emit_uint(emit, "duration_ns", report->duration_ns);
	write_end(emit, &report->end);
	emit_end(emit);
}

static void write_tree(struct emit *emit, const struct report *report)
{
	const struct report_tree *tree = &report->tree;

	emit_object(emit, "trust", EMIT_FLAT);
	emit_bool(emit, "complete", tree->complete);
	emit_end(emit);

	emit_object(emit, "totals", EMIT_LINES);
	emit_uint(emit, "processes", report->processes.count);
	emit_uint(emit, "allocations", tree->allocations);
	emit_uint(emit, "allocated_bytes", tree->allocated_bytes);
	emit_uint(emit, "frees", tree->frees);
	emit_uint(emit, "freed_bytes", tree->freed_bytes);
	emit_uint(emit, "reallocs", tree->reallocs);
	emit_uint(emit, "temporary", tree->temporary);
	emit_uint(emit, "live_blocks", tree->live_blocks);
	emit_uint(emit, "live_bytes", tree->live_bytes);
	emit_uint(emit, "largest_peak_bytes", tree->peak_bytes);
	emit_uint(emit, "largest_peak_process", tree->peak_process);
	emit_end(emit);
}

static void write_frame(struct emit *emit, const struct report_frame *frame)
{
	emit_object(emit, NULL, EMIT_FLAT);
	emit_uint(emit, "function", frame->function);
	if (frame->file != REPORT_NONE)
		emit_uint(emit, "file", frame->file);
	if (frame->line)
		emit_uint(emit, "line", frame->line);
	if (frame->module != REPORT_NONE)
		emit_uint(emit, "module", frame->module);
	if (frame->address)
		emit_uint(emit, "address", frame->address);
	emit_text(emit, "kind", words_get(&words_frame, frame->kind));
	if (frame->inlined)
		emit_bool(emit, "inlined", true);
	if (!frame->named)
		emit_bool(emit, "named", false);
	emit_end(emit);
}

static void write_tables(struct emit *emit, const struct report *report)
{
	emit_array(emit, "strings", EMIT_LINES);
	for (size_t i = 0; i < report->strings.strings.count; i++)
		emit_text(emit, NULL, report->strings.strings.at[i]);
	emit_end(emit);

	emit_array(emit, "frames", EMIT_LINES);
	for (size_t i = 0; i < report->frames.count; i++)
		write_frame(emit, &report->frames.at[i]);
	emit_end(emit);

	emit_array(emit, "stacks", EMIT_LINES);
	for (size_t i = 0; i < report->stacks.count; i++) {
		const struct report_stack *stack = &report->stacks.at[i];

		emit_array(emit, NULL, EMIT_FLAT);
		emit_uint(emit, NULL, stack->frame);
		if (stack->caller != REPORT_NONE)
			emit_uint(emit, NULL, stack->caller);
		emit_end(emit);
	}
	emit_end(emit);
}

static void write_errors(struct emit *emit, const struct result_errors *errors)
{
	emit_object(emit, "errors", EMIT_FLAT);
	emit_uint(emit, "allocations", errors->allocations);
	emit_uint(emit, "bytes", errors->bytes);
	emit_uint(emit, "live_blocks", errors->live_blocks);
	emit_uint(emit, "live_bytes", errors->live_bytes);
	emit_uint(emit, "peak_blocks", errors->peak_blocks);
	emit_uint(emit, "peak_bytes", errors->peak_bytes);
	emit_end(emit);
}

static void write_site(struct emit *emit, const struct report_site *site, bool estimated)
{
	emit_object(emit, NULL, EMIT_FLAT);
	emit_hash(emit, "sig", site->sig);
	if (site->stack != REPORT_NONE)
		emit_uint(emit, "stack", site->stack);
	emit_text(emit, "function", words_get(&words_fn, site->fn));
	emit_uint(emit, "allocations", site->allocations);
	emit_uint(emit, "bytes", site->bytes);
	emit_uint(emit, "frees", site->frees);
	emit_uint(emit, "temporary", site->temporary);
	emit_uint(emit, "live_blocks", site->live_blocks);
	emit_uint(emit, "live_bytes", site->live_bytes);
	emit_uint(emit, "peak_blocks", site->peak_blocks);
	emit_uint(emit, "peak_bytes", site->peak_bytes);
	emit_uint(emit, "max_bytes", site->max_bytes);
	write_counts(emit, "died", site->died, RESULT_GENERATIONS);
	write_counts(emit, "alive", site->alive, RESULT_GENERATIONS);
	write_counts(emit, "alive_bytes", site->alive_bytes, RESULT_GENERATIONS);
	if (site->survived_bytes)
		emit_uint(emit, "survived_bytes", site->survived_bytes);
	if (site->collected_blocks) {
		emit_uint(emit, "collected_blocks", site->collected_blocks);
		emit_uint(emit, "collected_bytes", site->collected_bytes);
	}
	if (site->origin)
		emit_text(emit, "origin", words_get(&words_origin, site->origin));
	if (site->end_blocks) {
		emit_uint(emit, "end_blocks", site->end_blocks);
		emit_uint(emit, "end_bytes", site->end_bytes);
	}
	emit_uint(emit, "life_mean_ns", site->life_mean_ns);
	emit_uint(emit, "life_max_ns", site->life_max_ns);
	if (estimated)
		write_errors(emit, &site->errors);
	emit_end(emit);
}

static void write_sites(struct emit *emit, const char *key, const report_sites *sites,
			bool estimated)
{
	emit_array(emit, key, EMIT_LINES);
	for (size_t i = 0; i < sites->count; i++)
		write_site(emit, &sites->at[i], estimated);
	emit_end(emit);
}

/* Buckets of a histogram that are not empty; bucket n holds values of n significant bits. */
static void write_histogram(struct emit *emit, const char *key, const char *unit,
			    const uint64_t *buckets, size_t count)
{
	char low[24], high[24];

	(void)snprintf(low, sizeof(low), "min_%s", unit);
	(void)snprintf(high, sizeof(high), "max_%s", unit);
	emit_array(emit, key, EMIT_LINES);
	for (size_t i = 0; i < count; i++) {
		if (!buckets[i])
			continue;
		emit_object(emit, NULL, EMIT_FLAT);
		emit_uint(emit, low, i ? 1ull << (i - 1) : 0);
		if (i + 1 < count) /* the last one is open */
			emit_uint(emit, high, (1ull << i) - 1);
		emit_uint(emit, "count", buckets[i]);
		emit_end(emit);
	}
	emit_end(emit);
}

static void write_totals(struct emit *emit, const struct report_totals *totals, bool estimated)
{
	emit_object(emit, "totals", EMIT_LINES);
	emit_uint(emit, "allocations", totals->allocations);
	emit_uint(emit, "allocated_bytes", totals->allocated_bytes);
	emit_uint(emit, "frees", totals->frees);
	emit_uint(emit, "freed_bytes", totals->freed_bytes);
	write_counts(emit, "died_bytes", totals->died_bytes, RESULT_GENERATIONS);
	write_counts(emit, "collected_blocks", totals->collected_blocks, RESULT_GENERATIONS);
	write_counts(emit, "collected_bytes", totals->collected_bytes, RESULT_GENERATIONS);
	emit_uint(emit, "reallocs", totals->reallocs);
	emit_uint(emit, "temporary", totals->temporary);
	emit_uint(emit, "inherited_frees", totals->inherited_frees);
	emit_uint(emit, "live_blocks", totals->live_blocks);
	emit_uint(emit, "live_bytes", totals->live_bytes);
	emit_uint(emit, "peak_blocks", totals->peak_blocks);
	emit_uint(emit, "peak_bytes", totals->peak_bytes);
	emit_uint(emit, "peak_time_ns", totals->peak_time_ns);
	if (totals->peak_rss_bytes)
		emit_uint(emit, "peak_rss_bytes", totals->peak_rss_bytes);
	emit_uint(emit, "mapped_peak_bytes", totals->mapped_peak_bytes);
	emit_uint(emit, "mapped_live_bytes", totals->mapped_live_bytes);
	emit_uint(emit, "mapped_file_bytes", totals->mapped_file_bytes);
	emit_uint(emit, "maps", totals->maps);
	emit_uint(emit, "unmaps", totals->unmaps);
	emit_int(emit, "break_bytes", totals->break_bytes);
	if (estimated)
		write_errors(emit, &totals->errors);

	emit_object(emit, "by_function", EMIT_FLAT);
	for (uint32_t i = 0; i < TENURE_FN_COUNT; i++) {
		if (totals->by_fn[i])
			emit_uint(emit, words_get(&words_fn, i), totals->by_fn[i]);
	}
	emit_end(emit);
	emit_end(emit);
}

static void write_trust(struct emit *emit, const struct report_trust *trust)
{
	emit_object(emit, "trust", EMIT_LINES);
	emit_bool(emit, "complete", trust->complete);
	emit_object(emit, "lost", EMIT_FLAT);
	for (uint32_t i = 0; i < words_lost.count; i++)
		emit_uint(emit, words_get(&words_lost, i), trust->lost[i]);
	emit_end(emit);
	emit_uint(emit, "truncated_stacks", trust->truncated);
	emit_uint(emit, "guessed_stacks", trust->guessed);
	emit_uint(emit, "folded_stacks", trust->folded);
	emit_uint(emit, "repaired_events", trust->repaired);
	emit_uint(emit, "unmatched_blocks", trust->unmatched);
	emit_uint(emit, "bad_bytes", trust->bad_bytes);
	emit_uint(emit, "missing_chunks", trust->missing_chunks);
	if (trust->off_reason)
		emit_text(emit, "off_reason", trust->off_reason);
	write_texts(emit, "notes", &trust->notes);
	emit_end(emit);
}

static void write_threads(struct emit *emit, const struct report_process *process)
{
	emit_array(emit, "threads", EMIT_LINES);
	for (size_t i = 0; i < process->threads.count; i++) {
		const struct report_thread *thread = &process->threads.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		emit_uint(emit, "tid", thread->tid);
		emit_text(emit, "name", thread->name);
		emit_uint(emit, "start_ns", thread->start_ns);
		if (thread->end_ns)
			emit_uint(emit, "end_ns", thread->end_ns);
		emit_uint(emit, "allocations", thread->allocations);
		emit_uint(emit, "bytes", thread->bytes);
		emit_uint(emit, "live_blocks", thread->live_blocks);
		emit_uint(emit, "live_bytes", thread->live_bytes);
		emit_uint(emit, "peak_blocks", thread->peak_blocks);
		emit_uint(emit, "peak_bytes", thread->peak_bytes);
		emit_uint(emit, "survived_blocks", thread->survived_blocks);
		emit_uint(emit, "survived_bytes", thread->survived_bytes);
		emit_uint(emit, "collected_blocks", thread->collected_blocks);
		emit_uint(emit, "collected_bytes", thread->collected_bytes);
		emit_end(emit);
	}
	emit_end(emit);
}

static void write_marks(struct emit *emit, const struct report_process *process)
{
	size_t next = 0;

	emit_array(emit, "marks", EMIT_LINES);
	for (size_t i = 0; i < process->marks.count; i++) {
		const struct report_mark *mark = &process->marks.at[i];
		const struct report_look *look = NULL;

		if (next < process->looks.count && process->looks.at[next].mark == i)
			look = &process->looks.at[next++];
		emit_object(emit, NULL, look ? EMIT_LINES : EMIT_FLAT);
		emit_text(emit, "name", mark->name);
		emit_text(emit, "kind", words_get(&words_mark, mark->kind));
		emit_uint(emit, "time_ns", mark->time_ns);
		emit_uint(emit, "heap_bytes", mark->heap_bytes);
		emit_uint(emit, "heap_blocks", mark->heap_blocks);
		emit_uint(emit, "allocations", mark->allocations);
		if (look)
			leaks_json_write(emit, &look->scan, &look->leaks);
		emit_end(emit);
	}
	emit_end(emit);
}

static void write_times(struct emit *emit, const struct report_process *process)
{
	emit_array(emit, "timeline", EMIT_LINES);
	for (size_t i = 0; i < process->timeline.count; i++) {
		const struct report_moment *moment = &process->timeline.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		emit_uint(emit, "time_ns", moment->time_ns);
		emit_uint(emit, "heap_bytes", moment->heap_bytes);
		emit_uint(emit, "heap_blocks", moment->heap_blocks);
		emit_uint(emit, "mapped_bytes", moment->mapped_bytes);
		if (moment->rss_bytes)
			emit_uint(emit, "rss_bytes", moment->rss_bytes);
		emit_end(emit);
	}
	emit_end(emit);

	write_marks(emit, process);
}

static void write_types(struct emit *emit, const struct report_process *process)
{
	emit_array(emit, "types", EMIT_LINES);
	for (size_t i = 0; i < process->types.count; i++) {
		const struct result_type *type = &process->types.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		emit_text(emit, "name", type->name);
		emit_uint(emit, "allocations", type->allocations);
		emit_uint(emit, "bytes", type->bytes);
		emit_uint(emit, "live_blocks", type->live_blocks);
		emit_uint(emit, "live_bytes", type->live_bytes);
		emit_uint(emit, "peak_blocks", type->peak_blocks);
		emit_uint(emit, "peak_bytes", type->peak_bytes);
		if (process->python.version) {
			write_counts(emit, "died", type->died, RESULT_GENERATIONS);
			write_counts(emit, "alive", type->alive, RESULT_GENERATIONS);
			write_counts(emit, "alive_bytes", type->alive_bytes, RESULT_GENERATIONS);
			emit_uint(emit, "survived_bytes", type->survived_bytes);
			emit_uint(emit, "collected_blocks", type->collected_blocks);
			emit_uint(emit, "collected_bytes", type->collected_bytes);
		}
		emit_end(emit);
	}
	emit_end(emit);
}

static void write_modules(struct emit *emit, const struct report_process *process)
{
	emit_array(emit, "modules", EMIT_LINES);
	for (size_t i = 0; i < process->modules.count; i++) {
		const struct report_module *module = &process->modules.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		emit_text(emit, "path", module->path);
		if (*module->build_id)
			emit_text(emit, "build_id", module->build_id);
		emit_text(emit, "names", words_get(&words_source, module->names));
		emit_end(emit);
	}
	emit_end(emit);
}

static void write_process(struct emit *emit, const struct report_process *process)
{
	emit_object(emit, NULL, EMIT_LINES);
	emit_uint(emit, "pid", process->pid);
	emit_uint(emit, "ppid", process->ppid);
	emit_uint(emit, "image", process->image);
	emit_bool(emit, "forked", process->forked);
	emit_text(emit, "exe", process->exe);
	write_texts(emit, "command", &process->command);
	write_end(emit, &process->end);
	emit_uint(emit, "start_ns", process->start_ns);
	emit_uint(emit, "duration_ns", process->duration_ns);

	emit_object(emit, "generations", EMIT_FLAT);
	emit_text(emit, "clock", process->collected ? "collections" : "allocated_bytes");
	write_counts(emit, "thresholds", process->gen_clock, RESULT_GENERATIONS - 1);
	emit_end(emit);
	emit_uint(emit, "sample_bytes", process->sample_bytes);
	if (process->sample_bytes)
		emit_bool(emit, "estimated", true);
	emit_uint(emit, "events", process->events);
	emit_uint(emit, "stream_bytes", process->stream_bytes);

	write_totals(emit, &process->totals, process->sample_bytes != 0);
	write_trust(emit, &process->trust);
	write_sites(emit, "sites", &process->sites, process->sample_bytes != 0);
	write_sites(emit, "mapped", &process->mapped, false);
	leaks_json_write(emit, &process->scan, &process->leaks);
	held_json_write(emit, process);
	write_types(emit, process);
	python_json_write(emit, &process->python);
	cycles_json_write(emit, &process->cycles);
	write_threads(emit, process);
	write_times(emit, process);
	series_json_write(emit, process);
	write_histogram(emit, "sizes", "bytes", process->totals.size_histogram,
			RESULT_SIZE_BUCKETS);
	write_histogram(emit, "lifetimes", "us", process->totals.life_histogram,
			RESULT_LIFE_BUCKETS);
	write_modules(emit, process);
	emit_end(emit);
}

int report_json_write(const struct report *report, FILE *file)
{
	struct emit *emit = malloc(sizeof(*emit));
	int r;

	if (!emit)
		return -ENOMEM;
	emit_init(emit, file);
	emit_object(emit, NULL, EMIT_LINES);
	emit_text(emit, "schema", REPORT_SCHEMA);
	write_session(emit, report);
	write_tree(emit, report);

	suppress_json_write(emit, report);
	emit_array(emit, "processes", EMIT_LINES);
	for (size_t i = 0; i < report->processes.count; i++)
		write_process(emit, &report->processes.at[i]);
	emit_end(emit);

	if (report->gate.verdict != GATE_OFF)
		gate_json_write(emit, &report->gate);
	write_tables(emit, report);
	emit_end(emit);
	r = emit_finish(emit);
	free(emit);
	return r;
}
