/* SPDX-License-Identifier: Apache-2.0 */
/* Pointers of all kinds to blocks. */
#include <stdint.h>

#include "shapes.h"

#define COUNT 8

static void *volatile global;
static volatile uint64_t word;

/* Nothing says that this pointer is meant to keep the block. */
static void inside(void)
{
	global = (char *)make(300) + 104;
	say("possible", 1, 300);
}

/* What only such a block leads to is no more certain. */
static void behind_inside(void)
{
	void *volatile *block = make(304);

	block[0] = make(50);
	global = (char *)(uintptr_t)block + 104;
	say("possible", 2, 354);
}

static void last_byte(void)
{
	global = (char *)make(300) + 299;
	say("possible", 1, 300);
}

/* Behind its end is not in it. */
static void behind(void)
{
	global = (char *)make(296) + 296;
	say("lost", 1, 296);
}

static void before(void)
{
	global = (char *)make(296) - 8;
	say("lost", 1, 296);
}

static void tagged_1(void)
{
	global = (char *)make(300) + 1;
	say("reachable", 1, 300);
}

static void tagged_3(void)
{
	global = (char *)make(300) + 3;
	say("reachable", 1, 300);
}

static void tagged_7(void)
{
	global = (char *)make(300) + 7;
	say("reachable", 1, 300);
}

/* In the 16 bits that no address uses. */
static void tagged_high(void)
{
	word = (uint64_t)(uintptr_t)make(300) | UINT64_C(0xabcd) << 48;
	say("reachable", 1, 300);
}

/* A tree whose nodes carry tags: each is found only through the last one. */
static void tagged_tree(void)
{
	uint64_t *root = make(64), *child = make(72);

	child[5] = (uint64_t)(uintptr_t)make(80) | UINT64_C(0x7) << 56;
	root[2] = (uint64_t)(uintptr_t)child | UINT64_C(0x3) << 60;
	global = root;
	say("reachable", 3, 216);
}

struct __attribute__((packed)) packed {
	char kind;
	void *first;
	uint32_t count;
	void *second;
};

static void packed(void)
{
	struct packed *block = make(sizeof(*block));

	block->kind = 7;
	block->first = make(70);
	block->second = make(80);
	global = block;
	say("reachable", 3, sizeof(*block) + 150);
}

static struct packed packed_global;

static void packed_in_global(void)
{
	packed_global.first = make(70);
	packed_global.second = make(80);
	say("reachable", 2, 150);
}

/* Packed, but in nothing that anybody holds. */
static void packed_lost(void)
{
	struct packed *block = make(sizeof(*block));

	block->kind = 7;
	block->first = make(70);
	block->second = make(80);
	say("lost", 1, sizeof(*block));
	say("lost_through", 2, 150);
}

/* No tool sees through this. */
static void hidden(void)
{
	word = (uint64_t)(uintptr_t)make(300) ^ UINT64_C(0x5a5a5a5a5a5a5a5a);
	say_unseen("reachable", "lost", 1, 300);
}

/* Where the next one is, counted from this field. */
struct relative {
	char text[24];
	int64_t next;
};

static void self_relative(void)
{
	struct relative *last = NULL;

	for (int i = 0; i < COUNT; i++) {
		struct relative *node = make(sizeof(*node));

		if (last)
			node->next = (char *)last - (char *)&node->next;
		last = node;
	}
	global = last;
	say("reachable", COUNT, COUNT * sizeof(struct relative));
}

/* Pointers go from hook to hook, which lie in the middle. */
struct hook {
	struct hook *next;
	struct hook *prev;
};

struct item {
	char text[40];
	struct hook hook;
	char more[40];
};

static struct hook head = { &head, &head };

static void intrusive(void)
{
	for (int i = 0; i < COUNT; i++) {
		struct item *item = make(sizeof(*item));

		item->hook.next = head.next;
		item->hook.prev = &head;
		head.next->prev = &item->hook;
		head.next = &item->hook;
	}
	say("reachable", COUNT, COUNT * sizeof(struct item));
}

