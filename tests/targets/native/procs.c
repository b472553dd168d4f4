/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes processes in the way its argument says.  Each image that allocates
 * states its own truth, with its process id.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "truth.h"

extern char **environ;

static char self[4096];
static char word_child[] = "child", word_exec[] = "exec", word_nothing[] = "nothing";

attr_site static void *block(size_t bytes)
{
	return malloc(bytes);
}

static void say(int allocations, int live, int live_bytes, int inherited_frees)
{
	truth("{\"pid\": %d, \"sites\": {\"block\": {\"allocations\": %d, \"live_blocks\": %d,"
	      " \"live_bytes\": %d}}, \"totals\": {\"inherited_frees\": %d}}\n",
	      (int)getpid(), allocations, live, live_bytes, inherited_frees);
}

static int wait_for(pid_t pid)
{
	int status;

	must(pid > 0);
	must(waitpid(pid, &status, 0) == pid);
	must(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* What the program does when it was started by itself. */
static int child(void)
{
	free(block(5));
	must(block(6));
	say(2, 1, 6, 0);
	return 17;
}

static void grandchild(void *inherited)
{
	free(inherited);
	must(block(1));
	must(block(2));
	say(2, 2, 3, 1);
	_exit(9);
}

/* Children of fork have a heap of their own, and give back what they inherited. */
static void by_fork(void)
{
	void *blocks[5], *own;
	pid_t pid;

	for (size_t i = 0; i < 5; i++)
		blocks[i] = block(100);

	pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < 3; i++)
			free(blocks[i]);
		for (size_t i = 0; i < 10; i++)
			must(block(10));
		own = block(7);
		pid = fork();
		if (pid == 0)
			grandchild(own);
		must(wait_for(pid) == 9);
		free(own);
		/* An inherited block changes its owner. */
		must(realloc(blocks[3], 300));
		say(11, 10, 100, 4);
		_exit(8);
	}

	must(wait_for(pid) == 8);
	free(blocks[0]);
	say(5, 4, 400, 0);
}

static void *fork_in_thread(void *unused)
{
	pid_t pid = fork();

	(void)unused;
	if (pid == 0) {
		must(block(3));
		say(1, 1, 3, 0);
		_exit(4);
	}
	must(wait_for(pid) == 4);
	free(block(2));
	return NULL;
}

static void by_thread_fork(void)
{
	pthread_t threads[4];

	must(block(1));
	for (size_t i = 0; i < 4; i++)
		must(pthread_create(&threads[i], NULL, fork_in_thread, NULL) == 0);
	for (size_t i = 0; i < 4; i++)
		must(pthread_join(threads[i], NULL) == 0);
	say(5, 1, 1, 0);
}

/* Not through the C library, so that no fork handler is run. */
static void by_raw_fork(void)
{
	pid_t pid;

	must(block(1));
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		must(block(30));
		must(block(31));
		truth("{\"pid\": %d, \"sites\": {\"block\": {\"allocations\": 2,"
		      " \"live_bytes\": 61}}}\n",
		      (int)syscall(SYS_getpid));
		syscall(SYS_exit_group, 3);
	}
	must(wait_for(pid) == 3);
	must(block(2));
	say(2, 2, 3, 0);
}

static void by_vfork(void)
{
	char *const args[] = { self, word_child, NULL };

	must(block(40));
	for (int i = 0; i < 3; i++) {
		pid_t pid = vfork();

		if (pid == 0) {
			execv(self, args);
			_exit(98);
		}
		must(wait_for(pid) == 17);
		must(block(1));
	}
	say(4, 4, 43, 0);
}

static void by_spawn(void)
{
	char *const args[] = { self, word_child, NULL };
	pid_t pid;

	must(block(40));
	must(posix_spawn(&pid, self, NULL, NULL, args, environ) == 0);
	must(wait_for(pid) == 17);
	must(posix_spawnp(&pid, self, NULL, NULL, args, environ) == 0);
	must(wait_for(pid) == 17);
	must(posix_spawn(&pid, "/nonexistent", NULL, NULL, args, environ) != 0);
	must(block(41));
	say(2, 2, 81, 0);
}

static void by_system(void)
{
	char command[5000];

	snprintf(command, sizeof(command), "'%s' child", self);
	must(block(40));
	must(WEXITSTATUS(system(command)) == 17);
	must(WEXITSTATUS(system("exit 3")) == 3);
	say(1, 1, 40, 0);
}

static void by_popen(void)
{
	char line[64] = "";
	FILE *file = popen("echo from the shell; exit 5", "r");

	must(file && fgets(line, sizeof(line), file));
	must(strcmp(line, "from the shell\n") == 0);
	must(WEXITSTATUS(pclose(file)) == 5);
	must(block(40));
	say(1, 1, 40, 0);
}

/* One process, many images: each has a report of its own. */
static void by_exec(const char *total, const char *left)
{
	char next[16];
	char *const args[] = { self, word_exec, (char *)(uintptr_t)total, next, NULL };
	int count = (int)strtol(left, NULL, 10);

	snprintf(next, sizeof(next), "%d", count - 1);
	for (int i = 0; i < count; i++)
		must(block(10));
	truth("{\"pid\": %d, \"image\": %d, \"sites\": {\"block\": {\"allocations\": %d,"
	      " \"live_blocks\": %d}}, \"end\": {\"how\": \"%s\"}}\n",
	      (int)getpid(), (int)strtol(total, NULL, 10) - count, count, count,
	      count == 1 ? "exit" : "exec");
	if (count > 1)
		execv(self, args);
}

static void *exec_now(void *unused)
{
	char *const args[] = { self, word_child, NULL };

	(void)unused;
	must(block(5));
	execv(self, args);
	return NULL;
}

/* The other threads are gone at once, in the middle of whatever they do. */
static void by_thread_exec(void)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, exec_now, NULL) == 0);
	for (;;)
		free(block(6));
}

/* An exec that fails leaves everything as it was. */
static void by_failed_exec(void)
{
	char *const args[] = { self, NULL };

	must(block(1));
	must(execv("/nonexistent", args) == -1);
	must(execv("/dev/null", args) == -1);
	must(block(2));
	say(2, 2, 3, 0);
}

/* Without the environment there is no shim in the child. */
static void by_bare_exec(void)
{
	char *const args[] = { self, word_nothing, NULL };
	char *const none[] = { NULL };
	pid_t pid;

	must(block(1));
	pid = fork();
	if (pid == 0) {
		execve(self, args, none);
		_exit(98);
	}
	must(wait_for(pid) == 0);
	must(block(2));
	say(2, 2, 3, 0);
}

static void nothing(void)
{
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "fork", by_fork },
	{ "thread-fork", by_thread_fork },
	{ "raw-fork", by_raw_fork },
	{ "vfork", by_vfork },
	{ "spawn", by_spawn },
	{ "system", by_system },
	{ "popen", by_popen },
	{ "thread-exec", by_thread_exec },
	{ "failed-exec", by_failed_exec },
	{ "bare-exec", by_bare_exec },
	{ "nothing", nothing },
};

int main(int argc, char *argv[])
{
	must(argc >= 2);
	must(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);

	if (strcmp(argv[1], "child") == 0)
		return child();
	if (strcmp(argv[1], "exec") == 0) {
		must(argc > 2);
		by_exec(argv[2], argv[argc - 1]);
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, argv[1]) == 0) {
			cases[i].run();
			return EXIT_SUCCESS;
		}
	}
	return 98;
}
