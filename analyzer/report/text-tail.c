/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the report: other processes, notes, and what to ask next. */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "report/names.h"
#include "report/text-parts.h"
#include "symbol/resolve.h"

#define ROWS_MAX  10
#define NOTES_MAX 6

static void end_word(const struct report_end *end, char *word, size_t bytes)
{
	const char *name;

	switch (end->kind) {
	case RESULT_END_EXIT:
		(void)snprintf(word, bytes, "exit %d", end->value);
		return;
	case RESULT_END_SIGNAL:
		name = sigabbrev_np(end->value);
		if (name)
			(void)snprintf(word, bytes, "SIG%s", name);
		else
			(void)snprintf(word, bytes, "signal %d", end->value);
		return;
	case RESULT_END_EXEC:
		(void)snprintf(word, bytes, "exec");
		return;
	case RESULT_END_RUNNING:
		(void)snprintf(word, bytes, "running");
		return;
	case RESULT_END_UNKNOWN:
		break;
	}
	(void)snprintf(word, bytes, "?");
}

/*
 * @word without its directory.  A process that has written its own title has it in one word,
 * with slashes that are no path's: "nginx: master process nginx -c /etc/n.conf".
 */
static const char *without_directory(const char *word)
{
	const char *path_end = word + strcspn(word, " ");
	const char *base = names_base(word);

	while (base > path_end) {
		base--;
		while (base > word && base[-1] != '/')
			base--;
	}
	return base;
}

/* The program's name without its directory, then its arguments; where room is short, theirs too. */
static void add_command(const struct text_out *out, struct strbuf *line,
			const struct report_process *process, size_t room)
{
	const report_texts *command = &process->command;

	for (bool brief = false;; brief = true) {
		strbuf_clear(line);
		if (!command->count)
			text_out_clean(out, line, names_base(process->exe));
		for (size_t i = 0; i < command->count; i++) {
			const char *word = command->at[i];
			const report_texts one = { &word, 1, 1 };

			if (i == 0 || (brief && *word == '/'))
				word = without_directory(word);
			if (i > 0)
				strbuf_addc(line, ' ');
			text_out_command(out, line, &one);
		}
		if (brief || !line->count || utf8_width(line->at) <= room)
			break;
	}
	text_out_clip(out, line, room);
}

static void print_process(const struct text *text, const struct report_process *process)
{
	const struct text_out *out = &text->out;
	struct strbuf line = { 0 };
	size_t room = out->width - 4 - 8 - 10 - 12 - 12 - 14;
	char word[24];

	end_word(&process->end, word, sizeof(word));
	add_command(out, &line, process, room);
	(void)fprintf(out->file, "    %s%s%s", process->trust.complete ? "" : out->loud,
		      strbuf_get(&line), out->plain);
	text_out_pad(out, utf8_width(strbuf_get(&line)), room);
	(void)fprintf(out->file, "%8" PRIu32 "%10s%12s%12s%14s\n", process->pid, word,
		      units_bytes(process->totals.peak_bytes).s,
		      units_bytes(process->totals.live_bytes).s,
		      units_count(process->totals.allocations).s);
	strbuf_fini(&line);
}

static int by_peak(const void *a, const void *b)
{
	const struct report_process *x = *(const struct report_process *const *)a;
	const struct report_process *y = *(const struct report_process *const *)b;

	if (x->totals.peak_bytes != y->totals.peak_bytes)
		return x->totals.peak_bytes > y->totals.peak_bytes ? -1 : 1;
	return x->image < y->image ? -1 : x->image > y->image;
}

