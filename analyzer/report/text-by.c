/* SPDX-License-Identifier: Apache-2.0 */
/* Tables by line, function, type and so on, for people. */
#include <inttypes.h>

#include "base/units.h"
#include "base/utf8.h"
#include "report/table.h"
#include "report/text-parts.h"

#define ROWS_DEFAULT   20
#define RANK_COLUMNS   4
#define BYTES_COLUMNS  9
#define BYTES_COUNT    5
#define BLOCKS_COLUMNS 12
#define BLOCKS_WIDTH   100u /* from here on blocks are shown, too */

static const char *const titles[TABLE_BY_COUNT] = {
	[TABLE_BY_LINE] = "BY LINE",	 [TABLE_BY_FUNCTION] = "BY FUNCTION",
	[TABLE_BY_MODULE] = "BY MODULE", [TABLE_BY_PACKAGE] = "BY PACKAGE",
	[TABLE_BY_TYPE] = "BY TYPE",	 [TABLE_BY_GENERATION] = "BY GENERATION",
	[TABLE_BY_THREAD] = "BY THREAD",
};

/* What the rows' blocks count, so that they go with the order. */
struct blocks_form {
	const char *title;
	uint64_t (*get)(const struct table_sums *sums);
};

static uint64_t allocated_blocks(const struct table_sums *sums)
{
	return sums->allocated.blocks;
}

static uint64_t peak_blocks(const struct table_sums *sums)
{
	return sums->peak.blocks;
}

static uint64_t live_blocks(const struct table_sums *sums)
{
	return sums->live.blocks;
}

static uint64_t survived_blocks(const struct table_sums *sums)
{
	return sums->survived.blocks;
}

static uint64_t cyclic_blocks(const struct table_sums *sums)
{
	return sums->cyclic.blocks;
}

static uint64_t temporary_blocks(const struct table_sums *sums)
{
	return sums->temporary;
}

static const struct blocks_form blocks[REPORT_SORT_COUNT] = {
	[REPORT_SORT_PEAK] = { "at peak", peak_blocks },
	[REPORT_SORT_LIVE] = { "live", live_blocks },
	[REPORT_SORT_ALLOCATIONS] = { "allocations", allocated_blocks },
	[REPORT_SORT_BYTES] = { "allocations", allocated_blocks },
	[REPORT_SORT_TEMPORARY] = { "temporary", temporary_blocks },
	[REPORT_SORT_SURVIVORS] = { "survivors", survived_blocks },
	[REPORT_SORT_CYCLIC] = { "collected", cyclic_blocks },
};

/* A narrow table has room for the blocks only where it is ordered by them. */
static bool shows_blocks(const struct text *text, const struct table *table)
{
	return text->out.width >= BLOCKS_WIDTH || table->sort == REPORT_SORT_ALLOCATIONS ||
	       table->sort == REPORT_SORT_TEMPORARY;
}

static void print_text(const struct text_out *out, const char *value, size_t columns)
{
	size_t width = utf8_width(value);

	text_out_pad(out, width, columns);
	(void)fputs(value, out->file);
}

static void print_bytes(const struct text_out *out, uint64_t bytes)
{
	print_text(out, bytes ? units_bytes(bytes).s : out->dash, BYTES_COLUMNS);
}

static void print_sums(const struct text *text, const struct table *table,
		       const struct table_sums *sums)
{
	const struct text_out *out = &text->out;

	print_bytes(out, sums->allocated.bytes);
	if (table->has_peak)
		print_bytes(out, sums->peak.bytes);
	print_bytes(out, sums->live.bytes);
	print_bytes(out, sums->survived.bytes);
	print_bytes(out, sums->cyclic.bytes);
	if (shows_blocks(text, table))
		print_text(out, units_count(blocks[table->sort].get(sums)).s, BLOCKS_COLUMNS);
	(void)fputs("  ", out->file);
}

static size_t name_columns(const struct text *text, const struct table *table)
{
	size_t used = RANK_COLUMNS + (size_t)(BYTES_COUNT - !table->has_peak) * BYTES_COLUMNS + 2;

	if (shows_blocks(text, table))
		used += BLOCKS_COLUMNS;
	return text->out.width - used;
}

