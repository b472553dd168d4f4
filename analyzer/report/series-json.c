/* SPDX-License-Identifier: Apache-2.0 */
/* The checkpoints of a process in a JSON report, both ways. */
#include "report/series-json.h"
#include "base/err.h"
#include "report/words.h"

static void write_counts(struct emit *emit, const char *key, const uint64_t *counts, size_t count)
{
	emit_array(emit, key, EMIT_FLAT);
	for (size_t i = 0; i < count; i++)
		emit_uint(emit, NULL, counts[i]);
	emit_end(emit);
}

static void write_series(struct emit *emit, const struct report_series *series)
{
	emit_object(emit, NULL, EMIT_LINES);
	emit_text(emit, "kind", words_get(&words_series, series->kind));
	emit_text(emit, "name", series->name);
	emit_uint(emit, "seen", series->seen);
	emit_array(emit, "points", EMIT_LINES);
	for (size_t i = 0; i < series->points.count; i++) {
		const struct report_point *point = &series->points.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		emit_uint(emit, "time_ns", point->time_ns);
		emit_uint(emit, "iteration", point->iteration);
		emit_uint(emit, "heap_bytes", point->heap_bytes);
		emit_uint(emit, "heap_blocks", point->heap_blocks);
		emit_end(emit);
	}
	emit_end(emit);

	emit_array(emit, "rises", EMIT_LINES);
	for (size_t i = 0; i < series->rises.count; i++) {
		const struct report_rise *rise = &series->rises.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		emit_hash(emit, "sig", rise->sig);
		write_counts(emit, "bytes", rise->bytes, series->points.count);
		write_counts(emit, "blocks", rise->blocks, series->points.count);
		emit_end(emit);
	}
	emit_end(emit);
	emit_end(emit);
}

void series_json_write(struct emit *emit, const struct report_process *process)
{
	emit_array(emit, "checkpoints", EMIT_LINES);
	for (size_t i = 0; i < process->checkpoints.count; i++)
		write_series(emit, &process->checkpoints.at[i]);
	emit_end(emit);
}

/* load_counts() takes shorter arrays; a rise has a level for each point. */
static uint64_t *load_levels(struct load *load, const json_t *from, const char *key, size_t points)
{
	uint64_t *levels = arena_alloc(&load->report->texts, (points + 1) * sizeof(*levels));

	if (!levels) {
		load_fail(load, -ENOMEM, "%s", "");
		return NULL;
	}
	if (json_array_size(load_array(load, from, key)) != points)
		load_fail(load, -EINVAL, "a rise has not one level per point in '%s'", key);
	else
		load_counts(load, from, key, levels, points);
	return levels;
}

static void load_rise(struct load *load, const json_t *from, struct report_series *series)
{
	struct report_rise rise = { 0 };

	rise.sig = load_sig(load, from);
	rise.bytes = load_levels(load, from, "bytes", series->points.count);
	rise.blocks = load_levels(load, from, "blocks", series->points.count);
	if (!load->error && vec_push(&series->rises, rise) < 0)
		load_fail(load, -ENOMEM, "%s", "");
}

static void load_series(struct load *load, const json_t *from, struct report_series *series)
{
	const json_t *points = load_array(load, from, "points");
	const json_t *rises = load_array(load, from, "rises");

	series->kind = load_word(load, from, "kind", &words_series);
	series->name = load_text(load, from, "name");
	series->seen = load_uint(load, from, "seen");
	for (size_t i = 0; i < json_array_size(points) && !load->error; i++) {
		const json_t *at = json_array_get(points, i);
		struct report_point point = {
			.time_ns = load_uint(load, at, "time_ns"),
			.iteration = load_uint(load, at, "iteration"),
			.heap_bytes = load_uint(load, at, "heap_bytes"),
			.heap_blocks = load_uint(load, at, "heap_blocks"),
		};

		if (vec_push(&series->points, point) < 0)
			load_fail(load, -ENOMEM, "%s", "");
	}
	for (size_t i = 0; i < json_array_size(rises) && !load->error; i++)
		load_rise(load, json_array_get(rises, i), series);
}

void series_json_load(struct load *load, const json_t *object, struct report_process *process)
{
	const json_t *array = load_array(load, object, "checkpoints");

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		struct report_series fresh = { .name = "" };

		if (vec_push(&process->checkpoints, fresh) < 0)
			load_fail(load, -ENOMEM, "%s", "");
		else
			load_series(load, json_array_get(array, i), &process->checkpoints.at[i]);
	}
}