void text_processes(const struct text *text)
{
	const struct text_out *out = &text->out;
	const struct report *report = text->report;
	const struct report_process **order;
	size_t count = 0, shown;

	if (report->processes.count < 2 || text->options->process)
		return;
	order = calloc(report->processes.count, sizeof(*order));
	if (!order)
		return;
	for (size_t i = 0; i < report->processes.count; i++) {
		if (&report->processes.at[i] != text->process)
			order[count++] = &report->processes.at[i];
	}
	qsort(order, count, sizeof(struct report_process *), by_peak);

	(void)fprintf(out->file, "\n%s%-*s%s%s%8s%10s%12s%12s%14s%s\n", out->bold,
		      (int)(out->width - 8 - 10 - 12 - 12 - 14), "OTHER PROCESSES", out->plain,
		      out->dim, "pid", "end", "peak heap", "not freed", "allocations", out->plain);
	shown = count < ROWS_MAX ? count : ROWS_MAX;
	for (size_t i = 0; i < shown; i++)
		print_process(text, order[i]);
	if (count > shown)
		(void)fprintf(out->file, "    %s%zu more, with no higher peaks%s\n", out->dim,
			      count - shown, out->plain);
	(void)fprintf(out->file, "%s    all %zu together: %s allocation%s, %s%s\n", out->dim,
		      report->processes.count, units_count(report->tree.allocations).s,
		      report->tree.allocations == 1 ? "" : "s",
		      units_bytes(report->tree.allocated_bytes).s, out->plain);
	free(order);
}

/* A note, with a heading before the first. */
static void print_note(const struct text *text, size_t *count, const char *note)
{
	const struct text_out *out = &text->out;
	struct strbuf line = { 0 };

	if ((*count)++ >= NOTES_MAX)
		return;
	if (*count == 1)
		(void)fputc('\n', out->file);
	text_out_clean(out, &line, note);
	(void)fprintf(out->file, "%snote:%s %s\n", out->dim, out->plain, strbuf_get(&line));
	strbuf_fini(&line);
}

static void note_modules(const struct text *text, size_t *notes)
{
	const struct report_process *process = text->process;

	for (size_t i = 0; i < process->modules.count; i++) {
		const struct report_module *module = &process->modules.at[i];
		const char *why = module->names == RESOLVE_MISSING    ? "is gone"
				  : module->names == RESOLVE_REPLACED ? "is another build by now"
								      : NULL;
		struct strbuf note = { 0 };

		if (!why)
			continue;
		strbuf_addf(&note, "%s %s: its functions have no names", module->path, why);
		print_note(text, notes, strbuf_get(&note));
		strbuf_fini(&note);
	}
}

/* The first frame without a name up to the one that answers for a stack, or NULL. */
static const struct report_frame *nameless_frame(const struct text *text, uint32_t stack)
{
	const struct report *report = text->report;
	uint32_t culprit = places_culprit(&text->view, stack);

	for (uint32_t at = stack; at != REPORT_NONE; at = report->stacks.at[at].caller) {
		const struct report_frame *frame = &report->frames.at[report->stacks.at[at].frame];

		if (!frame->named && frame->module != REPORT_NONE &&
		    !names_is_system(intern_get(&report->strings, frame->module)))
			return frame;
		if (at == culprit)
			break;
	}
	return NULL;
}

/* Bytes of the peak, and at the end, that one module's missing names hide. */
struct nameless {
	uint32_t module;
	uint64_t peak_bytes;
	uint64_t live_bytes;
};

/* Fills @modules with those that are met first, at the heaviest sites.  Return: how many. */
static size_t nameless_modules(const struct text *text, struct nameless *modules, size_t most)
{
	const report_sites *sites = &text->process->sites;
	size_t count = 0;

	for (size_t i = 0; i < sites->count; i++) {
		const struct report_frame *frame = NULL;
		size_t known = 0;

		if (sites->at[i].peak_bytes)
			frame = nameless_frame(text, sites->at[i].stack);
		if (!frame)
			continue;
		while (known < count && modules[known].module != frame->module)
			known++;
		if (known == most)
			continue;
		if (known == count)
			modules[count++] = (struct nameless){ frame->module, 0, 0 };
		modules[known].peak_bytes += sites->at[i].peak_bytes;
		modules[known].live_bytes += sites->at[i].live_bytes;
	}
	return count;
}

