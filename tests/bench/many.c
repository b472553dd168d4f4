/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks to be looked through for leaks.
 *
 *     many BLOCKS BYTES held|lost [SHAPE]
 *
 * SHAPE is tree (the default), chain, shuffled (a chain in random order), list
 * (linked both ways), rings (of two, each pointing at the next ring), or array
 * (of pointers, a block itself).  Blocks are full of words that are no pointers; with "lost"
 * nothing points at the first one in the end.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct node {
	struct node *left;
	struct node *right;
	uint64_t rest[];
};

static void *volatile root;

static void make_tree(struct node **all, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (i % 2)
			all[(i - 1) / 2]->left = all[i];
		else
			all[(i - 1) / 2]->right = all[i];
	}
}

static void make_chain(struct node **all, size_t count)
{
	for (size_t i = 1; i < count; i++)
		all[i - 1]->left = all[i];
}

static void make_shuffled(struct node **all, size_t count)
{
	uint64_t state = 1;

	for (size_t i = count; i-- > 1;) {
		struct node *node = all[i];
		size_t other;

		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		other = (size_t)(state >> 20) % (i + 1);
		all[i] = all[other];
		all[other] = node;
	}
	make_chain(all, count);
}

static void make_list(struct node **all, size_t count)
{
	make_chain(all, count);
	for (size_t i = 1; i < count; i++)
		all[i]->right = all[i - 1];
}

static void make_rings(struct node **all, size_t count)
{
	for (size_t i = 0; i + 1 < count; i += 2) {
		all[i]->left = all[i + 1];
		all[i + 1]->left = all[i];
		if (i + 2 < count)
			all[i]->right = all[i + 2];
	}
}

static const struct {
	const char *name;
	void (*make)(struct node **all, size_t count);
} shapes[] = {
	{ "tree", make_tree }, { "chain", make_chain }, { "shuffled", make_shuffled },
	{ "list", make_list }, { "rings", make_rings }, { "array", NULL },
};

static bool make_shape(const char *name, struct node **all, size_t count)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (strcmp(name, shapes[i].name) != 0)
			continue;
		if (shapes[i].make)
			shapes[i].make(all, count);
		return true;
	}
	return false;
}

int main(int argc, char *argv[])
{
	size_t blocks = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	size_t bytes = argc > 2 ? strtoul(argv[2], NULL, 10) : 64;
	bool is_lost = argc > 3 && strcmp(argv[3], "lost") == 0;
	const char *shape = argc > 4 ? argv[4] : "tree";
	struct node **all = calloc(blocks, sizeof(*all));
	void *first;

	if (!all || !blocks || bytes < sizeof(**all))
		return 2;
	for (size_t i = 0; i < blocks; i++) {
		all[i] = malloc(bytes);
		if (!all[i])
			return 2;
		all[i]->left = NULL;
		all[i]->right = NULL;
		for (size_t k = 0; k < bytes / 8 - 2; k++)
			all[i]->rest[k] = i * k;
	}
	if (!make_shape(shape, all, blocks))
		return 2;
	first = strcmp(shape, "array") == 0 ? (void *)all : all[0];
	root = is_lost ? NULL : first;
	if (first != all) {
		memset(all, 0, blocks * sizeof(*all));
		free(all);
	}
	return 0;
}
