/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts threads that allocate a little: what a thread's start costs, and
 * what memory a living one needs.
 *
 * usage: spawn COUNT ALIVE
 *
 * Starts COUNT threads, ALIVE at a time; each makes and frees two blocks.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ALIVE_MAX = 1000,
};

static pthread_barrier_t all_there;

static void *work(void *arg)
{
	char *name = malloc(40);
	char *copy;

	if (!name)
		return arg;
	snprintf(name, 40, "thread %p", arg);
	copy = strdup(name);
	free(name);
	/* Until all are there none ends: the memory of all of them counts. */
	pthread_barrier_wait(&all_there);
	free(copy);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long count = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long alive = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	pthread_t threads[ALIVE_MAX];

	if (!alive || alive > ALIVE_MAX || count % alive) {
		fprintf(stderr, "usage: spawn COUNT ALIVE\n");
		return 2;
	}

	pthread_barrier_init(&all_there, NULL, (unsigned int)alive);
	for (unsigned long done = 0; done < count; done += alive) {
		for (unsigned long i = 0; i < alive; i++) {
			int err = pthread_create(&threads[i], NULL, work, NULL);

			if (err) {
				fprintf(stderr, "spawn: cannot start a thread: %s\n",
					strerror(err));
				return 1;
			}
		}
		for (unsigned long i = 0; i < alive; i++)
			pthread_join(threads[i], NULL);
	}
	printf("threads %lu\n", count);
	return 0;
}
