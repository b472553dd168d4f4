/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call that succeeds leaves errno alone, also when the shim has to write
 * its buffer out or to come up in between.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>

#include "truth.h"

#define ROUNDS 20000
#define MARK   12345 /* no errno */

static void *rounds(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		void *a, *b, *c = NULL;

		errno = MARK;
		a = malloc((size_t)i % 700);
		must(errno == MARK);
		b = calloc(3, (size_t)i % 70);
		must(errno == MARK);
		a = realloc(a, (size_t)i % 900 + 1);
		must(errno == MARK);
		must(posix_memalign(&c, 64, 100) == 0);
		must(errno == MARK);
		free(a);
		must(errno == MARK);
		free(b);
		free(c);
		must(errno == MARK);
		free(NULL);
		must(errno == MARK);

		if (i % 100 == 0) {
			a = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			must(a != MAP_FAILED && errno == MARK);
			must(munmap(a, 8192) == 0 && errno == MARK);
			must(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			     MAP_FAILED);
			must(errno == EINVAL);
		}
	}
	return NULL;
}

int main(void)
{
	pthread_t thread;

	rounds(NULL);
	must(pthread_create(&thread, NULL, rounds, NULL) == 0);
	must(pthread_join(thread, NULL) == 0);

	truth("{\"sites\": {\"rounds\": {\"allocations\": %d, \"frees\": %d, \"live_blocks\": 0}}}\n",
	      2 * 4 * ROUNDS, 2 * 4 * ROUNDS);
	return EXIT_SUCCESS;
}
