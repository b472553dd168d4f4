/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events to wire bytes: the only encoder.
 */
#include "record.h"

#include <string.h>

#include "image.h"
#include "sink.h"
#include "sys.h"
#include "thread.h"

#define STAMP_BITS_MAX 56 /* a delta has at most 7 bytes */

static attr_always_inline struct tenure_chunk *chunk_of(const struct thread *thread)
{
	return (void *)thread->slot->chunk;
}

/* Bytes that hold @value, from 1. */
static attr_always_inline unsigned int bytes_of(uint64_t value)
{
	return (unsigned int)(63 - __builtin_clzll(value | 1)) / 8 + 1;
}

static attr_always_inline uint64_t zigzag64(uint64_t v)
{
	return v << 1 ^ (uint64_t)((int64_t)v >> 63);
}

static attr_always_inline uint32_t zigzag32(uint32_t v)
{
	return v << 1 ^ (uint32_t)((int32_t)v >> 31);
}

/* A whole word is stored, but only @bytes of it count. */
static attr_always_inline uint8_t *put(uint8_t *p, uint64_t value, unsigned int bytes)
{
	__builtin_memcpy(p, &value, sizeof(value));
	return p + bytes;
}

/* Make the bytes up to @end visible to the analyzer. */
static attr_always_inline void publish(struct thread *thread, uint8_t *end)
{
	uint64_t grown = thread->slot->pos + (uint64_t)(end - thread->cursor);

	thread->cursor = end;
	/* Release: pairs with the analyzer's load of pos before it copies the chunk. */
	__atomic_store_n(&thread->slot->pos, grown, __ATOMIC_RELEASE);
}

/* While one thread records, its own order is all there is: a stamp for 16 events is enough. */
static attr_always_inline uint64_t stamp_now(struct thread *thread)
{
	uint64_t now;

	if (thread->elide && !__atomic_load_n(&thread_multi, __ATOMIC_RELAXED)) {
		thread->elide--;
		return thread->last_stamp;
	}
	thread->elide = thread_elide_;
	now = sys_ticks();
	return likely(now > thread->last_stamp) ? now : thread->last_stamp;
}

