/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that point at each other, and nobody or somebody at them. */
#include "shapes.h"

#define MANY 100000

struct node {
	struct node *next;
	struct node *prev;
	char tail[48];
};

static void *volatile global;

static struct node *make_node(void)
{
	return make(sizeof(struct node));
}

/* @count of them, each pointing at the next one. */
static struct node *make_chain(int count, struct node **ret_last)
{
	struct node *first = NULL, *last = NULL;

	for (int i = 0; i < count; i++) {
		struct node *node = make_node();

		if (last)
			last->next = node;
		else
			first = node;
		last = node;
	}
	if (ret_last)
		*ret_last = last;
	return first;
}

static void lost(void)
{
	(void)memset(make(100), 1, 100);
	say("lost", 1, 100);
}

static void many(void)
{
	for (size_t i = 1; i <= 1000; i++)
		(void)make(i);
	say("lost", 1000, 500500);
}

static void tree(void)
{
	void *volatile *root = make(32);

	root[0] = make(40);
	root[1] = make(50);
	say("lost", 1, 32);
	say("lost_through", 2, 90);
}

/* Two lost ones lead to one that neither alone would give back. */
static void shared_child(void)
{
	void *volatile *a = make(32), *volatile *b = make(48);

	a[1] = b[2] = make(500);
	say("lost", 2, 80);
	say("lost_through", 1, 500);
}

static void diamond(void)
{
	void *volatile *top = make(16), *volatile *left = make(24), *volatile *right = make(32);

	top[0] = (void *)left;
	top[1] = (void *)right;
	left[0] = right[0] = make(600);
	say("lost", 1, 16);
	say("lost_through", 3, 656);
}

static void chain(void)
{
	(void)make_chain(MANY, NULL);
	say("lost", 1, sizeof(struct node));
	say("lost_through", MANY - 1, (MANY - 1) * sizeof(struct node));
}

static void self(void)
{
	struct node *node = make_node();

	node->next = node;
	say("lost", 1, sizeof(*node));
}

static void pair(void)
{
	struct node *a = make_node(), *b = make_node();

	a->next = b;
	b->prev = a;
	a->prev = make(100);
	b->next = make(200);
	say("cycle", 2, 2 * sizeof(*a));
	say("lost_through", 2, 300);
}

static void ring(void)
{
	struct node *a = make_node(), *b = make_node(), *c = make_node();

	a->next = b;
	b->next = c;
	c->next = a;
	c->prev = make(500);
	say("cycle", 3, 3 * sizeof(*a));
	say("lost_through", 1, 500);
}

static void long_ring(void)
{
	struct node *last;

	last = NULL;
	last = make_chain(MANY, &last);
	/* From the first on to the last, whose next is the first. */
	struct node *first = last;

	while (last->next)
		last = last->next;
	last->next = first;
	say("cycle", MANY, MANY * sizeof(*last));
}

static void list(void)
{
	struct node *last = NULL;

	for (int i = 0; i < 20; i++) {
		struct node *node = make_node();

		node->prev = last;
		if (last)
			last->next = node;
		last = node;
	}
	say("cycle", 20, 20 * sizeof(*last));
}

/* One ring leads to the other: only the first is where to begin. */
static void two_rings(void)
{
	struct node *a = make_node(), *b = make_node(), *c = make_node(), *d = make_node();

	a->next = b;
	b->next = a;
	c->next = d;
	d->next = c;
	b->prev = c;
	say("cycle", 2, 2 * sizeof(*a));
	say("lost_through", 2, 2 * sizeof(*a));
}

static void ring_with_head(void)
{
	void *volatile *head = make(800);
	struct node *a = make_node(), *b = make_node();

	head[99] = a;
	a->next = b;
	b->next = a;
	say("lost", 1, 800);
	say("lost_through", 2, 2 * sizeof(*a));
}

/* Ten of each, as ten different leaks. */
static void many_rings(void)
{
	for (int i = 0; i < 10; i++) {
		struct node *a = make_node(), *b = make_node(), *c = make_node();
		struct node *d = make_node(), *e = make_node();

		a->next = b;
		b->next = a;
		c->next = d;
		d->next = e;
		e->next = c;
	}
	say("cycle", 50, 50 * sizeof(struct node));
}

/* Held from outside: no part of it is lost. */
static void held_ring(void)
{
	struct node *a = make_node(), *b = make_node();

	a->next = b;
	b->next = a;
	global = b;
	say("reachable", 2, 2 * sizeof(*a));
}

static void held_chain(void)
{
	global = make_chain(MANY, NULL);
	say("reachable", MANY, MANY * sizeof(struct node));
}

/* A lost block leads to one that is held elsewhere too. */
static void lost_to_held(void)
{
	void *volatile *block = make(64);

	block[3] = global = make(72);
	say("lost", 1, 64);
	say("reachable", 1, 72);
}

/* The head of a list was freed, and the rest with nobody to lead to it. */
static void cut(void)
{
	struct node *first = make_chain(10, NULL);

	global = first;
	free(first);
	global = NULL;
	say("lost", 1, sizeof(*first));
	say("lost_through", 8, 8 * sizeof(*first));
}

/* A pointer that is left in freed memory leads nowhere. */
static void freed(void)
{
	void *volatile *block = make(4000);

	block[100] = make(300);
	global = (void *)block;
	free((void *)block);
	say("lost", 1, 300);
}

static void overwritten(void)
{
	global = make(111);
	global = make(222);
	say("lost", 1, 111);
	say("reachable", 1, 222);
}

static const struct shape shapes[] = {
	{ "lost", lost },
	{ "many", many },
	{ "tree", tree },
	{ "shared-child", shared_child },
	{ "diamond", diamond },
	{ "chain", chain },
	{ "self", self },
	{ "pair", pair },
	{ "ring", ring },
	{ "long-ring", long_ring },
	{ "list", list },
	{ "two-rings", two_rings },
	{ "ring-with-head", ring_with_head },
	{ "many-rings", many_rings },
	{ "held-ring", held_ring },
	{ "held-chain", held_chain },
	{ "lost-to-held", lost_to_held },
	{ "cut", cut },
	{ "freed", freed },
	{ "overwritten", overwritten },
};

int main(int argc, char *argv[])
{
	SHAPES_RUN(shapes, argc, argv);
	return 0;
}
