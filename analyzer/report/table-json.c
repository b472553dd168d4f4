/* SPDX-License-Identifier: Apache-2.0 */
/* Tables as JSON. */
#include <stdlib.h>

#include "base/emit.h"
#include "base/err.h"
#include "report/report-text.h"
#include "report/table.h"
#include "report/words.h"

static void write_sum(struct emit *emit, const char *key, const struct table_sum *sum)
{
	emit_object(emit, key, EMIT_FLAT);
	emit_uint(emit, "blocks", sum->blocks);
	emit_uint(emit, "bytes", sum->bytes);
	emit_end(emit);
}

static void write_sums(struct emit *emit, const struct table *table, const struct table_sums *sums)
{
	write_sum(emit, "allocated", &sums->allocated);
	if (table->has_peak)
		write_sum(emit, "peak", &sums->peak);
	write_sum(emit, "live", &sums->live);
	write_sum(emit, "survived", &sums->survived);
	write_sum(emit, "cyclic", &sums->cyclic);
	if (table->has_temporary)
		emit_uint(emit, "temporary", sums->temporary);
}

static void write_frame(struct emit *emit, const struct table *table, const struct report *report,
			const struct report_frame *frame)
{
	emit_text(emit, "function", intern_get(&report->strings, frame->function));
	if (frame->file != REPORT_NONE)
		emit_text(emit, "file", intern_get(&report->strings, frame->file));
	if (frame->line && table->by == TABLE_BY_LINE)
		emit_uint(emit, "line", frame->line);
	if (frame->module != REPORT_NONE)
		emit_text(emit, "module", intern_get(&report->strings, frame->module));
	emit_text(emit, "kind", words_get(&words_frame, frame->kind));
}

static void write_row(struct emit *emit, const struct table *table, const struct report *report,
		      const struct table_row *row)
{
	emit_object(emit, NULL, EMIT_FLAT);
	if (row->frame != REPORT_NONE)
		write_frame(emit, table, report, &report->frames.at[row->frame]);
	else
		emit_text(emit, "name", row->name);
	if (table->by == TABLE_BY_THREAD)
		emit_uint(emit, "tid", row->tid);
	write_sums(emit, table, &row->sums);
	emit_end(emit);
}

int table_json_write(const struct table *table, const struct report *report, size_t top, FILE *file)
{
	struct emit *emit = malloc(sizeof(*emit));
	int r;

	if (!emit)
		return -ENOMEM;
	emit_init(emit, file);
	emit_object(emit, NULL, EMIT_LINES);
	emit_text(emit, "schema", TABLE_SCHEMA);
	emit_text(emit, "by", table_by_names[table->by]);
	emit_text(emit, "sort", report_sort_names[table->sort]);
	emit_uint(emit, "pid", table->process->pid);
	emit_text(emit, "exe", table->process->exe);
	emit_bool(emit, "estimated", table->process->sample_bytes != 0);
	emit_bool(emit, "complete", table->process->trust.complete);
	emit_object(emit, "total", EMIT_FLAT);
	write_sums(emit, table, &table->total);
	emit_end(emit);
	emit_uint(emit, "rows_count", table->rows.count);
	emit_array(emit, "rows", EMIT_LINES);
	for (size_t i = 0; i < table->rows.count && (!top || i < top); i++)
		write_row(emit, table, report, &table->rows.at[i]);
	emit_end(emit);
	emit_end(emit);
	r = emit_finish(emit);
	free(emit);
	return r;
}
