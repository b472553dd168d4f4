/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a collector of one's own, when there is no `tenure run` above.
 *
 * The child is cloned without an exit signal and without libc's fork
 * handlers, and forks once more, so that the collector belongs to init (or
 * the next subreaper) and nobody in the program ever hears of it.
 */
#include "spawn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "config.h"
#include "hello.h"
#include "modules.h"
#include "sys.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

#define PATH_BYTES   1200
#define COLLECTOR_FD 3

/* Where the command may lie, seen from the directory of the shim: installed, and built. */
static const char *const places[] = {
	"/../bin/tenure", "/../../bin/tenure",	 "/../../../bin/tenure",
	"/../tenure",	  "/../analyzer/tenure",
};

static bool is_executable(const char *path)
{
	return SYS_CALL3(SYS_faccessat, AT_FDCWD, path, X_OK) == 0;
}

/* Return: 0, or -ENOENT if there is no command to be found. */
static int find_command(char ret_path[PATH_BYTES])
{
	const char *self = modules_find_self();
	const char *slash = strrchr(self, '/');
	size_t n;

	if (config.collect[0]) {
		memcpy(ret_path, config.collect, strlen(config.collect) + 1);
		return is_executable(ret_path) ? 0 : -ENOENT;
	}
	if (!slash)
		return -ENOENT;
	n = (size_t)(slash - self);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t bytes = strlen(places[i]) + 1;

		if (n + bytes > PATH_BYTES)
			return -ENOENT;
		memcpy(ret_path, self, n);
		memcpy(ret_path + n, places[i], bytes);
		if (is_executable(ret_path))
			return 0;
	}
	return -ENOENT;
}

/* clone() as fork() does it, but the parent gets no signal when the child ends. */
static long fork_quietly(void)
{
	return SYS_CALL5(SYS_clone, 0, 0, 0, 0, 0);
}

static void close_all_above(unsigned int fd)
{
	if (SYS_CALL3(SYS_close_range, fd + 1, ~0u, 0) == 0)
		return;
	for (unsigned int i = fd + 1; i < 65536; i++)
		(void)sys_close((int)i);
}

/* Leaves standard error alone; input and output must not hold up a pipeline. */
static void detach_standard_streams(void)
{
	long null = sys_open("/dev/null", O_RDWR);

	if (null < 0)
		return;
	(void)SYS_CALL3(SYS_dup3, null, 0, 0);
	(void)SYS_CALL3(SYS_dup3, null, 1, 0);
}

__attribute__((noreturn)) static void become_collector(const char *path, int fd)
{
	const struct sys_sigset none = { 0 };
	char *argv[] = { (char *)(uintptr_t) "tenure", (char *)(uintptr_t) "collect",
			 (char *)(uintptr_t) "--fd", (char *)(uintptr_t) "3", NULL };

	(void)SYS_CALL0(SYS_setsid);
	/* Away from 0..3 first, so that no dup3() below can close it. */
	fd = (int)sys_fcntl(fd, F_DUPFD_CLOEXEC, COLLECTOR_FD + 1);
	detach_standard_streams();
	(void)SYS_CALL3(SYS_dup3, fd, COLLECTOR_FD, 0);
	close_all_above(COLLECTOR_FD);
	(void)sys_sigmask(&none, NULL);
	(void)SYS_CALL3(SYS_execve, path, argv, config.environ);
	(void)SYS_CALL1(SYS_exit_group, 127);
	__builtin_unreachable();
}

int spawn_collector(void)
{
	char path[PATH_BYTES];
	int pair[2];
	long child, err;

	if (!config.environ)
		return -ENOENT;
	err = find_command(path);
	if (err)
		return (int)err;
	err = SYS_CALL4(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
	if (err < 0)
		return (int)err;

	child = fork_quietly();
	if (child == 0) {
		if (fork_quietly() == 0)
			become_collector(path, pair[1]);
		(void)SYS_CALL1(SYS_exit_group, 0);
	}
	(void)sys_close(pair[1]);
	if (child < 0) {
		(void)sys_close(pair[0]);
		return (int)child;
	}
	(void)SYS_CALL4(SYS_wait4, child, NULL, __WALL, NULL);
	return pair[0];
}
