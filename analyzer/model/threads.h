/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads: who is behind a slot now, names, what each has allocated.
 */
#ifndef MODEL_THREADS_H
#define MODEL_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/vec.h"
#include "heap.h"
#include "result.h"

/**
 * struct thread_state - a thread, and what is remembered between its events
 * @peak_number: as in struct site, of the peak in @result
 * @last_key:  the block it made last, as the heap knows it; 0: freed already
 * @undo_key:  of what its last realloc gave back; 0: nothing
 * @undo:      what its last realloc gave back, in case the realloc failed
 * @undo_stamp: when
 * @undo_type: type of that block, if it had one
 * @undo_known: it was a known block
 * @undo_temporary: it counted as temporary
 * @undo_life_max: of its site, before
 */
struct thread_state {
	struct result_thread result;
	uint64_t peak_number;
	uint64_t last_key;
	struct heap_block undo;
	uint64_t undo_key;
	uint64_t undo_life_max;
	uint64_t undo_stamp;
	uint32_t undo_type;
	uint8_t undo_generation;
	bool undo_known;
	bool undo_temporary;
};

/**
 * struct threads - all zero is empty
 * @by_slot: index of the thread that uses a slot, UINT16_MAX: none has yet
 */
struct threads {
	VEC(struct thread_state) all;
	uint16_t *by_slot;
	size_t slots;
};

void threads_fini(struct threads *threads);

/** threads_make() - slow half of threads_get(); NULL when memory has run out */
attr_cold struct thread_state *threads_make(struct threads *threads, uint32_t slot, uint32_t tid,
					    uint64_t stamp);

/** threads_get() - who records in @slot; valid until the next thread is made */
static inline struct thread_state *threads_get(struct threads *threads, uint32_t slot,
					       uint64_t stamp)
{
	if (likely(slot < threads->slots && threads->by_slot[slot] != UINT16_MAX))
		return &threads->all.at[threads->by_slot[slot]];
	return threads_make(threads, slot, 0, stamp);
}

/** threads_touch() - to be called before what @thread holds changes; @peak_number: of the heap, now
 */
static inline void threads_touch(struct thread_state *thread, uint64_t peak_number)
{
	if (thread->peak_number != peak_number) {
		thread->peak_number = peak_number;
		thread->result.peak_bytes = thread->result.live_bytes;
		thread->result.peak_blocks = thread->result.live_blocks;
	}
}

/** threads_grow() - @blocks more blocks of @thread are alive; "negative" numbers: fewer */
static inline void threads_grow(struct thread_state *thread, uint64_t bytes, uint64_t blocks,
				uint64_t peak_number)
{
	threads_touch(thread, peak_number);
	thread->result.live_bytes += bytes;
	thread->result.live_blocks += blocks;
}

/** threads_named() - TENURE_EXT_THREAD: a thread begins in @slot, or has a new name */
void threads_named(struct threads *threads, struct arena *arena, uint32_t slot, uint32_t tid,
		   const char *name, size_t name_bytes, uint64_t stamp);

/** threads_ended() - TENURE_EXT_THREAD_END */
void threads_ended(struct threads *threads, uint32_t slot, uint32_t tid, uint64_t stamp);

#endif /* MODEL_THREADS_H */
