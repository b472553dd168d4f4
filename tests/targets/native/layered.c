/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An allocator whose public functions call one another by name, so that a
 * shim in front of it sees one block twice.  It never gives anything back.
 */
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)512 << 20) /* of address space only */

static char arena[ARENA_BYTES] __attribute__((aligned(4096)));
static _Atomic size_t used = 16;

size_t malloc_usable_size(void *block)
{
	return ((size_t *)block)[-1];
}

void *malloc(size_t bytes)
{
	size_t whole = (bytes + 31) & ~(size_t)15;
	size_t at = atomic_fetch_add(&used, whole);

	if (bytes > ARENA_BYTES / 4 || at > ARENA_BYTES / 2) {
		errno = ENOMEM;
		return NULL;
	}
	((size_t *)(void *)(arena + at))[1] = bytes;
	return arena + at + 16;
}

void free(void *block)
{
	(void)block;
}

void *calloc(size_t count, size_t each)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, each, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return malloc(bytes); /* never used before: zero */
}

void *realloc(void *old, size_t bytes)
{
	size_t before = old ? malloc_usable_size(old) : 0;
	void *block = malloc(bytes);

	if (block && old)
		memcpy(block, old, before < bytes ? before : bytes);
	free(old);
	return block;
}

void *memalign(size_t alignment, size_t bytes)
{
	char *block = malloc(bytes + alignment + 16), *at;

	if (!block || alignment <= 16)
		return block;
	at = (char *)(((uintptr_t)block + 16 + alignment - 1) & ~(uintptr_t)(alignment - 1));
	((size_t *)(void *)at)[-1] = bytes;
	return at;
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
	return memalign(alignment, bytes);
}

int posix_memalign(void **ret_block, size_t alignment, size_t bytes)
{
	void *block = aligned_alloc(alignment, bytes);

	if (!block)
		return ENOMEM;
	*ret_block = block;
	return 0;
}
