/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocates in several threads until its standard input ends, then starts
 * another program, forks, and ends with status 23.  Whatever happens to the
 * analyzer in the meantime is none of its business.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "../targets/native/truth.h"

#define THREADS 3

static atomic_bool ending;
static volatile sig_atomic_t pipe_signals;

static void on_pipe(int signal)
{
	(void)signal;
	pipe_signals = 1;
}

attr_site static void *block(size_t bytes)
{
	return malloc(bytes);
}

static void *run(void *unused)
{
	(void)unused;
	for (size_t i = 0; !atomic_load(&ending); i++)
		free(realloc(block(i % 1000), i % 2000 + 1));
	return NULL;
}

static int status_of(pid_t pid)
{
	int status;

	must(pid > 0 && waitpid(pid, &status, 0) == pid);
	return status;
}

int main(int argc, char *argv[])
{
	pthread_t threads[THREADS];
	sigset_t pending;
	char byte;
	pid_t pid;

	must(argc == 2);
	if (argv[1][0] == 'h')
		must(signal(SIGPIPE, on_pipe) != SIG_ERR);
	if (argv[1][0] == 'b') {
		sigset_t blocked;

		sigemptyset(&blocked);
		sigaddset(&blocked, SIGPIPE);
		must(sigprocmask(SIG_BLOCK, &blocked, NULL) == 0);
	}

	for (size_t i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, run, NULL) == 0);
	must(write(STDOUT_FILENO, "r", 1) == 1);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		free(block(10));
	for (int i = 0; i < 20000; i++)
		free(block(10));

	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 20000; i++)
			free(block(10));
		_exit(7);
	}
	must(WEXITSTATUS(status_of(pid)) == 7);
	must(WEXITSTATUS(system("exit 9")) == 9);

	atomic_store(&ending, true);
	for (size_t i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0);
	must(sigpending(&pending) == 0 && !sigismember(&pending, SIGPIPE) && !pipe_signals);
	return 23;
}
