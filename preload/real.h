/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next allocator: the functions that ours stand before.
 */
#ifndef PRELOAD_REAL_H
#define PRELOAD_REAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"

/**
 * struct real - addresses of the next definitions
 *
 * The first row is callable from the very first call on; the others are NULL
 * before real_init() and where the allocator lacks the function.
 */
struct real {
	void *(*malloc)(size_t bytes);
	void *(*calloc)(size_t count, size_t bytes);
	void *(*realloc)(void *block, size_t bytes);
	void (*free)(void *block);

	void (*free_sized)(void *block, size_t bytes);
	void (*free_aligned_sized)(void *block, size_t align, size_t bytes);
	int (*posix_memalign)(void **ret, size_t align, size_t bytes);
	void *(*aligned_alloc)(size_t align, size_t bytes);
	void *(*memalign)(size_t align, size_t bytes);
	void *(*valloc)(size_t bytes);
	void *(*pvalloc)(size_t bytes);

	void *(*mmap)(void *addr, size_t bytes, int prot, int flags, int fd, off_t offset);
	int (*munmap)(void *addr, size_t bytes);
	void *(*mremap)(void *addr, size_t bytes, size_t new_bytes, int flags, ...);
	int (*brk)(void *wish);
	void *(*sbrk)(intptr_t change);
};

extern struct real real attr_hidden;

/**
 * real_init() - find the next allocator; repeating it does no harm
 *
 * Context: any thread, any signal handler.
 */
void real_init(void);

/**
 * real_owns_code() - true if @pc lies in an allocator that is not libc's own
 *
 * What such an allocator maps is its heap, whose blocks are recorded anyway.
 */
bool real_owns_code(uintptr_t pc);

#endif /* PRELOAD_REAL_H */