static void print_row(const struct text *text, const struct table *table, size_t index)
{
	static const char *const ages[] = { "younger", "outlived a collection",
					    "outlived an older one" };
	const struct text_out *out = &text->out;
	const struct table_row *row = &table->rows.at[index];
	struct strbuf name = { 0 };

	(void)fprintf(out->file, "%*zu ", RANK_COLUMNS - 1, index + 1);
	print_sums(text, table, &row->sums);
	if (row->frame != REPORT_NONE) {
		text_out_frame(out, text->report, &text->report->frames.at[row->frame], REPORT_NONE,
			       name_columns(text, table));
		(void)fputc('\n', out->file);
		return;
	}
	text_out_clean(out, &name, row->name);
	if (table->by == TABLE_BY_THREAD)
		strbuf_addf(&name, "  %" PRIu32, row->tid);
	if (table->by == TABLE_BY_GENERATION && text->process->collected)
		strbuf_addf(&name, "  %s", ages[row->name[0] - '0']);
	text_out_clip(out, &name, name_columns(text, table));
	(void)fprintf(out->file, "%s%s%s\n", out->name, strbuf_get(&name), out->plain);
	strbuf_fini(&name);
}

static void add_sum(struct table_sum *to, const struct table_sum *from)
{
	to->blocks += from->blocks;
	to->bytes += from->bytes;
}

/* One line for all the rows that were not shown. */
static void print_rest(const struct text *text, const struct table *table, size_t shown)
{
	struct table_sums rest = { 0 };

	if (shown == table->rows.count)
		return;
	for (size_t i = shown; i < table->rows.count; i++) {
		const struct table_sums *sums = &table->rows.at[i].sums;

		add_sum(&rest.allocated, &sums->allocated);
		add_sum(&rest.peak, &sums->peak);
		add_sum(&rest.live, &sums->live);
		add_sum(&rest.survived, &sums->survived);
		add_sum(&rest.cyclic, &sums->cyclic);
		rest.temporary += sums->temporary;
	}
	(void)fprintf(text->out.file, "%s%*s", text->out.dim, RANK_COLUMNS, "");
	print_sums(text, table, &rest);
	(void)fprintf(text->out.file, "%zu more%s\n", table->rows.count - shown, text->out.plain);
}

static void print_head(const struct text *text, const struct table *table)
{
	const struct text_out *out = &text->out;
	struct strbuf command = { 0 };
	size_t room = out->width - 30;

	text_out_command(out, &command, &text->process->command);
	text_out_clip(out, &command, room < 50 ? room : 50);
	strbuf_addf(&command, "%sprocess %" PRIu32, command.count ? "  " : "", text->process->pid);
	text_out_heading(out, titles[table->by], strbuf_get(&command));
	strbuf_fini(&command);

	(void)fprintf(out->file, "%s%*s%*s", out->dim, RANK_COLUMNS, "", BYTES_COLUMNS,
		      "allocated");
	if (table->has_peak)
		(void)fprintf(out->file, "%*s", BYTES_COLUMNS, "peak");
	(void)fprintf(out->file, "%*s%*s%*s", BYTES_COLUMNS, "live", BYTES_COLUMNS, "survived",
		      BYTES_COLUMNS, "cyclic");
	if (shows_blocks(text, table))
		(void)fprintf(out->file, "%*s", BLOCKS_COLUMNS, blocks[table->sort].title);
	(void)fprintf(out->file, "%s\n", out->plain);
}

int text_by(const struct text *text, enum table_by by, enum report_sort sort)
{
	const struct text_out *out = &text->out;
	struct table table;
	size_t top = text->options->top ? text->options->top : ROWS_DEFAULT;
	int r = table_init(&table, &text->view, text->process, by, sort);

	if (r < 0)
		return r;
	print_head(text, &table);
	/* A rest of one is as long as the row itself. */
	if (top >= table.rows.count || top + 1 == table.rows.count)
		top = table.rows.count;
	for (size_t i = 0; i < top; i++)
		print_row(text, &table, i);
	print_rest(text, &table, top);
	(void)fprintf(out->file, "%s%*s", out->bold, RANK_COLUMNS, "");
	print_sums(text, &table, &table.total);
	(void)fprintf(out->file, "total%s\n", out->plain);
	table_fini(&table);
	return 0;
}
