/* SPDX-License-Identifier: Apache-2.0 */
/* Reads one process of a JSON report. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "report/cycles-json.h"
#include "report/held-json.h"
#include "report/leaks-json.h"
#include "report/load.h"
#include "report/python-json.h"
#include "report/series-json.h"

static void load_errors(struct load *load, const json_t *object, struct result_errors *errors)
{
	const json_t *from = json_object_get(object, "errors");

	if (!from)
		return; /* nothing is estimated */
	errors->allocations = load_uint(load, from, "allocations");
	errors->bytes = load_uint(load, from, "bytes");
	errors->live_blocks = load_uint(load, from, "live_blocks");
	errors->live_bytes = load_uint(load, from, "live_bytes");
	errors->peak_blocks = load_uint(load, from, "peak_blocks");
	errors->peak_bytes = load_uint(load, from, "peak_bytes");
}

/* By generation; an older version had none. */
static void load_some_counts(struct load *load, const json_t *from, const char *key,
			     uint64_t *counts)
{
	if (json_object_get(from, key))
		load_counts(load, from, key, counts, RESULT_GENERATIONS);
}

static void load_site(struct load *load, const json_t *from, report_sites *sites)
{
	struct report_site site = { .stack = load_uint32(load, from, "stack", REPORT_NONE) };

	site.sig = load_sig(load, from);
	if (site.stack != REPORT_NONE && site.stack >= load->report->stacks.count)
		load_fail(load, -EINVAL, "there is no stack %" PRIu32, site.stack);
	site.fn = load_word(load, from, "function", &words_fn);
	site.allocations = load_uint(load, from, "allocations");
	site.bytes = load_uint(load, from, "bytes");
	site.frees = load_uint(load, from, "frees");
	site.temporary = load_uint(load, from, "temporary");
	site.live_blocks = load_uint(load, from, "live_blocks");
	site.live_bytes = load_uint(load, from, "live_bytes");
	site.peak_blocks = load_uint(load, from, "peak_blocks");
	site.peak_bytes = load_uint(load, from, "peak_bytes");
	site.max_bytes = load_uint(load, from, "max_bytes");
	load_counts(load, from, "died", site.died, RESULT_GENERATIONS);
	load_counts(load, from, "alive", site.alive, RESULT_GENERATIONS);
	load_counts(load, from, "alive_bytes", site.alive_bytes, RESULT_GENERATIONS);
	site.survived_bytes = load_uint(load, from, "survived_bytes");
	site.collected_blocks = load_uint(load, from, "collected_blocks");
	site.collected_bytes = load_uint(load, from, "collected_bytes");
	if (json_object_get(from, "origin"))
		site.origin = load_word(load, from, "origin", &words_origin);
	site.end_blocks = load_uint(load, from, "end_blocks");
	site.end_bytes = load_uint(load, from, "end_bytes");
	site.life_mean_ns = load_uint(load, from, "life_mean_ns");
	site.life_max_ns = load_uint(load, from, "life_max_ns");
	load_errors(load, from, &site.errors);
	if (vec_push(sites, site) < 0)
		load_fail(load, -ENOMEM, "%s", "");
}

static void load_sites(struct load *load, const json_t *object, const char *key,
		       report_sites *sites)
{
	const json_t *array = load_array(load, object, key);

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++)
		load_site(load, json_array_get(array, i), sites);
}

/* Number of the bucket that begins at @low. */
static size_t bucket_of(uint64_t low)
{
	return low ? 64 - (size_t)__builtin_clzll(low) : 0;
}

static void load_histogram(struct load *load, const json_t *object, const char *key,
			   const char *low, uint64_t *buckets, size_t count)
{
	const json_t *array = load_array(load, object, key);

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *from = json_array_get(array, i);
		size_t bucket = bucket_of(load_uint(load, from, low));

		if (bucket >= count)
			load_fail(load, -EINVAL, "'%s' holds a bucket that is too large", key);
		else
			buckets[bucket] = load_uint(load, from, "count");
	}
}

