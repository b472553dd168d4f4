/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same calls over whatever allocator the program is linked with: built
 * once for each one that is installed.
 */
#include <malloc.h>
#include <pthread.h>
#include <string.h>

#include "truth.h"

#define THREADS 4
#define ROUNDS	2000

attr_site static void *make(size_t bytes)
{
	char *block = malloc(bytes);

	must(block);
	memset(block, 1, bytes);
	return block;
}

attr_site static void *make_zero(size_t bytes)
{
	char *block = calloc(1, bytes);

	must(block && block[0] == 0 && block[bytes - 1] == 0);
	return block;
}

attr_site static void *make_aligned(size_t bytes)
{
	void *block = NULL;

	must(posix_memalign(&block, 4096, bytes) == 0);
	must((size_t)block % 4096 == 0);
	return block;
}

attr_site static void *grow(void *block, size_t bytes)
{
	block = realloc(block, bytes);
	must(block && malloc_usable_size(block) >= bytes);
	return block;
}

static void *run(void *unused)
{
	(void)unused;
	for (size_t i = 1; i <= ROUNDS; i++) {
		void *a = make(i);
		void *b = make_zero(2 * i);
		void *c = make_aligned(3 * i);

		a = grow(a, 5 * i);
		free(b);
		free(a);
		if (i % 100 != 0)
			free(c);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	size_t sum = ROUNDS * (ROUNDS + 1) / 2 * THREADS;

	for (size_t i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, run, NULL) == 0);
	for (size_t i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0);

	truth("{\"sites\": {\"make\": {\"allocations\": %d, \"bytes\": %zu, \"live_blocks\": 0},"
	      " \"make_zero\": {\"allocations\": %d, \"bytes\": %zu, \"live_blocks\": 0},"
	      " \"make_aligned\": {\"allocations\": %d, \"bytes\": %zu, \"live_blocks\": %d},"
	      " \"grow\": {\"allocations\": %d, \"bytes\": %zu, \"live_blocks\": 0}}}\n",
	      THREADS * ROUNDS, sum, THREADS * ROUNDS, 2 * sum, THREADS * ROUNDS, 3 * sum,
	      THREADS * ROUNDS / 100, THREADS * ROUNDS, 5 * sum);
	return EXIT_SUCCESS;
}
