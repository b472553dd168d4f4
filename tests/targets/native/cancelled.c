/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cancelled thread goes on until its next cancellation point, and malloc is
 * none, even when the shim has to write.
 */
#include <pthread.h>

#include "truth.h"

#define ROUNDS 50000

static int finished;

attr_site static void *block(void)
{
	return malloc(10);
}

static void *run(void *unused)
{
	(void)unused;
	must(pthread_cancel(pthread_self()) == 0);
	for (int i = 0; i < ROUNDS; i++)
		free(block());
	finished = 1;
	pthread_testcancel();
	return NULL;
}

int main(void)
{
	pthread_t thread;
	void *result;

	must(pthread_create(&thread, NULL, run, NULL) == 0);
	must(pthread_join(thread, &result) == 0);
	must(finished && result == PTHREAD_CANCELED);

	truth("{\"sites\": {\"block\": {\"allocations\": %d, \"live_blocks\": 0}}}\n", ROUNDS);
	return EXIT_SUCCESS;
}