static void load_totals(struct load *load, const json_t *object, struct report_totals *totals)
{
	const json_t *from = load_object(load, object, "totals");
	const json_t *functions;

	totals->allocations = load_uint(load, from, "allocations");
	totals->allocated_bytes = load_uint(load, from, "allocated_bytes");
	totals->frees = load_uint(load, from, "frees");
	totals->freed_bytes = load_uint(load, from, "freed_bytes");
	load_some_counts(load, from, "died_bytes", totals->died_bytes);
	load_some_counts(load, from, "collected_blocks", totals->collected_blocks);
	load_some_counts(load, from, "collected_bytes", totals->collected_bytes);
	totals->reallocs = load_uint(load, from, "reallocs");
	totals->temporary = load_uint(load, from, "temporary");
	totals->inherited_frees = load_uint(load, from, "inherited_frees");
	totals->live_blocks = load_uint(load, from, "live_blocks");
	totals->live_bytes = load_uint(load, from, "live_bytes");
	totals->peak_blocks = load_uint(load, from, "peak_blocks");
	totals->peak_bytes = load_uint(load, from, "peak_bytes");
	totals->peak_time_ns = load_uint(load, from, "peak_time_ns");
	totals->peak_rss_bytes = load_uint(load, from, "peak_rss_bytes");
	totals->mapped_peak_bytes = load_uint(load, from, "mapped_peak_bytes");
	totals->mapped_live_bytes = load_uint(load, from, "mapped_live_bytes");
	totals->mapped_file_bytes = load_uint(load, from, "mapped_file_bytes");
	totals->maps = load_uint(load, from, "maps");
	totals->unmaps = load_uint(load, from, "unmaps");
	totals->break_bytes = load_int(load, from, "break_bytes");
	load_errors(load, from, &totals->errors);

	functions = load_object(load, from, "by_function");
	for (uint32_t i = 0; i < TENURE_FN_COUNT; i++)
		totals->by_fn[i] = load_uint(load, functions, words_get(&words_fn, i));
	load_histogram(load, object, "sizes", "min_bytes", totals->size_histogram,
		       RESULT_SIZE_BUCKETS);
	load_histogram(load, object, "lifetimes", "min_us", totals->life_histogram,
		       RESULT_LIFE_BUCKETS);
}

static void load_trust(struct load *load, const json_t *object, struct report_trust *trust)
{
	const json_t *from = load_object(load, object, "trust");
	const json_t *lost = load_object(load, from, "lost");

	trust->complete = load_bool(load, from, "complete", false);
	for (uint32_t i = 0; i < words_lost.count; i++)
		trust->lost[i] = load_uint(load, lost, words_get(&words_lost, i));
	trust->truncated = load_uint(load, from, "truncated_stacks");
	trust->guessed = load_uint(load, from, "guessed_stacks");
	trust->folded = load_uint(load, from, "folded_stacks");
	trust->repaired = load_uint(load, from, "repaired_events");
	trust->unmatched = load_uint(load, from, "unmatched_blocks");
	trust->bad_bytes = load_uint(load, from, "bad_bytes");
	trust->missing_chunks = load_uint(load, from, "missing_chunks");
	if (json_object_get(from, "off_reason"))
		trust->off_reason = load_text(load, from, "off_reason");
	load_texts(load, from, "notes", &trust->notes);
}

static void load_threads(struct load *load, const json_t *object, struct report_process *process)
{
	const json_t *array = load_array(load, object, "threads");

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *from = json_array_get(array, i);
		struct report_thread thread = {
			.tid = load_uint32(load, from, "tid", 0),
			.name = load_text(load, from, "name"),
			.start_ns = load_uint(load, from, "start_ns"),
			.end_ns = load_uint(load, from, "end_ns"),
			.allocations = load_uint(load, from, "allocations"),
			.bytes = load_uint(load, from, "bytes"),
			.live_blocks = load_uint(load, from, "live_blocks"),
			.live_bytes = load_uint(load, from, "live_bytes"),
			.peak_blocks = load_uint(load, from, "peak_blocks"),
			.peak_bytes = load_uint(load, from, "peak_bytes"),
			.survived_blocks = load_uint(load, from, "survived_blocks"),
			.survived_bytes = load_uint(load, from, "survived_bytes"),
			.collected_blocks = load_uint(load, from, "collected_blocks"),
			.collected_bytes = load_uint(load, from, "collected_bytes"),
		};

		if (vec_push(&process->threads, thread) < 0)
			load_fail(load, -ENOMEM, "%s", "");
	}
}

/* What was found at the mark that came last. */
static void load_look(struct load *load, const json_t *from, struct report_process *process)
{
	struct report_look look = { .mark = (uint32_t)process->marks.count - 1 };

	if (load->error)
		return;
	if (vec_push(&process->looks, look) < 0) {
		load_fail(load, -ENOMEM, "%s", "");
		return;
	}
	leaks_json_load(load, from, &process->looks.at[process->looks.count - 1].scan,
			&process->looks.at[process->looks.count - 1].leaks);
}

