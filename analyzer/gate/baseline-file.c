/* SPDX-License-Identifier: Apache-2.0 */
/* The baseline as a file: written, and read again. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/emit.h"
#include "base/err.h"
#include "gate/baseline.h"
#include "report/sig.h"

static void write_cycles(const struct baseline *baseline, struct emit *emit)
{
	if (!baseline->has_cycles)
		return;
	emit_array(emit, "cycles", EMIT_LINES);
	for (size_t i = 0; i < baseline->cycles.count; i++) {
		const struct baseline_cycle *cycle = &baseline->cycles.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		emit_hash(emit, "sig", cycle->sig);
		emit_uint(emit, "count", cycle->count);
		emit_uint(emit, "objects", cycle->objects);
		emit_text(emit, "where", cycle->where);
		if (*cycle->reason)
			emit_text(emit, "reason", cycle->reason);
		emit_end(emit);
	}
	emit_end(emit);
}

int baseline_write(const struct baseline *baseline, FILE *file)
{
	const struct facts_environment *environment = &baseline->environment;
	struct emit *emit = malloc(sizeof(*emit));
	int r;

	if (!emit)
		return -ENOMEM;
	emit_init(emit, file);
	emit_object(emit, NULL, EMIT_LINES);
	emit_text(emit, "schema", BASELINE_SCHEMA);
	emit_object(emit, "environment", EMIT_LINES);
	emit_text(emit, "tenure", environment->tenure);
	emit_text(emit, "loader", environment->loader);
	emit_text(emit, "python", environment->python);
	emit_text(emit, "allocator", environment->allocator);
	emit_text(emit, "threads", environment->threads);
	emit_text(emit, "sampling", environment->sampling);
	emit_text(emit, "hash_seed", environment->hash_seed);
	emit_end(emit);

	emit_object(emit, "totals", EMIT_LINES);
	for (size_t i = 0; i < LIMITS_TOTALS_COUNT; i++)
		emit_uint(emit, limits_name(limits_totals[i]), baseline->totals[limits_totals[i]]);
	emit_end(emit);
	emit_object(emit, "reasons", EMIT_LINES);
	for (size_t i = 0; i < LIMITS_TOTALS_COUNT; i++) {
		if (baseline->reasons[limits_totals[i]])
			emit_text(emit, limits_name(limits_totals[i]),
				  baseline->reasons[limits_totals[i]]);
	}
	emit_end(emit);

	emit_array(emit, "live", EMIT_LINES);
	for (size_t i = 0; i < baseline->entries.count; i++) {
		const struct baseline_entry *entry = &baseline->entries.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		emit_hash(emit, "sig", entry->sig);
		emit_uint(emit, "bytes", entry->live_bytes);
		emit_uint(emit, "blocks", entry->live_blocks);
		emit_text(emit, "module", entry->module);
		emit_text(emit, "where", entry->where);
		if (*entry->reason)
			emit_text(emit, "reason", entry->reason);
		emit_end(emit);
	}
	emit_end(emit);
	write_cycles(baseline, emit);
	emit_end(emit);
	r = emit_finish(emit);
	free(emit);
	return r;
}

static int damaged(struct baseline *baseline, const char *what)
{
	(void)snprintf(baseline->error, sizeof(baseline->error), "%s", what);
	return -EINVAL;
}

static const char *text_at(struct baseline *baseline, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return baseline_copy(baseline, text ? text : "");
}

/* A count; -1 when it is none. */
static int64_t count_at(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? (int64_t)json_integer_value(value) : -1;
}

/* Return: 0 or -EINVAL */
static int load_sig(struct baseline *baseline, const json_t *from, uint64_t *ret_sig)
{
	const char *sig = json_string_value(json_object_get(from, "sig"));

	if (!sig || strlen(sig) != 16 || sig_parse(sig, ret_sig) < 0)
		return damaged(baseline, "an entry has no signature");
	return 0;
}

