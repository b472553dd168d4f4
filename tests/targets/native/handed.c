/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four threads that share one arena and hand blocks to each other: an address
 * that one thread gives back (by free or realloc) is at once another's.  At
 * the end exactly 40,000 blocks of malloc and 40,000 of realloc are live.
 *
 * Run it with MALLOC_ARENA_MAX=1 and glibc.malloc.tcache_count=0, else the
 * threads hardly meet.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "truth.h"

#define THREADS 4
#define EACH	10000
#define PLACES	64

static _Atomic(void *) places[PLACES];
static pthread_barrier_t start;
static void *kept[THREADS][2 * EACH];

attr_site static void *by_malloc(size_t bytes)
{
	return malloc(bytes);
}

attr_site static void *by_realloc(void *block, size_t bytes)
{
	return realloc(block, bytes);
}

attr_site static void *passing(size_t bytes)
{
	return malloc(bytes);
}

/* Leaves @block for anybody and takes what was there. */
static void *hand(size_t place, void *block)
{
	return atomic_exchange_explicit(&places[place % PLACES], block, memory_order_acq_rel);
}

static void *run(void *arg)
{
	size_t me = (size_t)arg;

	pthread_barrier_wait(&start);
	for (size_t i = 0; i < EACH; i++) {
		size_t bytes = 24 + (i * 7 + me) % 5 * 16;
		void *other = hand(i * 3 + me, passing(bytes));

		if (!other)
			other = passing(bytes);
		kept[me][2 * i] = by_realloc(other, bytes + 16 + i % 3 * 32);
		kept[me][2 * i + 1] = by_malloc(bytes);
		must(kept[me][2 * i] && kept[me][2 * i + 1]);

		free(hand(i + 17 * me, passing(bytes)));
		free(passing(bytes + 16));
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	must(pthread_barrier_init(&start, NULL, THREADS) == 0);
	for (size_t i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, run, (void *)i) == 0);
	for (size_t i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0);
	for (size_t i = 0; i < PLACES; i++)
		free(hand(i, NULL));

	truth("{\"sites\": {\"by_malloc\": {\"allocations\": 40000, \"live_blocks\": 40000},"
	      " \"by_realloc\": {\"allocations\": 40000, \"live_blocks\": 40000},"
	      " \"passing\": {\"live_blocks\": 0}, \"run\": {\"live_blocks\": 80000}},"
	      " \"by_function\": {\"realloc\": 40000}, \"totals\": {\"reallocs\": 40000}}\n");
	return EXIT_SUCCESS;
}
