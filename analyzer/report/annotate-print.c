/* SPDX-License-Identifier: Apache-2.0 */
/* An annotated source file, for people. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/units.h"
#include "base/utf8.h"
#include "report/annotate.h"
#include "report/text-out.h"

#define BYTES_COLUMNS	  9
#define BYTES_COUNT	  4
#define LINE_COLUMNS	  6
#define FUNCTIONS_DEFAULT 10
#define TAB		  8

/* One printing: which line comes next, and where in the lines with figures we are. */
struct printing {
	const struct annotate *annotate;
	const struct report *report;
	struct text_out out;
	uint32_t context;
	uint32_t shown; /* the last line that was */
	size_t next;	/* of annotate->lines, not shown yet */
};

static void print_bytes(const struct text_out *out, uint64_t bytes)
{
	struct units_text text = units_bytes(bytes);
	const char *shown = bytes ? text.s : out->dash;

	text_out_pad(out, utf8_width(shown), BYTES_COLUMNS);
	(void)fputs(shown, out->file);
}

static void print_sums(const struct text_out *out, const struct table_sums *sums)
{
	print_bytes(out, sums->allocated.bytes);
	print_bytes(out, sums->peak.bytes);
	print_bytes(out, sums->survived.bytes);
	print_bytes(out, sums->cyclic.bytes);
}

static void print_head(const struct text_out *out, const char *title)
{
	(void)fprintf(out->file, "%s%*s%*s%*s%*s%*s%s\n", out->dim, BYTES_COLUMNS, "allocated",
		      BYTES_COLUMNS, "peak", BYTES_COLUMNS, "survived", BYTES_COLUMNS, "cyclic",
		      LINE_COLUMNS, title, out->plain);
}

/* The text of a line with its tabs as wide as they are. */
static void print_source(const struct text_out *out, const char *text)
{
	cleanup_strbuf struct strbuf spaced = { 0 };
	cleanup_strbuf struct strbuf line = { 0 };
	size_t used = BYTES_COLUMNS * BYTES_COUNT + LINE_COLUMNS + 2;

	for (; *text; text++) {
		if (*text != '\t') {
			strbuf_addc(&spaced, *text);
			continue;
		}
		do
			strbuf_addc(&spaced, ' ');
		while (utf8_width(strbuf_get(&spaced)) % TAB);
	}
	text_out_clean(out, &line, strbuf_get(&spaced));
	text_out_clip(out, &line, out->width > used ? out->width - used : 20);
	(void)fprintf(out->file, "%s%s\n", line.count ? "  " : "", strbuf_get(&line));
}

/* Whether a line with figures is near @line. */
static bool is_near(const struct printing *printing, uint32_t line)
{
	const struct annotate *annotate = printing->annotate;
	size_t next = printing->next;

	if (printing->context == UINT32_MAX)
		return true;
	if (next < annotate->lines.count &&
	    annotate->lines.at[next].line - line <= printing->context)
		return true;
	return next > 0 && annotate->lines.at[next - 1].line &&
	       line - annotate->lines.at[next - 1].line <= printing->context;
}

static void print_line(struct printing *printing, uint32_t line, const char *text)
{
	const struct annotate *annotate = printing->annotate;
	const struct text_out *out = &printing->out;
	const struct annotate_line *found = NULL;

	if (!is_near(printing, line))
		return;
	if (printing->shown + 1 != line)
		(void)fprintf(out->file, "%s%*s%s\n", out->dim,
			      BYTES_COLUMNS * BYTES_COUNT + LINE_COLUMNS,
			      out->unicode ? "…" : "...", out->plain);
	printing->shown = line;
	if (printing->next < annotate->lines.count &&
	    annotate->lines.at[printing->next].line == line)
		found = &annotate->lines.at[printing->next++];
	if (found)
		print_sums(out, &found->sums);
	else
		(void)fprintf(out->file, "%*s", BYTES_COLUMNS * BYTES_COUNT, "");
	(void)fprintf(out->file, "%s%*" PRIu32 "%s", out->dim, LINE_COLUMNS, line, out->plain);
	print_source(out, text);
}

static int print_lines(struct printing *printing, FILE *source)
{
	cleanup_free char *text = NULL;
	size_t space = 0;
	uint32_t line = 0;
	ssize_t length;

	while (printing->next < printing->annotate->lines.count &&
	       !printing->annotate->lines.at[printing->next].line)
		printing->next++;
	while ((length = getline(&text, &space, source)) >= 0) {
		text[strcspn(text, "\r\n")] = '\0';
		print_line(printing, ++line, text);
	}
	return ferror(source) ? -EIO : 0;
}

/* Figures that no line of the source has: there are fewer now, or nobody knew the line. */
static void print_beyond(struct printing *printing)
{
	const struct annotate *annotate = printing->annotate;
	const struct text_out *out = &printing->out;

	for (size_t i = 0; i < annotate->lines.count; i++) {
		const struct annotate_line *line = &annotate->lines.at[i];

		if (line->line && i < printing->next)
			continue;
		print_sums(out, &line->sums);
		if (line->line)
			(void)fprintf(out->file, "%s%*" PRIu32 "  [not in the file any more]%s\n",
				      out->dim, LINE_COLUMNS, line->line, out->plain);
		else
			(void)fprintf(out->file, "%s%*s  [line not known]%s\n", out->dim,
				      LINE_COLUMNS, "?", out->plain);
	}
}

static void print_functions(const struct printing *printing, size_t top)
{
	const struct annotate *annotate = printing->annotate;
	const struct text_out *out = &printing->out;
	size_t count = annotate->functions.count;

	text_out_heading(out, "FUNCTIONS", "");
	print_head(out, "line");
	if (count > top + 1)
		count = top;
	for (size_t i = 0; i < count; i++) {
		const struct annotate_function *function = &annotate->functions.at[i];
		cleanup_strbuf struct strbuf name = { 0 };

		print_sums(out, &function->sums);
		(void)fprintf(out->file, "%s%*" PRIu32 "%s  %s", out->dim, LINE_COLUMNS,
			      function->line, out->plain, out->name);
		text_out_clean(out, &name,
			       intern_get(&printing->report->strings, function->function));
		text_out_clip(out, &name,
			      out->width - BYTES_COLUMNS * BYTES_COUNT - LINE_COLUMNS - 2);
		(void)fprintf(out->file, "%s%s\n", strbuf_get(&name), out->plain);
	}
	if (count < annotate->functions.count)
		(void)fprintf(out->file, "%s%*s%zu more%s\n", out->dim,
			      BYTES_COLUMNS * BYTES_COUNT + LINE_COLUMNS + 2, "",
			      annotate->functions.count - count, out->plain);
	print_sums(out, &annotate->total);
	(void)fprintf(out->file, "%*s  %stotal%s\n", LINE_COLUMNS, "", out->bold, out->plain);
}

int annotate_print(const struct annotate *annotate, const struct report *report,
		   const struct report_text_options *options, uint32_t context, FILE *source,
		   FILE *out)
{
	struct printing printing = { .annotate = annotate, .report = report, .context = context };
	int r;

	text_out_init(&printing.out, out, options->width, options->color, options->unicode);
	(void)fputs(printing.out.bold, out);
	text_out_words(&printing.out, annotate->path);
	(void)fprintf(out, "%s\n", printing.out.plain);
	print_head(&printing.out, "line");
	r = print_lines(&printing, source);
	print_beyond(&printing);
	print_functions(&printing, options->top ? options->top : FUNCTIONS_DEFAULT);
	if (r == 0 && (fflush(out) != 0 || ferror(out)))
		r = neg_errno();
	return r;
}
