/* SPDX-License-Identifier: Apache-2.0 */
/* JUnit XML: a test case per violation, one for a verdict that could not be given. */
#include <errno.h>

#include "base/err.h"
#include "export/ci.h"
#include "export/formats.h"
#include "report/names.h"
#include "report/words.h"

static void escape(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			strbuf_adds(out, "&lt;");
		else if (*text == '>')
			strbuf_adds(out, "&gt;");
		else if (*text == '&')
			strbuf_adds(out, "&amp;");
		else if (*text == '"')
			strbuf_adds(out, "&quot;");
		else if (*text == '\n')
			strbuf_adds(out, "&#10;");
		else if ((unsigned char)*text < ' ') /* no XML has these */
			strbuf_addc(out, '?');
		else
			strbuf_addc(out, *text);
	}
}

static void add_violation(const struct export_job *job, const struct gate_violation *violation,
			  struct strbuf *out)
{
	cleanup_strbuf struct strbuf path = { 0 }, text = { 0 };
	const struct report *report = job->report;
	uint32_t line = ci_place(job, violation, &path);

	strbuf_addf(out, "    <testcase classname=\"tenure.%s\" name=\"",
		    words_get(&words_rule, violation->rule));
	strbuf_addf(&text, "%s %s%s%s", violation->metric, violation->scope,
		    *violation->where ? " " : "", violation->where);
	escape(out, strbuf_get(&text));
	strbuf_adds(out, "\" file=\"");
	escape(out, strbuf_get(&path));
	strbuf_addf(out, "\" line=\"%u\">\n      <failure message=\"", line);
	strbuf_clear(&text);
	ci_message(&text, violation);
	escape(out, strbuf_get(&text));
	strbuf_adds(out, "\">");
	for (uint32_t at = violation->stack; at != REPORT_NONE; at = report->stacks.at[at].caller) {
		const struct report_frame *frame = &report->frames.at[report->stacks.at[at].frame];

		escape(out, intern_get(&report->strings, frame->function));
		if (frame->file != REPORT_NONE) {
			strbuf_adds(out, "  ");
			escape(out, intern_get(&report->strings, frame->file));
			strbuf_addf(out, ":%u", frame->line);
		}
		strbuf_addc(out, '\n');
	}
	strbuf_adds(out, "accept: ");
	escape(out, violation->accept);
	strbuf_adds(out, "</failure>\n    </testcase>\n");
	out->failed |= path.failed | text.failed;
}

int junit_write(const struct export_job *job, FILE *file)
{
	const struct gate_result *gate = &job->report->gate;
	size_t errors = gate->verdict == GATE_INCONCLUSIVE, failures = gate->violations.count;
	cleanup_strbuf struct strbuf out = { 0 };

	strbuf_addf(&out,
		    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		    "  <testsuite name=\"tenure\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
		    "skipped=\"%d\">\n",
		    failures + 1, failures, errors, gate->verdict == GATE_OFF);
	for (size_t i = 0; i < failures; i++)
		add_violation(job, &gate->violations.at[i], &out);
	strbuf_adds(&out, "    <testcase classname=\"tenure\" name=\"verdict\">");
	if (gate->verdict == GATE_OFF)
		strbuf_adds(&out, "<skipped message=\"nothing was judged\"/>");
	if (errors) {
		strbuf_adds(&out, "<error message=\"inconclusive");
		for (size_t i = 0; i < gate->reasons.count; i++) {
			strbuf_adds(&out, i ? "; " : ": ");
			escape(&out, gate->reasons.at[i]);
		}
		strbuf_adds(&out, "\"/>");
	}
	strbuf_adds(&out, "</testcase>\n  </testsuite>\n</testsuites>\n");
	if (out.failed)
		return -ENOMEM;
	return fwrite(out.at, 1, out.count, file) == out.count ? 0 : neg_errno();
}
