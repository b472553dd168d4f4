/* SPDX-License-Identifier: Apache-2.0 */
/* The report for people: which parts, in which order. */
#include "report/report-text.h"
#include "base/err.h"
#include "report/report.h"
#include "report/text-parts.h"

#define TEMPORARY_FEW 1000u /* fewer temporary allocations cost no time worth a list */

const char *const report_sort_names[] = {
	[REPORT_SORT_PEAK] = "peak",
	[REPORT_SORT_LIVE] = "live",
	[REPORT_SORT_ALLOCATIONS] = "allocations",
	[REPORT_SORT_BYTES] = "bytes",
	[REPORT_SORT_TEMPORARY] = "temporary",
	[REPORT_SORT_SURVIVORS] = "survivors",
	[REPORT_SORT_CYCLIC] = "cyclic",
	[REPORT_SORT_COUNT] = NULL,
};

const char *const report_origin_names[] = {
	[REPORT_ORIGIN_NONE] = "all",
	[REPORT_ORIGIN_INTERPRETER] = "interpreter",
	[REPORT_ORIGIN_LIBRARY] = "library",
	[REPORT_ORIGIN_APPLICATION] = "application",
	[REPORT_ORIGINS] = NULL,
};

const char *const report_frames_names[] = {
	[REPORT_FRAMES_MIXED] = "mixed",
	[REPORT_FRAMES_PYTHON] = "python",
	[REPORT_FRAMES_NATIVE] = "native",
	[REPORT_FRAMES_COUNT] = NULL,
};

static struct text_list list_of(const struct text *text, size_t top, size_t callers)
{
	return (struct text_list){ text->options->top ? text->options->top : top, callers };
}

/* Whether what is live at the end is as good as all of the oldest generation. */
static bool is_all_old(const struct report_process *process)
{
	uint64_t old = 0;

	for (size_t i = 0; i < process->sites.count; i++)
		old += process->sites.at[i].alive_bytes[RESULT_GENERATIONS - 1];
	return old >= process->totals.live_bytes - process->totals.live_bytes / 10;
}

/* The lists in which somebody looks for a problem; those that say nothing are left out. */
static int print_overview(const struct text *text)
{
	const struct report_totals *totals = &text->process->totals;
	struct text_list list = list_of(text, 5, 3);
	int r = text_places(text, REPORT_SORT_PEAK, &list);

	list = list_of(text, 5, 3);
	if (r == 0)
		r = text_leaks(text, &list);
	text_python_leaks(text, &list);
	text_held(text, &list);
	list = list_of(text, 3, 2);
	if (r == 0 && totals->live_bytes)
		r = text_places(text, REPORT_SORT_LIVE, &list);
	text_survivors(text);
	text_python(text);
	list = list_of(text, 5, 0);
	if (r == 0)
		r = text_cycles(text, &list);
	list = list_of(text, 3, 1);
	if (r == 0 && !is_all_old(text->process))
		r = text_places(text, REPORT_SORT_SURVIVORS, &list);
	if (r == 0)
		r = text_places(text, REPORT_SORT_ALLOCATIONS, &list);
	if (r == 0 && totals->temporary > totals->allocations / 50 &&
	    totals->temporary >= TEMPORARY_FEW)
		r = text_places(text, REPORT_SORT_TEMPORARY, &list);
	if (r == 0)
		r = text_mapped(text, &list);
	if (r < 0)
		return r;

	text_histograms(text);
	text_threads(text);
	text_types(text);
	text_containers(text);
	text_marks(text);
	text_processes(text);
	return 0;
}

static int print_all(struct text *text)
{
	struct text_list list;
	int r;

	text_trust(text);
	if (text->options->tabled)
		return text_by(text, (enum table_by)text->options->by,
			       text->options->sorted ? text->options->sort : REPORT_SORT_COUNT);
	text_head(text);
	if (text->options->sorted) {
		list = list_of(text, 20, 3);
		r = text_places(text, text->options->sort, &list);
	} else {
		r = print_overview(text);
	}
	text_notes(text);
	text_next(text);
	return r;
}

int report_text_write(const struct report *report, const struct report_text_options *options,
		      FILE *out)
{
	struct text text = { .report = report, .options = options };
	int r;

	text_out_init(&text.out, out, options->width, options->color, options->unicode);
	text.out.cwd = report->cwd;
	text.process = report_choose(report, options->process);
	if (!text.process) {
		if (options->process)
			return -ESRCH;
		(void)fputs("no process was recorded\n", out);
		return fflush(out) == 0 ? 0 : neg_errno();
	}

	text.out.exe = text.process->exe;
	r = places_view_init(&text.view, report, options->frames);
	text.view.origin = options->origin;
	if (r < 0)
		return r;
	r = print_all(&text);
	places_view_fini(&text.view);
	if (r == 0 && (fflush(out) != 0 || ferror(out)))
		r = neg_errno();
	return r;
}
