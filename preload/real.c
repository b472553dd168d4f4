/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next allocator: the functions that ours stand before.
 */
#include "real.h"

#include "lookup.h"

static void *first_malloc(size_t bytes)
{
	real_init();
	return real.malloc(bytes);
}

static void *first_calloc(size_t count, size_t bytes)
{
	real_init();
	return real.calloc(count, bytes);
}

static void *first_realloc(void *block, size_t bytes)
{
	real_init();
	return real.realloc(block, bytes);
}

static void first_free(void *block)
{
	real_init();
	real.free(block);
}

struct real real = {
	.malloc = first_malloc,
	.calloc = first_calloc,
	.realloc = first_realloc,
	.free = first_free,
};

/* The object that defines the next malloc, if it is not libc. */
static struct lookup_range allocator;
static uint32_t ready;

/* Atomic, for the hot functions may be running in other threads. */
#define RESOLVE(name) __atomic_store_n((void **)&real.name, lookup_next(#name), __ATOMIC_RELAXED)

void real_init(void)
{
	struct lookup_range range;

	if (__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
		return;

	RESOLVE(free_sized);
	RESOLVE(free_aligned_sized);
	RESOLVE(posix_memalign);
	RESOLVE(aligned_alloc);
	RESOLVE(memalign);
	RESOLVE(valloc);
	RESOLVE(pvalloc);
	RESOLVE(mmap);
	RESOLVE(munmap);
	RESOLVE(mremap);
	RESOLVE(brk);
	RESOLVE(sbrk);
	RESOLVE(free);
	RESOLVE(realloc);
	RESOLVE(calloc);
	RESOLVE(malloc);
	if (lookup_range_of((const void *)(uintptr_t)real.malloc, &range) == 0 && !range.is_libc)
		allocator = range;
	/* Release: pairs with the load above. */
	__atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
}

bool real_owns_code(uintptr_t pc)
{
	return pc - allocator.start < allocator.end - allocator.start;
}
