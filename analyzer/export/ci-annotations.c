/* SPDX-License-Identifier: Apache-2.0 */
/* Workflow commands of GitHub Actions, which shows ten per step: the worst. */
#include <errno.h>

#include "base/err.h"
#include "export/ci.h"
#include "export/formats.h"
#include "report/words.h"

#define ANNOTATIONS_MAX 10

/* Appends @text with what ends a command, or a property of it, escaped. */
static void escape(struct strbuf *out, const char *text, bool property)
{
	for (; *text; text++) {
		if (*text == '%' || *text == '\r' || *text == '\n' ||
		    (property && (*text == ':' || *text == ',')))
			strbuf_addf(out, "%%%02X", (unsigned char)*text);
		else
			strbuf_addc(out, *text);
	}
}

static void add_violation(const struct export_job *job, const struct gate_violation *violation,
			  struct strbuf *out)
{
	cleanup_strbuf struct strbuf path = { 0 }, message = { 0 };
	uint32_t line = ci_place(job, violation, &path);

	ci_message(&message, violation);
	if (*violation->accept)
		strbuf_addf(&message, "\nTo accept it: %s", violation->accept);
	strbuf_adds(out, "::error file=");
	escape(out, strbuf_get(&path), true);
	strbuf_addf(out, ",line=%u,title=", line);
	escape(out, "tenure: ", true);
	escape(out, words_get(&words_rule, violation->rule), true);
	strbuf_adds(out, "::");
	escape(out, strbuf_get(&message), false);
	strbuf_addc(out, '\n');
	out->failed |= path.failed | message.failed;
}

int annotations_write(const struct export_job *job, FILE *file)
{
	const struct gate_result *gate = &job->report->gate;
	size_t count = gate->violations.count;
	cleanup_strbuf struct strbuf out = { 0 };

	for (size_t i = 0; i < count && i < ANNOTATIONS_MAX; i++)
		add_violation(job, &gate->violations.at[i], &out);
	if (count > ANNOTATIONS_MAX)
		strbuf_addf(&out, "::notice title=tenure::%zu more violations are in the summary\n",
			    count - ANNOTATIONS_MAX);
	if (gate->verdict == GATE_INCONCLUSIVE) {
		strbuf_adds(&out, "::warning title=tenure::inconclusive");
		for (size_t i = 0; i < gate->reasons.count; i++) {
			strbuf_adds(&out, i ? "; " : ": ");
			escape(&out, gate->reasons.at[i], false);
		}
		strbuf_addc(&out, '\n');
	}
	if (out.failed)
		return -ENOMEM;
	return fwrite(strbuf_get(&out), 1, out.count, file) == out.count ? 0 : neg_errno();
}
