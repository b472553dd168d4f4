/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the program, serves it, and notices its end. */
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "launch/descendants.h"
#include "launch/launch.h"
#include "launch/private-dir.h"
#include "launch/shim.h"

#include "cmd.h"
#include "runner.h"

#define LOOKS_MAX 20	     /* at the list of processes, while others keep coming and going */
#define COMING_NS 200000000u /* from exec to the first sign of life, generously */

struct runner {
	struct launch *launch;
	struct server *server;
	struct collector *collector;
	char **argv;
	char *directory;
	uint64_t start_ns;
	char cwd[PATH_MAX];
	char host[256];
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* A process needs some descriptors here; the program itself keeps the limit it was given. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int runner_new(char **argv, struct runner **ret_runner)
{
	struct runner *runner = calloc(1, sizeof(*runner));
	char *shim = NULL;
	int r;

	if (!runner) {
		log_error("cannot start '%s': out of memory", argv[0]);
		return -ENOMEM;
	}
	runner->argv = argv;

	r = shim_find(&shim);
	if (r == -EINVAL) {
		log_error("cannot preload " SHIM_NAME ": its path holds a space or a colon");
	} else if (r < 0) {
		log_error("cannot find " SHIM_NAME ": %s%s", log_reason(r),
			  shim_given() ? " at the path in TENURE_LIB" : "");
		log_hint(shim_given() ? "unset TENURE_LIB, or set it to the library's path"
				      : "install tenure, or set TENURE_LIB to the library's path");
	} else {
		r = private_dir_new(&runner->directory);
		if (r < 0)
			log_error("cannot make a directory for the socket: %s", log_reason(r));
	}
	if (r == 0) {
		r = launch_new(argv, shim, &runner->launch);
		if (r < 0)
			log_error("cannot start '%s': %s", argv[0], log_reason(r));
	}

	free(shim);
	if (r < 0)
		runner_free(runner);
	else
		*ret_runner = runner;
	return r;
}

struct runner *runner_free(struct runner *runner)
{
	if (!runner)
		return NULL;

	server_free(runner->server);
	private_dir_remove(runner->directory);
	launch_free(runner->launch);
	free(runner);
	return NULL;
}

pid_t runner_pid(const struct runner *runner)
{
	return launch_pid(runner->launch);
}

static int listen_for_program(struct runner *runner, const struct server_options *options)
{
	struct server_options server = *options;
	int r;

	server.ops = &collector_ops;
	server.arg = runner->collector;
	r = server_new(&server, &runner->server);
	if (r == 0)
		r = server_listen(runner->server, runner->directory);
	/* The program may give up root's privileges; the path is the secret then. */
	if (r == 0 && geteuid() == 0 && chmod(server_path(runner->server), 0666) < 0)
		r = neg_errno();
	if (r < 0)
		log_error("cannot listen in '%s': %s", runner->directory, log_reason(r));
	return r;
}

static void describe_run(struct runner *runner)
{
	struct run_info *run = &runner->collector->run;
	const char *seed = getenv("PYTHONHASHSEED");

	if (!getcwd(runner->cwd, sizeof(runner->cwd)))
		runner->cwd[0] = '\0';
	if (gethostname(runner->host, sizeof(runner->host) - 1) < 0)
		runner->host[0] = '\0';

	runner->start_ns = now_ns(CLOCK_MONOTONIC);
	*run = (struct run_info){
		.argv = (const char *const *)runner->argv,
		.cwd = runner->cwd,
		.host = runner->host,
		.hash_seed = seed ? seed : "",
		.start_unix_ns = now_ns(CLOCK_REALTIME),
		.pid = (uint32_t)runner_pid(runner),
	};
}

int runner_start(struct runner *runner, const struct server_options *server,
		 struct collector *collector)
{
	bool exec_failed;
	int r;

	runner->collector = collector;
	if (listen_for_program(runner, server) < 0)
		return CMD_RUN_FAILED;

	describe_run(runner);
	r = launch_go(runner->launch, server_path(runner->server), &exec_failed);
	if (r < 0) {
		log_error("cannot run '%s': %s", runner->argv[0], log_reason(r));
		return !exec_failed   ? CMD_RUN_FAILED
		       : r == -ENOENT ? CMD_RUN_NOT_FOUND
				      : CMD_RUN_CANNOT;
	}

