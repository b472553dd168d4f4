/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the program and stands between it and the signals sent to tenure. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "launch/launch.h"

struct launch {
	pid_t pid;
	int fd; /* signalfd */
	int status;
	bool ended;
	bool interrupted;
	sigset_t own_mask;
	struct sigaction own_child;
};

/* Those that would end tenure before the program, and SIGCHLD. */
static void fill_signals(sigset_t *set)
{
	static const int signals[] = { SIGINT,	SIGQUIT, SIGTERM, SIGHUP,
				       SIGUSR1, SIGUSR2, SIGPIPE, SIGCHLD };

	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(set, signals[i]);
}

static void restore_signals(const struct launch *launch)
{
	(void)sigaction(SIGCHLD, &launch->own_child, NULL);
	(void)sigprocmask(SIG_SETMASK, &launch->own_mask, NULL);
}

static int catch_signals(struct launch *launch)
{
	struct sigaction child = { .sa_handler = SIG_DFL };
	sigset_t set;

	fill_signals(&set);
	/* An inherited SIG_IGN would make the kernel throw the exit status away. */
	if (sigaction(SIGCHLD, &child, &launch->own_child) < 0 ||
	    sigprocmask(SIG_BLOCK, &set, &launch->own_mask) < 0)
		return neg_errno();

	sigdelset(&set, SIGPIPE);
	launch->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (launch->fd < 0) {
		int r = neg_errno();

		restore_signals(launch);
		return r;
	}
	return 0;
}

/* Ours comes first, unless it is there already (tenure under tenure). */
static int set_environment(const struct launch_options *options)
{
	const char *before = getenv("LD_PRELOAD");
	size_t length = strlen(options->shim);
	char *preload;

	if (setenv("TENURE_SOCKET", options->socket, 1) < 0)
		return neg_errno();
	if (!before || !*before)
		return setenv("LD_PRELOAD", options->shim, 1) < 0 ? neg_errno() : 0;
	if (strncmp(before, options->shim, length) == 0 && strchr(": ", before[length]))
		return 0;

	if (asprintf(&preload, "%s:%s", options->shim, before) < 0)
		return -ENOMEM;
	if (setenv("LD_PRELOAD", preload, 1) < 0) {
		int r = neg_errno();

		free(preload);
		return r;
	}
	free(preload);
	return 0;
}

/* The child: never returns.  What goes wrong is written to @report. */
static void become(const struct launch *launch, const struct launch_options *options, int report)
{
	int r = set_environment(options);

	if (r == 0) {
		restore_signals(launch);
		(void)execvp(options->argv[0], options->argv);
		r = neg_errno();
	}
	(void)!write(report, &r, sizeof(r));
	_exit(127);
}

/* Waits until the child has execed or has said why it could not. */
static int await_exec(struct launch *launch, int report, bool *ret_exec_failed)
{
	int error = 0;
	ssize_t n;

	do
		n = read(report, &error, sizeof(error));
	while (n < 0 && errno == EINTR);

	if (n != (ssize_t)sizeof(error))
		return 0;
	(void)waitpid(launch->pid, NULL, 0);
	*ret_exec_failed = true;
	return error;
}

int launch_start(const struct launch_options *options, struct launch **ret_launch,
		 bool *ret_exec_failed)
{
	struct launch *launch = calloc(1, sizeof(*launch));
	int report[2];
	int r;

	*ret_exec_failed = false;
	if (!launch)
		return -ENOMEM;
	if (pipe2(report, O_CLOEXEC) < 0) {
		r = neg_errno();
		free(launch);
		return r;
	}

	r = catch_signals(launch);
	if (r < 0) {
		(void)close(report[0]);
		(void)close(report[1]);
		free(launch);
		return r;
	}

	launch->pid = fork();
	if (launch->pid == 0)
		become(launch, options, report[1]);
	r = launch->pid < 0 ? neg_errno() : 0;
	(void)close(report[1]);
	if (r == 0)
		r = await_exec(launch, report[0], ret_exec_failed);
	(void)close(report[0]);

	if (r < 0)
		launch_free(launch);
	else
		*ret_launch = launch;
	return r;
}

struct launch *launch_free(struct launch *launch)
{
	if (!launch)
		return NULL;

	launch_step(launch); /* what is pending must not hit us now */
	(void)close(launch->fd);
	restore_signals(launch);
	free(launch);
	return NULL;
}

pid_t launch_pid(const struct launch *launch)
{
	return launch->pid;
}

int launch_fd(const struct launch *launch)
{
	return launch->fd;
}

static void reap(struct launch *launch)
{
	if (!launch->ended && waitpid(launch->pid, &launch->status, WNOHANG) == launch->pid)
		launch->ended = true;
}

void launch_step(struct launch *launch)
{
	struct signalfd_siginfo info;

	/* Before the signals: what comes after the end is meant for tenure. */
	reap(launch);
	while (read(launch->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(launch);
		else if (launch->ended)
			launch->interrupted = true;
		else if (info.ssi_code <= 0) /* sent by a process, not by the terminal */
			(void)kill(launch->pid, (int)info.ssi_signo);
	}
}

bool launch_has_ended(const struct launch *launch, int *ret_status)
{
	if (launch->ended)
		*ret_status = launch->status;
	return launch->ended;
}

bool launch_was_interrupted(const struct launch *launch)
{
	return launch->interrupted;
}
