/* SPDX-License-Identifier: Apache-2.0 */
/* Threads come and go; slots are used again.  Beyond the limit, threads share the last entry. */
#include <stdlib.h>
#include <string.h>

#include "threads.h"

void threads_fini(struct threads *threads)
{
	vec_fini(&threads->all);
	free(threads->by_slot);
	*threads = (struct threads){ 0 };
}

struct thread_state *threads_make(struct threads *threads, uint32_t slot, uint32_t tid,
				  uint64_t stamp)
{
	const struct thread_state fresh = {
		.result = { .tid = tid, .name = "", .start = stamp },
	};

	if (slot >= threads->slots) {
		size_t slots = ALIGN_UP((size_t)slot + 1, 64u);
		uint16_t *by_slot = realloc(threads->by_slot, slots * sizeof(*by_slot));

		if (!by_slot)
			return NULL;
		memset(by_slot + threads->slots, 0xff, (slots - threads->slots) * sizeof(*by_slot));
		threads->by_slot = by_slot;
		threads->slots = slots;
	}
	if (threads->all.count < HEAP_THREADS_MAX && vec_push(&threads->all, fresh) < 0)
		return NULL;
	threads->by_slot[slot] = (uint16_t)(threads->all.count - 1);
	return &threads->all.at[threads->all.count - 1];
}

void threads_named(struct threads *threads, struct arena *arena, uint32_t slot, uint32_t tid,
		   const char *name, size_t name_bytes, uint64_t stamp)
{
	struct thread_state *thread = threads_get(threads, slot, stamp);
	char *copy;

	if (thread && !thread->result.tid)
		thread->result.tid = tid;
	if (thread && (thread->result.tid != tid || thread->result.end))
		thread = threads_make(threads, slot, tid, stamp);
	/* The kernel's names are shorter; what is longer is no name. */
	if (name_bytes > 64)
		name_bytes = 64;
	if (!thread || strlen(thread->result.name) == strnlen(name, name_bytes))
		if (!thread || memcmp(thread->result.name, name, strnlen(name, name_bytes)) == 0)
			return;
	copy = arena_string(arena, name, name_bytes);
	if (copy)
		thread->result.name = copy;
}

void threads_ended(struct threads *threads, uint32_t slot, uint32_t tid, uint64_t stamp)
{
	struct thread_state *thread = threads_get(threads, slot, stamp);

	if (!thread)
		return;
	if (!thread->result.tid)
		thread->result.tid = tid;
	if (thread->result.tid == tid)
		thread->result.end = stamp;
}