	raise_descriptor_limit();
	return 0;
}

static int step(struct runner *runner, int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = server_fd(runner->server), .events = POLLIN },
		{ .fd = launch_fd(runner->launch), .events = POLLIN },
	};

	if (poll(fds, ARRAY_SIZE(fds), timeout_ms) < 0 && errno != EINTR)
		return neg_errno();

	launch_step(runner->launch);
	return fds[0].revents ? server_step(runner->server, 0) : 0;
}

/* What it had written when it ended is still to be read. */
static int read_rest(struct runner *runner)
{
	uint32_t pid = runner->collector->run.pid;
	int r = 0;

	while (r == 0 && server_has_pid(runner->server, pid) &&
	       !launch_was_interrupted(runner->launch))
		r = step(runner, -1);
	return r;
}

/* A process that may come up: soon, if it is on its way through exec; else who knows when. */
struct coming {
	const struct collector *collector;
	bool soon;
	bool some_day;
};

static bool note_coming(void *arg, const struct descendant *descendant)
{
	struct coming *coming = arg;
	bool known = collector_knows(coming->collector, (uint32_t)descendant->pid);

	coming->soon = true;
	coming->some_day |= descendant->has_shim && !known;
	return !coming->some_day;
}

/* Somebody may still connect who has not yet; @patient: no longer only "any moment now". */
static bool is_somebody_coming(const struct runner *runner, bool patient)
{
	struct coming coming = { .collector = runner->collector };
	uint64_t clock, before;
	int quiet = 0;

	/*
	 * A daemon's parents end while its children begin, so one look can miss
	 * all of them: at a process that is on its way through exec, or at a
	 * list that was made just before a fork.
	 */
	clock = descendants_clock();
	for (int i = 0; i < LOOKS_MAX && quiet < 2; i++) {
		before = clock;
		descendants_each(server_path(runner->server), note_coming, &coming);
		if (coming.soon)
			break;
		clock = descendants_clock();
		quiet = clock == before ? quiet + 1 : 0;
	}
	return coming.some_day || (coming.soon && !patient);
}

static void note_waiting(const struct runner *runner)
{
	log_note("'%s' has ended; still recording what it left running", runner->argv[0]);
	log_note("interrupt (Ctrl-C) for the report as of now");
}

/*
 * Goes on for processes that outlive the program, also for those that are so
 * young that nothing has been heard of them.
 */
static int wait_for_others(struct runner *runner)
{
	uint64_t begin = now_ns(CLOCK_MONOTONIC), quiet_since = begin;
	bool noted = false;
	int r = 0;

	while (r == 0 && !launch_was_interrupted(runner->launch)) {
		uint64_t now = now_ns(CLOCK_MONOTONIC);

		if (server_images(runner->server) > 0)
			quiet_since = now;
		else if (!is_somebody_coming(runner, now - quiet_since > COMING_NS))
			break;
		if (!noted && now - begin > COMING_NS) {
			note_waiting(runner);
			noted = true;
		}
		r = step(runner, 20);
	}
	return r;
}

int runner_wait(struct runner *runner, bool no_wait)
{
	struct run_info *run = &runner->collector->run;
	int status, r = 0;

	while (r == 0 && !launch_has_ended(runner->launch, &status))
		r = step(runner, -1);
	if (r == 0)
		r = read_rest(runner);
	if (r == 0 && !no_wait)
		r = wait_for_others(runner);

	/* If the server failed, the program has not: it goes on, and so must its status. */
	runner->server = server_free(runner->server);
	while (!launch_has_ended(runner->launch, &status)) {
		struct pollfd fd = { .fd = launch_fd(runner->launch), .events = POLLIN };

		(void)poll(&fd, 1, -1);
		launch_step(runner->launch);
	}

	run->status = status;
	run->has_status = true;
	run->duration_ns = now_ns(CLOCK_MONOTONIC) - runner->start_ns;

	/* From here on signals are tenure's own again: Ctrl-C ends a long report. */
	runner->directory = private_dir_remove(runner->directory);
	runner->launch = launch_free(runner->launch);
	return r;
}
