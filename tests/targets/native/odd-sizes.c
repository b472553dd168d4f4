/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zero bytes, null pointers, reallocs of all kinds, and calls that fail.
 * What failed made no block, and a realloc that failed left its block alone.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <string.h>

#include "truth.h"

/* Not a constant, or the compiler objects. */
static volatile size_t huge = (size_t)PTRDIFF_MAX + 1;

static size_t allocations, bytes, frees, live, live_bytes;

static void *made(void *block, size_t size)
{
	must(block);
	allocations++;
	bytes += size;
	live++;
	live_bytes += size;
	return block;
}

static void gone(size_t size)
{
	frees++;
	live--;
	live_bytes -= size;
}

/* realloc(p, n) that succeeds: one block ends, one begins. */
static void *grown(void *block, size_t from, size_t to)
{
	block = realloc(block, to);
	gone(from);
	return made(block, to);
}

static void zero_bytes(void)
{
	void *a = made(malloc(0), 0);
	void *b = made(calloc(0, 8), 0);
	void *c = made(realloc(NULL, 0), 0);
	void *d = made(aligned_alloc(64, 0), 0);

	must(a != b && b != c && c != d);
	free(a);
	gone(0);
	free(NULL);

	/* b, c, d stay: live blocks of 0 bytes. */
}

static void reallocs(void)
{
	char *block = made(realloc(NULL, 10), 10);

	strcpy(block, "contents");
	block = grown(block, 10, 20);		/* most likely in place */
	block = grown(block, 20, 20);		/* same size */
	block = grown(block, 20, 9);		/* smaller */
	block = grown(block, 9, 4 << 20);	/* moves, into a map of its own */
	block = grown(block, 4 << 20, 8 << 20); /* mremap inside the C library */
	block = grown(block, 8 << 20, 100);	/* and back */
	must(strcmp(block, "contents") == 0);

	/* The C library frees and returns NULL. */
	must(realloc(block, 0) == NULL);
	gone(100);

	block = made(reallocarray(NULL, 7, 11), 77);
	block = reallocarray(block, 10, 11);
	gone(77);
	made(block, 110);
}

static void failures(void)
{
	char *block = made(malloc(64), 64);
	void *unset = &unset;

	strcpy(block, "still here");

	errno = 0;
	must(malloc(huge) == NULL && errno == ENOMEM);
	errno = 0;
	must(calloc(huge, 3) == NULL && errno == ENOMEM);
	errno = 0;
	must(realloc(block, huge) == NULL && errno == ENOMEM);
	errno = 0;
	must(realloc(NULL, huge) == NULL && errno == ENOMEM);
	errno = 0;
	must(reallocarray(block, huge, 2) == NULL && errno == ENOMEM);
	errno = 0;
	must(aligned_alloc(64, huge) == NULL && errno == ENOMEM);
	errno = 0;
	must(memalign(64, huge) == NULL && errno == ENOMEM);
	errno = 0;
	must(valloc(huge) == NULL && errno == ENOMEM);
	errno = 0;
	must(pvalloc(huge) == NULL && errno == ENOMEM);
	must(posix_memalign(&unset, 64, huge) == ENOMEM && unset == &unset);
	must(posix_memalign(&unset, 3, 100) == EINVAL && unset == &unset);
	must(posix_memalign(&unset, 0, 100) == EINVAL && unset == &unset);

	must(strcmp(block, "still here") == 0);
	block = grown(block, 64, 65);
	must(strcmp(block, "still here") == 0);
	free(block);
	gone(65);

	/* Kept, to see that a failed realloc has not ended it. */
	block = made(malloc(321), 321);
	must(realloc(block, huge) == NULL);
}

int main(void)
{
	zero_bytes();
	reallocs();
	failures();

	truth("{\"totals\": {\"allocations\": %zu, \"allocated_bytes\": %zu, \"frees\": %zu,"
	      " \"live_blocks\": %zu, \"live_bytes\": %zu}}\n",
	      allocations, bytes, frees, live, live_bytes);
	return EXIT_SUCCESS;
}
