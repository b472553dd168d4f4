/* SPDX-License-Identifier: Apache-2.0 */
/* tenure report: show a report again, or make it from a capture. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "report/report.h"

#include "cmd.h"
#include "collector.h"
#include "output.h"
#include "source.h"
#include "suppressions.h"

static struct {
	const char *json;
	const char *generations;
	const char *suppressions;
	struct output_summary summary;
	bool force;
} options = {
	.summary = { .sort = OUTPUT_OVERVIEW, .by = OUTPUT_NO_TABLE },
};

static const struct cli_option table[] = {
	OUTPUT_SUMMARY_OPTIONS(options.summary),
	{ "by", 0, CLI_CHOICE, NULL, table_by_names, "Summary",
	  "instead of the overview, show a table of all memory by this; with --json as JSON",
	  &options.summary.by },
	{ "process", 0, CLI_COUNT, "PID", NULL, "Summary",
	  "show this process; default the one with the largest peak", &options.summary.pid },
	{ "suppressions", 0, CLI_FILE, "FILE", NULL, "Summary", SUPPRESSIONS_TEXT,
	  &options.suppressions },
	{ "json", 'o', CLI_FILE, "FILE", NULL, "Output",
	  "instead, write the report as JSON to FILE, - for standard output", &options.json },
	{ "force", 'f', CLI_FLAG, NULL, NULL, "Output", "replace FILE if it exists",
	  &options.force },
	{ "generations", 0, CLI_TEXT, "BYTES,BYTES", NULL, "Captures", COLLECTOR_GENERATIONS_TEXT,
	  &options.generations },
};

static int no_process(const char *path)
{
	if (options.summary.pid)
		log_error("cannot show process %llu: it is not in '%s'",
			  (unsigned long long)options.summary.pid, path);
	else
		log_error("cannot make a table: no process is in '%s'", path);
	return CMD_USAGE;
}

static int show(const struct report *report, const char *path)
{
	bool is_table = options.summary.by != OUTPUT_NO_TABLE;
	int r;

	options.summary.file = path;
	if (options.json && is_table)
		r = output_table(report, &options.summary, options.json, options.force);
	else if (options.json)
		r = output_json(report, options.json, options.force);
	else
		r = output_text(report, &options.summary, stdout);
	if (r == -ESRCH)
		return no_process(path);
	if (r < 0 && options.json)
		return output_refuse(options.json, r), CMD_FAILED;
	if (r < 0) {
		log_error("cannot write to standard output: %s", log_reason(r));
		return CMD_FAILED;
	}
	return CMD_OK;
}

static int suppress(struct report *report)
{
	struct suppress suppress = { .rules = { 0 } };
	int r = suppressions_read(&suppress, options.suppressions);
	int status = r < 0 ? CMD_USAGE : CMD_OK;

	if (r == 0 && options.suppressions)
		r = suppressions_apply(&suppress, report);
	if (r < 0 && status == CMD_OK) {
		log_error("cannot make the report: %s", log_reason(r));
		status = CMD_FAILED;
	}
	suppress_fini(&suppress);
	return status;
}

static int run(int argc, char *argv[])
{
	cleanup_free char *last = NULL;
	struct report *report;
	const char *path;
	int status;

	if (argc > 1) {
		log_error("cannot show more than one file at a time");
		log_hint("tenure report FILE");
		return CMD_USAGE;
	}
	if (argc == 0 && source_last(&last) < 0)
		return CMD_USAGE;
	path = argc ? argv[0] : last;
	if (source_load(path, options.generations, &report) < 0)
		return CMD_USAGE;

	status = suppress(report);
	if (status == CMD_OK)
		status = show(report, path);
	report_free(report);
	return status;
}

const struct cli_command cmd_report = {
	.name = "report",
	.summary = "show a report again, or make one from a capture",
	.usage = "[OPTION]... [FILE]",
	.about = "Shows what is in FILE: a report that 'tenure run' wrote (- reads one from "
		 "standard input), or a capture from 'tenure run --record'. Without FILE: the "
		 "newest report of a run in the working directory.",
	.operand = CLI_FILES,
	.options = table,
	.options_count = ARRAY_SIZE(table),
	.usage_status = CMD_USAGE,
	.run = run,
};
