/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Announces each block on a pipe after it got it and before it goes on, until
 * somebody kills it.  Arguments: descriptor of the pipe, number of threads.
 *
 * A record on the pipe is { thread, number of the block from 1, bytes }, the
 * first one { process id, 0, 0 }.
 */
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "truth.h"

struct record {
	uint32_t thread;
	uint32_t number;
	uint64_t bytes;
};

static int fd;

static void announce(uint32_t thread, uint32_t number, uint64_t bytes)
{
	const struct record record = { thread, number, bytes };

	must(write(fd, &record, sizeof(record)) == sizeof(record));
}

attr_site static void *block(size_t bytes)
{
	return malloc(bytes);
}

/* Not announced, and gone each time: only the counts of other records are moved. */
attr_site static void *noise(size_t bytes)
{
	return calloc(1, bytes);
}

static void *run(void *arg)
{
	uint32_t me = (uint32_t)(uintptr_t)arg;

	for (uint32_t number = 1;; number++) {
		size_t bytes = (number * 31 + me) % 2000;

		must(block(bytes));
		announce(me, number, bytes);
		for (uint32_t i = 0; i < number % 5; i++)
			free(noise(bytes + i));
	}
	return NULL;
}

int main(int argc, char *argv[])
{
	uintptr_t threads;

	must(argc == 3);
	fd = (int)strtol(argv[1], NULL, 10);
	threads = strtoul(argv[2], NULL, 10);
	announce((uint32_t)getpid(), 0, 0);

	for (uintptr_t i = 1; i < threads; i++) {
		pthread_t thread;

		must(pthread_create(&thread, NULL, run, (void *)i) == 0);
	}
	run(NULL);
}
