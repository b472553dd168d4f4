/* SPDX-License-Identifier: Apache-2.0 */
/* Markdown for the summary of a CI job or a comment; far below GitHub's limit of 1 MiB. */
#include <errno.h>

#include "base/err.h"
#include "base/units.h"
#include "export/ci.h"
#include "export/formats.h"
#include "export/stacks.h"
#include "report/words.h"

#define ROWS_MAX   100
#define STACKS_MAX 10
#define FRAMES_MAX 20

static const char *const verdicts[GATE_VERDICT_COUNT] = {
	[GATE_OFF] = "not judged",
	[GATE_PASS] = "✅ pass",
	[GATE_FAIL] = "❌ fail",
	[GATE_INCONCLUSIVE] = "⚠️ inconclusive",
};

/* Appends @text for a cell or a line, with nothing in it that means something. */
static void escape(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			strbuf_adds(out, "&lt;");
		else if (*text == '&')
			strbuf_adds(out, "&amp;");
		else if (*text == '\n' || *text == '\r')
			strbuf_addc(out, ' ');
		else if (*text == '|' || *text == '*' || *text == '_' || *text == '`' ||
			 *text == '[' || *text == ']' || *text == '\\' || *text == '~' ||
			 *text == '#')
			strbuf_addf(out, "\\%c", *text);
		else
			strbuf_addc(out, *text);
	}
}

static void add_row(const struct gate_violation *violation, struct strbuf *out)
{
	uint64_t change = violation->delta < 0 ? -(uint64_t)violation->delta
					       : (uint64_t)violation->delta;

	strbuf_addf(out, "| %s | ", words_get(&words_rule, violation->rule));
	escape(out, *violation->where ? violation->where : violation->scope);
	strbuf_adds(out, " | ");
	escape(out, violation->message);
	strbuf_adds(out, " | ");
	ci_amount(out, violation->unit, violation->got);
	strbuf_adds(out, " | ");
	ci_amount(out, violation->unit, violation->limit);
	strbuf_adds(out, violation->delta < 0 ? " | -" : " | +");
	ci_amount(out, violation->unit, change);
	strbuf_adds(out, " |\n");
}

static int add_details(struct stacks *stacks, const struct gate_violation *violation,
		       struct strbuf *out)
{
	int r = stacks_path(stacks, violation->stack);

	if (r < 0 || (violation->stack == REPORT_NONE && !*violation->accept))
		return r;
	strbuf_adds(out, "\n<details><summary>");
	escape(out, *violation->where ? violation->where : violation->message);
	strbuf_adds(out, "</summary>\n\n");
	/* Indented: no character can end such a block. */
	for (size_t i = 0; i < stacks->path.count && i < FRAMES_MAX; i++) {
		strbuf_adds(out, "    ");
		stacks_label(stacks, stacks->path.at[i], out);
		strbuf_addc(out, '\n');
	}
	if (*violation->accept)
		strbuf_addf(out, "\nTo accept it:\n\n    %s\n", violation->accept);
	if (*violation->suppress)
		strbuf_addf(out, "\nTo suppress it:\n\n    %s\n", violation->suppress);
	strbuf_adds(out, "\n</details>\n");
	return 0;
}

static void add_head(const struct report *report, struct strbuf *out)
{
	const struct gate_result *gate = &report->gate;

	strbuf_addf(out, "## tenure: %s\n\n", verdicts[gate->verdict]);
	for (size_t i = 0; i < report->command.count && i < 20; i++) {
		escape(out, report->command.at[i]);
		strbuf_addc(out, ' ');
	}
	strbuf_addf(out, "\n\npeak %s, at the end %s, %s allocations",
		    units_bytes(report->tree.peak_bytes).s, units_bytes(report->tree.live_bytes).s,
		    units_count(report->tree.allocations).s);
	if (gate->runs > 1)
		strbuf_addf(out, ", %llu runs", (unsigned long long)gate->runs);
	if (gate->suppressed)
		strbuf_addf(out, ", %llu suppressed", (unsigned long long)gate->suppressed);
	strbuf_addc(out, '\n');
	for (size_t i = 0; i < gate->reasons.count; i++) {
		strbuf_adds(out, "\n- ");
		escape(out, gate->reasons.at[i]);
	}
	if (gate->reasons.count)
		strbuf_addc(out, '\n');
}

static void add_notes(const struct gate_result *gate, struct strbuf *out)
{
	for (size_t i = 0; i < gate->notes.count && i < ROWS_MAX; i++) {
		strbuf_adds(out, "\n- ");
		escape(out, gate->notes.at[i]);
	}
	if (gate->notes.count)
		strbuf_addc(out, '\n');
}

int markdown_write(const struct export_job *job, FILE *file)
{
	const struct gate_result *gate = &job->report->gate;
	size_t count = gate->violations.count;
	cleanup_strbuf struct strbuf out = { 0 };
	cleanup_stacks struct stacks stacks;
	int r = stacks_init(&stacks, job);

	add_head(job->report, &out);
	if (count)
		strbuf_adds(&out, "\n| rule | where | what | got | limit | change |\n"
				  "| --- | --- | --- | ---: | ---: | ---: |\n");
	for (size_t i = 0; i < count && i < ROWS_MAX; i++)
		add_row(&gate->violations.at[i], &out);
	if (count > ROWS_MAX)
		strbuf_addf(&out, "\n%zu more are in the report.\n", count - ROWS_MAX);
	for (size_t i = 0; i < count && i < STACKS_MAX && r == 0; i++)
		r = add_details(&stacks, &gate->violations.at[i], &out);
	add_notes(gate, &out);
	if (r < 0)
		return r;
	if (out.failed)
		return -ENOMEM;
	return fwrite(out.at, 1, out.count, file) == out.count ? 0 : neg_errno();
}
