/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Per-thread state: birth, name, death, late calls after death.
 */
#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>

#include "image.h"
#include "pages.h"
#include "provider.h"
#include "record.h"
#include "shared.h"
#include "sys.h"
#include "walk.h"

#define STATE_BATCHES  (TENURE_SLOTS_MAX / TENURE_SLOT_BATCH)
#define RETIRED_TRIES  16u /* dead threads looked at before a fresh slot is taken */
#define ELIDE_EVENTS   15u /* events after one that may share its stamp */
#define KEYS_INLINE    32u /* pthread keys whose value glibc stores without calloc */
#define DESTROY_ROUNDS 4u  /* PTHREAD_DESTRUCTOR_ITERATIONS */
#define HANDLER_BYTES  768 /* of stack that the kernel takes for a signal, at the least */

/* A multiple of two cache lines, so that threads do not share one. */
union state {
	struct thread thread;
	uint8_t room[640];
};

_Static_assert(sizeof(union state) == 640, "thread state grew");

_Thread_local struct thread *thread_self_ attr_tls_initial_exec;
uint32_t thread_multi;
uint32_t thread_probed_;
uint32_t thread_elide_ = ELIDE_EVENTS;

/* Wiped in a forked child, but the mappings stay and are used again. */
static union state *states[STATE_BATCHES];

static pthread_key_t end_key;
static bool has_end_key;

/* Given to a thread that could not get a slot. */
static struct thread nobody;

bool thread_may_record(void)
{
	return image_state() == IMAGE_ON && !__atomic_load_n(&image->paused, __ATOMIC_RELAXED);
}

void thread_park(struct thread *thread)
{
	thread->direct = 0;
	thread->limit = NULL;
	thread->cursor = NULL;
}

/* An event may start below it: the longest fits. */
static uint8_t *full_limit(const struct thread *thread)
{
	return thread->slot->chunk + TENURE_CHUNK_MAX - TENURE_ALLOC_MAX + 1;
}

void thread_open_limit(struct thread *thread)
{
	uint8_t *limit = full_limit(thread);

	/* Whoever stops recording sets the flag first and the limits then: see it or be seen. */
	__atomic_store_n(&thread->limit, limit, __ATOMIC_SEQ_CST);
	if (unlikely(!thread_may_record()))
		__atomic_store_n(&thread->limit, NULL, __ATOMIC_SEQ_CST);
}

static struct thread *state_of(uint32_t index)
{
	union state *batch = __atomic_load_n(&states[index / TENURE_SLOT_BATCH], __ATOMIC_ACQUIRE);

	return batch ? &batch[index % TENURE_SLOT_BATCH].thread : NULL;
}

void thread_park_all(void)
{
	uint32_t count = __atomic_load_n(&shared->slots, __ATOMIC_SEQ_CST);

	for (uint32_t i = 0; i < count && i < TENURE_SLOTS_MAX; i++) {
		struct thread *thread = state_of(i);

		if (thread)
			__atomic_store_n(&thread->limit, NULL, __ATOMIC_SEQ_CST);
	}
}

bool thread_provider_elsewhere(const struct thread *self)
{
	uint32_t count = __atomic_load_n(&shared->slots, __ATOMIC_SEQ_CST);

	for (uint32_t i = 0; i < count && i < TENURE_SLOTS_MAX; i++) {
		const struct thread *thread = state_of(i);

		if (thread && thread != self && thread->slot && thread->provider &&
		    __atomic_load_n(&thread->slot->state, __ATOMIC_ACQUIRE) == TENURE_SLOT_LIVE)
			return true;
	}
	return false;
}

