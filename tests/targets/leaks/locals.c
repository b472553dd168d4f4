/* SPDX-License-Identifier: Apache-2.0 */
/* Words in the thread-local memory of libraries: those of an allocator say nothing. */
#include <pthread.h>

#include "shapes.h"

void locals_keep(void *block);
void allocator_keep(void *block);

static pthread_barrier_t both;

static void of_library(void)
{
	locals_keep(make(100));
	say("reachable", 1, 100);
}

static void of_allocator(void)
{
	allocator_keep(make(200));
	say("lost", 1, 200);
}

static void of_both(void)
{
	locals_keep(make(100));
	allocator_keep(make(200));
	say("reachable", 1, 100);
	say("lost", 1, 200);
}

/* What earlier calls have left on the stack. */
attr_site static void wipe(void)
{
	volatile char room[16384];

	for (size_t i = 0; i < sizeof(room); i++)
		room[i] = 0;
}

static void *keep_and_wait(void *arg)
{
	of_both();
	wipe();
	(void)pthread_barrier_wait(&both);
	for (;;)
		(void)pause();
	return arg;
}

static void of_thread(void)
{
	pthread_t thread;

	must(pthread_barrier_init(&both, NULL, 2) == 0);
	must(pthread_create(&thread, NULL, keep_and_wait, NULL) == 0);
	(void)pthread_barrier_wait(&both);
}

static const struct shape shapes[] = {
	{ "of-library", of_library },
	{ "of-allocator", of_allocator },
	{ "of-both", of_both },
	{ "of-thread", of_thread },
};

int main(int argc, char *argv[])
{
	SHAPES_RUN(shapes, argc, argv);
	return 0;
}
