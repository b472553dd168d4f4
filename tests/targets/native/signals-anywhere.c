/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A storm of signals whose handler allocates wherever it interrupts the
 * program, in several threads.  Linked with bump.c, which allows that.  Each
 * event is in the report or counted as lost; nothing hangs, nothing crashes.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>

#include "truth.h"

#define SIGNALS 1500
#define THREADS 3

static atomic_int seen;
static atomic_size_t events;

static void handle(int signal)
{
	int saved = errno;

	(void)signal;
	for (size_t i = 0; i < 3; i++) {
		void *block = malloc(20 + i);

		must(block);
		free(block);
	}
	atomic_fetch_add(&events, 6);
	atomic_fetch_add(&seen, 1);
	errno = saved;
}

static void *run(void *unused)
{
	(void)unused;
	while (atomic_load(&seen) < SIGNALS) {
		free(malloc(50));
		atomic_fetch_add(&events, 2);
	}
	return NULL;
}

int main(void)
{
	const struct itimerval timer = { { 0, 100 }, { 0, 100 } }, off = { { 0, 0 }, { 0, 0 } };
	const struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };
	pthread_t threads[THREADS];

	must(sigaction(SIGALRM, &action, NULL) == 0);
	must(sigaction(SIGPROF, &action, NULL) == 0);
	for (size_t i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, run, NULL) == 0);
	must(setitimer(ITIMER_REAL, &timer, NULL) == 0);
	must(setitimer(ITIMER_PROF, &timer, NULL) == 0);
	run(NULL);
	must(setitimer(ITIMER_REAL, &off, NULL) == 0);
	must(setitimer(ITIMER_PROF, &off, NULL) == 0);
	for (size_t i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0);

	/* Each thread may add a block of the C library's own, and its end. */
	truth("{\"events_or_lost\": [%zu, %zu]}\n", atomic_load(&events),
	      atomic_load(&events) + 2 * THREADS);
	return EXIT_SUCCESS;
}