static int load_cycle(struct baseline *baseline, const json_t *from)
{
	struct baseline_cycle cycle = { 0 };
	int64_t count = count_at(from, "count"), objects = count_at(from, "objects");

	if (load_sig(baseline, from, &cycle.sig) < 0)
		return -EINVAL;
	if (count < 0 || objects < 0)
		return damaged(baseline, "an entry of cycles has no count or no objects");
	cycle.count = (uint64_t)count;
	cycle.objects = (uint64_t)objects;
	cycle.where = text_at(baseline, from, "where");
	cycle.reason = text_at(baseline, from, "reason");
	return cycle.where && cycle.reason ? vec_push(&baseline->cycles, cycle) : -ENOMEM;
}

static int load_entry(struct baseline *baseline, const json_t *from)
{
	struct baseline_entry entry = { 0 };
	int64_t bytes = count_at(from, "bytes"), blocks = count_at(from, "blocks");

	if (load_sig(baseline, from, &entry.sig) < 0)
		return -EINVAL;
	if (bytes < 0 || blocks < 0)
		return damaged(baseline, "an entry has no bytes or no blocks");
	entry.live_bytes = (uint64_t)bytes;
	entry.live_blocks = (uint64_t)blocks;
	entry.module = text_at(baseline, from, "module");
	entry.where = text_at(baseline, from, "where");
	entry.reason = text_at(baseline, from, "reason");
	if (!entry.module || !entry.where || !entry.reason)
		return -ENOMEM;
	return vec_push(&baseline->entries, entry);
}

static int load_root(struct baseline *baseline, const json_t *root)
{
	const char *schema = json_string_value(json_object_get(root, "schema"));
	const json_t *environment = json_object_get(root, "environment");
	const json_t *totals = json_object_get(root, "totals");
	const json_t *reasons = json_object_get(root, "reasons");
	const json_t *live = json_object_get(root, "live");
	const json_t *cycles = json_object_get(root, "cycles");
	int r = 0;

	if (!schema || strcmp(schema, BASELINE_SCHEMA) != 0)
		return damaged(baseline, "it is not a baseline of this version of tenure");
	baseline->environment = (struct facts_environment){
		.tenure = text_at(baseline, environment, "tenure"),
		.loader = text_at(baseline, environment, "loader"),
		.python = text_at(baseline, environment, "python"),
		.allocator = text_at(baseline, environment, "allocator"),
		.threads = text_at(baseline, environment, "threads"),
		.sampling = text_at(baseline, environment, "sampling"),
		.hash_seed = text_at(baseline, environment, "hash_seed"),
	};
	for (size_t i = 0; i < LIMITS_TOTALS_COUNT; i++) {
		const char *name = limits_name(limits_totals[i]);
		int64_t value = count_at(totals, name);

		if (value < 0)
			return damaged(baseline, "a total is missing");
		baseline->totals[limits_totals[i]] = (uint64_t)value;
		if (json_is_string(json_object_get(reasons, name)))
			baseline->reasons[limits_totals[i]] = text_at(baseline, reasons, name);
	}
	for (size_t i = 0; i < json_array_size(live) && r == 0; i++)
		r = load_entry(baseline, json_array_get(live, i));
	baseline->has_cycles = cycles != NULL;
	for (size_t i = 0; i < json_array_size(cycles) && r == 0; i++)
		r = load_cycle(baseline, json_array_get(cycles, i));
	baseline_sort(baseline);
	for (size_t i = 1; i < baseline->entries.count && r == 0; i++) {
		if (baseline->entries.at[i].sig == baseline->entries.at[i - 1].sig)
			return damaged(baseline, "a signature is there twice");
	}
	for (size_t i = 1; i < baseline->cycles.count && r == 0; i++) {
		if (baseline->cycles.at[i].sig == baseline->cycles.at[i - 1].sig)
			return damaged(baseline, "a signature of cycles is there twice");
	}
	return r;
}

int baseline_load(struct baseline *baseline, const char *path)
{
	FILE *file = fopen(path, "re");
	json_error_t error;
	json_t *root;
	int r;

	*baseline = (struct baseline){ 0 };
	if (!file)
		return neg_errno();
	root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	(void)fclose(file);
	if (!root) {
		(void)snprintf(baseline->error, sizeof(baseline->error), "line %d: %s", error.line,
			       error.text);
		return -EINVAL;
	}
	r = load_root(baseline, root);
	json_decref(root);
	return r;
}
