/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the program and stands between it and the signals sent to tenure. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "launch/launch.h"

struct launch {
	pid_t pid;
	int fd;	  /* signalfd */
	int talk; /* between parent and child, until the exec; else -1 */
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
static int set_preload(const char *shim)
{
	const char *before = getenv("LD_PRELOAD");
	size_t length = strlen(shim);
	char *preload;
	int r = 0;

	if (!before || !*before)
		return setenv("LD_PRELOAD", shim, 1) < 0 ? neg_errno() : 0;
	if (strncmp(before, shim, length) == 0 && strchr(": ", before[length]))
		return 0;

	if (asprintf(&preload, "%s:%s", shim, before) < 0)
		return -ENOMEM;
	if (setenv("LD_PRELOAD", preload, 1) < 0)
		r = neg_errno();
	free(preload);
	return r;
}

/*
 * The child: waits for the socket's path, then becomes the program.  Never
 * returns.  What goes wrong is written to the parent.
 */
static void become(const struct launch *launch, char **argv, const char *shim)
{
	char path[PATH_MAX];
	ssize_t n;
	int r;

	do
		n = read(launch->talk, path, sizeof(path));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		_exit(127); /* not wanted any more */

	r = set_preload(shim);
	if (r == 0 && setenv("TENURE_SOCKET", path, 1) < 0)
		r = neg_errno();
	if (r == 0) {
		restore_signals(launch);
		(void)execvp(argv[0], argv);
		r = neg_errno();
	}
	(void)!write(launch->talk, &r, sizeof(r));
	_exit(127);
}

/* Closes when the child execs. */
static int fork_child(struct launch *launch, char **argv, const char *shim)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return neg_errno();

	launch->pid = fork();
	if (launch->pid == 0) {
		(void)close(pair[0]);
		launch->talk = pair[1];
		become(launch, argv, shim);
	}
	(void)close(pair[1]);
	if (launch->pid < 0) {
		int r = neg_errno();

		(void)close(pair[0]);
		return r;
	}
	launch->talk = pair[0];
	return 0;
}

int launch_new(char **argv, const char *shim, struct launch **ret_launch)
{
	struct launch *launch = calloc(1, sizeof(*launch));
	int r;

	if (!launch)
		return -ENOMEM;

	r = catch_signals(launch);
	if (r == 0) {
		r = fork_child(launch, argv, shim);
		if (r < 0) {
			(void)close(launch->fd);
			restore_signals(launch);
		}
	}
	if (r < 0)
		free(launch);
	else
		*ret_launch = launch;
	return r;
}

int launch_go(struct launch *launch, const char *socket, bool *ret_exec_failed)
{
	int error = 0;
	ssize_t n;

	*ret_exec_failed = false;
	n = send(launch->talk, socket, strlen(socket) + 1, MSG_NOSIGNAL);
	if (n < 0)
		return neg_errno();

	do
		n = read(launch->talk, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	(void)close(launch->talk);
	launch->talk = -1;

	if (n != (ssize_t)sizeof(error))
		return 0; /* it is the program now */
	*ret_exec_failed = true;
	return error;
}

static void reap(struct launch *launch)
{
	/* It may also be told that we have stopped it ourselves. */
	if (!launch->ended && waitpid(launch->pid, &launch->status, WNOHANG) == launch->pid)
		launch->ended = !WIFSTOPPED(launch->status);
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

struct launch *launch_free(struct launch *launch)
{
	if (!launch)
		return NULL;

	if (launch->talk >= 0) {
		(void)close(launch->talk);
		(void)waitpid(launch->pid, NULL, 0);
		launch->ended = true;
	}
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
