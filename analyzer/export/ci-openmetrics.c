/* SPDX-License-Identifier: Apache-2.0 */
/* OpenMetrics text: the figures of the whole run, and how many violations there are. */
#include <errno.h>

#include "base/err.h"
#include "export/formats.h"
#include "report/names.h"
#include "report/words.h"

static void add_label(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			strbuf_addf(out, "\\%c", *text);
		else if (*text == '\n')
			strbuf_adds(out, "\\n");
		else
			strbuf_addc(out, *text);
	}
}

int openmetrics_write(const struct export_job *job, FILE *file)
{
	const struct report *report = job->report;
	const struct report_tree *tree = &report->tree;
	const struct {
		const char *name, *unit, *help;
		uint64_t value;
	} metrics[] = {
		{ "tenure_peak_bytes", "bytes", "Most heap bytes held at a time by one process.",
		  tree->peak_bytes },
		{ "tenure_live_bytes", "bytes", "Heap bytes not freed at the end.",
		  tree->live_bytes },
		{ "tenure_allocated_bytes", "bytes", "Heap bytes ever asked for.",
		  tree->allocated_bytes },
		{ "tenure_live_blocks", NULL, "Blocks not freed at the end.", tree->live_blocks },
		{ "tenure_allocations", NULL, "Blocks ever made.", tree->allocations },
		{ "tenure_temporary_allocations", NULL,
		  "Blocks freed before their thread allocated again.", tree->temporary },
		{ "tenure_processes", NULL, "Process images recorded.", report->processes.count },
		{ "tenure_complete", NULL, "1 when nothing was lost.", tree->complete },
		{ "tenure_gate_violations", NULL, "Limits that were exceeded.",
		  report->gate.violations.count },
	};
	cleanup_strbuf struct strbuf program = { 0 };

	if (report->command.count)
		add_label(&program, names_base(report->command.at[0]));
	if (program.failed)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++) {
		(void)fprintf(file, "# HELP %s %s\n# TYPE %s gauge\n", metrics[i].name,
			      metrics[i].help, metrics[i].name);
		if (metrics[i].unit)
			(void)fprintf(file, "# UNIT %s %s\n", metrics[i].name, metrics[i].unit);
		(void)fprintf(file, "%s{program=\"%s\"} %llu\n", metrics[i].name,
			      strbuf_get(&program), (unsigned long long)metrics[i].value);
	}
	(void)fputs("# EOF\n", file);
	return ferror(file) ? neg_errno() : 0;
}
