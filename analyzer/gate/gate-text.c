/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict for people: each violation with what was found, where, and what can be done. */
#include <errno.h>
#include <inttypes.h>

#include "base/err.h"
#include "gate/gate-text.h"
#include "gate/limits.h"
#include "report/text-out.h"

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

static void print_stack(const struct text_out *out, const struct report *report, uint32_t stack)
{
	unsigned int frames = 0;

	for (; stack != REPORT_NONE && frames < STACK_FRAMES;
	     stack = report->stacks.at[stack].caller) {
		(void)fprintf(out->file, "      %s ", frames ? out->arrow : "at");
		text_out_frame(out, report, &report->frames.at[report->stacks.at[stack].frame],
			       REPORT_NONE, WIDTH - 10);
		(void)fputc('\n', out->file);
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
						       : "total",
		      violation->scope, violation->message);
	print_figure(file, "got ", violation->unit, violation->got, "    ");
	print_figure(file, "limit ", violation->unit, violation->limit, ", ");
	print_figure(file, violation->delta < 0 ? "delta -" : "delta +", violation->unit, delta,
		     ", ");
	(void)fputc('\n', file);
	print_stack(out, report,
		    violation->culprit != REPORT_NONE ? violation->culprit : violation->stack);
	if (*violation->accept)
		(void)fprintf(file, "    accept:   %s\n", violation->accept);
	if (*violation->suppress)
		(void)fprintf(file, "    suppress: %s\n", violation->suppress);
}

int gate_text_write(const struct report *report, FILE *file)
{
	const struct gate_result *gate = &report->gate;
	struct text_out out;

	text_out_init(&out, file, WIDTH, false, false);
	out.cwd = report->cwd;
	out.exe = report->processes.count ? report->processes.at[0].exe : "";
	switch (gate->verdict) {
	case GATE_PASS:
		(void)fprintf(file, "tenure check: pass (%" PRIu64 " rules", gate->rules);
		break;
	case GATE_FAIL:
		(void)fprintf(file, "tenure check: FAIL (%zu violations", gate->violations.count);
		break;
	case GATE_INCONCLUSIVE:
		(void)fprintf(file, "tenure check: INCONCLUSIVE (%zu violations",
			      gate->violations.count);
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
