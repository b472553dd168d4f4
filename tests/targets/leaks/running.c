/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loses two blocks of 1234 bytes, says its number, and runs until its input
 * ends; with an argument, so many threads change blocks of their own meanwhile.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 8
#define BLOCKS	64

static void *volatile kept[THREADS][BLOCKS];

static __attribute__((noinline)) void lose(void)
{
	volatile char *volatile block = malloc(1234);

	block[0] = 1;
	block = NULL;
}

/* What lies below is stale, and might point there still. */
static __attribute__((noinline)) void clean(void)
{
	volatile char stale[8192];

	memset((void *)(uintptr_t)stale, 0, sizeof(stale));
}

static void *change(void *arg)
{
	void *volatile *mine = arg;

	for (unsigned int i = 0;; i++) {
		void *old = mine[i % BLOCKS];

		mine[i % BLOCKS] = NULL;
		free(old);
		mine[i % BLOCKS] = calloc(1, 16 + i % 1000);
	}
	return NULL;
}

int main(int argc, char *argv[])
{
	int threads = argc > 1 ? atoi(argv[1]) : 0;
	char byte;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < threads && i < THREADS; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, change, (void *)(uintptr_t)kept[i]) != 0)
			return 2;
	}
	lose();
	lose();
	clean();
	printf("pid %d\n", (int)getpid());
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	puts("end");
	fflush(stdout);
	_exit(0);
}
