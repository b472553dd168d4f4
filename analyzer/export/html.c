/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One page with its own script and no assets: page.html with the figures put
 * into it as JSON.  The figures are what the page shows, not the document: the
 * stacks are those that are shown, and nothing of a source file is in it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/emit.h"
#include "base/err.h"
#include "export/formats.h"
#include "export/page.h"
#include "export/stacks.h"
#include "report/names.h"
#include "report/words.h"

#define DATA_PLACE "@DATA@" /* in page.html */

/**
 * struct html - the page that is being written
 * @same: per frame: the first one that is shown alike
 */
struct html {
	struct emit *emit;
	struct stacks stacks;
	uint32_t *same;
};

static int find_same(struct html *html)
{
	const struct places_view *view = &html->stacks.view;
	size_t count = view->report->frames.count;
	uint32_t *first = calloc(count + 1, sizeof(*first)); /* per label: a frame's number + 1 */

	html->same = calloc(count + 1, sizeof(*html->same));
	for (size_t i = 0; first && html->same && i < count; i++) {
		if (!first[view->labels[i]])
			first[view->labels[i]] = (uint32_t)i + 1;
		html->same[i] = first[view->labels[i]] - 1;
	}
	free(first);
	return first && html->same ? 0 : -ENOMEM;
}

/* The number of the frame that answers for @site, as in the lists of the report; -1: none. */
static int64_t place_of(const struct html *html, const struct report_site *site)
{
	const struct places_view *view = &html->stacks.view;
	uint32_t stack = places_culprit(view, site->stack);

	return stack == REPORT_NONE ? -1
				    : (int64_t)html->same[view->report->stacks.at[stack].frame];
}

/* Rows as in SITE_FIELDS of the page. */
static int write_sites(struct html *html, const struct report_process *process)
{
	struct emit *emit = html->emit;

	emit_array(emit, "sites", EMIT_LINES);
	for (size_t i = 0; i < process->sites.count; i++) {
		const struct report_site *site = &process->sites.at[i];
		uint32_t stack;
		int r = stacks_number(&html->stacks, site->stack, &stack);

		if (r < 0)
			return r;
		emit_array(emit, NULL, EMIT_FLAT);
		emit_uint(emit, NULL, stack);
		emit_text(emit, NULL, words_get(&words_fn, site->fn));
		emit_uint(emit, NULL, site->peak_bytes);
		emit_uint(emit, NULL, site->peak_blocks);
		emit_uint(emit, NULL, site->live_bytes);
		emit_uint(emit, NULL, site->live_blocks);
		emit_uint(emit, NULL, site->bytes);
		emit_uint(emit, NULL, site->allocations);
		emit_uint(emit, NULL, site->temporary);
		emit_uint(emit, NULL, site->alive_bytes[RESULT_GENERATIONS - 1]);
		emit_int(emit, NULL, place_of(html, site));
		emit_end(emit);
	}
	emit_end(emit);
	return 0;
}

static void write_times(struct emit *emit, const struct report_process *process)
{
	emit_array(emit, "timeline", EMIT_LINES);
	for (size_t i = 0; i < process->timeline.count; i++) {
		const struct report_moment *moment = &process->timeline.at[i];

		emit_array(emit, NULL, EMIT_FLAT);
		emit_uint(emit, NULL, moment->time_ns);
		emit_uint(emit, NULL, moment->heap_bytes);
		emit_uint(emit, NULL, moment->rss_bytes);
		emit_end(emit);
	}
	emit_end(emit);

	emit_array(emit, "marks", EMIT_LINES);
	for (size_t i = 0; i < process->marks.count; i++) {
		emit_array(emit, NULL, EMIT_FLAT);
		emit_uint(emit, NULL, process->marks.at[i].time_ns);
		emit_text(emit, NULL, process->marks.at[i].name);
		emit_text(emit, NULL, words_get(&words_mark, process->marks.at[i].kind));
		emit_end(emit);
	}
	emit_end(emit);
}

