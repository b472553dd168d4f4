/* SPDX-License-Identifier: Apache-2.0 */
/* tenure snapshot: the report of a process that is being recorded, as of now. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "report/report.h"

#include "ask.h"
#include "cmd.h"
#include "output.h"
#include "source.h"

static struct {
	const char *output;
	bool force;
	struct output_summary summary;
} options = {
	.summary = { .sort = OUTPUT_OVERVIEW, .by = OUTPUT_NO_TABLE },
};

static const struct cli_option table[] = {
	{ "output", 'o', CLI_FILE, "FILE", NULL, "Output",
	  "write the report, which is JSON, to FILE, - for standard output, instead of a summary",
	  &options.output },
	{ "force", 'f', CLI_FLAG, NULL, NULL, "Output", "replace a file that exists",
	  &options.force },
	OUTPUT_SUMMARY_OPTIONS(options.summary),
};

static int show(const struct report *report)
{
	int r;

	if (options.output) {
		r = output_json(report, options.output, options.force);
		return r < 0 ? (output_refuse(options.output, r), CMD_FAILED) : CMD_OK;
	}
	r = output_text(report, &options.summary, stdout);
	if (r < 0)
		log_error("cannot write to standard output: %s", log_reason(r));
	return r < 0 ? CMD_FAILED : CMD_OK;
}

static int run(int argc, char *argv[])
{
	struct control_request request = { .what = CONTROL_SNAPSHOT };
	cleanup_close int fd = -1;
	struct report *report;
	char path[64];
	int status;

	if (argc != 1) {
		log_error(argc ? "there can be only one process" : "no process given");
		log_hint("tenure snapshot PID");
		return CMD_USAGE;
	}
	request.pid = ask_pid(argv[0]);
	if (!request.pid)
		return CMD_USAGE;
	/* A file without a name: what arrives is kept only if somebody wants it. */
	fd = memfd_create("tenure-snapshot", MFD_CLOEXEC);
	if (fd < 0) {
		log_error("cannot take a snapshot: %s", log_reason(neg_errno()));
		return CMD_FAILED;
	}
	if (ask(&request, fd, "take a snapshot of") < 0)
		return CMD_FAILED;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (source_load(path, NULL, &report) < 0)
		return CMD_FAILED;
	status = show(report);
	report_free(report);
	return status;
}

const struct cli_command cmd_snapshot = {
	.name = "snapshot",
	.summary = "show the report of a process that is being profiled, as of now",
	.usage = "[OPTION]... PID",
	.about = "Stops process PID, which runs under 'tenure run' or has libtenure.so preloaded, "
		 "for a moment, looks for blocks that nothing points to any more, and lets it go "
		 "on.  Shows the report as of that moment.  The report at the end is not changed "
		 "by it.",
	.operand = CLI_NOTHING,
	.options = table,
	.options_count = ARRAY_SIZE(table),
	.usage_status = CMD_USAGE,
	.run = run,
};
