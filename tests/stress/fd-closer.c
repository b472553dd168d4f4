/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread closes every descriptor it does not know, again and again, while
 * others allocate.  Argument: how many times.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "../targets/native/truth.h"

#define THREADS 3

static atomic_bool ending;
static atomic_size_t made;

attr_site static void *block(size_t bytes)
{
	return malloc(bytes);
}

static void *run(void *unused)
{
	size_t i;

	(void)unused;
	for (i = 0; !atomic_load(&ending) || i < 1000; i++)
		free(block(i % 1000));
	atomic_fetch_add(&made, i);
	return NULL;
}

int main(int argc, char *argv[])
{
	long count = argc == 2 ? strtol(argv[1], NULL, 10) : 200;
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, run, NULL) == 0);
	for (long i = 0; i < count; i++) {
		if (i % 2)
			closefrom(TRUTH_FD + 1);
		else
			for (int fd = TRUTH_FD + 1; fd < 1100; fd++)
				must(close(fd) == 0 || errno == EBADF);
		sched_yield();
	}
	atomic_store(&ending, true);
	for (size_t i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0);

	/* The shim may give up on a program that does this; then it says what it missed. */
	truth("{\"events_or_lost\": [%zu, %zu]}\n", 2 * atomic_load(&made),
	      2 * atomic_load(&made) + 2 * THREADS);
	return EXIT_SUCCESS;
}
