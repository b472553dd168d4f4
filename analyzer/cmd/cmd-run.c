/* SPDX-License-Identifier: Apache-2.0 */
/* tenure run: start a program and profile it and what it starts. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/strbuf.h"
#include "base/units.h"
#include "launch/program.h"
#include "launch/template.h"
#include "report/report.h"
#include "symbol/survey.h"
#include "tenure/wire-python.h"

#include "cmd.h"
#include "collector.h"
#include "output.h"
#include "runner.h"
#include "suppressions.h"

/* Mean distance of samples in bytes: more than any program allocates. */
#define SAMPLE_MAX (UINT64_C(1) << 40)
#define MARK	   "mark:"

static const char *const cycles_values[] = { "auto", "all", "off", NULL };
static const uint32_t cycles_flags[] = { 0, TENURE_WELCOME_ALL_CYCLES, TENURE_WELCOME_NO_CYCLES };
static const char *const follow_values[] = { "both", "fork", "exec", "none", NULL };

/* Those that programs are sent from outside; the default action of the last two is nothing. */
static const char *const signal_values[] = { "none",   "SIGHUP",   "SIGUSR1", "SIGUSR2",
					     "SIGURG", "SIGWINCH", NULL };
static const uint32_t signals[] = { 0, SIGHUP, SIGUSR1, SIGUSR2, SIGURG, SIGWINCH };

static struct {
	const char *output;
	const char *record;
	const char *generations;
	const char *suppressions;
	const char *leaks; /* NULL: none are looked for; "": at the end */
	struct output_summary summary;
	uint64_t max_depth;
	uint64_t sample;
	unsigned int cycles;
	unsigned int follow;
	unsigned int mark_signal;
	bool no_output;
	bool force;
	bool no_python;
	bool paused;
	bool no_wait;
	bool anyway;
} options = {
	.summary = { .sort = OUTPUT_OVERVIEW, .by = OUTPUT_NO_TABLE },
};

static const struct cli_option table[] = {
	{ "output", 'o', CLI_FILE, "FILE", NULL, "Output",
	  "write the report, which is JSON, to FILE, - for standard output; in FILE %p is the "
	  "process, %e the program, %t the time, %h the host, %n the smallest number that gives a "
	  "new file, %q{NAME} an environment variable, %% a per cent sign; default "
	  "tenure-%e.%p.json",
	  &options.output },
	{ "json", 0, CLI_FILE, "FILE", NULL, "Output", "the same as --output", &options.output },
	{ "no-output", 0, CLI_FLAG, NULL, NULL, "Output", "write no report, only the summary",
	  &options.no_output },
	{ "record", 0, CLI_FILE, "FILE", NULL, "Output",
	  "also keep all events in FILE, from which 'tenure report' can make the report again; %p "
	  "and so on as for --output",
	  &options.record },
	{ "force", 'f', CLI_FLAG, NULL, NULL, "Output", "replace files that exist",
	  &options.force },
	OUTPUT_SUMMARY_OPTIONS(options.summary),
	{ "follow", 0, CLI_CHOICE, NULL, follow_values, "Recording",
	  "which processes are recorded beside the program's first: those it forks, the programs "
	  "it starts, both (the default) or none",
	  &options.follow },
	{ "max-depth", 0, CLI_COUNT, "N", NULL, "Recording",
	  "keep the N outermost frames of each call stack; default all", &options.max_depth },
	{ "sample", 0, CLI_BYTES, "SIZE", NULL, "Recording",
	  "do not record every allocation, but one in SIZE bytes on average, for example 512KiB; "
	  "figures are then estimates, shown with their standard errors, and the program is hardly "
	  "slowed down; 0, the default, records all",
	  &options.sample },
	{ "generations", 0, CLI_TEXT, "BYTES,BYTES", NULL, "Recording", COLLECTOR_GENERATIONS_TEXT,
	  &options.generations },
	{ "no-python", 0, CLI_FLAG, NULL, NULL, "Recording",
	  "record Python programs like all others", &options.no_python },
	{ "cycles", 0, CLI_CHOICE, NULL, cycles_values, "Recording",
	  "look into Python's collections for reference cycles: as far as it takes no more than a "
	  "twentieth of the time (auto, the default), all of them, or none (off)",
	  &options.cycles },
	{ "leaks", 0, CLI_MAYBE, "WHEN", NULL, "Recording",
	  "when a process ends, by exit(), by a signal or by becoming another program, stop it, "
	  "read its memory and say which blocks nothing points to any more; with mark:NAME also at "
	  "each mark or phase of that name, with marks at all of them; not with --sample",
	  &options.leaks },
	{ "suppressions", 0, CLI_FILE, "FILE", NULL, "Recording", SUPPRESSIONS_TEXT,
	  &options.suppressions },
	{ "mark-signal", 0, CLI_CHOICE, NULL, signal_values, "Recording",
	  "each time that a process gets this signal, put a mark of its name into the report; a "
	  "handler that the program has set is called as well, and what would have ended the "
	  "program does not",
	  &options.mark_signal },
	{ "paused", 0, CLI_FLAG, NULL, NULL, "Recording",
	  "record nothing until the program calls tenure_start()", &options.paused },
	{ "no-wait", 0, CLI_FLAG, NULL, NULL, "Recording",
	  "report when the program has ended, even if processes it started go on",
	  &options.no_wait },
	{ "anyway", 0, CLI_FLAG, NULL, NULL, "Recording",
	  "start a program that cannot be profiled, for the sake of those it starts",
	  &options.anyway },
};

