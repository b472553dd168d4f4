/* SPDX-License-Identifier: Apache-2.0 */
/* The same with an allocator other than the C library's, whose own memory points at all blocks. */
#include <pthread.h>

#include "shapes.h"

#define COUNT 1000

static void *volatile global;
static void *volatile table[COUNT];

static void lost(void)
{
	(void)make(100);
	(void)make(5000);
	(void)make(300000);
	say("lost", 3, 305100);
}

static void ring(void)
{
	void *volatile *a = make(64), *volatile *b = make(64);

	a[3] = (void *)b;
	b[4] = (void *)a;
	a[0] = make(200);
	say("cycle", 2, 128);
	say("lost_through", 1, 200);
}

/* The neighbours of lost blocks are freed ones, which the allocator has in lists. */
static void among_freed(void)
{
	for (int i = 0; i < COUNT; i++)
		table[i] = make(64);
	for (int i = 0; i < COUNT; i++) {
		if (i % 10 != 0)
			free(table[i]);
		table[i] = NULL;
	}
	say("lost", COUNT / 10, COUNT / 10 * 64);
}

static void held(void)
{
	for (int i = 0; i < COUNT; i++)
		table[i] = make((size_t)i);
	global = make(300000);
	say("reachable", COUNT + 1, COUNT * (COUNT - 1) / 2 + 300000);
}

static void *from_thread(void *arg)
{
	(void)make(400);
	global = make(500);
	return arg;
}

static void thread(void)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, from_thread, NULL) == 0);
	must(pthread_join(thread, NULL) == 0);
	say("lost", 1, 400);
	say("reachable", 1, 500);
}

static const struct shape shapes[] = {
	{ "lost", lost }, { "ring", ring },	{ "among-freed", among_freed },
	{ "held", held }, { "thread", thread },
};

int main(int argc, char *argv[])
{
	SHAPES_RUN(shapes, argc, argv);
	return 0;
}