static int write_process(struct html *html, const struct report_process *process)
{
	cleanup_strbuf struct strbuf name = { 0 };
	struct emit *emit = html->emit;
	int r;

	stacks_process(process, &name);
	emit_object(emit, NULL, EMIT_LINES);
	emit_text(emit, "name", strbuf_get(&name));
	emit_text(emit, "end", words_get(&words_end, process->end.kind));
	emit_int(emit, "status", process->end.value);
	emit_bool(emit, "complete", process->trust.complete);
	emit_uint(emit, "duration_ns", process->duration_ns);
	emit_uint(emit, "peak_time_ns", process->totals.peak_time_ns);
	emit_uint(emit, "peak_bytes", process->totals.peak_bytes);
	emit_uint(emit, "live_bytes", process->totals.live_bytes);
	emit_uint(emit, "allocations", process->totals.allocations);
	r = write_sites(html, process);
	write_times(emit, process);
	emit_end(emit);
	return r;
}

static void write_tables(struct html *html)
{
	const struct report *report = html->stacks.job->report;
	struct emit *emit = html->emit;

	emit_array(emit, "frames", EMIT_LINES);
	for (size_t i = 0; i < report->frames.count; i++) {
		const struct report_frame *frame = &report->frames.at[i];

		emit_array(emit, NULL, EMIT_FLAT);
		emit_text(emit, NULL, stacks_string(&html->stacks, frame->function));
		emit_text(emit, NULL, stacks_string(&html->stacks, frame->file));
		emit_uint(emit, NULL, frame->line);
		emit_text(emit, NULL, names_base(stacks_string(&html->stacks, frame->module)));
		emit_text(emit, NULL, words_get(&words_frame, frame->kind));
		emit_uint(emit, NULL, html->stacks.view.classes[i]);
		emit_end(emit);
	}
	emit_end(emit);

	emit_array(emit, "stacks", EMIT_LINES);
	for (size_t i = 0; i < html->stacks.shown.count; i++) {
		emit_array(emit, NULL, EMIT_FLAT);
		emit_uint(emit, NULL, html->stacks.shown.at[i].frame);
		emit_uint(emit, NULL, html->stacks.shown.at[i].caller);
		emit_end(emit);
	}
	emit_end(emit);
}

static int write_data(struct html *html)
{
	const struct export_job *job = html->stacks.job;
	const struct report *report = job->report;
	struct emit *emit = html->emit;
	int r = 0, written;

	emit_object(emit, NULL, EMIT_LINES);
	emit_text(emit, "version", report->version);
	emit_array(emit, "command", EMIT_FLAT);
	for (size_t i = 0; i < report->command.count; i++)
		emit_text(emit, NULL, report->command.at[i]);
	emit_end(emit);
	emit_uint(emit, "cost", (uint64_t)job->cost);
	emit_uint(emit, "peak_process", job->process ? 0 : report->tree.peak_process);
	emit_array(emit, "processes", EMIT_LINES);
	for (size_t i = 0; i < report->processes.count && r == 0; i++) {
		if (stacks_has(&html->stacks, &report->processes.at[i]))
			r = write_process(html, &report->processes.at[i]);
	}
	emit_end(emit);
	write_tables(html);
	emit_end(emit);
	written = emit_finish(emit);
	return r < 0 ? r : written;
}

/* The page with @data in its place, where '<' could end the script. */
static int write_page(const char *data, size_t count, FILE *file)
{
	const char *place = strstr(page_html, DATA_PLACE);

	(void)fwrite(page_html, 1, (size_t)(place - page_html), file);
	for (size_t i = 0; i < count; i++) {
		if (data[i] == '<')
			(void)fputs("\\u003c", file);
		else
			(void)putc(data[i], file);
	}
	(void)fputs(place + strlen(DATA_PLACE), file);
	return ferror(file) ? neg_errno() : 0;
}

int html_write(const struct export_job *job, FILE *file)
{
	struct html html = { .emit = malloc(sizeof(*html.emit)) };
	cleanup_free char *data = NULL;
	size_t count = 0;
	FILE *memory = open_memstream(&data, &count);
	int r = html.emit && memory ? stacks_init(&html.stacks, job) : -ENOMEM;

	if (r == 0)
		r = find_same(&html);
	if (r == 0) {
		emit_init(html.emit, memory);
		r = write_data(&html);
	}
	if (memory && fclose(memory) != 0 && r == 0)
		r = -ENOMEM;
	if (r == 0)
		r = write_page(data, count, file);
	stacks_fini(&html.stacks);
	free(html.same);
	free(html.emit);
	return r;
}
