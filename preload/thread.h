/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Per-thread state: birth, name, death, late calls after death.
 *
 * A thread's state lies in private memory marked MADV_WIPEONFORK: in a forked
 * child (by whatever system call) every field reads 0, the first event finds
 * cursor == limit == NULL, takes the slow path, and comes up again as a new
 * process image.  The buffer being filled lies in the memfd (struct
 * tenure_slot), so that the analyzer can read it after a SIGKILL.
 *
 * A thread that ends retires its slot but may go on using it (destructors of
 * other keys still run); a retired slot is taken over only once the kernel
 * says that its thread is gone.  So no call comes too late.
 */
#ifndef PRELOAD_THREAD_H
#define PRELOAD_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "sys.h"
#include "tenure/wire.h"

struct walk_memo;

/**
 * struct thread - what one thread keeps between events; owned by the thread
 * @cursor:     next free byte of slot->chunk; NULL in a forked child
 * @limit:      an event may start while cursor < limit; a longest event fits behind it
 * @slot:       this thread's slot
 * @last_stamp: of the last record in the chunk, ticks
 * @last_addr:  of the last record, bytes
 * @last_stack: of the last ALLOC record
 * @elide:      events that may still reuse last_stamp (single-threaded only)
 * @sample_left: bytes until the next sample; 0 unless sampling
 * @direct:     every event is recorded, and may be now: the fast way is open
 * @tid:        kernel thread id
 * @stack_lo:   bounds of the thread's own stack, 0 while unknown
 * @stack_hi:   first address above it
 * @memo:       the walker's memory of the last stack
 * @provider:   free for the language provider
 * @inner_left: with THREAD_INNER: so many events are part of the call, then the guard
 *              is open again
 * @slot_index: of @slot
 * @name:       the thread's name as last recorded
 * @sample_random: what the next distance of samples is made from; 0 at first
 * @recent:     blocks allocated in the chunk, by TENURE_RECENT_PLACE(); 0: none
 *
 * When the state of a dead thread is taken over by a new one, @memo and
 * @provider stay and @stack_hi becomes 0: their owners start afresh then.
 */
struct thread {
	uint8_t *cursor;
	uint8_t *limit;
	struct tenure_slot *slot;
	uint64_t last_stamp;
	uint64_t last_addr;
	uint32_t last_stack;
	uint32_t elide;
	uint64_t sample_left;
	uint32_t direct;
	uint32_t tid;
	uintptr_t stack_lo;
	uintptr_t stack_hi;
	struct walk_memo *memo;
	void *provider;
	uint32_t slot_index;
	uint32_t inner_left;
	char name[16];
	uint64_t sample_random;
	uint64_t recent[TENURE_RECENT_PLACES];
};

/*
 * Values of slot->busy, the guard, in the bits of THREAD_GUARD_MASK.  The
 * others may hold the stack pointer's lower half where the guard was taken: a
 * handler that leaves the shim by longjmp() leaves the guard behind, and that
 * is noticed when the stack has shrunk past the place.  They may be 0.
 */
enum thread_guard {
	THREAD_IDLE = 0,
	THREAD_BUSY = 1,  /* in the shim: events of this thread are lost */
	THREAD_INNER = 2, /* in a call that is recorded already: its events are part of it */
	THREAD_PROBE = 3, /* trying whether an allocator's function arrives here */
	THREAD_GUARD_MASK = 7,
};

/* NULL until the thread's first event.  See thread_enter(). */
extern _Thread_local struct thread *thread_self_ attr_tls_initial_exec attr_hidden;

/* 1 once a second thread of this process image records; only ever grows within an image. */
extern uint32_t thread_multi attr_hidden;

/* Events that may share a stamp while there is one thread; a constant of the image. */
extern uint32_t thread_elide_ attr_hidden;

/* Events that arrived under THREAD_PROBE. */
extern uint32_t thread_probed_ attr_hidden;

/** thread_guard() - take the guard of this thread, which is free or one's own */
static attr_always_inline void thread_guard(struct thread *self, enum thread_guard guard)
{
	/* The stack pointer is a multiple of 8. */
	self->slot->busy = (uint32_t)sys_sp() + (uint32_t)guard;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/**
 * thread_enter_slow() - what thread_enter() does when the fast way is closed
 *
 * Comes up (first event of the process, of the thread, of a forked child),
 * or counts the event as lost, or finds recording off.
 *
 * Return: the state, with the guard taken; NULL: do not record.
 * Context: any thread, any signal handler.  Keeps errno.
 */
attr_cold struct thread *thread_enter_slow(void);

/** thread_is_open() - may the event take the fast way? */
static attr_always_inline bool thread_is_open(const struct thread *self)
{
	return likely(self != NULL) && likely(self->direct) && likely(!self->slot->busy);
}

/**
 * thread_enter() - take the guard of this thread
 *
 * Between thread_enter() and thread_leave() events of this thread are the
 * shim's own: those that arrive (a signal handler that allocates) are counted
 * as TENURE_LOST_BUSY.
 *
 * Return: this thread's state, or NULL when there is nothing to record.
 * Context: any thread, any signal handler.  Keeps errno.
 */
static attr_always_inline struct thread *thread_enter(void)
{
	struct thread *self = thread_self_;

	if (unlikely(!thread_is_open(self)))
		return thread_enter_slow();
	thread_guard(self, THREAD_BUSY);
	return self;
}

/** thread_leave() - give the guard back; what was recorded is published */
static attr_always_inline void thread_leave(struct thread *self)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	self->slot->busy = THREAD_IDLE;
}

/** thread_move() - this thread enters realloc(), or has recorded what came of it */
static attr_always_inline void thread_move(bool enters)
{
	struct thread *self = thread_self_;

	if (likely(self != NULL) && likely(self->slot != NULL))
		__atomic_store_n(&self->slot->moving, enters, __ATOMIC_RELAXED);
}

/**
 * thread_init() - what the first image of a process sets up once
 *
 * Context: single-threaded.
 */
void thread_init(void);

/**
 * thread_reset() - forget the threads of the image that was forked
 *
 * Context: image_start().
 */
void thread_reset(void);

/** thread_may_record() - false while recording rests or has ended */
bool thread_may_record(void);

/**
 * thread_park() - make this thread's next event take the slow path
 *
 * Context: the thread itself, guard held.
 */
void thread_park(struct thread *thread);

/**
 * thread_free_at_rest() - record a free although recording rests
 *
 * Does nothing but where tenure_stop() has been called: blocks recorded before
 * must not appear to live for ever.
 * Context: any thread, any signal handler.
 */
attr_cold void thread_free_at_rest(const void *block, unsigned int flags);

/** thread_free_parked() - the same, for a thread that finds itself parked; guard held */
attr_cold void thread_free_parked(struct thread *self, const void *block, unsigned int flags);

/** thread_provider_elsewhere() - does another thread live that the provider has met? */
bool thread_provider_elsewhere(const struct thread *self);

/**
 * thread_park_all() - make every thread look at its next event whether it may record
 *
 * Context: any.
 */
void thread_park_all(void);

/**
 * thread_open_limit() - let events start until the chunk is full, if any may
 *
 * Context: the thread itself, guard held.
 */
void thread_open_limit(struct thread *thread);

/**
 * thread_note_name() - record the thread's name if it is a new one
 *
 * Context: the thread itself, guard held.
 */
void thread_note_name(struct thread *thread);

#endif /* PRELOAD_THREAD_H */
