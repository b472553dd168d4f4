/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sampling: which allocations are recorded, and which frees belong to them.
 *
 * Samples are points of a Poisson process over the bytes that a thread asks
 * for, at a mean distance of R bytes: a block of S bytes is recorded if a point
 * falls into it, with the probability 1 - exp(-S/R), whatever came before.
 * Each thread counts down to its next point.
 *
 * Where the recorded blocks lie is remembered, so that only their frees are
 * recorded: a byte per hash of an address says that there may be one, and a
 * table of the addresses themselves, searched only then, says whether it is.
 * Both lie in memory that a forked child finds empty.
 *
 * No lock: an address is owned by whoever may free it, and the allocator gives
 * it out again only after its free was recorded here.
 */
#ifndef PRELOAD_SAMPLE_H
#define PRELOAD_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "tenure/wire.h"
#include "thread.h"

#define SAMPLE_HASH_BITS 16
#define SAMPLE_BUCKET	 8u	    /* places an address may have in a table: a cache line */
#define SAMPLE_NEAR	 (1u << 14) /* places of the first table, 128 KiB */
#define SAMPLE_FAR	 (1u << 20) /* of the second, whose pages are used when needed */

/**
 * struct sample_filter - which blocks are recorded
 * @counts: blocks by the hash of their keys; at its maximum it stays there.  Atomic
 * @near:   their keys, 0: free place.  Atomic
 * @far:    those that found no place in @near.  Atomic
 * @wide:   @far is in use; atomic
 */
struct sample_filter {
	uint8_t counts[1u << SAMPLE_HASH_BITS];
	uint64_t near[SAMPLE_NEAR];
	uint64_t far[SAMPLE_FAR];
	uint32_t wide;
};

/* NULL: every allocation is recorded. */
extern struct sample_filter *sample_filter attr_hidden;

/** sample_key() - what a block is known by; @is_custom: of the program's own allocator */
static attr_always_inline uint64_t sample_key(const void *block, bool is_custom)
{
	return (uintptr_t)block | (uint64_t)is_custom << 63;
}

/**
 * sample_hash() - of a key, for sample_filter.counts
 *
 * Neighbours in memory are neighbours here, so that the counts that a program
 * needs take a sixteenth of the cache that its blocks take.
 */
static attr_always_inline uint32_t sample_hash(uint64_t key)
{
	return (uint32_t)(key >> 4 ^ key >> (4 + SAMPLE_HASH_BITS)) &
	       ((1u << SAMPLE_HASH_BITS) - 1);
}

/**
 * sample_passes() - an allocation of @bytes is certainly not sampled
 * @self: this thread's state, or NULL
 *
 * Counts it, if so.  False for whatever has to be looked at more closely, and
 * always when everything is recorded.
 *
 * Context: any thread, any signal handler, guard held or not.
 */
static attr_always_inline bool sample_passes(struct thread *self, size_t bytes)
{
	/* So that blocks without size are seen too, as if they had one byte. */
	uint64_t size = bytes + !bytes;

	if (!self || self->sample_left <= size || self->slot->busy)
		return false;
	self->sample_left -= size;
	return true;
}

/** sample_passes_free() - the block with this key is certainly not a recorded one; likewise */
static attr_always_inline bool sample_passes_free(const struct thread *self, uint64_t key)
{
	const struct sample_filter *filter = sample_filter;

	return filter && !__atomic_load_n(&filter->counts[sample_hash(key)], __ATOMIC_RELAXED) &&
	       (!self || !self->slot || !self->slot->busy);
}

/**
 * sample_gap() - bytes to the next sample, at least 1
 * @random: state of the generator; any value will do
 * @mean:   mean distance
 *
 * P(gap > n) = exp(-n/mean).  Integers only: the program's floating-point
 * state is not ours.
 */
uint64_t sample_gap(uint64_t *random, uint64_t mean);

/**
 * sample_enter() - thread_enter() for an allocation that sample_passes() did not pass
 *
 * Return: the state, with the guard taken, if the allocation is to be recorded.
 * Context: any thread, any signal handler.
 */
attr_cold struct thread *sample_enter(size_t bytes);

/** sample_init() - begin to sample, or not, as the image has it.  Return: 0 or -ENOMEM */
attr_nodiscard int sample_init(void);

/**
 * sample_remember() - a block is going to be recorded
 *
 * Return: false when there is no room for it: then it must not be.
 * Context: any thread, any signal handler, guard held.
 */
attr_cold bool sample_remember(uint64_t key);

/** sample_forget() - a block is given back.  Return: false if it is not a recorded one */
attr_cold bool sample_forget(uint64_t key);

/** sample_has() - is it a recorded one? */
attr_cold bool sample_has(uint64_t key);

#endif /* PRELOAD_SAMPLE_H */
