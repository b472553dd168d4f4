/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocators whose public functions call one another.
 */
#include "layer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "real.h"
#include "thread.h"

#define SMALL 64
#define LARGE 100000 /* a block that cannot grow where it is */

/* What the functions of real were before they were wrapped. */
static struct real below;

/* Return: the state, to be given to loud(); NULL when nothing would be recorded anyway. */
static struct thread *hush(void)
{
	struct thread *self = thread_self_;

	/* Whatever has the guard: it is counted once, by the interceptor. */
	if (self && self->cursor && self->slot->busy)
		return NULL;
	self = thread_enter();
	if (self) {
		self->inner_left = UINT32_MAX;
		thread_guard(self, THREAD_INNER);
	}
	return self;
}

static void loud(struct thread *self)
{
	if (self)
		thread_leave(self);
}

static void *quiet_malloc(size_t bytes)
{
	struct thread *self = hush();
	void *block = below.malloc(bytes);

	loud(self);
	return block;
}

static void *quiet_calloc(size_t count, size_t bytes)
{
	struct thread *self = hush();
	void *block = below.calloc(count, bytes);

	loud(self);
	return block;
}

static void *quiet_realloc(void *old, size_t bytes)
{
	struct thread *self = hush();
	void *block = below.realloc(old, bytes);

	loud(self);
	return block;
}

static void quiet_free(void *block)
{
	struct thread *self = hush();

	below.free(block);
	loud(self);
}

static void quiet_free_sized(void *block, size_t bytes)
{
	struct thread *self = hush();

	below.free_sized(block, bytes);
	loud(self);
}

static void quiet_free_aligned_sized(void *block, size_t align, size_t bytes)
{
	struct thread *self = hush();

	below.free_aligned_sized(block, align, bytes);
	loud(self);
}

static int quiet_posix_memalign(void **ret, size_t align, size_t bytes)
{
	struct thread *self = hush();
	int err = below.posix_memalign(ret, align, bytes);

	loud(self);
	return err;
}

static void *quiet_aligned_alloc(size_t align, size_t bytes)
{
	struct thread *self = hush();
	void *block = below.aligned_alloc(align, bytes);

	loud(self);
	return block;
}

static void *quiet_memalign(size_t align, size_t bytes)
{
	struct thread *self = hush();
	void *block = below.memalign(align, bytes);

	loud(self);
	return block;
}

static void *quiet_valloc(size_t bytes)
{
	struct thread *self = hush();
	void *block = below.valloc(bytes);

	loud(self);
	return block;
}

static void *quiet_pvalloc(size_t bytes)
{
	struct thread *self = hush();
	void *block = below.pvalloc(bytes);

	loud(self);
	return block;
}

/* Has anything arrived at the interceptors since the last question? */
static bool heard(void)
{
	bool any = thread_probed_ != 0;

	thread_probed_ = 0;
	return any;
}

/* Give back what a trial made, without listening.  Return: was the trial heard? */
static bool heard_of(void *block)
{
	bool any = heard();

	below.free(block);
	(void)heard();
	return any;
}

/* Return: was freeing by @how, of the kind that real has, heard? */
static bool heard_freeing(int how)
{
	void *block = below.malloc(SMALL);

	(void)heard();
	if (how == 0)
		below.free(block);
	else if (how == 1)
		below.free_sized(block, SMALL);
	else
		below.free_aligned_sized(block, sizeof(void *), SMALL);
	return heard();
}

static bool heard_resizing(void)
{
	bool any = false;
	void *block = below.realloc(NULL, SMALL);
	void *larger;

	any |= heard();
	larger = below.realloc(block, LARGE);
	any |= heard();
	return heard_of(larger ? larger : block) || any;
}

static bool heard_aligning(void *(*make)(size_t, size_t))
{
	bool any = heard_of(make(sizeof(void *), SMALL));

	return heard_of(make(4096, 4096)) || any;
}

static bool heard_posix(void)
{
	bool any = false;

	for (size_t align = sizeof(void *); align <= 4096; align *= 4096 / sizeof(void *)) {
		void *block = NULL;

		if (below.posix_memalign(&block, align, SMALL) != 0)
			block = NULL;
		any |= heard_of(block);
	}
	return any;
}

/* Libc's own, where the allocator has none, would return blocks that its free() does not know. */
#define IS_ITS_OWN(name) real_owns_code((uintptr_t)below.name)
#define WRAP(name)	 __atomic_store_n(&real.name, quiet_##name, __ATOMIC_RELAXED)

/* The first call of an allocator may set it up, by way of its own functions. */
static void try_all(void)
{
	below.free(below.malloc(SMALL));
	(void)heard();
	if (heard_of(below.malloc(SMALL)))
		WRAP(malloc);
	if (heard_of(below.calloc(1, SMALL)))
		WRAP(calloc);
	if (heard_resizing())
		WRAP(realloc);
	if (heard_freeing(0))
		WRAP(free);
	if (IS_ITS_OWN(free_sized) && heard_freeing(1))
		WRAP(free_sized);
	if (IS_ITS_OWN(free_aligned_sized) && heard_freeing(2))
		WRAP(free_aligned_sized);
	if (IS_ITS_OWN(posix_memalign) && heard_posix())
		WRAP(posix_memalign);
	if (IS_ITS_OWN(aligned_alloc) && heard_aligning(below.aligned_alloc))
		WRAP(aligned_alloc);
	if (IS_ITS_OWN(memalign) && heard_aligning(below.memalign))
		WRAP(memalign);
	if (IS_ITS_OWN(valloc) && heard_of(below.valloc(SMALL)))
		WRAP(valloc);
	if (IS_ITS_OWN(pvalloc) && heard_of(below.pvalloc(SMALL)))
		WRAP(pvalloc);
}

void layer_init(struct thread *thread)
{
	uint32_t guard = thread->slot->busy;

	below = real;
	if (!IS_ITS_OWN(malloc) || !IS_ITS_OWN(calloc) || !IS_ITS_OWN(realloc) || !IS_ITS_OWN(free))
		return;
	thread_guard(thread, THREAD_PROBE);
	try_all();
	__atomic_store_n(&thread->slot->busy, guard, __ATOMIC_SEQ_CST);
}
