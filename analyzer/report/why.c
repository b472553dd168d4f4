/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the ways from what is alive by itself to blocks, for people. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/nearest.h"
#include "base/units.h"
#include "report/names.h"
#include "report/report.h"
#include "report/text-parts.h"
#include "report/why.h"
#include "report/words.h"

#define SHOWN_DEFAULT 5u
#define CALLERS	      3

static const char *const classes[] = {
	[LEAKS_LOST] = "lost",
	[LEAKS_CYCLE] = "lost in a cycle",
	[LEAKS_LOST_THROUGH] = "lost with what leads to it",
	[LEAKS_POSSIBLE] = "possibly lost",
	[LEAKS_REACHABLE] = "reachable",
	[LEAKS_RUNTIME] = "the runtime's own",
	[LEAKS_PYTHON] = "Python's",
};

static const char *string(const struct report *report, uint32_t id)
{
	return id == REPORT_NONE ? "" : intern_get(&report->strings, id);
}

/* ------------------------------------------------------------------- finding */

static bool is_frame(const struct report *report, uint32_t stack, const char *what)
{
	const struct report_frame *frame = &report->frames.at[report->stacks.at[stack].frame];
	const char *file = string(report, frame->file);
	char place[4096];

	if (strcmp(string(report, frame->function), what) == 0)
		return true;
	(void)snprintf(place, sizeof(place), "%s:%u", names_base(file), frame->line);
	return *file && (strcmp(place, what) == 0 || strcmp(names_base(file), what) == 0);
}

static bool is_called(const struct report *report, const struct report_held *held, const char *what,
		      bool in_part)
{
	char sig[20];

	(void)snprintf(sig, sizeof(sig), "%016" PRIx64, held->sig);
	if (strcmp(sig, what) == 0 || (*held->type && strcmp(held->type, what) == 0))
		return true;
	if (in_part && *held->type && strstr(held->type, what))
		return true;
	for (uint32_t stack = held->stack; stack != REPORT_NONE;
	     stack = report->stacks.at[stack].caller) {
		const struct report_frame *frame =
			&report->frames.at[report->stacks.at[stack].frame];

		if (is_frame(report, stack, what) ||
		    (in_part && strstr(string(report, frame->function), what)))
			return true;
	}
	return false;
}

static const char *find_near(const struct report *report, const struct report_process *process,
			     const char *what)
{
	const char *best = NULL;
	size_t distance = 0;

	for (size_t i = 0; i < process->held.count; i++) {
		const struct report_held *held = &process->held.at[i];

		if (*held->type)
			nearest_feed(what, held->type, &best, &distance);
		for (uint32_t stack = held->stack; stack != REPORT_NONE;
		     stack = report->stacks.at[stack].caller) {
			const struct report_frame *frame =
				&report->frames.at[report->stacks.at[stack].frame];

			nearest_feed(what, string(report, frame->function), &best, &distance);
		}
	}
	return best;
}

/* ------------------------------------------------------------------ printing */

static void print_stack(const struct text *text, uint32_t stack, size_t indent)
{
	const struct text_out *out = &text->out;
	const struct report *report = text->report;

	if (stack == REPORT_NONE)
		(void)fputs("memory that the program mapped", out->file);
	else
		text_out_frame(out, report, &report->frames.at[report->stacks.at[stack].frame],
			       REPORT_NONE, out->width > indent ? out->width - indent : 1);
	(void)fputc('\n', out->file);
}

static void print_type(const struct text *text, const char *type)
{
	if (!*type)
		return;
	(void)fputs(text->out.bold, text->out.file);
	text_out_words(&text->out, type);
	(void)fprintf(text->out.file, "%s  ", text->out.plain);
}