/* Have the batch of states and of slots that @index lies in.  Return: false without memory. */
static bool have_batch(uint32_t index)
{
	uint32_t b = index / TENURE_SLOT_BATCH;
	struct tenure_slot *slots = NULL;
	union state *batch = NULL;

	if (!__atomic_load_n(&states[b], __ATOMIC_ACQUIRE)) {
		union state *fresh = pages_map(TENURE_SLOT_BATCH * sizeof(*fresh), PAGES_WIPE);

		if (!fresh)
			return false;
		if (!__atomic_compare_exchange_n(&states[b], &batch, fresh, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE))
			pages_unmap(fresh, TENURE_SLOT_BATCH * sizeof(*fresh));
	}
	if (!__atomic_load_n(&image->slots[b], __ATOMIC_ACQUIRE)) {
		const size_t bytes = TENURE_SLOT_BATCH * TENURE_SLOT_BYTES;
		struct tenure_slot *fresh =
			shared_map(NULL, TENURE_SHARED_SLOTS_OFFSET + (uint64_t)b * bytes, bytes);

		if (!fresh)
			return false;
		if (!__atomic_compare_exchange_n(&image->slots[b], &slots, fresh, false,
						 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			(void)sys_munmap(fresh, bytes);
	}
	return true;
}

static struct tenure_slot *slot_of(uint32_t index)
{
	struct tenure_slot *batch =
		__atomic_load_n(&image->slots[index / TENURE_SLOT_BATCH], __ATOMIC_ACQUIRE);

	return batch ? &batch[index % TENURE_SLOT_BATCH] : NULL;
}

/* Take the slot of a thread that is gone.  Return: its index, or -1. */
static long take_over(uint32_t tid)
{
	uint32_t count = __atomic_load_n(&shared->slots, __ATOMIC_RELAXED);

	if (count > TENURE_SLOTS_MAX)
		count = TENURE_SLOTS_MAX;
	for (uint32_t tries = 0; tries < count && tries < 4 * RETIRED_TRIES; tries++) {
		uint32_t retired = TENURE_SLOT_RETIRED;
		uint32_t i;
		struct tenure_slot *slot;

		if (!__atomic_load_n(&image->retired, __ATOMIC_RELAXED))
			return -1;
		i = __atomic_fetch_add(&image->retired_hint, 1, __ATOMIC_RELAXED) % count;
		slot = slot_of(i);
		if (!slot || __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) != TENURE_SLOT_RETIRED)
			continue;
		/* Any other answer is a sandbox that does not let us ask. */
		if (slot->tid != tid && sys_tgkill(image->pid, slot->tid, 0) != -ESRCH)
			continue;
		if (__atomic_compare_exchange_n(&slot->state, &retired, TENURE_SLOT_LIVE, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
			__atomic_fetch_sub(&image->retired, 1, __ATOMIC_RELAXED);
			return i;
		}
	}
	return -1;
}

/* Return: index of a fresh slot, or -1. */
static long claim(void)
{
	uint32_t i = __atomic_load_n(&shared->slots, __ATOMIC_RELAXED);

	do {
		if (i >= TENURE_SLOTS_MAX)
			return -1;
	} while (!__atomic_compare_exchange_n(&shared->slots, &i, i + 1, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return have_batch(i) ? (long)i : -1;
}

static void record_name(struct thread *thread)
{
	record_ext(thread, TENURE_EXT_THREAD, &thread->tid, sizeof(thread->tid), thread->name,
		   strnlen(thread->name, sizeof(thread->name)));
}

void thread_note_name(struct thread *thread)
{
	char name[sizeof(thread->name)] = { 0 };

	if (SYS_CALL2(SYS_prctl, PR_GET_NAME, name) < 0 ||
	    memcmp(name, thread->name, sizeof(name)) == 0)
		return;
	memcpy(thread->name, name, sizeof(name));
	record_name(thread);
}

/* Context: all signals blocked.  Return: the state with its guard held, or NULL. */
static struct thread *be_born(void)
{
	uint32_t tid = sys_gettid();
	long index = take_over(tid);
	bool first = false;
	struct thread *self;

	if (index < 0) {
		index = claim();
		first = index == 0;
	}
	if (index < 0) {
		thread_self_ = &nobody;
		return NULL;
	}

	self = state_of((uint32_t)index);
	if (self->slot) {
		/* What the dead thread had not written, in its name. */
		record_flush(self);
		if (image_state() != IMAGE_ON)
			return NULL;
	}
	self->slot = slot_of((uint32_t)index);
	self->slot_index = (uint32_t)index;
	self->tid = tid;
	self->slot->tid = tid;
	self->slot->moving = 0;
	thread_guard(self, THREAD_BUSY);
	self->elide = 0;
	self->last_stamp = sys_ticks();
	self->stack_lo = 0;
	self->stack_hi = 0;
	memset(self->name, 0, sizeof(self->name));
	(void)SYS_CALL2(SYS_prctl, PR_GET_NAME, self->name);
	__atomic_store_n(&self->slot->state, TENURE_SLOT_LIVE, __ATOMIC_RELEASE);
	if (!first) {
		__atomic_store_n(&thread_multi, 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&shared->multi, 1, __ATOMIC_SEQ_CST);
	}
	record_begin(self);
	thread_self_ = self;

	if (has_end_key)
		(void)pthread_setspecific(end_key, (void *)(uintptr_t)1);
	if (first)
		image_describe(self);
	record_name(self);
	return self;
}

/* The thread is ending; key destructors of others may still run, before and after. */
static void end(void *value)
{
	uintptr_t round = (uintptr_t)value;
	struct thread *self = thread_self_;

	if (round < DESTROY_ROUNDS) {
		(void)pthread_setspecific(end_key, (void *)(round + 1));
		return;
	}
	if (!self || !self->slot)
		return; /* a forked child that never recorded */
	self = thread_enter();
	if (!self)
		return;
	thread_note_name(self);
	if (provider_ops)
		provider_ops->ended(self);
	record_ext(self, TENURE_EXT_THREAD_END, &self->tid, sizeof(self->tid), NULL, 0);
	/* Release: whoever takes the slot over sees all that was written. */
	__atomic_store_n(&self->slot->state, TENURE_SLOT_RETIRED, __ATOMIC_RELEASE);
	__atomic_fetch_add(&image->retired, 1, __ATOMIC_RELAXED);
	thread_leave(self);
}

void thread_init(void)
{
	if (pthread_key_create(&end_key, end) != 0)
		return;
	if (end_key < KEYS_INLINE)
		has_end_key = true;
	else
		(void)pthread_key_delete(end_key); /* glibc would call calloc to store it */
}

void thread_reset(void)
{
	thread_multi = 0;
	/* Between two samples a lot happens: each has its own stamp. */
	thread_elide_ =
		(image->flags & TENURE_WELCOME_STAMP_ALL) || image->sample_bytes ? 0 : ELIDE_EVENTS;
}

/*
 * Was the guard taken by a frame that is gone?  A handler that has interrupted
 * it runs further down on the same stack; on other stacks (coroutines,
 * alternate ones) nothing can be told.
 */
static bool is_abandoned(const struct thread *self)
{
	uint32_t guard = self->slot->busy & THREAD_GUARD_MASK;
	uintptr_t place = self->slot->busy & ~(uint32_t)THREAD_GUARD_MASK;
	uintptr_t here = sys_sp();
	/* Under the other guards calls arrive without a handler in between. */
	uintptr_t nearest = here + (guard == THREAD_BUSY ? HANDLER_BYTES : 0);

	if (!place || here < self->stack_lo || here >= self->stack_hi)
		return false;
	place |= here & ~(uintptr_t)UINT32_MAX;
	if (place >= self->stack_hi)
		place -= (uintptr_t)UINT32_MAX + 1;
	return place >= self->stack_lo && place < self->stack_hi && place < nearest;
}

/* Begin afresh after what was published; a record that was being written is given up. */
static void repair(struct thread *self)
{
	image_lost(TENURE_LOST_BUSY, 1);
	self->cursor = self->slot->chunk + (uint32_t)self->slot->pos;
	self->last_addr = 0;
	self->last_stack = 0;
	self->elide = 0;
	walk_forget(self);
	if ((uint32_t)self->slot->pos < sizeof(struct tenure_chunk))
		record_begin(self);
	else
		record_flush(self);
}

/* The guard is not free.  Return: the state, if it could be had in spite of that. */
static struct thread *enter_busy(struct thread *self)
{
	uint32_t guard = self->slot->busy & THREAD_GUARD_MASK;

	if (is_abandoned(self)) {
		thread_guard(self, THREAD_BUSY);
		repair(self);
		if (self->cursor && thread_may_record())
			return self;
		thread_park(self);
		thread_leave(self);
	} else if (guard == THREAD_PROBE) {
		thread_probed_++;
	} else if (guard != THREAD_INNER) {
		image_lost(TENURE_LOST_BUSY, 1);
	} else if (--self->inner_left == 0) {
		self->slot->busy = THREAD_IDLE; /* what follows is not part of it */
	}
	return NULL;
}

/* A thread that has a slot, but whose cursor was taken away. */
static struct thread *unpark(struct thread *self)
{
	if (!thread_may_record()) {
		if (image_state() == IMAGE_OFF)
			image_lost(TENURE_LOST_OFF, 1);
		return NULL;
	}
	if (self->slot->busy)
		return enter_busy(self);
	thread_guard(self, THREAD_BUSY);
	if (!self->cursor) {
		self->cursor = self->slot->chunk + (uint32_t)self->slot->pos;
		self->direct = !image->sample_bytes;
		thread_open_limit(self);
	}
	return self;
}

void thread_free_parked(struct thread *self, const void *block, unsigned int flags)
{
	if (image_state() != IMAGE_ON ||
	    __atomic_load_n(&image->paused, __ATOMIC_RELAXED) != IMAGE_FREES_ONLY)
		return;
	self->cursor = self->slot->chunk + (uint32_t)self->slot->pos;
	self->limit = full_limit(self);
	if (self->cursor >= self->limit)
		record_flush(self);
	if (self->cursor) {
		self->limit = full_limit(self);
		record_free(self, block, flags);
	}
	thread_park(self);
}

void thread_free_at_rest(const void *block, unsigned int flags)
{
	struct thread *self = thread_self_;

	if (!self || !self->slot || self->cursor || self->slot->busy)
		return;
	thread_guard(self, THREAD_BUSY);
	thread_free_parked(self, block, flags);
	thread_leave(self);
}

static struct thread *come_up(void)
{
	struct thread *self = NULL;
	struct sys_sigset old;

	sys_sigmask_all(&old);
	if (image_state() == IMAGE_ON || image_start())
		self = be_born();
	else
		image_lost(image_state() == IMAGE_OFF ? TENURE_LOST_OFF : TENURE_LOST_EARLY, 1);
	if (self && !thread_may_record()) {
		thread_park(self);
		thread_leave(self);
		self = NULL;
	}
	(void)sys_sigmask(&old, NULL);
	return self;
}

struct thread *thread_enter_slow(void)
{
	struct thread *self = thread_self_;

	if (self && self->cursor) {
		if (self->slot->busy)
			return enter_busy(self);
		thread_guard(self, THREAD_BUSY); /* sampling */
		return self;
	}
	if (self && self->slot)
		return unpark(self);
	if (image_state() == IMAGE_OFF) {
		image_lost(TENURE_LOST_OFF, 1);
		return NULL;
	}
	if (self == &nobody && image_state() == IMAGE_ON) {
		image_lost(TENURE_LOST_NO_SLOT, 1);
		return NULL;
	}
	return come_up();
}
