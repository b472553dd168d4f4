/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads come and go all the time, detached and joined, and hand their blocks
 * to those that come after them.  Argument: how many.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "../targets/native/truth.h"

#define AT_ONCE 32
#define BLOCKS	50

static sem_t places;
static _Atomic(void *) handed[BLOCKS];

attr_site static void *block(size_t bytes)
{
	return malloc(bytes);
}

static void *run(void *number)
{
	for (size_t i = 0; i < BLOCKS; i++)
		free(atomic_exchange(&handed[i], block(i + (size_t)number % 100)));
	sem_post(&places);
	return NULL;
}

int main(int argc, char *argv[])
{
	size_t count = argc == 2 ? strtoul(argv[1], NULL, 10) : 500;
	pthread_attr_t attr;

	must(sem_init(&places, 0, AT_ONCE) == 0);
	must(pthread_attr_init(&attr) == 0);
	must(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0);
	must(pthread_attr_setstacksize(&attr, 65536) == 0);

	for (size_t i = 0; i < count; i++) {
		pthread_t thread;

		while (sem_wait(&places) != 0)
			continue;
		/* Its stack may not be free yet; then the next moment will do. */
		while (pthread_create(&thread, &attr, run, (void *)i) != 0)
			sched_yield();
	}
	for (size_t i = 0; i < AT_ONCE; i++)
		must(sem_wait(&places) == 0);
	for (size_t i = 0; i < BLOCKS; i++)
		free(atomic_exchange(&handed[i], NULL));

	truth("{\"sites\": {\"block\": {\"allocations\": %zu, \"frees\": %zu, \"live_blocks\": 0}},"
	      " \"threads_min\": %zu}\n",
	      count * BLOCKS, count * BLOCKS, count < 1000 ? count : 1000);
	return EXIT_SUCCESS;
}