static void print_root(const struct text *text, const struct report_held *held)
{
	FILE *file = text->out.file;

	(void)fputs("      held by ", file);
	if (!held->is_held) {
		(void)fprintf(file, "nothing: %s\n",
			      held->steps.count ? "what leads to it is lost itself" : "it is lost");
		return;
	}
	switch (held->kind) {
	case LEAKS_HOLDER_GLOBAL:
		if (*held->variable) {
			text_out_words(&text->out, held->variable);
			if (held->offset)
				(void)fprintf(file, "+%" PRIu64, held->offset);
			(void)fputs(", a variable of ", file);
		} else {
			(void)fprintf(file, "data at %#" PRIx64 " in ", held->offset);
		}
		text_out_words(&text->out, names_base(held->module));
		break;
	case LEAKS_HOLDER_STACK:
		(void)fprintf(file, "the stack of thread %u", held->tid);
		break;
	case LEAKS_HOLDER_REGISTER:
		(void)fprintf(file, "a register of thread %u", held->tid);
		break;
	case LEAKS_HOLDER_TLS:
		(void)fprintf(file, "thread-local memory of thread %u", held->tid);
		break;
	case LEAKS_HOLDER_RUNTIME:
		(void)fputs("the runtime, whose own it is or that it belongs to", file);
		break;
	case LEAKS_HOLDER_PYTHON:
		(void)fputs("the Python interpreter, in a way that is not known", file);
		break;
	case LEAKS_HOLDER_MODULE:
		(void)fputs("a module", file);
		break;
	default:
		(void)fputs("memory of which it is not known whose it is", file);
		break;
	}
	(void)fputc('\n', file);
}

/* In the words of a Python program. */
static void print_words(const struct text *text, const struct report_held *held)
{
	FILE *file = text->out.file;

	if (!*held->expression)
		return;
	(void)fputs("      at ", file);
	(void)fputs(text->out.bold, file);
	text_out_words(&text->out, held->expression);
	(void)fputs(text->out.plain, file);
	(void)fputs(held->is_guessed ? ", in part by what memory looks like\n" : "\n", file);
}

static void print_way(const struct text *text, const struct report_held *held)
{
	const struct text_out *out = &text->out;

	print_words(text, held);
	/* It says all that there is to say. */
	if (*held->expression && held->kind == LEAKS_HOLDER_MODULE && held->is_held)
		return;
	print_root(text, held);
	if (held->is_cut)
		(void)fprintf(out->file, "        %s\n", out->dots);
	for (size_t i = 0; i < held->steps.count; i++) {
		const struct report_step *step = &held->steps.at[i];
		int columns;

		columns = fprintf(out->file, "        ");
		if (step->times > 1)
			columns += fprintf(out->file, "%s times ", units_count(step->times).s);
		if (step->offset == UINT32_MAX)
			columns += fprintf(out->file, "somewhere in ");
		else
			columns += fprintf(out->file, "at +%" PRIu64, step->offset);
		if (*step->member) {
			columns += fprintf(out->file, ", ");
			text_out_words(&text->out, step->member);
			columns += (int)strlen(step->member);
		}
		if (step->offset != UINT32_MAX)
			columns += fprintf(out->file, " of ");
		print_type(text, step->type);
		print_stack(text,
			    step->stack == REPORT_NONE ? REPORT_NONE
						       : places_culprit(&text->view, step->stack),
			    (size_t)columns + (*step->type ? strlen(step->type) + 2 : 0));
	}
}

/* Of several the way is told to one only. */
static void print_most(const struct text *text, const struct report_held *held)
{
	const struct text_out *out = &text->out;

	if (held->own.blocks > 1 && held->most.blocks && *held->expression)
		(void)fprintf(out->file, "      the one that keeps most, %s in %s block%s, is\n",
			      units_bytes(held->most.bytes).s, units_count(held->most.blocks).s,
			      held->most.blocks == 1 ? "" : "s");
}

static void print_held(const struct text *text, size_t number, const struct report_held *held)
{
	const struct text_out *out = &text->out;
	uint32_t stack = held->stack == REPORT_NONE ? REPORT_NONE
						    : places_culprit(&text->view, held->stack);

	(void)fprintf(out->file, "%3zu   ", number);
	print_type(text, held->type);
	print_stack(text, stack, 6 + (*held->type ? strlen(held->type) + 2 : 0));
	for (int i = 0; i < CALLERS && stack != REPORT_NONE; i++) {
		stack = text->report->stacks.at[stack].caller;
		if (stack == REPORT_NONE)
			break;
		(void)fprintf(out->file, "      %*s%s%s%s ", 2 * i, "", out->dim, out->arrow,
			      out->plain);
		print_stack(text, stack, 8 + 2 * (size_t)i);
	}
	(void)fprintf(out->file, "      %s in %s block%s alive, %s\n",
		      units_bytes(held->own.bytes).s, units_count(held->own.blocks).s,
		      held->own.blocks == 1 ? "" : "s",
		      held->class < ARRAY_SIZE(classes) ? classes[held->class]
							: words_get(&words_leak, held->class));
	(void)fprintf(out->file, "      freeing %s would give back %s%s%s in %s block%s\n",
		      held->own.blocks == 1 ? "it" : "them", out->bold,
		      units_bytes(held->kept.bytes).s, out->plain, units_count(held->kept.blocks).s,
		      held->kept.blocks == 1 ? "" : "s");
	print_most(text, held);
	print_way(text, held);
	(void)fputc('\n', out->file);
}

