/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An allocator that may be interrupted anywhere by itself: it never gives
 * anything back.  With it a signal handler may call malloc at any moment, and
 * does so inside the shim too.
 */
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)8 << 30) /* of address space only */

static _Atomic(char *) arena;
static _Atomic size_t used;

static char *arena_get(void)
{
	char *base = atomic_load(&arena), *none = NULL;

	if (base)
		return base;
	base = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		_exit(97);
	return atomic_compare_exchange_strong(&arena, &none, base) ? base : none;
}

/*
 * The size stands in front of the block.  None of the public functions calls
 * another: with a shim in front of them such a call would be one of the program.
 */
static void *bump(size_t alignment, size_t bytes)
{
	size_t whole = bytes + alignment + sizeof(size_t);
	char *base = arena_get(), *at;

	if (alignment < 16)
		alignment = 16;
	if (bytes > ARENA_BYTES / 4) {
		errno = ENOMEM;
		return NULL;
	}
	whole = (bytes + alignment + 15 + sizeof(size_t)) & ~(size_t)15;
	at = base + atomic_fetch_add(&used, whole) + sizeof(size_t);
	at = (char *)(((uintptr_t)at + alignment - 1) & ~(uintptr_t)(alignment - 1));
	if (at + bytes > base + ARENA_BYTES)
		_exit(96);
	memcpy(at - sizeof(size_t), &bytes, sizeof(bytes));
	return at;
}

static size_t size_of(const void *block)
{
	size_t bytes = 0;

	if (block)
		memcpy(&bytes, (const char *)block - sizeof(bytes), sizeof(bytes));
	return bytes;
}

void *memalign(size_t alignment, size_t bytes)
{
	return bump(alignment, bytes);
}

size_t malloc_usable_size(void *block)
{
	return size_of(block);
}

void *malloc(size_t bytes)
{
	return bump(16, bytes);
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
	return bump(16, bytes); /* never used before: zero */
}

void *realloc(void *old, size_t bytes)
{
	size_t before = size_of(old);
	void *block = bump(16, bytes);

	if (block && old)
		memcpy(block, old, before < bytes ? before : bytes);
	return block;
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
	return bump(alignment, bytes);
}

int posix_memalign(void **ret_block, size_t alignment, size_t bytes)
{
	void *block = bump(alignment, bytes);

	if (!block)
		return ENOMEM;
	*ret_block = block;
	return 0;
}
