/* SPDX-License-Identifier: Apache-2.0 */
/* tenure annotate: a source file with the memory of each line. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "report/annotate.h"
#include "report/report.h"

#include "cmd.h"
#include "output.h"
#include "source.h"

#define NO_CONTEXT UINT64_MAX
#define NS_PER_S   UINT64_C(1000000000)

static struct {
	uint64_t context;
	uint64_t top;
	uint64_t pid;
	bool cumulative;
} options = { .context = NO_CONTEXT };

static const struct cli_option table[] = {
	{ "cumulative", 0, CLI_FLAG, NULL, NULL, "Figures",
	  "count memory for all lines of the file that a call stack comes through, not for the "
	  "innermost only",
	  &options.cumulative },
	{ "context", 0, CLI_COUNT, "N", NULL, "Figures",
	  "show only lines with figures, and N lines around them", &options.context },
	{ "top", 0, CLI_COUNT, "N", NULL, "Figures", "show at most N functions; default 10",
	  &options.top },
	{ "process", 0, CLI_COUNT, "PID", NULL, "Figures",
	  "of this process; default the one with the largest peak", &options.pid },
};

static FILE *open_source(const char *path, const char *recorded, const char **ret_opened)
{
	FILE *file = fopen(path, "re");

	*ret_opened = path;
	if (file || errno != ENOENT)
		return file;
	*ret_opened = recorded;
	return fopen(recorded, "re");
}

static uint32_t count_lines(FILE *file)
{
	uint32_t count = 0;
	int c, last = '\n';

	while ((c = getc(file)) != EOF) {
		count += last == '\n';
		last = c;
	}
	rewind(file);
	return count;
}

/* Says so if the lines are not those that ran. */
static void check_source(FILE *file, const char *path, const struct annotate *annotate,
			 const struct report *report)
{
	uint32_t lines, last = annotate_last(annotate);
	struct stat st;

	if (fstat(fileno(file), &st) < 0 || !S_ISREG(st.st_mode))
		return;
	lines = count_lines(file);
	if (lines < last)
		log_note("'%s' has %u lines, and memory was allocated in line %u: "
			 "it is not what ran",
			 path, lines, last);
	else if (report->start_unix_ns &&
		 (uint64_t)st.st_mtim.tv_sec * NS_PER_S + (uint64_t)st.st_mtim.tv_nsec >
			 report->start_unix_ns)
		log_note("'%s' was changed after the run had begun: lines may have moved", path);
}

static int print(const char *path, const struct report *report, const struct annotate *annotate,
		 const struct report_process *process)
{
	const struct output_summary summary = { .top = options.top };
	const struct report_text_options text = output_options(&summary, stdout);
	uint32_t context = options.context > UINT32_MAX ? UINT32_MAX : (uint32_t)options.context;
	const char *opened;
	FILE *file = open_source(path, annotate->path, &opened);
	int r;

	if (!file) {
		log_error("cannot read '%s': %s", opened, log_reason(neg_errno()));
		return CMD_USAGE;
	}
	check_source(file, opened, annotate, report);
	if (!process->trust.complete)
		log_note("the figures are not complete: see 'tenure report'");
	if (process->sample_bytes)
		log_note("the figures are estimates from samples");
	r = annotate_print(annotate, report, &text, context, file, stdout);
	(void)fclose(file);
	if (r < 0) {
		log_error("cannot write to standard output: %s", log_reason(r));
		return CMD_FAILED;
	}
	return CMD_OK;
}

static int annotate(const char *path, const char *report_path, const struct report *report)
{
	cleanup_free char *cwd = getcwd(NULL, 0);
	const struct annotate_options how = {
		.process = report_choose(report, (uint32_t)options.pid),
		.cwd = cwd ? cwd : "",
		.cumulative = options.cumulative,
	};
	struct annotate lines;
	const char *hint;
	int status, r;

	if (!how.process) {
		log_error("cannot annotate '%s': the process is not in '%s'", path, report_path);
		return CMD_USAGE;
	}
	r = annotate_init(&lines, report, path, &how, &hint);
	if (r == -ENOENT) {
		log_error("cannot annotate '%s': no allocation in '%s' comes from there", path,
			  report_path);
		if (hint)
			log_hint("tenure annotate %s", hint);
		else
			log_hint("tenure report --by line %s", report_path);
		return CMD_USAGE;
	}
	if (r == -EEXIST) {
		log_error("cannot annotate '%s': several files in '%s' are called so", path,
			  report_path);
		log_hint("tenure annotate %s", hint);
		return CMD_USAGE;
	}
	if (r < 0) {
		log_error("cannot annotate '%s': %s", path, log_reason(r));
		return CMD_FAILED;
	}
	status = print(path, report, &lines, how.process);
	annotate_fini(&lines);
	return status;
}

static int run(int argc, char *argv[])
{
	cleanup_free char *last = NULL;
	struct report *report;
	const char *path;
	int status;

	if (argc < 1 || argc > 2) {
		log_error(argc < 1 ? "no source file given" : "too many files given");
		log_hint("tenure annotate FILE REPORT");
		return CMD_USAGE;
	}
	if (argc == 1 && source_last(&last) < 0)
		return CMD_USAGE;
	path = argc == 2 ? argv[1] : last;
	if (source_load(path, NULL, &report) < 0)
		return CMD_USAGE;
	status = annotate(argv[0], path, report);
	report_free(report);
	return status;
}

const struct cli_command cmd_annotate = {
	.name = "annotate",
	.summary = "show a source file with the memory of each line",
	.usage = "[OPTION]... FILE [REPORT]",
	.about =
		"Shows FILE, a source in Python or in a language with debug information, and beside "
		"each line what it has allocated, what of that was there at the peak, what reached "
		"generation 2, and what only the garbage collector could free. Of FILE's path the "
		"end is enough. REPORT is a report or a capture; without it the newest report in "
		"the working directory is taken.\n\n"
		"Memory belongs to the innermost line of FILE on the call stack, whatever other "
		"files' functions it called.",
	.operand = CLI_FILES,
	.options = table,
	.options_count = ARRAY_SIZE(table),
	.usage_status = CMD_USAGE,
	.run = run,
};
