/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of several sizes whose number by site is known, for sampling.py:
 * what keep_*() makes stays; everything else is freed, some of it by other
 * threads, by realloc and in a forked child.
 *
 * usage: sampled [fork]
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS	 3
#define BLOCKS	 4000
#define EXCHANGE 64

static void *kept[80000];
static size_t kept_count;

#define KEEP(name_)                                                                   \
	__attribute__((noinline)) static void keep_##name_(size_t count, size_t size) \
	{                                                                             \
		for (size_t i = 0; i < count; i++)                                    \
			kept[kept_count++] = malloc(size);                            \
	}

KEEP(small)
KEEP(medium)
KEEP(large)
KEEP(huge)

/* Ends where realloc puts it, after failing once. */
__attribute__((noinline)) static void *keep_grown(size_t size)
{
	char *block = malloc(size / 3);
	volatile size_t too_much = PTRDIFF_MAX - 64;

	if (realloc(block, too_much))
		abort();
	return realloc(block, size);
}

static void *exchange[EXCHANGE];

/* Frees what any thread has made, and makes more. */
static void *work(void *arg)
{
	uintptr_t x = (uintptr_t)arg;

	for (int i = 0; i < BLOCKS; i++) {
		void *old;

		x = x * 6364136223846793005u + 1442695040888963407u;
		old = __atomic_exchange_n(&exchange[x >> 40 & (EXCHANGE - 1)],
					  malloc(100 + (x >> 50)), __ATOMIC_SEQ_CST);
		free(realloc(old, 50 + (x >> 54)));
	}
	return NULL;
}

static void work_together(void)
{
	pthread_t threads[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)(2 * i + 1)) != 0)
			abort();
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < EXCHANGE; i++) {
		free(exchange[i]);
		exchange[i] = NULL;
	}
}

int main(int argc, char *argv[])
{
	keep_small(40000, 48);
	work_together();
	keep_medium(3000, 1000);
	keep_large(60, 80000);
	keep_huge(2, 4000000);
	for (int i = 0; i < 1000; i++)
		kept[kept_count++] = keep_grown(3000);

	if (argc > 1 && strcmp(argv[1], "fork") == 0) {
		int status;
		pid_t child = fork();

		if (child == 0) {
			/* All are its parent's; its own come after. */
			for (size_t i = 0; i < kept_count; i++)
				free(kept[i]);
			kept_count = 0;
			keep_medium(5000, 1000);
			work_together();
			_exit(0);
		}
		if (waitpid(child, &status, 0) != child || status != 0)
			abort();
	}
	return kept_count == 0;
}
