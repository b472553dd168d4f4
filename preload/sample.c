/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sampling: which allocations are recorded, and which frees belong to them.
 */
#include "sample.h"

#include <errno.h>

#include "image.h"
#include "pages.h"
#include "sys.h"

#define LN2_Q32	  0xb17217f7u /* of the natural logarithm of 2, the first 32 bits */
#define LOG_BITS  24	      /* of a logarithm behind the point */
#define COUNT_MAX UINT8_MAX

struct sample_filter *sample_filter;

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* -log2(@value / 2^64) with LOG_BITS behind the point; @value is not 0. */
static uint64_t minus_log2(uint64_t value)
{
	uint32_t zeros = (uint32_t)__builtin_clzll(value);
	uint64_t mantissa = value << zeros >> 32; /* in [1, 2), 31 bits behind the point */
	uint64_t log = 0;

	/* Each squaring doubles the logarithm: its next bit comes before the point. */
	for (int i = 0; i < LOG_BITS; i++) {
		mantissa = mantissa * mantissa >> 31;
		log = log << 1 | mantissa >> 32;
		mantissa >>= mantissa >> 32;
	}
	return ((uint64_t)(zeros + 1) << LOG_BITS) - log;
}

uint64_t sample_gap(uint64_t *random, uint64_t mean)
{
	uint64_t value = next_random(random);
	uint64_t log = minus_log2(value ? value : 1);

	return (uint64_t)((unsigned __int128)log * mean * LN2_Q32 >> (LOG_BITS + 32)) + 1;
}

static void renew(struct thread *thread)
{
	/* Threads and runs must not sample in step. */
	if (!thread->sample_random)
		thread->sample_random = sys_ticks() ^ (uint64_t)thread->tid << 40 ^ image->number;
	thread->sample_left = sample_gap(&thread->sample_random, image->sample_bytes);
}

struct thread *sample_enter(size_t bytes)
{
	struct thread *thread = thread_enter_slow();
	uint64_t size = bytes + !bytes;

	if (!thread) {
		/* What could not be recorded is as good as recorded: the count begins anew. */
		thread = thread_self_;
		if (sample_filter && thread && thread->slot && !thread->slot->busy &&
		    thread->sample_random)
			renew(thread);
		return NULL;
	}
	if (!sample_filter)
		return thread;
	if (!thread->sample_random)
		renew(thread);
	if (thread->sample_left > size) {
		thread->sample_left -= size;
		thread_leave(thread);
		return NULL;
	}
	renew(thread);
	return thread;
}

int sample_init(void)
{
	if (!image->sample_bytes)
		sample_filter = NULL;
	else if (!sample_filter)
		sample_filter = pages_map(sizeof(*sample_filter), PAGES_WIPE);
	return image->sample_bytes && !sample_filter ? -ENOMEM : 0;
}

/* The places where @key may stand. */
static uint64_t *bucket_of(uint64_t *table, uint32_t places, uint64_t key)
{
	uint64_t hash = (key ^ key >> 29) * 0xbf58476d1ce4e5b9u >> 32;

	return &table[(hash & (places / SAMPLE_BUCKET - 1)) * SAMPLE_BUCKET];
}

/* Put @now into the place in @bucket that holds @old.  Return: false if there is none. */
static bool change(uint64_t *bucket, uint64_t old, uint64_t now)
{
	for (uint32_t i = 0; i < SAMPLE_BUCKET; i++) {
		uint64_t found = old;

		if (__atomic_load_n(&bucket[i], __ATOMIC_RELAXED) == old &&
		    __atomic_compare_exchange_n(&bucket[i], &found, now, false, __ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			return true;
	}
	return false;
}

static bool holds(const uint64_t *bucket, uint64_t key)
{
	for (uint32_t i = 0; i < SAMPLE_BUCKET; i++)
		if (__atomic_load_n(&bucket[i], __ATOMIC_RELAXED) == key)
			return true;
	return false;
}

/* A count that has reached its maximum no longer knows how many there are. */
static void count(struct sample_filter *filter, uint64_t key, int step)
{
	uint8_t *at = &filter->counts[sample_hash(key)];
	uint8_t old = __atomic_load_n(at, __ATOMIC_RELAXED);

	do {
		if (old == COUNT_MAX || (step < 0 && old == 0))
			return;
	} while (!__atomic_compare_exchange_n(at, &old, (uint8_t)(old + step), true,
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
}

bool sample_has(uint64_t key)
{
	struct sample_filter *filter = sample_filter;

	if (!filter || !__atomic_load_n(&filter->counts[sample_hash(key)], __ATOMIC_RELAXED))
		return false;
	return holds(bucket_of(filter->near, SAMPLE_NEAR, key), key) ||
	       (__atomic_load_n(&filter->wide, __ATOMIC_RELAXED) &&
		holds(bucket_of(filter->far, SAMPLE_FAR, key), key));
}

bool sample_remember(uint64_t key)
{
	struct sample_filter *filter = sample_filter;

	if (sample_has(key))
		return true; /* its free was lost */
	if (!change(bucket_of(filter->near, SAMPLE_NEAR, key), 0, key)) {
		__atomic_store_n(&filter->wide, 1, __ATOMIC_SEQ_CST);
		if (!change(bucket_of(filter->far, SAMPLE_FAR, key), 0, key)) {
			image_lost(TENURE_LOST_SAMPLES, 1);
			return false;
		}
	}
	count(filter, key, 1);
	return true;
}

bool sample_forget(uint64_t key)
{
	struct sample_filter *filter = sample_filter;

	if (!filter || !__atomic_load_n(&filter->counts[sample_hash(key)], __ATOMIC_RELAXED))
		return false;
	if (!change(bucket_of(filter->near, SAMPLE_NEAR, key), key, 0) &&
	    (!__atomic_load_n(&filter->wide, __ATOMIC_RELAXED) ||
	     !change(bucket_of(filter->far, SAMPLE_FAR, key), key, 0)))
		return false;
	count(filter, key, -1);
	return true;
}