static void load_times(struct load *load, const json_t *object, struct report_process *process)
{
	const json_t *array = load_array(load, object, "timeline");

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *from = json_array_get(array, i);
		struct report_moment moment = {
			.time_ns = load_uint(load, from, "time_ns"),
			.heap_bytes = load_uint(load, from, "heap_bytes"),
			.heap_blocks = load_uint(load, from, "heap_blocks"),
			.mapped_bytes = load_uint(load, from, "mapped_bytes"),
			.rss_bytes = load_uint(load, from, "rss_bytes"),
		};

		if (vec_push(&process->timeline, moment) < 0)
			load_fail(load, -ENOMEM, "%s", "");
	}

	array = load_array(load, object, "marks");
	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *from = json_array_get(array, i);
		struct report_mark mark = {
			.name = load_text(load, from, "name"),
			.kind = load_word(load, from, "kind", &words_mark),
			.time_ns = load_uint(load, from, "time_ns"),
			.heap_bytes = load_uint(load, from, "heap_bytes"),
			.heap_blocks = load_uint(load, from, "heap_blocks"),
			.allocations = load_uint(load, from, "allocations"),
		};

		if (vec_push(&process->marks, mark) < 0)
			load_fail(load, -ENOMEM, "%s", "");
		if (json_object_get(from, "leak_scan"))
			load_look(load, from, process);
	}
}

static void load_types(struct load *load, const json_t *object, struct report_process *process)
{
	const json_t *array = load_array(load, object, "types");

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *from = json_array_get(array, i);
		struct result_type type = {
			.name = load_text(load, from, "name"),
			.allocations = load_uint(load, from, "allocations"),
			.bytes = load_uint(load, from, "bytes"),
			.live_blocks = load_uint(load, from, "live_blocks"),
			.live_bytes = load_uint(load, from, "live_bytes"),
			.peak_blocks = load_uint(load, from, "peak_blocks"),
			.peak_bytes = load_uint(load, from, "peak_bytes"),
			.survived_bytes = load_uint(load, from, "survived_bytes"),
			.collected_blocks = load_uint(load, from, "collected_blocks"),
			.collected_bytes = load_uint(load, from, "collected_bytes"),
		};

		load_some_counts(load, from, "died", type.died);
		load_some_counts(load, from, "alive", type.alive);
		load_some_counts(load, from, "alive_bytes", type.alive_bytes);
		if (vec_push(&process->types, type) < 0)
			load_fail(load, -ENOMEM, "%s", "");
	}
}

static void load_modules(struct load *load, const json_t *object, struct report_process *process)
{
	const json_t *array = load_array(load, object, "modules");

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *from = json_array_get(array, i);
		struct report_module module = {
			.path = load_text(load, from, "path"),
			.build_id = load_text(load, from, "build_id"),
			.names = load_word(load, from, "names", &words_source),
		};

		if (vec_push(&process->modules, module) < 0)
			load_fail(load, -ENOMEM, "%s", "");
	}
}

void load_process(struct load *load, const json_t *object, struct report_process *process)
{
	const json_t *generations;

	process->pid = load_uint32(load, object, "pid", 0);
	process->ppid = load_uint32(load, object, "ppid", 0);
	process->image = load_uint(load, object, "image");
	process->forked = load_bool(load, object, "forked", false);
	process->exe = load_text(load, object, "exe");
	load_texts(load, object, "command", &process->command);
	load_end(load, object, &process->end);
	process->start_ns = load_uint(load, object, "start_ns");
	process->duration_ns = load_uint(load, object, "duration_ns");
	generations = load_object(load, object, "generations");
	process->collected = strcmp(load_text(load, generations, "clock"), "collections") == 0;
	load_counts(load, generations, "thresholds", process->gen_clock, RESULT_GENERATIONS - 1);
	process->sample_bytes = load_uint(load, object, "sample_bytes");
	process->events = load_uint(load, object, "events");
	process->stream_bytes = load_uint(load, object, "stream_bytes");

	load_totals(load, object, &process->totals);
	load_trust(load, object, &process->trust);
	load_sites(load, object, "sites", &process->sites);
	load_sites(load, object, "mapped", &process->mapped);
	leaks_json_load(load, object, &process->scan, &process->leaks);
	held_json_load(load, object, process);
	load_types(load, object, process);
	python_json_load(load, object, &process->python);
	cycles_json_load(load, object, &process->cycles);
	load_threads(load, object, process);
	load_times(load, object, process);
	series_json_load(load, object, process);
	load_modules(load, object, process);
}
