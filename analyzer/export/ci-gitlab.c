/* SPDX-License-Identifier: Apache-2.0 */
/* GitLab's code quality report: an entry per violation. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/emit.h"
#include "export/ci.h"
#include "export/formats.h"
#include "report/words.h"

static int write_violation(struct emit *emit, const struct export_job *job,
			   const struct gate_violation *violation)
{
	cleanup_strbuf struct strbuf path = { 0 }, text = { 0 }, print = { 0 };
	uint32_t line = ci_place(job, violation, &path);

	ci_message(&text, violation);
	ci_fingerprint(&print, violation);
	if (path.failed || text.failed || print.failed)
		return -ENOMEM;
	emit_object(emit, NULL, EMIT_LINES);
	emit_text(emit, "description", strbuf_get(&text));
	emit_text(emit, "check_name", words_get(&words_rule, violation->rule));
	emit_text(emit, "fingerprint", strbuf_get(&print));
	emit_text(emit, "severity",
		  violation->rule == GATE_GROWTH || violation->rule == GATE_LEAK ? "critical"
										 : "major");
	emit_object(emit, "location", EMIT_FLAT);
	emit_text(emit, "path", strbuf_get(&path));
	emit_object(emit, "lines", EMIT_FLAT);
	emit_uint(emit, "begin", line);
	emit_end(emit);
	emit_end(emit);
	emit_end(emit);
	return 0;
}

int gitlab_write(const struct export_job *job, FILE *file)
{
	const struct gate_result *gate = &job->report->gate;
	cleanup_free struct emit *emit = malloc(sizeof(*emit));
	int r = emit ? 0 : -ENOMEM;
	int written;

	if (r < 0)
		return r;
	emit_init(emit, file);
	emit_array(emit, NULL, EMIT_LINES);
	for (size_t i = 0; i < gate->violations.count && r == 0; i++)
		r = write_violation(emit, job, &gate->violations.at[i]);
	emit_end(emit);
	written = emit_finish(emit);
	return r < 0 ? r : written;
}
