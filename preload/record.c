/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events to wire bytes: the only encoder.
 */
#include "record.h"

#include <string.h>

#include "image.h"
#include "marksig.h"
#include "redirect.h"
#include "scan.h"
#include "sink.h"
#include "sys.h"
#include "thread.h"

#define STAMP_BITS_MAX 56 /* a delta has at most 7 bytes */

/* Where the head has the bytes of a field, less one. */
#define ADDR_SHIFT  5
#define SIZE_SHIFT  8
#define STACK_SHIFT 11

_Static_assert(TENURE_HEAD_ADDR(2) == 1u << ADDR_SHIFT, "wire: head");
_Static_assert(TENURE_HEAD_SIZE(2) == 1u << SIZE_SHIFT, "wire: head");
_Static_assert(TENURE_HEAD_STACK(2) == 1u << STACK_SHIFT, "wire: head");

static attr_always_inline struct tenure_chunk *chunk_of(const struct thread *thread)
{
	return (void *)thread->slot->chunk;
}

/* Bytes that hold @value, less one. */
static attr_always_inline uint32_t bytes_less_one(uint64_t value)
{
	return (uint32_t)(63 ^ __builtin_clzll(value | 1)) / 8;
}

static attr_always_inline uint64_t zigzag64(uint64_t v)
{
	return v << 1 ^ (uint64_t)((int64_t)v >> 63);
}

static attr_always_inline uint32_t zigzag32(uint32_t v)
{
	return v << 1 ^ (uint32_t)((int32_t)v >> 31);
}

/*
 * A whole word is stored at @p, of which only so many bytes count as @value
 * needs; their number less one goes into @head at @shift.  Return: what
 * follows in the record.
 */
