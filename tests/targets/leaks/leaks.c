/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaks of known classes, one shape for each argument.  States blocks and
 * bytes by class on descriptor 3.
 */
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>

#include "../native/truth.h"

struct node {
	struct node *next;
	struct node *prev;
	char tail[48];
};

static void *volatile global;
static _Thread_local void *volatile local;
static pthread_key_t key;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static volatile int ready;

attr_site static void *make(size_t bytes)
{
	return calloc(1, bytes);
}

static void say(const char *class, unsigned int blocks, unsigned int bytes)
{
	truth("{\"class\": \"%s\", \"blocks\": %u, \"bytes\": %u}\n", class, blocks, bytes);
}

static void lost(void)
{
	(void)memset(make(100), 1, 100);
	say("lost", 1, 100);
}

static void tree(void)
{
	void *volatile *root = make(32);

	root[0] = make(40);
	root[1] = make(50);
	say("lost", 1, 32);
	say("lost_through", 2, 90);
}

static void ring(void)
{
	struct node *a = make(sizeof(*a)), *b = make(sizeof(*b)), *c = make(sizeof(*c));

	a->next = b;
	b->next = c;
	c->next = a;
	c->prev = make(500);
	say("cycle", 3, 3 * sizeof(*a));
	say("lost_through", 1, 500);
}

static void list(void)
{
	struct node *last = NULL;

	for (int i = 0; i < 20; i++) {
		struct node *node = make(sizeof(*node));

		node->prev = last;
		if (last)
			last->next = node;
		last = node;
	}
	say("cycle", 20, 20 * sizeof(*last));
}

static void reach(void)
{
	void *volatile *block = make(64);

	block[7] = make(600);
	global = (void *)block;
	local = make(80);
	must(pthread_key_create(&key, NULL) == 0 && pthread_setspecific(key, make(90)) == 0);
	say("reachable", 4, 834);
}

static void inside(void)
{
	global = (char *)make(300) + 104;
	say("possible", 1, 300);
}

static void tagged(void)
{
	global = (char *)make(300) + 3;
	say("reachable", 1, 300);
}

static void *hold(void *arg)
{
	void *volatile mine = make(700);

	(void)arg;
	ready = 1;
	(void)pthread_mutex_lock(&held);
	return mine;
}

static void stack(void)
{
	pthread_t thread;

	(void)pthread_mutex_lock(&held);
	must(pthread_create(&thread, NULL, hold, NULL) == 0);
	while (!ready)
		;
	say("reachable", 1, 700);
}

static const struct {
	const char *name;
	void (*run)(void);
} shapes[] = {
	{ "lost", lost },   { "tree", tree },	  { "ring", ring },	{ "list", list },
	{ "reach", reach }, { "inside", inside }, { "tagged", tagged }, { "stack", stack },
};

int main(int argc, char *argv[])
{
	if (argc > 2)
		must(prctl(PR_SET_DUMPABLE, 0) == 0);
	for (size_t i = 0; argc > 1 && i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (strcmp(argv[1], shapes[i].name) == 0)
			shapes[i].run();
	return 0;
}
