/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tenure collect: serve one process that was started without `tenure run`.
 *
 * libtenure.so starts it when it is preloaded and finds no TENURE_SOCKET.
 * Nobody waits for it, and it must not be noticed: it holds none of the
 * program's descriptors open, and ignores signals meant for the program.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "input/server.h"
#include "report/report.h"

#include "cmd.h"
#include "collector.h"
#include "output.h"

static struct {
	uint64_t fd;
} options = { .fd = UINT64_MAX };

static const struct cli_option table[] = {
	{ "fd", 0, CLI_COUNT, "N", NULL, "Input", "descriptor of the socket to libtenure.so",
	  &options.fd },
};

/*
 * A pipe that stays open here would keep its reader waiting after the program
 * has ended.  A terminal or a file can be held, so that errors can be read.
 */
static void let_go_of_descriptors(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct stat st;

	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		if (fstat(STDERR_FILENO, &st) < 0 ||
		    (!S_ISREG(st.st_mode) && !isatty(STDERR_FILENO)))
			(void)dup2(null, STDERR_FILENO);
		if (null > STDERR_FILENO && null != keep)
			(void)close(null);
	}
	if (keep > STDERR_FILENO + 1)
		(void)syscall(SYS_close_range, STDERR_FILENO + 1, keep - 1, 0);
	(void)syscall(SYS_close_range, keep + 1, ~0u, 0);
}

static void ignore_signals(void)
{
	static const int signals[] = {
		SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2
	};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		(void)signal(signals[i], SIG_IGN);
}

static int serve(int fd, struct collector *collector)
{
	const struct server_options options_ = { .ops = &collector_ops, .arg = collector };
	struct server *server;
	int r = server_new(&options_, &server);

	if (r < 0)
		return r;
	/* Where the name cannot be had, nobody can ask for anything, and no more is lost. */
	(void)!server_listen_control(server);
	r = server_adopt(server, fd);
	while (r == 0 && server_images(server) > 0)
		r = server_step(server, -1);
	server_free(server);
	return r;
}

static void write_report(const struct report *report)
{
	const struct report_process *process = &report->processes.at[0];
	const struct template_values values = { .program = process->exe, .pid = process->pid };
	const char *text = getenv("TENURE_OUTPUT");
	char *name = NULL;
	int r;

	if (!text || !*text)
		text = OUTPUT_DEFAULT;
	r = output_name(text, &values, false, &name);
	/* An exec of the same program again has the same name; nothing is to be lost. */
	for (unsigned int n = 2; r == -EEXIST && n < 1000; n++) {
		char numbered[4096];

		(void)snprintf(numbered, sizeof(numbered), "%s.%u", text, n);
		r = output_name(numbered, &values, false, &name);
	}
	if (r == 0)
		r = output_json(report, name, false);
	if (r < 0)
		(void)output_refuse(name ? name : text, r);
	free(name);
}

static int run(int argc, char *argv[])
{
	static const char *const no_arguments[] = { NULL };
	struct collector collector = { .follow = COLLECTOR_BOTH };
	struct report *report;
	struct timespec now;
	int r;

	(void)argv;
	if (argc > 0 || options.fd > INT32_MAX || fcntl((int)options.fd, F_GETFD) < 0) {
		log_error("libtenure.so starts 'tenure collect' by itself");
		log_hint("tenure run PROGRAM [ARG]...");
		return CMD_USAGE;
	}

	(void)setsid();
	let_go_of_descriptors((int)options.fd);
	ignore_signals();
	(void)clock_gettime(CLOCK_REALTIME, &now);
	collector.run = (struct run_info){
		.argv = no_arguments,
		.cwd = "",
		.host = "",
		.hash_seed = "",
		.start_unix_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
	};

	r = serve((int)options.fd, &collector);
	if (collector.images.count > 0 && collector_report(&collector, &report) == 0) {
		write_report(report);
		report_free(report);
	}
	collector_fini(&collector);
	return r < 0 ? CMD_FAILED : CMD_OK;
}

const struct cli_command cmd_collect = {
	.name = "collect",
	.summary = "serve a process that has libtenure.so preloaded",
	.usage = "--fd=N",
	.about = "Started by libtenure.so itself when a program runs with LD_PRELOAD but not under "
		 "'tenure run'.  Writes the report when that process has ended, to the file that "
		 "TENURE_OUTPUT names, else to " OUTPUT_DEFAULT " in the current directory.",
	.operand = CLI_NOTHING,
	.options = table,
	.options_count = ARRAY_SIZE(table),
	.usage_status = CMD_USAGE,
	.internal = true,
	.run = run,
};
