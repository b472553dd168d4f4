/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls every function that makes or ends a block once, each from a function
 * of its own, with a size of its own.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "truth.h"

struct call {
	const char *name; /* of the function here */
	const char *fn;	  /* as the report calls it */
	size_t bytes;
	void *(*make)(size_t bytes);
};

attr_site static void *site_malloc(size_t bytes)
{
	return malloc(bytes);
}

attr_site static void *site_calloc(size_t bytes)
{
	char *block = calloc(bytes / 10, 10);

	for (size_t i = 0; i < bytes; i++)
		must(block[i] == 0);
	return block;
}

attr_site static void *site_realloc(size_t bytes)
{
	return realloc(NULL, bytes);
}

attr_site static void *site_reallocarray(size_t bytes)
{
	return reallocarray(NULL, bytes / 10, 10);
}

attr_site static void *site_posix_memalign(size_t bytes)
{
	void *block = NULL;

	must(posix_memalign(&block, 256, bytes) == 0);
	must((uintptr_t)block % 256 == 0);
	return block;
}

attr_site static void *site_aligned_alloc(size_t bytes)
{
	void *block = aligned_alloc(128, bytes);

	must((uintptr_t)block % 128 == 0);
	return block;
}

attr_site static void *site_memalign(size_t bytes)
{
	void *block = memalign(512, bytes);

	must((uintptr_t)block % 512 == 0);
	return block;
}

attr_site static void *site_valloc(size_t bytes)
{
	void *block = valloc(bytes);

	must((uintptr_t)block % (uintptr_t)sysconf(_SC_PAGESIZE) == 0);
	return block;
}

attr_site static void *site_pvalloc(size_t bytes)
{
	void *block = pvalloc(bytes);

	must((uintptr_t)block % (uintptr_t)sysconf(_SC_PAGESIZE) == 0);
	return block;
}

attr_site static void *site_strdup(size_t bytes)
{
	char text[600];

	memset(text, 'x', bytes - 1);
	text[bytes - 1] = '\0';
	return strdup(&text[0]);
}

static const struct call calls[] = {
	{ "site_malloc", "malloc", 1001, site_malloc },
	{ "site_calloc", "calloc", 2000, site_calloc },
	{ "site_realloc", "realloc", 3003, site_realloc },
	{ "site_reallocarray", "realloc", 4000, site_reallocarray },
	{ "site_posix_memalign", "posix_memalign", 5005, site_posix_memalign },
	{ "site_aligned_alloc", "aligned_alloc", 6144, site_aligned_alloc },
	{ "site_memalign", "memalign", 7007, site_memalign },
	{ "site_valloc", "valloc", 8008, site_valloc },
	{ "site_pvalloc", "pvalloc", 4096, site_pvalloc },
	{ "site_strdup", "malloc", 505, site_strdup },
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* Through the symbol when the C library (or anything loaded) has it, else by free(). */
attr_site static void sized_free(void *block, size_t bytes)
{
	void (*end)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");

	if (end)
		end(block, bytes);
	else
		free(block);
}

attr_site static void sized_free_aligned(void *block, size_t alignment, size_t bytes)
{
	void (*end)(void *, size_t, size_t) =
		(void (*)(void *, size_t, size_t))dlsym(RTLD_DEFAULT, "free_aligned_sized");

	if (end)
		end(block, alignment, bytes);
	else
		free(block);
}

int main(void)
{
	void *blocks[CALLS];
	size_t total = 0;

	for (size_t i = 0; i < CALLS; i++) {
		blocks[i] = calls[i].make(calls[i].bytes);
		must(blocks[i]);
		must(malloc_usable_size(blocks[i]) >= calls[i].bytes);
		memset(blocks[i], 0x5a, malloc_usable_size(blocks[i]));
		total += calls[i].bytes;
		truth("{\"sites\": {\"%s\": {\"allocations\": 1, \"bytes\": %zu, \"live_blocks\": 0,"
		      " \"frees\": 1, \"peak_bytes\": %zu, \"function\": \"%s\"}}}\n",
		      calls[i].name, calls[i].bytes, calls[i].bytes, calls[i].fn);
	}

	sized_free(blocks[0], calls[0].bytes);
	sized_free_aligned(blocks[5], 128, calls[5].bytes);
	for (size_t i = 1; i < CALLS; i++) {
		if (i != 5)
			free(blocks[i]);
	}

	/* dlsym() of a missing name may allocate its message, so no exact totals here. */
	truth("{\"sites\": {\"main\": {\"peak_bytes\": %zu}}}\n", total);
	truth("{\"by_function\": {\"posix_memalign\": 1, \"aligned_alloc\": 1, \"memalign\": 1,"
	      " \"valloc\": 1, \"pvalloc\": 1}}\n");
	return EXIT_SUCCESS;
}
