/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends in the way its argument says, right after the last of 1,000 blocks.
 * However a process ends, all of them are in the report.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "truth.h"

#define BLOCKS 1000

static const char *how;

attr_site static void fill(void)
{
	for (size_t i = 0; i < BLOCKS; i++)
		must(malloc(i) != NULL);
}

static void at_quick_exit_handler(void)
{
	must(malloc(1) != NULL);
}

static void *exit_in_thread(void *unused)
{
	(void)unused;
	fill();
	exit(5);
}

static void *kill_in_thread(void *unused)
{
	(void)unused;
	fill();
	raise(SIGKILL);
	return NULL;
}

static void say(const char *end, int status)
{
	truth("{\"sites\": {\"fill\": {\"allocations\": %d, \"live_blocks\": %d,"
	      " \"live_bytes\": %d}}, \"end\": {\"how\": \"%s\", \"%s\": %d}}\n",
	      BLOCKS, BLOCKS, BLOCKS * (BLOCKS - 1) / 2, end,
	      strcmp(end, "exit") == 0 ? "status" : "signal", status);
}

static void by_exit(void)
{
	say("exit", 3);
	fill();
	exit(3);
}

static void by_return(void)
{
	say("exit", 0);
	fill();
}

static void by__exit(void)
{
	say("exit", 4);
	fill();
	_exit(4);
}

static void by_quick_exit(void)
{
	must(at_quick_exit(at_quick_exit_handler) == 0);
	say("exit", 6);
	fill();
	quick_exit(6);
}

static void by_syscall(void)
{
	say("exit", 8);
	fill();
	syscall(SYS_exit_group, 8);
}

static void by_abort(void)
{
	say("signal", SIGABRT);
	fill();
	abort();
}

static void by_segv(void)
{
	say("signal", SIGSEGV);
	fill();
	*(volatile int *)8 = 1;
}

static void by_kill(void)
{
	say("signal", SIGKILL);
	fill();
	raise(SIGKILL);
}

static void by_term(void)
{
	say("signal", SIGTERM);
	fill();
	raise(SIGTERM);
}

static void by_thread_exit(void)
{
	pthread_t thread;

	say("exit", 5);
	must(pthread_create(&thread, NULL, exit_in_thread, NULL) == 0);
	for (;;)
		pause();
}

static void by_thread_kill(void)
{
	pthread_t thread;

	say("signal", SIGKILL);
	must(pthread_create(&thread, NULL, kill_in_thread, NULL) == 0);
	for (;;)
		pause();
}

/* The first thread leaves; the process lives on in another. */
static void by_main_thread_exit(void)
{
	pthread_t thread;

	say("exit", 5);
	must(pthread_create(&thread, NULL, exit_in_thread, NULL) == 0);
	pthread_exit(NULL);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "exit", by_exit },
	{ "return", by_return },
	{ "_exit", by__exit },
	{ "quick_exit", by_quick_exit },
	{ "syscall", by_syscall },
	{ "abort", by_abort },
	{ "segv", by_segv },
	{ "kill", by_kill },
	{ "term", by_term },
	{ "thread-exit", by_thread_exit },
	{ "thread-kill", by_thread_kill },
	{ "main-thread-exit", by_main_thread_exit },
};

int main(int argc, char *argv[])
{
	must(argc == 2);
	must(setrlimit(RLIMIT_CORE, &(const struct rlimit){ 0, 0 }) == 0);
	how = argv[1];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, how) == 0) {
			cases[i].run();
			return EXIT_SUCCESS;
		}
	}
	return 98;
}
