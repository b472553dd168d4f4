/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocates where hardly any stack is left: in threads with the smallest stack
 * there is, and in a signal handler on a small stack of its own.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include "truth.h"

#define THREADS 20
#define ROUNDS	3000
#define PAGE	4096

static char *signal_stack;
static size_t signal_stack_bytes;

attr_site static void *block(size_t bytes)
{
	return malloc(bytes);
}

static void *run(void *unused)
{
	(void)unused;
	for (size_t i = 0; i < ROUNDS; i++)
		free(block(i));
	return NULL;
}

attr_site static void handle(int signal)
{
	(void)signal;
	free(block(1));
}

/* A stack with a page below it that must not be touched. */
static char *guarded(size_t bytes)
{
	char *low = mmap(NULL, bytes + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	must(low != MAP_FAILED);
	must(mprotect(low, PAGE, PROT_NONE) == 0);
	return low + PAGE;
}

static void *run_handler(void *unused)
{
	const stack_t stack = { .ss_sp = signal_stack, .ss_size = signal_stack_bytes };

	(void)unused;
	must(sigaltstack(&stack, NULL) == 0);
	for (int i = 0; i < 1000; i++)
		must(raise(SIGUSR1) == 0);
	return NULL;
}

int main(void)
{
	const struct sigaction action = { .sa_handler = handle, .sa_flags = SA_ONSTACK };
	pthread_attr_t attr;
	pthread_t thread;

	must(pthread_attr_init(&attr) == 0);
	must(pthread_attr_setstacksize(&attr, (size_t)PTHREAD_STACK_MIN) == 0);
	for (int i = 0; i < THREADS; i++) {
		must(pthread_create(&thread, &attr, run, NULL) == 0);
		must(pthread_join(thread, NULL) == 0);
	}

	/* What POSIX promises to be enough for a handler: SIGSTKSZ. */
	signal_stack_bytes = ((size_t)sysconf(_SC_SIGSTKSZ) + PAGE - 1) & ~(size_t)(PAGE - 1);
	signal_stack = guarded(signal_stack_bytes);
	must(sigaction(SIGUSR1, &action, NULL) == 0);
	must(pthread_create(&thread, NULL, run_handler, NULL) == 0);
	must(pthread_join(thread, NULL) == 0);

	truth("{\"sites\": {\"block\": {\"allocations\": %d, \"live_blocks\": 0},"
	      " \"handle\": {\"allocations\": 1000}}}\n",
	      THREADS * ROUNDS + 1000);
	return EXIT_SUCCESS;
}