static void intrusive_lost(void)
{
	struct hook *ring = NULL;

	for (int i = 0; i < COUNT; i++) {
		struct item *item = make(sizeof(*item));

		item->hook.next = ring ? ring : &item->hook;
		if (ring) {
			item->hook.prev = ring->prev;
			ring->prev->next = &item->hook;
			ring->prev = &item->hook;
		} else {
			item->hook.prev = &item->hook;
			ring = &item->hook;
		}
	}
	say("cycle", COUNT, COUNT * sizeof(struct item));
}

/* A pointer to a multiple of 64, with the block's own before it. */
static void *make_aligned(size_t bytes)
{
	char *block = make(bytes + 64 + sizeof(void *));
	char *at = (char *)(((uintptr_t)block + sizeof(void *) + 63) & ~(uintptr_t)63);

	((void **)(uintptr_t)at)[-1] = block;
	return at;
}

static void hand_aligned(void)
{
	global = make_aligned(500);
	say("reachable", 1, 572);
}

static void hand_aligned_lost(void)
{
	(void)make_aligned(500);
	say("lost", 1, 572);
}

/* Every block begins with a head that nobody but its maker knows. */
static void with_head(void)
{
	void *volatile *table = make(COUNT * sizeof(void *));

	for (int i = 0; i < COUNT; i++)
		table[i] = (char *)make(132) + 32;
	global = (void *)table;
	say("reachable", COUNT + 1, COUNT * (132 + sizeof(void *)));
}

/* A block that is held by its beginning as well as by its middle. */
static void both(void)
{
	void *volatile *table = make(2 * sizeof(void *));

	table[0] = make(400);
	table[1] = (char *)table[0] + 200;
	global = (void *)table;
	say("reachable", 2, 416);
}

static void of_no_bytes(void)
{
	global = malloc(0);
	(void)malloc(0);
	say("reachable", 1, 0);
	say("lost", 1, 0);
}

/* Numbers that are no addresses. */
static void numbers(void)
{
	uint64_t *block = make(4096);

	for (uint64_t i = 0; i < 512; i++)
		block[i] = i * UINT64_C(0x9e3779b97f4a7c15) & 0xffffffff;
	global = block;
	(void)make(777);
	say("reachable", 1, 4096);
	say("lost", 1, 777);
}

/* Sizes of things, as small as the distances between blocks are. */
static void small_numbers(void)
{
	uint64_t *volatile *table = make(COUNT * sizeof(*table));

	for (int i = 0; i < COUNT; i++) {
		table[i] = make(4096);
		for (int k = 0; k < 512; k++)
			table[i][k] = (uint64_t)(i * 7 + k) * 16;
	}
	for (int i = 0; i < 1000; i++)
		(void)make(24);
	global = (void *)table;
	say("reachable", COUNT + 1, COUNT * (4096 + sizeof(*table)));
	say("lost", 1000, 24000);
}

static const struct shape shapes[] = {
	{ "inside", inside },
	{ "behind-inside", behind_inside },
	{ "last-byte", last_byte },
	{ "behind", behind },
	{ "before", before },
	{ "tagged-1", tagged_1 },
	{ "tagged-3", tagged_3 },
	{ "tagged-7", tagged_7 },
	{ "tagged-high", tagged_high },
	{ "tagged-tree", tagged_tree },
	{ "packed", packed },
	{ "packed-in-global", packed_in_global },
	{ "packed-lost", packed_lost },
	{ "hidden-by-xor", hidden },
	{ "self-relative", self_relative },
	{ "intrusive", intrusive },
	{ "intrusive-lost", intrusive_lost },
	{ "hand-aligned", hand_aligned },
	{ "hand-aligned-lost", hand_aligned_lost },
	{ "with-head", with_head },
	{ "both", both },
	{ "of-no-bytes", of_no_bytes },
	{ "numbers", numbers },
	{ "small-numbers", small_numbers },
};

int main(int argc, char *argv[])
{
	SHAPES_RUN(shapes, argc, argv);
	return 0;
}