static attr_always_inline uint8_t *put(uint8_t *p, uint64_t value, uint32_t *head, uint32_t shift)
{
	uint32_t bytes = bytes_less_one(value);

	__builtin_memcpy(p, &value, sizeof(value));
	*head |= bytes << shift;
	return p + 1 + bytes;
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
static attr_always_inline bool elides(struct thread *thread)
{
	if (thread->elide == 0 || __atomic_load_n(&thread_multi, __ATOMIC_RELAXED))
		return false;
	thread->elide--;
	return true;
}

/* Return: what follows the stamp; NULL if it is too far from the last for a delta. */
static attr_always_inline uint8_t *put_stamp(struct thread *thread, uint8_t *p, uint32_t *head)
{
	uint64_t last = thread->last_stamp;
	uint64_t ticks = sys_ticks();
	/* The counters of two processors may differ a little. */
	uint64_t now = ticks > last ? ticks : last;
	uint64_t delta = now - last;
	uint32_t bytes = bytes_less_one(delta) + 1;

	if (unlikely(delta >> STAMP_BITS_MAX))
		return NULL;
	thread->elide = thread_elide_;
	thread->last_stamp = now;
	__builtin_memcpy(p, &delta, sizeof(delta));
	*head |= TENURE_HEAD_STAMP(bytes);
	return p + bytes;
}

static attr_always_inline uint8_t *put_addr(struct thread *thread, uint8_t *p, uintptr_t addr,
					    uint32_t *head)
{
	uint64_t way = (addr >> 4) - (thread->last_addr >> 4);

	if (unlikely(addr & 15)) {
		way = addr - thread->last_addr;
		*head |= TENURE_HEAD_FINE;
	}
	thread->last_addr = addr;
	return put(p, zigzag64(way), head, ADDR_SHIFT);
}

void record_begin(struct thread *thread)
{
	struct tenure_slot *slot = thread->slot;
	struct tenure_chunk *chunk = chunk_of(thread);
	uint64_t seq = slot->pos >> 32;

	/* A chunk that stayed empty, or was not quite begun, is begun again under its number. */
	if (!seq || (uint32_t)slot->pos > sizeof(*chunk))
		seq++;

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
	memset(thread->recent, 0, sizeof(thread->recent));
	thread->cursor = slot->chunk + sizeof(*chunk);
	thread->direct = !image->sample_bytes;
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

static bool fits(const struct thread *thread, size_t bytes)
{
	return thread->cursor + bytes <= thread->slot->chunk + TENURE_CHUNK_MAX;
}

/* Flush until @bytes fit; what is recorded after a flush takes room as well.  Return: do they? */
static attr_cold bool flush_for(struct thread *thread, size_t bytes)
{
	while (thread->cursor && !fits(thread, bytes)) {
		record_flush(thread);
		if (!thread->cursor)
			break;
		thread_note_name(thread);
		redirect_again(thread);
	}
	return thread->cursor != NULL;
}

/*
 * Room for an event, where recording may have to end or rest.  Return: false
 * if it does; the event is dropped.
 */
static attr_cold bool make_room(struct thread *thread)
{
	if (!thread_may_record()) {
		thread_park(thread);
		return false;
	}
	if (!flush_for(thread, TENURE_ALLOC_MAX))
		return false;
	/* Somebody may close it again at once; then the event comes back here. */
	thread_open_limit(thread);
	return true;
}

/* After a pause too long for a delta: begin a chunk, whose head has the whole stamp. */
static attr_cold bool stamp_anew(struct thread *thread)
{
	uint64_t now = sys_ticks();

	if (now > thread->last_stamp)
		thread->last_stamp = now;
	record_flush(thread);
	return thread->cursor != NULL;
}

static attr_cold void alloc_slow(struct thread *thread, const void *addr, size_t bytes,
				 uint32_t stack, unsigned int fn)
{
	if (thread->cursor < thread->limit ? stamp_anew(thread) : make_room(thread)) {
		marksig_late(thread);
		record_alloc(thread, addr, bytes, stack, fn);
	}
	scan_rest(thread);
}

static attr_cold void free_slow(struct thread *thread, const void *addr, unsigned int flags)
{
	/* The block is still there, and its record is, too. */
	scan_rest(thread);
	if (thread->cursor < thread->limit ? stamp_anew(thread) : make_room(thread)) {
		marksig_late(thread);
		record_free(thread, addr, flags);
	} else if (!thread->cursor) {
		thread_free_parked(thread, addr, flags);
	}
}

/*
 * The two below call nothing on their hot way and end with a call of the cold
 * one, so that they need no stack frame.
 */

void record_alloc(struct thread *thread, const void *addr, size_t bytes, uint32_t stack,
		  unsigned int fn)
{
	uint32_t head = TENURE_KIND_ALLOC |
			TENURE_HEAD_FN(fn < TENURE_HEAD_FN_BYTE ? fn : TENURE_HEAD_FN_BYTE);
	uint8_t *start = thread->cursor;
	uint8_t *p = start + 2;

	if (unlikely(start >= thread->limit)) {
		alloc_slow(thread, addr, bytes, stack, fn);
		return;
	}
	if (!elides(thread)) {
		p = put_stamp(thread, p, &head);
		if (unlikely(!p)) {
			alloc_slow(thread, addr, bytes, stack, fn);
			return;
		}
	}
	p = put_addr(thread, p, (uintptr_t)addr, &head);
	thread->recent[TENURE_RECENT_PLACE((uintptr_t)addr)] = (uintptr_t)addr;
	p = put(p, bytes, &head, SIZE_SHIFT);
	p = put(p, zigzag32(stack - thread->last_stack), &head, STACK_SHIFT);
	thread->last_stack = stack;
	if (unlikely(fn >= TENURE_HEAD_FN_BYTE))
		*p++ = (uint8_t)fn;
	__builtin_memcpy(start, &head, 2);
	publish(thread, p);
}

void record_free(struct thread *thread, const void *addr, unsigned int flags)
{
	uint32_t head = flags;
	uint8_t *start = thread->cursor;
	uint8_t *p = start + 2;
	uint64_t place;

	if (unlikely(start >= thread->limit)) {
		free_slow(thread, addr, flags);
		return;
	}
	if (!elides(thread)) {
		p = put_stamp(thread, p, &head);
		if (unlikely(!p)) {
			free_slow(thread, addr, flags);
			return;
		}
	}
	place = TENURE_RECENT_PLACE((uintptr_t)addr);
	if (thread->recent[place] == (uintptr_t)addr) {
		head |= TENURE_KIND_RECENT | TENURE_HEAD_RECENT(place);
		thread->last_addr = (uintptr_t)addr;
	} else {
		head |= TENURE_KIND_FREE;
		p = put_addr(thread, p, (uintptr_t)addr, &head);
	}
	__builtin_memcpy(start, &head, 2);
	publish(thread, p);
}

static uint8_t *put_fixed(uint8_t *p, uint64_t value, unsigned int bytes)
{
	__builtin_memcpy(p, &value, sizeof(value));
	return p + bytes;
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
	/* No look at the limit: what describes a process is recorded while recording rests, too. */
	if (unlikely(!thread->cursor || (!fits(thread, whole) && !flush_for(thread, whole))))
		return;

	stamp = sys_ticks();
	if (stamp < thread->last_stamp)
		stamp = thread->last_stamp;
	p = put_fixed(thread->cursor, TENURE_HEAD_EXT(type), 2);
	p = put_fixed(p, head_bytes + tail_bytes, 2);
	p = put_fixed(p, stamp, 8);
	if (head_bytes)
		memcpy(p, head, head_bytes);
	if (tail_bytes)
		memcpy(p + head_bytes, tail, tail_bytes);
	thread->last_stamp = stamp;
	publish(thread, p + head_bytes + tail_bytes);
}
