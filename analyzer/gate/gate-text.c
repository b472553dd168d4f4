/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict for people: each violation with what was found, where, and what can be done. */
#include <errno.h>
#include <inttypes.h>

#include "base/err.h"
#include "gate/gate-text.h"
#include "gate/limits.h"
#include "report/names.h"
#include "report/text-out.h"
#include "symbol/resolve.h"

#define STACK_FRAMES 8u
#define WIDTH	     80u

static void print_figure(FILE *out, const char *name, enum gate_unit unit, uint64_t value,
			 const char *before)
{
	struct strbuf text = { 0 };

	limits_print(&text, unit, value);
	(void)fprintf(out, "%s%s%s", before, name, strbuf_get(&text));
	strbuf_fini(&text);
}

/* Does it say something to the author of the program? */
static bool is_shown(const struct report *report, const struct report_frame *frame, bool python)
{
	const char *module =
		frame->module == REPORT_NONE ? "" : intern_get(&report->strings, frame->module);
	const char *function = intern_get(&report->strings, frame->function);

	return frame->kind != RESOLVE_NATIVE || !python ||
	       !(names_is_interpreter(module) || names_is_system(module) ||
		 names_is_entry(function) || names_is_plumbing(function));
}

static void print_frame(const struct text_out *out, const struct report *report, const char *sign,
			uint32_t stack)
{
	(void)fprintf(out->file, "      %s ", sign);
	text_out_frame(out, report, &report->frames.at[report->stacks.at[stack].frame], REPORT_NONE,
		       WIDTH - 10);
	(void)fputc('\n', out->file);
}

/* The function of an extension that a Python function called, if there is one. */
static uint32_t called_by(const struct report *report, uint32_t stack, uint32_t culprit)
{
	uint32_t found = REPORT_NONE;

	for (; stack != REPORT_NONE && stack != culprit; stack = report->stacks.at[stack].caller)
		if (is_shown(report, &report->frames.at[report->stacks.at[stack].frame], true))
			found = stack;
	return found;
}

static void print_stack(const struct text_out *out, const struct report *report,
			const struct gate_violation *violation)
{
	uint32_t stack = violation->culprit != REPORT_NONE ? violation->culprit : violation->stack;
	unsigned int frames = 0;
	uint32_t inner;
	bool python;

	if (stack == REPORT_NONE)
		return;
	python = report->frames.at[report->stacks.at[stack].frame].kind == RESOLVE_PYTHON;
	inner = python ? called_by(report, violation->stack, stack) : REPORT_NONE;
	for (; stack != REPORT_NONE && frames < STACK_FRAMES;
	     stack = report->stacks.at[stack].caller) {
		if (!is_shown(report, &report->frames.at[report->stacks.at[stack].frame], python))
			continue;
		print_frame(out, report, frames ? out->arrow : "at", stack);
		if (!frames && inner != REPORT_NONE)
			print_frame(out, report, "in", inner);
		frames++;
	}
}

static void print_violation(const struct text_out *out, const struct report *report,
			    const struct gate_violation *violation)
{
	FILE *file = out->file;
	uint64_t delta = violation->delta < 0 ? -(uint64_t)violation->delta
					      : (uint64_t)violation->delta;

	(void)fprintf(file, "\n  %s (%s): %s\n",
		      violation->rule == GATE_GROWTH   ? "growth"
		      : violation->rule == GATE_LEAK   ? "leak"
		      : violation->rule == GATE_BUDGET ? "budget"
		      : violation->rule == GATE_CYCLE  ? "cycle"
						       : "total",
		      violation->scope, violation->message);
	print_figure(file, "got ", violation->unit, violation->got, "    ");
	print_figure(file, "limit ", violation->unit, violation->limit, ", ");
	print_figure(file, violation->delta < 0 ? "delta -" : "delta +", violation->unit, delta,
		     ", ");
	(void)fputc('\n', file);
	print_stack(out, report, violation);
	if (*violation->accept)
		(void)fprintf(file, "    accept:   %s\n", violation->accept);
	if (*violation->suppress)
		(void)fprintf(file, "    suppress: %s\n", violation->suppress);
}

int gate_text_write(const struct report *report, FILE *file)
{
	const struct gate_result *gate = &report->gate;
	size_t count = gate->violations.count;
	struct text_out out;

	text_out_init(&out, file, WIDTH, false, false);
	out.cwd = report->cwd;
	out.exe = report->processes.count ? report->processes.at[0].exe : "";
	switch (gate->verdict) {
	case GATE_PASS:
		(void)fprintf(file, "tenure check: pass (%" PRIu64 " rules", gate->rules);
		break;
	case GATE_FAIL:
		(void)fprintf(file, "tenure check: FAIL (%zu violation%s", count,
			      count == 1 ? "" : "s");
		break;
	case GATE_INCONCLUSIVE:
		(void)fprintf(file, "tenure check: INCONCLUSIVE (%zu violation%s", count,
			      count == 1 ? "" : "s");
		break;
	case GATE_OFF:
	case GATE_VERDICT_COUNT:
		return 0;
	}
	if (gate->runs > 1)
		(void)fprintf(file, ", %" PRIu64 " runs", gate->runs);
	if (gate->suppressed)
		(void)fprintf(file, ", %" PRIu64 " suppressed", gate->suppressed);
	(void)fputs(")\n", file);

	for (size_t i = 0; i < gate->reasons.count; i++)
		(void)fprintf(file, "  because %s\n", gate->reasons.at[i]);
	for (size_t i = 0; i < gate->violations.count; i++)
		print_violation(&out, report, &gate->violations.at[i]);
	for (size_t i = 0; i < gate->notes.count; i++)
		(void)fprintf(file, "%s  note: %s\n", i == 0 && gate->violations.count ? "\n" : "",
			      gate->notes.at[i]);
	return ferror(file) ? -EIO : 0;
}
