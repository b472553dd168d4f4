/* SPDX-License-Identifier: Apache-2.0 */
/* Suppressions in the JSON report, both ways. */
#include "report/suppress-json.h"
#include "base/err.h"

void suppress_json_write(struct emit *emit, const struct report *report)
{
	if (!report->suppressions.count)
		return;
	emit_array(emit, "suppressions", EMIT_LINES);
	for (size_t i = 0; i < report->suppressions.count; i++) {
		const struct report_suppression *entry = &report->suppressions.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		emit_text(emit, "name", entry->name);
		emit_text(emit, "source", words_get(&words_suppression, entry->source));
		if (*entry->file)
			emit_text(emit, "file", entry->file);
		if (entry->line)
			emit_uint(emit, "line", entry->line);
		if (*entry->reason)
			emit_text(emit, "reason", entry->reason);
		emit_uint(emit, "leaks", entry->used);
		emit_uint(emit, "blocks", entry->own.blocks);
		emit_uint(emit, "bytes", entry->own.bytes);
		emit_end(emit);
	}
	emit_end(emit);
}

void suppress_json_load(struct load *load, const json_t *root)
{
	const json_t *array = load_array(load, root, "suppressions");

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *from = json_array_get(array, i);
		struct report_suppression entry = {
			.name = load_text(load, from, "name"),
			.file = load_text(load, from, "file"),
			.reason = load_text(load, from, "reason"),
			.line = load_uint32(load, from, "line", 0),
			.source = load_word(load, from, "source", &words_suppression),
			.used = load_uint(load, from, "leaks"),
			.own = { load_uint(load, from, "blocks"), load_uint(load, from, "bytes") },
		};

		if (vec_push(&load->report->suppressions, entry) < 0)
			load_fail(load, -ENOMEM, "%s", "");
	}
}
