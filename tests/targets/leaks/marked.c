/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loses blocks, sets marks, and goes on: marked [THREADS | many]
 *
 * Without threads: marks "one", "other", the phase "phase", and "one" again, with
 * one block of 100 bytes lost before each of them, and 24 that are held.  With
 * threads: each loses a block and sets the mark "one", again and again.  Many: 120
 * marks "one".
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tenure/tenure.h"

#define THREADS 8
#define TURNS	3
#define MANY	120

static void *volatile kept;

static __attribute__((noinline)) void lose(size_t bytes)
{
	volatile char *volatile block = malloc(bytes);

	block[0] = 1;
	block = NULL;
}

/* What lies below is stale, and might point there still. */
static __attribute__((noinline)) void clean(void)
{
	volatile char stale[8192];

	memset((void *)(uintptr_t)stale, 0, sizeof(stale));
}

static void *turn(void *arg)
{
	(void)arg;
	for (int i = 0; i < TURNS; i++) {
		lose(100);
		clean();
		tenure_mark("one");
	}
	return NULL;
}

static void run_threads(int count)
{
	pthread_t threads[THREADS];

	if (count > THREADS)
		count = THREADS;
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, turn, NULL) != 0)
			exit(2);
	for (int i = 0; i < count; i++)
		(void)pthread_join(threads[i], NULL);
}

static void run_alone(void)
{
	kept = malloc(24);
	lose(100);
	clean();
	errno = 77;
	tenure_mark("one");
	if (errno != 77)
		exit(4);
	lose(100);
	clean();
	tenure_mark("other");
	lose(100);
	clean();
	tenure_phase_begin("phase");
	lose(100);
	clean();
	tenure_phase_end("phase");
	lose(100);
	clean();
	tenure_mark("one");
}

int main(int argc, char *argv[])
{
	if (argc > 1 && strcmp(argv[1], "many") == 0)
		for (int i = 0; i < MANY; i++)
			tenure_mark("one");
	else if (argc > 1)
		run_threads(atoi(argv[1]));
	else
		run_alone();
	puts("end");
	fflush(stdout);
	return 3;
}
