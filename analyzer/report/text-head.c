/* SPDX-License-Identifier: Apache-2.0 */
/* The head of the report: what ran, whether to trust the figures, and the figures. */
#include <inttypes.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "report/text-parts.h"
#include "report/words.h"

#define LABEL_COLUMNS 11

/* What each loss means to the one who reads it. */
static const char *const causes[] = {
	[TENURE_LOST_BUSY] = "made in signal handlers while another was being recorded",
	[TENURE_LOST_NO_SLOT] = "made by more threads than can be followed",
	[TENURE_LOST_PIPE] = "lost with the connection to tenure",
	[TENURE_LOST_OFF] = "made after recording had been switched off",
	[TENURE_LOST_EARLY] = "made before recording could begin",
	[TENURE_LOST_MODULES] = "in code that could not be described",
	[TENURE_LOST_PROVIDER] = "skipped by the language provider",
	[TENURE_LOST_SAMPLES] = "sampled, but too many to be remembered",
};

static void print_wrong(const struct text *text, const struct report_process *process)
{
	const struct text_out *out = &text->out;
	const struct report_trust *trust = &process->trust;
	bool said = false;

	(void)fprintf(out->file, "%sINCOMPLETE%s  pid %" PRIu32 ": these figures are too low\n",
		      out->loud, out->plain, process->pid);
	if (trust->off_reason) {
		struct strbuf reason = { 0 };

		text_out_clean(out, &reason, trust->off_reason);
		(void)fprintf(out->file, "%*srecording switched itself off: %s\n",
			      LABEL_COLUMNS + 1, "", strbuf_get(&reason));
		strbuf_fini(&reason);
		said = true;
	}
	for (size_t i = 0; i < TENURE_LOST_COUNT; i++) {
		if (!trust->lost[i] || i == TENURE_LOST_OWN)
			continue;
		(void)fprintf(out->file, "%*s%s events %s\n", LABEL_COLUMNS + 1, "",
			      units_count(trust->lost[i]).s,
			      i < ARRAY_SIZE(causes) ? causes[i] : "lost");
		said = true;
	}
	if (trust->lost[TENURE_LOST_OWN]) {
		(void)fprintf(out->file,
			      "%*sthe program has a malloc of its own inside, whose calls "
			      "cannot be seen\n",
			      LABEL_COLUMNS + 1, "");
		said = true;
	}
	if (trust->bad_bytes) {
		(void)fprintf(out->file, "%*s%s of the stream could not be read\n",
			      LABEL_COLUMNS + 1, "", units_bytes(trust->bad_bytes).s);
		said = true;
	}
	if (trust->missing_chunks) {
		(void)fprintf(out->file, "%*s%s pieces of the stream never came\n",
			      LABEL_COLUMNS + 1, "", units_count(trust->missing_chunks).s);
		said = true;
	}
	if (trust->unmatched) {
		(void)fprintf(out->file, "%*s%s blocks were freed unseen\n", LABEL_COLUMNS + 1, "",
			      units_count(trust->unmatched).s);
		said = true;
	}
	if (!said)
		(void)fprintf(out->file, "%*sthe stream of events ended before the process did\n",
			      LABEL_COLUMNS + 1, "");
}

void text_trust(const struct text *text)
{
	for (size_t i = 0; i < text->report->processes.count; i++) {
		const struct report_process *process = &text->report->processes.at[i];

		if (!process->trust.complete &&
		    (!text->options->process || process == text->process))
			print_wrong(text, process);
	}
}

