/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that tells about itself through tenure.h: an allocator of its own,
 * types, marks and phases, and times at which nothing is to be recorded.  With
 * "overlap" the first block of its pool has the address of the pool itself.
 */
#include <errno.h>
#include <string.h>

#include "tenure/tenure.h"

#include "truth.h"

#define POOL_BYTES 65536
#define EACH	   128
#define BLOCKS	   100

static char *pool;
static size_t first;

attr_site static void make_pool(void)
{
	pool = malloc(POOL_BYTES);
	must(pool);
}

attr_site static void *pool_alloc(size_t index, size_t bytes)
{
	char *block = pool + first + index * EACH;

	tenure_alloc(block, bytes);
	return block;
}

attr_site static void *typed(const char *type, size_t bytes)
{
	void *block = malloc(bytes);

	must(block);
	tenure_type(block, type);
	return block;
}

attr_site static void *unseen(size_t bytes)
{
	return malloc(bytes);
}

static void run_pool(void)
{
	void *moved;

	make_pool();
	for (size_t i = 0; i < BLOCKS; i++)
		tenure_free(pool_alloc(i, 10));
	for (size_t i = 0; i < BLOCKS; i++)
		must(pool_alloc(i, 100));
	for (size_t i = 0; i < BLOCKS / 2; i++)
		tenure_free(pool + first + i * EACH);

	moved = pool_alloc(BLOCKS, 50);
	tenure_realloc(moved, pool + first + (BLOCKS + 1) * EACH, 60);
	tenure_realloc(NULL, pool + first + (BLOCKS + 2) * EACH, 70);
	tenure_realloc(pool + first + (BLOCKS + 2) * EACH, NULL, 0);
	tenure_alloc(NULL, 10);
	tenure_free(NULL);
}

static void run_types(void)
{
	for (int i = 0; i < 30; i++) {
		void *block = typed("struct order", 40);

		if (i % 3 != 0)
			free(block);
	}
	for (int i = 0; i < 5; i++)
		must(typed("struct customer", 200));
}

int main(int argc, char *argv[])
{
	int recorded;

	must(argc == 2);
	first = strcmp(argv[1], "overlap") == 0 ? 0 : 64;
	recorded = tenure_active();

	errno = 77;
	tenure_phase_begin("all of it");
	tenure_mark("the pool");
	run_pool();
	tenure_mark("the types");
	run_types();
	tenure_phase_end("all of it");

	tenure_stop();
	must(!tenure_active());
	for (int i = 0; i < 100; i++)
		free(unseen(10));
	tenure_start();
	must(tenure_active() == recorded);
	must(unseen(5));
	must(errno == 77);

	truth("{\"complete\": false, \"sites\": {\"pool_alloc\": {\"allocations\": %d, \"live_blocks\": %d,"
	      " \"live_bytes\": %d, \"function\": \"custom\"},"
	      " \"make_pool\": {\"allocations\": 1, \"live_blocks\": 1, \"live_bytes\": %d},"
	      " \"run_pool\": {\"live_blocks\": %d, \"live_bytes\": %d},"
	      " \"unseen\": {\"allocations\": 1, \"live_bytes\": 5}}}\n",
	      2 * BLOCKS + 1, BLOCKS / 2, BLOCKS / 2 * 100, POOL_BYTES, BLOCKS / 2 + 2,
	      BLOCKS / 2 * 100 + 60 + POOL_BYTES);
	/* It had itself not recorded for a while, and that is said. */
	truth("{\"complete\": false, \"types\": {\"struct order\": {\"allocations\": 30, \"bytes\": 1200,"
	      " \"live_blocks\": 10, \"live_bytes\": 400}, \"struct customer\": {\"allocations\": 5,"
	      " \"live_bytes\": 1000}}, \"marks\": [[\"phase_begin\", \"all of it\"],"
	      " [\"point\", \"the pool\"], [\"point\", \"the types\"],"
	      " [\"phase_end\", \"all of it\"]]}\n");
	return EXIT_SUCCESS;
}