/* All objects of a type, wherever they come from. */
static void print_type_held(const struct text *text, size_t number, const struct report_held *held)
{
	const struct text_out *out = &text->out;

	(void)fprintf(out->file, "%3zu   ", number);
	print_type(text, held->type);
	(void)fprintf(out->file, "%s object%s alive, %s\n", units_count(held->own.blocks).s,
		      held->own.blocks == 1 ? "" : "s", units_bytes(held->own.bytes).s);
	(void)fprintf(out->file, "      freeing %s would give back %s%s%s in %s block%s\n",
		      held->own.blocks == 1 ? "it" : "all", out->bold,
		      units_bytes(held->kept.bytes).s, out->plain, units_count(held->kept.blocks).s,
		      held->kept.blocks == 1 ? "" : "s");
	print_most(text, held);
	print_way(text, held);
	(void)fputc('\n', out->file);
}

static bool is_named(const struct report_held *held, const char *what)
{
	size_t type = strlen(held->type), count = strlen(what);

	return *held->type && (strcmp(held->type, what) == 0 ||
			       (type > count && held->type[type - count - 1] == '.' &&
				strcmp(held->type + type - count, what) == 0));
}

/* What Python calls so, then the places. */
static size_t print_types(struct text *text, const char *what, size_t top)
{
	const report_helds *held = what ? &text->process->held_types : &text->process->held_objects;
	size_t shown = 0;

	for (size_t i = 0; i < held->count && shown < top; i++) {
		if (!what)
			print_held(text, ++shown, &held->at[i]);
		else if (is_named(&held->at[i], what))
			print_type_held(text, ++shown, &held->at[i]);
	}
	return shown;
}

static int print_all(struct text *text, const char *what)
{
	const struct report_process *process = text->process;
	size_t top = text->options->top ? text->options->top : SHOWN_DEFAULT;
	size_t first = print_types(text, what, top);
	bool in_part = false;
	size_t count = 0, shown = 0;

	if (first && !what)
		return 0;
	for (int round = 0; round < (first ? 1 : 2) && !count; round++) {
		in_part = round == 1;
		for (size_t i = 0; i < process->held.count; i++)
			count += !what ||
				 is_called(text->report, &process->held.at[i], what, in_part);
	}
	if (!count && !first)
		return -ENOENT;
	for (size_t i = 0; i < process->held.count && shown < top; i++)
		if (!what || is_called(text->report, &process->held.at[i], what, in_part))
			print_held(text, first + ++shown, &process->held.at[i]);
	if (count > shown)
		(void)fprintf(text->out.file, "%s%zu more place%s%s\n", text->out.dim,
			      count - shown, count - shown == 1 ? "" : "s", text->out.plain);
	return 0;
}

int why_print(const struct report *report, const struct report_text_options *options,
	      const char *what, FILE *file, const char **ret_near)
{
	struct text text = { .report = report, .options = options };
	int r;

	*ret_near = NULL;
	text.process = report_choose(report, options->process);
	if (!text.process)
		return -ESRCH;
	if (!text.process->scan.done && !text.process->held.count)
		return -ENODATA;
	text_out_init(&text.out, file, options->width, options->color, options->unicode);
	text.out.cwd = report->cwd;
	text.out.exe = text.process->exe;
	r = places_view_init(&text.view, report, options->frames);
	if (r == 0)
		r = print_all(&text, what);
	if (r == -ENOENT && what)
		*ret_near = find_near(report, text.process, what);
	places_view_fini(&text.view);
	return r;
}