static void print_end(const struct text *text, const struct report_end *end)
{
	const struct text_out *out = &text->out;
	const char *name;

	switch (end->kind) {
	case RESULT_END_EXIT:
		(void)fprintf(out->file, "exit status %d", end->value);
		break;
	case RESULT_END_SIGNAL:
		name = sigabbrev_np(end->value);
		(void)fprintf(out->file, "%skilled by signal %d%s%s%s", out->loud, end->value,
			      name ? ", SIG" : "", name ? name : "", out->plain);
		break;
	case RESULT_END_EXEC:
		(void)fputs("replaced itself by another program", out->file);
		break;
	case RESULT_END_RUNNING:
		(void)fputs("still running", out->file);
		break;
	case RESULT_END_UNKNOWN:
		(void)fputs("ended, nobody knows how", out->file);
		break;
	}
}

static void print_label(const struct text_out *out, const char *label)
{
	(void)fprintf(out->file, "%s%-*s%s ", out->bold, LABEL_COLUMNS, label, out->plain);
}

static void print_command(const struct text *text, const char *label, const report_texts *command,
			  const char *otherwise)
{
	const struct text_out *out = &text->out;
	struct strbuf line = { 0 };

	text_out_command(out, &line, command);
	if (!line.count)
		text_out_clean(out, &line, otherwise);
	text_out_clip(out, &line, out->width - LABEL_COLUMNS - 1);
	print_label(out, label);
	(void)fprintf(out->file, "%s\n", strbuf_get(&line));
	strbuf_fini(&line);
}

/* What was started; then, of several processes, the one that is shown. */
static void print_what_ran(const struct text *text)
{
	const struct text_out *out = &text->out;
	const struct report *report = text->report;
	const struct report_process *process = text->process;
	bool several = report->processes.count > 1;

	if (several && report->command.count) {
		print_command(text, "program", &report->command, "");
		print_label(out, "");
		print_end(text, &report->end);
		(void)fprintf(out->file, " after %s, %zu processes\n",
			      units_time(report->duration_ns).s, report->processes.count);
	}
	/* The session knows all of its command; a process only what could be sent. */
	print_command(text, several ? "shown here" : "program",
		      !several && report->command.count ? &report->command : &process->command,
		      process->exe);
	print_label(out, "");
	print_end(text, &process->end);
	(void)fprintf(out->file, " after %s, pid %" PRIu32, units_time(process->duration_ns).s,
		      process->pid);
	if (several && process == &report->processes.at[report->tree.peak_process])
		(void)fputs(", the one with the highest peak", out->file);
	(void)fputc('\n', out->file);
}

/* Says that figures are estimates, before the first of them. */
static void print_sampled(const struct text *text)
{
	const struct text_out *out = &text->out;

	if (!text->process->sample_bytes)
		return;
	print_label(out, "sampled");
	(void)fprintf(out->file,
		      "one allocation in %s; figures are estimates, %s one standard error\n",
		      units_bytes(text->process->sample_bytes).s, out->plus_minus);
}

static void print_bytes(const struct text *text, uint64_t bytes, uint64_t error)
{
	const struct text_out *out = &text->out;

	(void)fprintf(out->file, "%s%s%s", out->bold, units_bytes(bytes).s, out->plain);
	if (text->process->sample_bytes)
		(void)fprintf(out->file, " %s %s", out->plus_minus, units_bytes(error).s);
}

/* @thing: what is counted, in the singular */
static void print_count(const struct text *text, uint64_t count, uint64_t error, const char *thing)
{
	const struct text_out *out = &text->out;

	(void)fprintf(out->file, " in %s", units_count(count).s);
	if (text->process->sample_bytes)
		(void)fprintf(out->file, " %s %s", out->plus_minus, units_count(error).s);
	(void)fprintf(out->file, " %s%s", thing, count == 1 ? "" : "s");
}

static void print_peak(const struct text *text)
{
	const struct text_out *out = &text->out;
	const struct report_totals *totals = &text->process->totals;

	print_label(out, "peak heap");
	print_bytes(text, totals->peak_bytes, totals->errors.peak_bytes);
	print_count(text, totals->peak_blocks, totals->errors.peak_blocks, "block");
	if (text->process->duration_ns)
		(void)fprintf(out->file, " after %s", units_time(totals->peak_time_ns).s);
	if (totals->peak_rss_bytes)
		(void)fprintf(out->file, "; RSS then %s", units_bytes(totals->peak_rss_bytes).s);
	(void)fputc('\n', out->file);
}