void record_begin(struct thread *thread)
{
	struct tenure_slot *slot = thread->slot;
	struct tenure_chunk *chunk = chunk_of(thread);
	/* A chunk that was begun and stayed empty is begun again under its number. */
	uint64_t seq = (slot->pos >> 32) + ((uint32_t)slot->pos != sizeof(*chunk));

	/* A reader that copies during what follows must see the number change. */
	__atomic_store_n(&slot->pos, seq << 32, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	chunk->magic = TENURE_CHUNK_MAGIC;
	chunk->bytes = 0;
	chunk->slot = (uint16_t)thread->slot_index;
	chunk->seq = (uint32_t)seq;
	chunk->tid = thread->tid;
	chunk->stamp = thread->last_stamp;
	thread->last_addr = 0;
	thread->last_stack = 0;
	thread->cursor = slot->chunk + sizeof(*chunk);
	/* Release: the head before its length. */
	__atomic_store_n(&slot->pos, seq << 32 | sizeof(*chunk), __ATOMIC_RELEASE);
	thread_open_limit(thread);
}

void record_flush(struct thread *thread)
{
	struct tenure_chunk *chunk = chunk_of(thread);
	uint32_t fill = (uint32_t)thread->slot->pos;

	if (fill <= sizeof(*chunk)) {
		chunk->stamp = thread->last_stamp;
		return;
	}
	chunk->bytes = (uint16_t)fill;
	if (sink_write(chunk, fill) < 0) {
		/* The chunk stays in the slot, where the analyzer finds it. */
		chunk->bytes = 0;
		thread_park(thread);
		return;
	}
	record_begin(thread);
}

/*
 * Room for @bytes more in the chunk.  Return: 0 if recording has ended or
 * rests; the event is dropped.
 */
static attr_cold int make_room(struct thread *thread, size_t bytes)
{
	if (!thread_may_record()) {
		thread_park(thread);
		return 0;
	}
	if (thread->cursor + bytes <= thread->slot->chunk + TENURE_CHUNK_MAX) {
		thread_open_limit(thread);
		return 1;
	}
	record_flush(thread);
	if (!thread->cursor)
		return 0;
	thread_note_name(thread);
	return 1;
}

void record_alloc(struct thread *thread, const void *addr, size_t bytes, uint32_t stack,
		  unsigned int fn)
{
	uint64_t stamp, delta, place;
	unsigned int delta_bytes, place_bytes, size_bytes, stack_bytes, head;
	uint32_t stack_delta;
	uint8_t *p;

	if (unlikely(thread->cursor >= thread->limit) && !make_room(thread, TENURE_ALLOC_MAX))
		return;

	stamp = stamp_now(thread);
	delta = stamp - thread->last_stamp;
	if (unlikely(delta >> STAMP_BITS_MAX)) {
		thread->last_stamp = stamp;
		delta = 0;
		record_flush(thread);
		if (!thread->cursor)
			return;
	}
	delta_bytes = delta ? bytes_of(delta) : 0;
	head = TENURE_KIND_ALLOC;
	if (likely(((uintptr_t)addr & 15) == 0)) {
		place = zigzag64((uint64_t)((int64_t)((uintptr_t)addr >> 4) -
					    (int64_t)(thread->last_addr >> 4)));
	} else {
		place = (uintptr_t)addr;
		head |= TENURE_HEAD_RAW_ADDR;
	}
	place_bytes = bytes_of(place);
	size_bytes = bytes_of(bytes);
	stack_delta = zigzag32(stack - thread->last_stack);
	stack_bytes = bytes_of(stack_delta);
	head |= TENURE_HEAD_STAMP(delta_bytes) | TENURE_HEAD_ADDR(place_bytes) |
		TENURE_HEAD_SIZE(size_bytes) | TENURE_HEAD_STACK(stack_bytes) |
		TENURE_HEAD_FN(fn < TENURE_HEAD_FN_BYTE ? fn : TENURE_HEAD_FN_BYTE);

	p = put(thread->cursor, head, 2);
	p = put(p, delta, delta_bytes);
	p = put(p, place, place_bytes);
	p = put(p, bytes, size_bytes);
	p = put(p, stack_delta, stack_bytes);
	if (unlikely(fn >= TENURE_HEAD_FN_BYTE))
		*p++ = (uint8_t)fn;

	thread->last_stamp = stamp;
	thread->last_addr = (uintptr_t)addr;
	thread->last_stack = stack;
	publish(thread, p);
}

void record_free(struct thread *thread, const void *addr, unsigned int realloc)
{
	uint64_t stamp, delta, place;
	unsigned int delta_bytes, place_bytes, head;
	uint8_t *p;

	if (unlikely(thread->cursor >= thread->limit) && !make_room(thread, TENURE_ALLOC_MAX))
		return;

	stamp = stamp_now(thread);
	delta = stamp - thread->last_stamp;
	if (unlikely(delta >> STAMP_BITS_MAX)) {
		thread->last_stamp = stamp;
		delta = 0;
		record_flush(thread);
		if (!thread->cursor)
			return;
	}
	delta_bytes = delta ? bytes_of(delta) : 0;
	head = TENURE_KIND_FREE | (realloc ? TENURE_HEAD_REALLOC : 0);
	if (likely(((uintptr_t)addr & 15) == 0)) {
		place = zigzag64((uint64_t)((int64_t)((uintptr_t)addr >> 4) -
					    (int64_t)(thread->last_addr >> 4)));
	} else {
		place = (uintptr_t)addr;
		head |= TENURE_HEAD_RAW_ADDR;
	}
	place_bytes = bytes_of(place);
	head |= TENURE_HEAD_STAMP(delta_bytes) | TENURE_HEAD_ADDR(place_bytes);

	p = put(thread->cursor, head, 2);
	p = put(p, delta, delta_bytes);
	p = put(p, place, place_bytes);

	thread->last_stamp = stamp;
	thread->last_addr = (uintptr_t)addr;
	publish(thread, p);
}

void record_ext(struct thread *thread, unsigned int type, const void *head, size_t head_bytes,
		const void *tail, size_t tail_bytes)
{
	uint64_t stamp;
	size_t whole;
	uint8_t *p;

	if (head_bytes > TENURE_CHUNK_MAX - 64)
		head_bytes = TENURE_CHUNK_MAX - 64;
	if (tail_bytes > TENURE_CHUNK_MAX - 64 - head_bytes)
		tail_bytes = TENURE_CHUNK_MAX - 64 - head_bytes;
	whole = TENURE_EXT_HEAD + head_bytes + tail_bytes;
	if ((thread->cursor >= thread->limit ||
	     thread->cursor + whole > thread->slot->chunk + TENURE_CHUNK_MAX) &&
	    !make_room(thread, whole))
		return;

	stamp = sys_ticks();
	if (stamp < thread->last_stamp)
		stamp = thread->last_stamp;
	p = put(thread->cursor, TENURE_HEAD_EXT(type), 2);
	p = put(p, head_bytes + tail_bytes, 2);
	p = put(p, stamp, 8);
	if (head_bytes)
		memcpy(p, head, head_bytes);
	if (tail_bytes)
		memcpy(p + head_bytes, tail, tail_bytes);
	thread->last_stamp = stamp;
	publish(thread, p + head_bytes + tail_bytes);
}
