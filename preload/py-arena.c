/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wrapper of the arena allocator.
 *
 * The interpreter obtains more than arenas there: stacks for its frames, too.
 * An arena is what is obtained while a block is being allocated, or given back
 * while one is freed; and that is when this thread is in state THREAD_INNER.
 */
#include "py-arena.h"

#include <stddef.h>
#include <stdint.h>

#include "py-state.h"
#include "record.h"
#include "tenure/wire-python.h"

/* Below ours; written before ours is set. */
static struct py_arena_allocator inner;

static void note(const void *arena, uint64_t bytes)
{
	struct thread *self = thread_self_;
	const uint64_t record[] = { (uintptr_t)arena, bytes };

	/* The guard is ours; no record is half written while the interpreter's code runs. */
	if (self && self->slot && (self->slot->busy & THREAD_GUARD_MASK) == THREAD_INNER)
		record_ext(self, TENURE_PY_ARENA, record, sizeof(record), NULL, 0);
}

static void *arena_alloc(void *ctx attr_unused, size_t bytes)
{
	void *arena = inner.alloc(inner.ctx, bytes);

	if (arena)
		note(arena, bytes);
	return arena;
}

static void arena_free(void *ctx attr_unused, void *arena, size_t bytes)
{
	/* Before it is gone: another thread may be given its addresses at once. */
	note(arena, 0);
	inner.free(inner.ctx, arena, bytes);
}

void py_arena_install(void)
{
	static const struct py_arena_allocator ours = { NULL, arena_alloc, arena_free };
	const struct py_api *api = &py_state.api;
	struct py_arena_allocator found;

	if (!api->get_arena_allocator || !api->set_arena_allocator)
		return;
	api->get_arena_allocator(&found);
	if (found.alloc == ours.alloc || !found.alloc || !found.free)
		return;
	inner = found;
	found = ours;
	api->set_arena_allocator(&found);
}