/* One run: what was asked for, and what came of it. */
struct run {
	struct runner *runner;
	struct collector collector;
	struct server_options server;
	struct suppress suppress;
	char *output; /* NULL: no file */
	char *record; /* likewise */
	bool delivered;
};

static int set_leaks(struct run *run)
{
	const char *when = options.leaks;
	bool all = strcmp(when, "marks") == 0;

	run->server.scan = true;
	run->server.scan_flags = TENURE_SCAN_SIGNALS;
	if (!*when)
		return 0;
	run->server.scan_flags |= TENURE_SCAN_MARKS;
	if (!all && (strncmp(when, MARK, strlen(MARK)) != 0 || !when[strlen(MARK)])) {
		log_error("invalid value '%s' for option '--leaks': it must be 'marks' or "
			  "'mark:NAME'",
			  when);
		return -EINVAL;
	}
	run->server.scan_mark = all ? "" : when + strlen(MARK);
	if (strlen(run->server.scan_mark) < TENURE_SCAN_NAME)
		return 0;
	log_error("--leaks: the name of a mark to look at has at most %u bytes",
		  TENURE_SCAN_NAME - 1);
	return -EINVAL;
}

static int set_options(struct run *run)
{
	/* What only blocks without a sample lead to would be taken for leaked. */
	if (options.leaks && options.sample) {
		log_error("cannot look for leaks among samples: --leaks goes without --sample");
		return -EINVAL;
	}
	if (collector_set_generations(&run->collector, options.generations) < 0 ||
	    output_check_template("output", options.output) < 0 ||
	    output_check_template("record", options.record) < 0)
		return -EINVAL;

	run->collector.follow = options.follow;
	run->server.max_depth = options.max_depth > UINT32_MAX ? 0 : (uint32_t)options.max_depth;
	if (options.sample > SAMPLE_MAX) {
		log_error("--sample: more than %s is not possible", units_bytes(SAMPLE_MAX).s);
		return -EINVAL;
	}
	run->server.sample_bytes = options.sample;
	run->server.mark_signal = signals[options.mark_signal];
	if (options.paused)
		run->server.welcome_flags |= TENURE_WELCOME_PAUSED;
	if (options.leaks && set_leaks(run) < 0)
		return -EINVAL;
	if (options.suppressions && !options.leaks) {
		log_error("--suppressions has a meaning only with --leaks");
		return -EINVAL;
	}
	if (suppressions_read(&run->suppress, options.suppressions) < 0)
		return -EINVAL;
	if (options.no_python)
		run->server.welcome_flags |= TENURE_WELCOME_NO_PYTHON;
	run->server.welcome_flags |= cycles_flags[options.cycles];
	return 0;
}

static void report_not_run(const char *name, int r)
{
	const char *best = NULL;
	size_t distance = 0;
	struct stat st;

	/* execve() says of a directory what it says of a file that may not be executed. */
	if (r == -EACCES && stat(name, &st) == 0 && S_ISDIR(st.st_mode))
		r = -EISDIR;
	log_error("cannot run '%s': %s", name, log_reason(r));
	for (size_t i = 0; r == -ENOENT && cmd_all[i]; i++) {
		if (!cmd_all[i]->internal)
			nearest_feed(name, cmd_all[i]->name, &best, &distance);
	}
	if (r == -ENOENT && !strchr(name, '/') && access(name, X_OK) == 0)
		log_hint("tenure run ./%s", name);
	else if (best)
		log_hint("tenure %s", best);
}

/* Whether the program can be profiled at all.  Return: 0 or the status to exit with. */
static int check_program(const char *name)
{
	struct program program;
	int r = program_inspect(name, &program);
	bool fine;

	if (r < 0) {
		report_not_run(name, r);
		return r == -ENOENT ? CMD_RUN_NOT_FOUND : CMD_RUN_CANNOT;
	}

	/* What is unknown is the kernel's business (binfmt_misc); it may well load our library. */
	fine = program.obstacle == PROGRAM_FINE || program.obstacle == PROGRAM_UNKNOWN ||
	       options.anyway;
	if (!fine) {
		log_error("cannot profile '%s': it %s", program.runs,
			  program_why(program.obstacle));
		log_hint("--anyway, to profile only the programs that it starts");
	}
	if (program.obstacle == PROGRAM_FINE && survey_file(program.runs).malloc_inside)
		log_note("'%s' has a malloc of its own inside, whose calls cannot be seen",
			 program.runs);
	program_fini(&program);
	return fine ? 0 : CMD_RUN_FAILED;
}

