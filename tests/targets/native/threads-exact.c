/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 100 threads, each with 100 aligned blocks: exactly 10,000 of each kind of
 * event, whatever the threads do at the same time.
 */
#include <pthread.h>

#include "truth.h"

#define THREADS 100
#define BLOCKS	100

static pthread_barrier_t start;

attr_site static void *aligned(size_t bytes)
{
	void *block = NULL;

	must(posix_memalign(&block, 64, bytes) == 0);
	return block;
}

static void *run(void *unused)
{
	void *blocks[BLOCKS];

	(void)unused;
	pthread_barrier_wait(&start);
	for (size_t i = 0; i < BLOCKS; i++)
		blocks[i] = aligned(i + 1);
	for (size_t i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	must(pthread_barrier_init(&start, NULL, THREADS) == 0);
	for (size_t i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, run, NULL) == 0);
	for (size_t i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0);

	truth("{\"by_function\": {\"posix_memalign\": 10000}, \"sites\": {\"aligned\":"
	      " {\"allocations\": 10000, \"frees\": 10000, \"live_blocks\": 0, \"bytes\": 505000}},"
	      " \"threads_min\": 100}\n");
	return EXIT_SUCCESS;
}