static void note_nameless(const struct text *text, size_t *notes)
{
	const struct text_out *out = &text->out;
	struct nameless modules[8];
	const struct report_totals *totals = &text->process->totals;
	size_t count = nameless_modules(text, modules, ARRAY_SIZE(modules));
	struct strbuf names = { 0 }, note = { 0 };
	size_t named = 0;

	for (size_t i = 0; i < count; i++) {
		if (modules[i].peak_bytes > totals->peak_bytes / 10 ||
		    modules[i].live_bytes > totals->live_bytes / 10)
			strbuf_addf(
				&names, "%s%s", named++ ? ", " : "",
				names_base(intern_get(&text->report->strings, modules[i].module)));
	}
	if (names.count) {
		strbuf_addf(&note, "no debug symbols for %s:", strbuf_get(&names));
		print_note(text, notes, strbuf_get(&note));
		(void)fprintf(out->file, "      install %s, or set DEBUGINFOD_URLS\n",
			      named > 1 ? "their -dbgsym or -debuginfo packages"
					: "its -dbgsym or -debuginfo package");
	}
	strbuf_fini(&names);
	strbuf_fini(&note);
}

void text_notes(const struct text *text)
{
	const struct report_trust *trust = &text->process->trust;
	struct strbuf note = { 0 };
	size_t notes = 0;

	if (trust->truncated) {
		strbuf_addf(&note, "%s stacks were cut: their outer callers are missing",
			    units_count(trust->truncated).s);
		print_note(text, &notes, strbuf_get(&note));
		strbuf_clear(&note);
	}
	if (trust->folded) {
		strbuf_addf(&note, "the table of stacks was full: %s were shortened",
			    units_count(trust->folded).s);
		print_note(text, &notes, strbuf_get(&note));
		strbuf_clear(&note);
	}
	note_nameless(text, &notes);
	note_modules(text, &notes);
	for (size_t i = 0; i < trust->notes.count; i++)
		print_note(text, &notes, trust->notes.at[i]);
	if (notes > NOTES_MAX)
		(void)fprintf(text->out.file, "%s      %zu more in the JSON report%s\n",
			      text->out.dim, notes - NOTES_MAX, text->out.plain);
	strbuf_fini(&note);
}

static void print_next(const struct text *text, const char *options, const char *what)
{
	const struct text_out *out = &text->out;
	struct strbuf line = { 0 };

	strbuf_adds(&line, "tenure report ");
	text_out_clean(out, &line, text->options->file);
	strbuf_addc(&line, ' ');
	strbuf_adds(&line, options);
	(void)fprintf(out->file, "%snext:%s %s", out->dim, out->plain, strbuf_get(&line));
	text_out_pad(out, utf8_width(strbuf_get(&line)), 52);
	(void)fprintf(out->file, "  %s%s%s\n", out->dim, what, out->plain);
	strbuf_fini(&line);
}

/* Of those that a pid can ask for instead, the one with the largest peak; NULL: none. */
static const struct report_process *other_process(const struct text *text)
{
	const struct report_process *best = NULL;

	for (size_t i = 0; i < text->report->processes.count; i++) {
		const struct report_process *process = &text->report->processes.at[i];

		if (process->pid != text->process->pid &&
		    (!best || process->totals.peak_bytes > best->totals.peak_bytes))
			best = process;
	}
	return best;
}

void text_next(const struct text *text)
{
	const struct report_totals *totals = &text->process->totals;
	const struct report_process *other = other_process(text);
	char option[32];

	if (!text->options->file || (!totals->allocations && !other))
		return;
	(void)fputc('\n', text->out.file);
	if (totals->allocations)
		print_next(text, "--top 30", "longer lists");
	if (totals->live_blocks)
		print_next(text, "--sort live", "what was never freed");
	if (totals->temporary > totals->allocations / 5)
		print_next(text, "--sort temporary", "blocks freed before the next malloc");
	if (other) {
		(void)snprintf(option, sizeof(option), "--process %" PRIu32, other->pid);
		print_next(text, option, "another process");
	}
}