/*
 * Names the files and sees whether they can be written, while the program has
 * not started yet.  A report that was not asked for by name is no reason to
 * refuse, as long as there is a summary.
 */
static int open_outputs(struct run *run, const char *program)
{
	const struct template_values values = {
		.program = program,
		.pid = (uint32_t)runner_pid(run->runner),
	};
	const char *output = options.output ? options.output : OUTPUT_DEFAULT;
	bool required = options.output || cli_global.quiet;
	int r;

	if (!options.no_output) {
		r = output_name(output, &values, options.force, &run->output);
		if (r < 0 && required)
			return output_refuse(output, r);
		if (r < 0)
			log_note("cannot write '%s': %s; there will be only the summary", output,
				 log_reason(r));
	}
	if (options.record) {
		r = output_name(options.record, &values, options.force, &run->record);
		if (r == 0)
			r = capture_create(run->record, &run->server.capture);
		if (r < 0)
			return output_refuse(options.record, r);
	}
	return 0;
}

static void close_capture(struct run *run)
{
	struct strbuf payload = { .at = NULL };
	int r;

	if (!run->server.capture)
		return;

	run_info_encode(&run->collector.run, &payload);
	capture_write(run->server.capture, 0, CAPTURE_RUN, strbuf_get(&payload), payload.count,
		      NULL, 0);
	strbuf_fini(&payload);

	r = capture_close(run->server.capture);
	run->server.capture = NULL;
	if (r < 0)
		log_error("cannot write '%s': %s", run->record, log_reason(r));
	else
		run->delivered = true;
}

static void deliver_report(struct run *run, const char *name)
{
	struct report *report = NULL;
	int r;

	if (run->collector.images.count == 0) {
		log_error("nothing was recorded: '%s' never loaded libtenure.so", name);
		log_hint("tenure doctor %s", name);
		return;
	}
	if (run->collector.failed)
		log_error("the report is incomplete: out of memory");

	r = collector_report(&run->collector, &report);
	if (r == 0 && options.leaks)
		r = suppressions_apply(&run->suppress, report);
	if (r < 0) {
		log_error("cannot make the report: %s", log_reason(r));
		return;
	}

	if (run->output) {
		r = output_json(report, run->output, options.force);
		if (r < 0) {
			log_error("cannot write '%s': %s", run->output, log_reason(r));
			free(run->output);
			run->output = NULL;
		} else {
			run->delivered = true;
		}
	}
	if (!cli_global.quiet) {
		options.summary.file = run->output;
		if (output_text(report, &options.summary, stderr) == 0)
			run->delivered = true;
	}
	report_free(report);
}

/* The program's own status, as a shell gives it. */
static int own_status(const struct run *run)
{
	int status = run->collector.run.status;

	return WIFSIGNALED(status) ? CMD_RUN_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_program(struct run *run, char *argv[])
{
	int status = check_program(argv[0]);

	if (status != 0)
		return status;
	if (runner_new(argv, &run->runner) < 0 || open_outputs(run, argv[0]) < 0)
		return CMD_RUN_FAILED;

	status = runner_start(run->runner, &run->server, &run->collector);
	if (status != 0)
		return status;
	if (runner_wait(run->runner, options.no_wait) < 0)
		log_error("the report is incomplete: the collector failed");

	close_capture(run);
	deliver_report(run, argv[0]);
	status = own_status(run);
	return status == 0 && !run->delivered ? CMD_RUN_FAILED : status;
}

static int run(int argc, char *argv[])
{
	struct run this_run = { .runner = NULL };
	int status;

	if (argc == 0) {
		log_error("no program given");
		log_hint("tenure run PROGRAM [ARG]...");
		return CMD_RUN_FAILED;
	}
	if (set_options(&this_run) < 0)
		return CMD_RUN_FAILED;

	status = run_program(&this_run, argv);

	if (this_run.server.capture) /* the program never started */
		(void)capture_close(this_run.server.capture);
	collector_fini(&this_run.collector);
	suppress_fini(&this_run.suppress);
	runner_free(this_run.runner);
	free(this_run.output);
	free(this_run.record);
	return status;
}

const struct cli_command cmd_run = {
	.name = "run",
	.summary = "run a program and report where its memory goes",
	.usage = "[OPTION]... [--] PROGRAM [ARG]...",
	.about = "Runs PROGRAM and everything that it starts, records all allocations with their "
		 "call stacks, and prints a summary on standard error when it has ended.  The "
		 "whole report goes to a file.  The exit status is that of PROGRAM.",
	.operand = CLI_PROGRAM,
	.options = table,
	.options_count = ARRAY_SIZE(table),
	.usage_status = CMD_RUN_FAILED,
	.run = run,
};
