/* SPDX-License-Identifier: Apache-2.0 */
/* Differences as text, Markdown and JSON. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/emit.h"
#include "base/units.h"
#include "gate/diff.h"

struct change {
	char s[48];
};

static struct change change(int64_t delta)
{
	struct change text;
	uint64_t size = delta < 0 ? -(uint64_t)delta : (uint64_t)delta;

	(void)snprintf(text.s, sizeof(text.s), "%s%s",
		       delta > 0   ? "+"
		       : delta < 0 ? "-"
				   : "",
		       units_bytes(size).s);
	return text;
}

static size_t shown(const diff_rows *rows, size_t top)
{
	return top && top < rows->count ? top : rows->count;
}

static void text_rows(const diff_rows *rows, size_t top, const char *title, FILE *out)
{
	if (!rows->count)
		return;
	(void)fprintf(out, "\n%s\n  %12s  %12s\n", title, "live", "peak");
	for (size_t i = 0; i < shown(rows, top); i++) {
		const struct diff_row *row = &rows->at[i];

		(void)fprintf(out, "  %12s  %12s  ", change(row->delta[DIFF_LIVE]).s,
			      change(row->delta[DIFF_PEAK]).s);
		if (row->sig)
			(void)fprintf(out, "%016" PRIx64 "  ", row->sig);
		(void)fprintf(out, "%s\n", row->name);
	}
	if (shown(rows, top) < rows->count)
		(void)fprintf(out, "  and %zu more\n", rows->count - shown(rows, top));
}

int diff_text(const struct diff *diff, size_t top, FILE *out)
{
	const struct diff_row *totals = &diff->totals;

	if (!diff->is_complete)
		(void)fputs("not everything was recorded: these figures cannot be trusted\n", out);
	(void)fprintf(out, "live at the end: %s -> %s (%s)\n",
		      units_bytes(totals->before[DIFF_LIVE]).s,
		      units_bytes(totals->after[DIFF_LIVE]).s, change(totals->delta[DIFF_LIVE]).s);
	(void)fprintf(out, "peak: %s -> %s (%s)\n", units_bytes(totals->before[DIFF_PEAK]).s,
		      units_bytes(totals->after[DIFF_PEAK]).s, change(totals->delta[DIFF_PEAK]).s);
	text_rows(&diff->modules, top, "BY OBJECT (code that moved within one nets out)", out);
	text_rows(&diff->sigs, top, "BY SIGNATURE", out);
	if (!diff->modules.count && !diff->sigs.count)
		(void)fputs("no change\n", out);
	return ferror(out) ? -EIO : 0;
}

/* Names of C++ functions hold what Markdown takes for markup. */
static void escaped(const char *text, FILE *out)
{
	(void)fputs("<code>", out);
	for (; *text; text++) {
		if (*text == '<')
			(void)fputs("&lt;", out);
		else if (*text == '&')
			(void)fputs("&amp;", out);
		else if (*text == '|')
			(void)fputs("&#124;", out);
		else
			(void)fputc(*text, out);
	}
	(void)fputs("</code>", out);
}

static void markdown_rows(const diff_rows *rows, size_t top, const char *title, FILE *out)
{
	if (!rows->count)
		return;
	(void)fprintf(out, "\n| %s | live | peak |\n|---|---:|---:|\n", title);
	for (size_t i = 0; i < shown(rows, top); i++) {
		const struct diff_row *row = &rows->at[i];

		(void)fputs("| ", out);
		escaped(row->name, out);
		(void)fprintf(out, " | %s | %s |\n", change(row->delta[DIFF_LIVE]).s,
			      change(row->delta[DIFF_PEAK]).s);
	}
}

int diff_markdown(const struct diff *diff, size_t top, FILE *out)
{
	const struct diff_row *totals = &diff->totals;

	if (!diff->is_complete)
		(void)fputs("**Not everything was recorded: these figures cannot be trusted.**\n\n",
			    out);
	(void)fputs("| | before | after | change |\n|---|---:|---:|---:|\n", out);
	for (unsigned int k = 0; k < DIFF_COUNT; k++)
		(void)fprintf(out, "| %s | %s | %s | %s |\n",
			      k == DIFF_LIVE ? "live at the end" : "peak",
			      units_bytes(totals->before[k]).s, units_bytes(totals->after[k]).s,
			      change(totals->delta[k]).s);
	markdown_rows(&diff->modules, top, "object", out);
	markdown_rows(&diff->sigs, top, "function", out);
	return ferror(out) ? -EIO : 0;
}

static void json_figures(struct emit *emit, const struct diff_row *row)
{
	static const char *const names[] = { [DIFF_LIVE] = "live", [DIFF_PEAK] = "peak" };

	for (unsigned int k = 0; k < DIFF_COUNT; k++) {
		emit_object(emit, names[k], EMIT_FLAT);
		emit_uint(emit, "before", row->before[k]);
		emit_uint(emit, "after", row->after[k]);
		emit_int(emit, "delta", row->delta[k]);
		emit_end(emit);
	}
}

static void json_rows(struct emit *emit, const char *key, const diff_rows *rows)
{
	emit_array(emit, key, EMIT_LINES);
	for (size_t i = 0; i < rows->count; i++) {
		const struct diff_row *row = &rows->at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		if (row->sig)
			emit_hash(emit, "sig", row->sig);
		emit_text(emit, "name", row->name);
		json_figures(emit, row);
		emit_end(emit);
	}
	emit_end(emit);
}

int diff_json(const struct diff *diff, FILE *out)
{
	struct emit *emit = malloc(sizeof(*emit));
	int r;

	if (!emit)
		return -ENOMEM;
	emit_init(emit, out);
	emit_object(emit, NULL, EMIT_LINES);
	emit_text(emit, "schema", "tenure.diff/1");
	emit_bool(emit, "complete", diff->is_complete);
	emit_object(emit, "totals", EMIT_LINES);
	json_figures(emit, &diff->totals);
	emit_end(emit);
	json_rows(emit, "modules", &diff->modules);
	json_rows(emit, "signatures", &diff->sigs);
	emit_end(emit);
	r = emit_finish(emit);
	free(emit);
	return r;
}
