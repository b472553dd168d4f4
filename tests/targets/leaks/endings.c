/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loses 1234 bytes in one block and ends in the way that the first argument
 * names; the second holds h: do not let others look into this process, t: with
 * a second thread, which holds 500 bytes on its stack, d: as another user from
 * there on, s: without system calls for looking into others, w: without any but a few.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"

#define NOBODY 65534

static pthread_barrier_t barrier;

static __attribute__((noinline)) void lose(void)
{
	volatile char *volatile block = malloc(1234);

	block[0] = 1;
	block = NULL;
}

/* What lies below is stale, and might point there still. */
static __attribute__((noinline)) void clean(void)
{
	volatile char stale[8192];

	memset((void *)(uintptr_t)stale, 0, sizeof(stale));
}

static void *hold(void *arg)
{
	void *volatile block = malloc(500);

	(void)arg;
	pthread_barrier_wait(&barrier);
	for (;;)
		(void)pause();
	return block;
}

static void *end_last(void *arg)
{
	pthread_join(*(pthread_t *)arg, NULL);
	return NULL;
}

static void end_by_last_thread(void)
{
	static pthread_t self;
	pthread_t thread;

	self = pthread_self();
	pthread_create(&thread, NULL, end_last, &self);
	pthread_exit(NULL);
}

/* The default action is what the program sees, and gets. */
static int look_at_actions(void)
{
	struct sigaction old, mine = { .sa_handler = SIG_DFL, .sa_flags = SA_NODEFER };

	sigemptyset(&mine.sa_mask);
	sigaddset(&mine.sa_mask, SIGUSR1);
	if (sigaction(SIGTERM, NULL, &old) < 0 || old.sa_handler != SIG_DFL)
		return 40;
	if (signal(SIGINT, SIG_IGN) != SIG_DFL || signal(SIGINT, SIG_DFL) != SIG_IGN ||
	    signal(SIGINT, SIG_DFL) != SIG_DFL)
		return 41;
	if (sigaction(SIGTERM, &mine, NULL) < 0 || sigaction(SIGTERM, NULL, &old) < 0 ||
	    old.sa_handler != SIG_DFL || !(old.sa_flags & SA_NODEFER) ||
	    !sigismember(&old.sa_mask, SIGUSR1) || sigismember(&old.sa_mask, SIGUSR2))
		return 42;
	raise(SIGINT);
	return 43;
}

static char *const argv_true[] = { (char[]){ "true" }, NULL };

static void end(const char *how)
{
	if (!strcmp(how, "exit"))
		exit(3);
	if (!strcmp(how, "_exit"))
		_exit(3);
	if (!strcmp(how, "_Exit"))
		_Exit(3);
	if (!strcmp(how, "quick_exit"))
		quick_exit(3);
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "segv"))
		*(volatile int *)8 = 1;
	if (!strcmp(how, "term"))
		kill(getpid(), SIGTERM);
	if (!strcmp(how, "kill"))
		kill(getpid(), SIGKILL);
	if (!strcmp(how, "system-call"))
		syscall(SYS_exit_group, 3);
	if (!strcmp(how, "execv"))
		execv("/bin/true", argv_true);
	if (!strcmp(how, "execlp"))
		execlp("true", "true", "1", "2", "3", "4", "5", "6", "7", (char *)NULL);
	if (!strcmp(how, "execle"))
		execle("/bin/true", "true", "1", "2", "3", "4", "5", "6", NULL, environ);
	if (!strcmp(how, "last-thread"))
		end_by_last_thread();
	if (!strcmp(how, "actions"))
		exit(look_at_actions());
	if (!strcmp(how, "failed-exec")) {
		execv("/nowhere/at-all", argv_true);
		exit(3);
	}
}

static void give_up(const char *more)
{
	static const int looking[] = { SYS_ptrace, SYS_process_vm_readv, SYS_kcmp };
	static const int needed[] = { SYS_read,	  SYS_write,  SYS_brk,	      SYS_mmap,
				      SYS_munmap, SYS_exit,   SYS_exit_group, SYS_rt_sigreturn,
				      SYS_futex,  SYS_execve, SYS_pause };

	if (strchr(more, 'd') && setuid(NOBODY) < 0)
		exit(50);
	if (strchr(more, 's') && confine(looking, sizeof(looking) / sizeof(looking[0]), 0) < 0)
		exit(51);
	if (strchr(more, 'w') && confine(needed, sizeof(needed) / sizeof(needed[0]), 1) < 0)
		exit(52);
}

int main(int argc, char *argv[])
{
	const char *how = argc > 1 ? argv[1] : "return";
	const char *more = argc > 2 ? argv[2] : "";
	pthread_t thread;

	if (strchr(more, 'h'))
		prctl(PR_SET_DUMPABLE, 0);
	if (strchr(more, 't')) {
		pthread_barrier_init(&barrier, NULL, 2);
		pthread_create(&thread, NULL, hold, NULL);
		pthread_barrier_wait(&barrier);
	}
	give_up(more);
	lose();
	clean();
	end(how);
	return 3;
}
