/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs out of address space: what it got until then is in the report, and what
 * it does afterwards too.  With "exec" already the start has to live with it.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

#include "truth.h"

#define MEGA ((size_t)1 << 20)

static void *blocks[4096];

attr_site static void *block(size_t bytes)
{
	return malloc(bytes);
}

static void limit(size_t bytes)
{
	must(setrlimit(RLIMIT_AS, &(const struct rlimit){ bytes, bytes }) == 0);
}

static size_t fill(void)
{
	size_t count = 0;

	while (count < sizeof(blocks) / sizeof(blocks[0])) {
		errno = 0;
		blocks[count] = block(MEGA);
		if (!blocks[count]) {
			must(errno == ENOMEM);
			return count;
		}
		count++;
	}
	return count;
}

int main(int argc, char *argv[])
{
	size_t count, small = 0;

	must(argc == 2);
	if (strcmp(argv[1], "exec") == 0) {
		char word[] = "now";
		char *const args[] = { argv[0], word, NULL };

		limit(400 * MEGA);
		execv("/proc/self/exe", args);
		_exit(98);
	}

	limit(400 * MEGA);
	count = fill();
	must(count > 10 && count < 400);

	/* The last crumbs too: where the shim cannot get a page either. */
	while (block(1000))
		small++;

	for (size_t i = 0; i < count; i++)
		free(blocks[i]);
	must(fill() > 10);

	truth("{\"pid\": %d, \"sites\": {\"block\": {\"frees\": %zu}}}\n", (int)getpid(), count);
	return small > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
