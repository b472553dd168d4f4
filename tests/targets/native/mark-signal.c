/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signal that also makes marks, for a program that has left it alone
 * ("default": SIGURG), that handles it itself wherever it comes ("own"), or
 * that starts others ("children"; "child": one of them).
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>

#include "truth.h"

#define SIGNALS 300
#define MARK	12345 /* no errno */

static atomic_int seen, over;
static pthread_t first;

static void marks_are(const char *name, int count)
{
	truth("{\"pid\": %d, \"mark_counts\": {\"%s\": %d}}\n", getpid(), name, count);
}

static void raise_and_keep_errno(int sig)
{
	errno = MARK;
	must(raise(sig) == 0);
	must(errno == MARK);
}

static void must_be_shown(int sig, sighandler_t handler, int flags)
{
	struct sigaction action;

	must(sigaction(sig, NULL, &action) == 0);
	must(action.sa_handler == handler);
	must((action.sa_flags & ~0x04000000) == flags);
}

/* ---------------------------------------------------------- default */

static void by_default(void)
{
	must_be_shown(SIGURG, SIG_DFL, 0);
	free(malloc(10));
	for (int i = 0; i < 3; i++)
		raise_and_keep_errno(SIGURG);
	must(signal(SIGURG, SIG_IGN) == SIG_DFL);
	raise_and_keep_errno(SIGURG);
	must(signal(SIGURG, SIG_DFL) == SIG_IGN);
	raise_and_keep_errno(SIGURG);
	must_be_shown(SIGURG, SIG_DFL, SA_RESTART);
	marks_are("SIGURG", 4);
}

/* -------------------------------------------------------------- own */

static void handle(int sig, siginfo_t *info, void *context)
{
	sigset_t blocked;
	int saved = errno;

	must(sig == SIGUSR1 && info->si_pid == getpid() && context);
	must(pthread_sigmask(SIG_SETMASK, NULL, &blocked) == 0);
	must(sigismember(&blocked, SIGUSR1) == 1 && sigismember(&blocked, SIGUSR2) == 1);
	must(sigismember(&blocked, SIGURG) == 0);
	errno = saved;
	atomic_fetch_add(&seen, 1);
}

static void handle_plainly(int sig)
{
	must(sig == SIGUSR1);
	atomic_fetch_add(&seen, 1);
}

static void *send_all(void *unused)
{
	(void)unused;
	while (!atomic_load(&over))
		must(pthread_kill(first, SIGUSR1) == 0);
	return NULL;
}

static void *send_and_write(void *end)
{
	for (int i = 0; i < SIGNALS; i++)
		must(pthread_kill(first, SIGUSR1) == 0);
	must(write(*(int *)end, "x", 1) == 1);
	return NULL;
}

static struct sigaction action_of_handle(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_RESTART };

	action.sa_sigaction = handle;
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGUSR2);
	return action;
}

/* Everywhere in the shim, and in a system call that is to go on. */
static void be_interrupted(void)
{
	pthread_t thread;
	int ends[2];
	char byte;

	must(pipe(ends) == 0);
	must(pthread_create(&thread, NULL, send_all, NULL) == 0);
	while (atomic_load(&seen) < SIGNALS)
		free(malloc(50));
	atomic_store(&over, 1);
	must(pthread_join(thread, NULL) == 0);
	must(pthread_create(&thread, NULL, send_and_write, &ends[1]) == 0);
	must(read(ends[0], &byte, 1) == 1);
	must(pthread_join(thread, NULL) == 0);
}

static void by_own(void)
{
	struct sigaction action = action_of_handle(), before;

	must(sigaction(SIGUSR1, &action, &before) == 0 && before.sa_handler == SIG_DFL);
	first = pthread_self();
	be_interrupted();

	must(sigaction(SIGUSR1, NULL, &before) == 0 && before.sa_sigaction == handle);
	must(sigismember(&before.sa_mask, SIGUSR2) == 1);
	must(signal(SIGUSR1, handle_plainly) == (sighandler_t)(void (*)(void))handle);
	must_be_shown(SIGUSR1, handle_plainly, SA_RESTART);
	raise_and_keep_errno(SIGUSR1);

	action = (struct sigaction){ .sa_handler = handle_plainly, .sa_flags = (int)SA_RESETHAND };
	must(sigaction(SIGUSR1, &action, NULL) == 0);
	raise_and_keep_errno(SIGUSR1);
	must_be_shown(SIGUSR1, SIG_DFL, (int)SA_RESETHAND);
	marks_are("SIGUSR1", atomic_load(&seen));
}

/* --------------------------------------------------------- children */

static void await(pid_t pid)
{
	int status;

	must(pid > 0);
	must(waitpid(pid, &status, 0) == pid);
	must(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void with_children(char *self)
{
	char role[] = "child", *const argv[] = { self, role, NULL };
	struct sigaction action = action_of_handle();
	pid_t pid;

	must(sigaction(SIGUSR1, &action, NULL) == 0);
	pid = fork();
	if (pid == 0) {
		raise_and_keep_errno(SIGUSR1); /* its first event */
		must(atomic_load(&seen) == 1);
		marks_are("SIGUSR1", 1);
		_exit(0);
	}
	await(pid);

	pid = vfork();
	if (pid == 0) {
		(void)signal(SIGUSR1, SIG_DFL);
		(void)execv(self, argv);
		_exit(98);
	}
	await(pid);
	raise_and_keep_errno(SIGUSR1);
	must(atomic_load(&seen) == 1);
	marks_are("SIGUSR1", 1);
}

/* What an exec has left: the default. */
static void be_child(void)
{
	must_be_shown(SIGUSR1, SIG_DFL, 0);
	must(signal(SIGUSR1, handle_plainly) == SIG_DFL);
	raise_and_keep_errno(SIGUSR1);
	must(atomic_load(&seen) == 1);
	marks_are("SIGUSR1", 1);
}

int main(int argc, char *argv[])
{
	must(argc == 2);
	if (strcmp(argv[1], "default") == 0)
		by_default();
	else if (strcmp(argv[1], "own") == 0)
		by_own();
	else if (strcmp(argv[1], "child") == 0)
		be_child();
	else
		with_children(argv[0]);
	return EXIT_SUCCESS;
}
