/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of blocks, to be looked through for leaks.
 *
 *     many BLOCKS BYTES held|lost
 *
 * Blocks are full of words that are no pointers; with "lost" nothing points at
 * the root in the end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct node {
	struct node *left;
	struct node *right;
	uint64_t rest[];
};

static struct node *volatile root;

int main(int argc, char *argv[])
{
	size_t blocks = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	size_t bytes = argc > 2 ? strtoul(argv[2], NULL, 10) : 64;
	struct node **all = calloc(blocks, sizeof(*all));

	if (!all || bytes < sizeof(**all))
		return 2;
	for (size_t i = 0; i < blocks; i++) {
		all[i] = malloc(bytes);
		if (!all[i])
			return 2;
		all[i]->left = NULL;
		all[i]->right = NULL;
		for (size_t k = 0; k < bytes / 8 - 2; k++)
			all[i]->rest[k] = i * k;
		if (i && i % 2)
			all[(i - 1) / 2]->left = all[i];
		else if (i)
			all[(i - 1) / 2]->right = all[i];
	}
	root = argc > 3 && strcmp(argv[3], "lost") == 0 ? NULL : all[0];
	memset(all, 0, blocks * sizeof(*all));
	free(all);
	return 0;
}
