/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temporary blocks: given back by their own thread before it allocates again.
 */
#include <pthread.h>

#include "truth.h"

attr_site static void *temporary(void)
{
	return malloc(64);
}

attr_site static void *lasting(void)
{
	return malloc(64);
}

static void *other_thread(void *block)
{
	free(block);
	for (int i = 0; i < 50; i++)
		free(temporary());
	return NULL;
}

int main(void)
{
	pthread_t thread;

	for (int i = 0; i < 100; i++)
		free(temporary());

	/* A second block in between: the first is none, the second is one. */
	for (int i = 0; i < 10; i++) {
		void *a = lasting();
		void *b = temporary();

		free(b);
		free(a);
	}

	/* Given back by another thread: none. */
	must(pthread_create(&thread, NULL, other_thread, lasting()) == 0);
	must(pthread_join(thread, NULL) == 0);

	truth("{\"sites\": {\"temporary\": {\"allocations\": 160, \"temporary\": 160},"
	      " \"lasting\": {\"allocations\": 11, \"temporary\": 0, \"live_blocks\": 0}}}\n");
	return EXIT_SUCCESS;
}