static void print_live(const struct text *text)
{
	const struct text_out *out = &text->out;
	const struct report_totals *totals = &text->process->totals;

	print_label(out, text->process->end.kind == RESULT_END_RUNNING ? "so far" : "at the end");
	if (totals->live_blocks) {
		print_bytes(text, totals->live_bytes, totals->errors.live_bytes);
		print_count(text, totals->live_blocks, totals->errors.live_blocks, "block");
		(void)fputs(" not freed", out->file);
	} else {
		(void)fputs(text->process->sample_bytes ? "every sample freed" : "everything freed",
			    out->file);
	}
	if (totals->inherited_frees && text->process->forked)
		(void)fprintf(out->file, "; freed %s of its parent's",
			      units_count(totals->inherited_frees).s);
	(void)fputc('\n', out->file);
}

static void print_churn(const struct text *text)
{
	const struct text_out *out = &text->out;
	const struct report_totals *totals = &text->process->totals;

	print_label(out, "allocated");
	if (text->process->sample_bytes)
		print_bytes(text, totals->allocated_bytes, totals->errors.bytes);
	else
		(void)fputs(units_bytes(totals->allocated_bytes).s, out->file);
	print_count(text, totals->allocations, totals->errors.allocations, "allocation");
	if (totals->temporary)
		(void)fprintf(out->file, ", %s temporary",
			      units_share(totals->temporary, totals->allocations).s);
	(void)fputc('\n', out->file);
	if (!totals->mapped_peak_bytes)
		return;

	print_label(out, "mapped");
	(void)fprintf(out->file, "%s at most, by mmap, beside the heap",
		      units_bytes(totals->mapped_peak_bytes).s);
	if (totals->mapped_live_bytes)
		(void)fprintf(out->file, "; %s %s", units_bytes(totals->mapped_live_bytes).s,
			      text->process->end.kind == RESULT_END_RUNNING ? "now" : "at the end");
	(void)fputc('\n', out->file);
}

/* The heap over time in one line of bars: each the maximum of its share of the time. */
static void print_timeline(const struct text *text)
{
	const struct text_out *out = &text->out;
	const struct report_process *process = text->process;
	uint64_t bars[64] = { 0 };
	size_t count = out->width - LABEL_COLUMNS - 1;
	uint64_t before = 0;
	size_t at = 0;

	if (count > ARRAY_SIZE(bars))
		count = ARRAY_SIZE(bars);
	if (process->timeline.count < 8 || !process->duration_ns || !process->totals.peak_bytes)
		return;

	for (size_t i = 0; i < count; i++) {
		uint64_t until =
			(uint64_t)((double)process->duration_ns * (double)(i + 1) / (double)count);

		bars[i] = before;
		for (; at < process->timeline.count; at++) {
			const struct report_moment *moment = &process->timeline.at[at];

			if (moment->time_ns > until && i + 1 < count)
				break;
			if (moment->heap_bytes > bars[i])
				bars[i] = moment->heap_bytes;
			before = moment->heap_bytes;
		}
	}
	print_label(out, "over time");
	text_out_bars(out, bars, count);
	(void)fputc('\n', out->file);
}

void text_head(const struct text *text)
{
	const struct report_totals *totals = &text->process->totals;

	print_what_ran(text);
	print_sampled(text);
	if (!totals->allocations && !totals->frees && !totals->inherited_frees && !totals->maps) {
		print_label(&text->out, "allocated");
		(void)fputs(text->process->sample_bytes ? "nothing that was sampled\n"
							: "nothing while it was recorded\n",
			    text->out.file);
		return;
	}
	print_peak(text);
	print_live(text);
	print_churn(text);
	print_timeline(text);
}
