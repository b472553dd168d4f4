/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hot path of the analyzer: allocations and frees.
 *
 * Events arrive in the order of their stamps, and stamps are in the order of
 * what happened, but for a hair: clocks of two processors differ, and a
 * processor reads its clock while it still waits for the address that another
 * one hands over.  What that can do is undone by state: an address that is
 * given out while it is still taken means that its free is on the way, and one
 * that another thread gave back a hair before it was given out is gone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fetch.h"
#include "session.h"
#include "state.h"

#define GEN_1_BYTES (UINT64_C(1) << 20)
#define GEN_2_BYTES (UINT64_C(16) << 20)

/* Events for which the heap makes room at once, so that places stay valid. */
#define FEED_BATCH 256u

/* Of the finest interval of the timeline, and of the reach of repairs. */
#define TIMELINE_NS 100000.0
#define WINDOW_NS   1000000.0
/* Measured inversions are below 100 ns; to be given out again, an address needs longer. */
#define HAIR_NS 500.0

/* --------------------------------------------------------------- repairs */

static attr_cold void owe(struct session *session, const struct event *event, uint64_t key,
			  uint32_t thread)
{
	session->owed[session->owed_next] = (struct owed_free){
		.key = key,
		.stamp = event->stamp,
		.thread = thread,
	};
	session->owed_next = (session->owed_next + 1) % OWED_MAX;
	if (session->owed_count < OWED_MAX)
		session->owed_count++;
	session->result.trust.unmatched++;
}

/* Is this the late free of a block that was taken for freed already? */
static attr_cold bool settle(struct session *session, const struct event *event, uint64_t key,
			     uint32_t thread)
{
	for (uint32_t i = 0; i < session->owed_count; i++) {
		struct owed_free *owed = &session->owed[i];

		if (owed->key != key || owed->thread == thread)
			continue;
		owed->key = 0;
		if (event->stamp - owed->stamp > session->window)
			return false;
		session->result.trust.unmatched--;
		session->result.trust.repaired++;
		return true;
	}
	return false;
}

static attr_cold void note_early(struct session *session, const struct event *event, uint64_t key,
				 uint32_t thread)
{
	session->early[session->early_next] = (struct early_free){ key, event->stamp, thread };
	session->early_next = (session->early_next + 1) % EARLY_MAX;
	session->early_last = event->stamp;
}

/* Has another thread just given back the block that this event makes? */
static attr_cold bool was_freed_early(struct session *session, const struct event *event,
				      uint64_t key, uint32_t thread)
{
	for (uint32_t i = 0; i < EARLY_MAX; i++) {
		struct early_free *early = &session->early[i];

		if (early->key != key || early->thread == thread ||
		    event->stamp - early->stamp > session->hair)
			continue;
		early->key = 0;
		session->result.totals.inherited_frees--;
		session->result.trust.repaired++;
		return true;
	}
	return false;
}

/* ------------------------------------------------------- blocks come and go */

/* What the heap knows the block of an event by. */
static inline uint64_t key_of(const struct event *event)
{
	bool is_custom = event->kind == EVENT_ALLOC ? event->fn == TENURE_FN_CUSTOM
						    : event->fn & EVENT_FREE_CUSTOM;

	return (event->addr & HEAP_ADDR_MASK) | (is_custom ? HEAP_CUSTOM : 0);
}

static inline unsigned int bits(uint64_t value)
{
	return value ? 64 - (unsigned int)__builtin_clzll(value) : 0;
}

static inline unsigned int bucket(uint64_t value, unsigned int buckets)
{
	unsigned int n = bits(value);

	return n < buckets ? n : buckets - 1;
}

static inline unsigned int life_bucket(const struct session *session, uint64_t ticks)
{
	uint64_t us = (uint64_t)((unsigned __int128)ticks * session->us_per_tick_q32 >> 32);

	return bucket(us, RESULT_LIFE_BUCKETS);
}

static inline uint64_t lifetime(const struct session *session, const struct heap_block *block,
				uint64_t stamp)
{
	uint64_t now = session_since(session, stamp);

	return now > heap_stamp(block) ? now - heap_stamp(block) : 0;
}

/* Everything a block's end changes, but the block itself and who gave it back. */
static inline void account_death(struct session *session, const struct heap_block *block,
				 uint64_t stamp)
{
	struct site *site = &session->sites.at[block->site];
	struct thread_state *thread = &session->threads.all.at[block->thread];
	uint64_t life = lifetime(session, block, stamp);
	struct sampling_weight weight = session_weight(session, block);
	unsigned int generation = session_generation(session, block);

	if (unlikely(session->sampling.mean))
		sampling_died(&session->sampling, block->site, &weight, session->sites.peak_number);
	sites_shrink(&session->sites, site, weight.bytes, weight.blocks);
	sites_died(site, generation, weight.bytes, weight.blocks);
	site->life_sum += life * weight.blocks;
	if (life > site->life_max)
		site->life_max = life;
	threads_grow(thread, -weight.bytes, -weight.blocks, session->sites.peak_number);
	arenas_block(&session->arenas, site->fn, heap_bytes(block), -weight.blocks,
		     session->sites.peak_number);
	if (unlikely(generation == RESULT_GENERATIONS - 1)) {
		thread->result.survived_blocks += weight.blocks;
		thread->result.survived_bytes += weight.bytes;
	}
	session->result.totals.frees += weight.blocks;
	session->result.totals.died_bytes[generation] += weight.bytes;
	session->result.totals.life_histogram[life_bucket(session, life)] += weight.blocks;
	if (unlikely(block->typed))
		(void)types_remove(&session->types, block->key, weight.bytes, weight.blocks,
				   session->sites.peak_number);
}

/* A moment behind all others, if stamps are in order. */
static inline uint64_t next_moment(struct session *session, uint64_t since)
{
	uint64_t last = session->moment;
	uint64_t most = (UINT64_C(1) << HEAP_MOMENT_SHIFT) - 1;
	uint64_t behind = last + ((last & most) != most);

	session->moment = last >> HEAP_MOMENT_SHIFT == since ? behind : since << HEAP_MOMENT_SHIFT;
	return session->moment;
}

static attr_cold void move_ages(struct session *session, uint64_t moment)
{
	session->ages_due = UINT64_MAX;
	if (session->epochs)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(session->ages); i++) {
		uint64_t due = age_move(&session->ages[i], session->clock, moment);

		if (due < session->ages_due)
			session->ages_due = due;
	}
	session->young = session->ages[0].begin;
	session->old = session->ages[1].begin;
}

static inline void feed_alloc(struct session *session, const struct event *event,
			      struct heap_place place)
{
	struct result_totals *totals = &session->result.totals;
	uint64_t bytes = likely(event->bytes <= HEAP_BYTES_MAX) ? event->bytes : HEAP_BYTES_MAX;
	uint32_t fn = likely(event->fn < TENURE_FN_COUNT) ? event->fn : TENURE_FN_CUSTOM;
	struct thread_state *thread = threads_get(&session->threads, event->thread, event->stamp);
	uint32_t site = sites_get(&session->sites, event->stack, fn);
	uint64_t key = key_of(event);
	struct sampling_weight weight;
	struct heap_block *block;
	uint64_t moment;
	uint64_t since;
	uint64_t peak;

	if (unlikely(!event->addr)) {
		session->result.trust.bad_bytes++;
		return;
	}
	if (unlikely(!thread || site == SITES_NONE)) {
		session->no_memory = true;
		return;
	}

	block = heap_find(&session->heap, place, key);
	if (unlikely(block)) {
		account_death(session, block, event->stamp);
		owe(session, event, key, (uint32_t)(thread - session->threads.all.at));
	} else {
		block = heap_add(&session->heap, place);
	}
	since = session_since(session, event->stamp);
	moment = next_moment(session, since);
	weight = session_weigh(session, key, since, bytes);
	heap_write(block, key, moment, bytes, (uint64_t)(thread - session->threads.all.at), site);
	session->clock += weight.bytes;
	if (unlikely(session->clock >= session->ages_due))
		move_ages(session, moment);

	peak = session->sites.peak_number;
	threads_grow(thread, weight.bytes, weight.blocks, peak);
	arenas_block(&session->arenas, fn, bytes, weight.blocks, peak);
	session->sites.at[site].allocations += weight.blocks;
	session->sites.at[site].bytes += weight.bytes;
	sites_grow(&session->sites, &session->sites.at[site], weight.bytes, weight.blocks,
		   event->stamp);
	if (unlikely(session->sampling.mean) &&
	    sampling_made(&session->sampling, site, &weight, peak, session->sites.peak_number) < 0)
		session->no_memory = true;
	thread->last_key = key;
	thread->result.allocations += weight.blocks;
	thread->result.bytes += weight.bytes;
	totals->allocations += weight.blocks;
	totals->by_fn[fn] += weight.blocks;
	totals->size_histogram[bucket(bytes, RESULT_SIZE_BUCKETS)] += weight.blocks;
	if (unlikely(event->stamp - session->early_last <= session->hair) &&
	    was_freed_early(session, event, key, (uint32_t)(thread - session->threads.all.at))) {
		account_death(session, block, event->stamp);
		heap_remove(&session->heap, block);
	}
	timeline_heap(&session->timeline, session->sites.live_bytes, session->sites.live_blocks);
}

/* The free half of a realloc: it may yet fail and put the block back. */
static inline void remember(struct session *session, struct thread_state *thread,
			    const struct heap_block *block, const struct event *event)
{
	thread->undo_key = key_of(event);
	thread->undo_known = block;
	thread->undo_stamp = event->stamp;
	if (block) {
		thread->undo = *block;
		thread->undo_life_max = session->sites.at[block->site].life_max;
		thread->undo_generation = (uint8_t)session_generation(session, block);
		thread->undo_temporary = thread->last_key == thread->undo_key &&
					 !session->sampling.mean;
		thread->undo_type = block->typed ? types_find(&session->types, block->key)
						 : TYPES_NONE;
	}
}

/* A block that is given back during a collection. */
static attr_cold void account_collected(struct session *session, const struct event *event,
					const struct heap_block *block)
{
	struct result_totals *totals = &session->result.totals;
	struct result_thread *thread = &session->threads.all.at[block->thread].result;
	struct sampling_weight weight = session_weight(session, block);
	unsigned int generation = session_generation(session, block);
	int r = python_freed(session->python, event->thread, block->site, weight.bytes,
			     weight.blocks);

	if (r < 0)
		session->no_memory = true;
	if (r <= 0)
		return;
	totals->collected_blocks[generation] += weight.blocks;
	totals->collected_bytes[generation] += weight.bytes;
	thread->collected_blocks += weight.blocks;
	thread->collected_bytes += weight.bytes;
}

static inline void feed_free(struct session *session, const struct event *event,
			     struct heap_place place)
{
	struct result_totals *totals = &session->result.totals;
	struct thread_state *thread = threads_get(&session->threads, event->thread, event->stamp);
	uint64_t key = key_of(event);
	struct heap_block *block;

	if (unlikely(!thread)) {
		session->no_memory = true;
		return;
	}
	if (unlikely(session->owed_count) &&
	    settle(session, event, key, (uint32_t)(thread - session->threads.all.at))) {
		totals->reallocs += event->fn & EVENT_FREE_REALLOC;
		return;
	}

	block = heap_find(&session->heap, place, key);
	if (event->fn & EVENT_FREE_REALLOC) {
		totals->reallocs++;
		remember(session, thread, block, event);
	}
	if (unlikely(!block)) {
		totals->inherited_frees++;
		note_early(session, event, key, (uint32_t)(thread - session->threads.all.at));
		return;
	}
	/* Of what happened between two samples nothing is known. */
	if (thread->last_key == key && likely(!session->sampling.mean)) {
		session->sites.at[block->site].temporary++;
		totals->temporary++;
		thread->last_key = 0;
	}
	if (unlikely(session->collecting))
		account_collected(session, event, block);
	account_death(session, block, event->stamp);
	heap_remove(&session->heap, block);
}

void session_back(struct session *session, const struct event *event, uint64_t addr)
{
	struct thread_state *thread = threads_get(&session->threads, event->thread, event->stamp);
	struct result_totals *totals = &session->result.totals;
	struct sampling_weight weight;
	struct heap_place place;
	struct heap_block *block;
	struct site *site;
	uint64_t life;
	uint64_t peak;
	uint64_t key;

	if (!thread || !addr || (thread->undo_key & HEAP_ADDR_MASK) != (addr & HEAP_ADDR_MASK))
		return;
	key = thread->undo_key;
	thread->undo_key = 0;
	totals->reallocs--;
	if (!thread->undo_known) {
		totals->inherited_frees--;
		return;
	}
	place = heap_place(&session->heap, key);
	if (heap_find(&session->heap, place, key)) /* given out meanwhile: it did not come back */
		return;
	block = heap_add(&session->heap, place);
	*block = thread->undo;
	block->typed = 0;

	life = lifetime(session, block, thread->undo_stamp);
	site = &session->sites.at[block->site];
	weight = session_weight(session, block);
	peak = session->sites.peak_number;
	sites_died(site, thread->undo_generation, -weight.bytes, -weight.blocks);
	site->life_sum -= life * weight.blocks;
	site->life_max = thread->undo_life_max;
	sites_grow(&session->sites, site, weight.bytes, weight.blocks, event->stamp);
	if (session->sampling.mean && sampling_back(&session->sampling, block->site, &weight, peak,
						    session->sites.peak_number) < 0)
		session->no_memory = true;
	threads_grow(&session->threads.all.at[block->thread], weight.bytes, weight.blocks, peak);
	arenas_block(&session->arenas, site->fn, heap_bytes(block), weight.blocks, peak);
	if (thread->undo_generation == RESULT_GENERATIONS - 1) {
		session->threads.all.at[block->thread].result.survived_blocks -= weight.blocks;
		session->threads.all.at[block->thread].result.survived_bytes -= weight.bytes;
	}
	totals->frees -= weight.blocks;
	totals->died_bytes[thread->undo_generation] -= weight.bytes;
	totals->life_histogram[life_bucket(session, life)] -= weight.blocks;
	if (thread->undo_temporary) {
		site->temporary--;
		totals->temporary--;
		thread->last_key = key;
	}
	if (thread->undo_type != TYPES_NONE &&
	    types_add(&session->types, key, thread->undo_type, weight.bytes, weight.blocks,
		      session->sites.peak_number) == 0)
		block->typed = 1;
	timeline_heap(&session->timeline, session->sites.live_bytes, session->sites.live_blocks);
}

/* ------------------------------------------------------------------- feed */

/*
 * What an event will meet is fetched some events before, in the order in which
 * one thing leads to the next: tags, block, site.  Where an event in between
 * changes that, a fetch was for nothing.
 */
#define AHEAD_TAGS    24u
#define AHEAD_BLOCK   16u
#define AHEAD_SITE    8u
#define FETCH_BUCKETS 512u

static inline void prefetch_tags(const struct session *session, const struct event *event,
				 struct heap_place *place)
{
	*place = heap_place(&session->heap, key_of(event));
	heap_prefetch(*place);
	if (event->kind == EVENT_ALLOC && event->stack < session->sites.stacks)
		fetch_line(&session->sites.by_stack[event->stack]);
}

static inline void prefetch_site(const struct session *session, const struct event *event,
				 struct heap_place place)
{
	bool is_new = event->kind == EVENT_ALLOC;
	const struct heap_block *block = heap_prefetch_next(&session->heap, place, is_new);
	uint32_t site = SITES_NONE;

	if (!is_new)
		site = block ? block->site : SITES_NONE;
	else if (event->stack < session->sites.stacks)
		site = session->sites.by_stack[event->stack];
	if (likely(site < session->sites.count))
		fetch_bytes(&session->sites.at[site], sizeof(*session->sites.at));
}

static void tell_time(struct session *session, uint64_t stamp)
{
	struct result_moment level;

	session->now = stamp;
	if (likely(stamp < session->timeline.end))
		return;
	level = session_level(session);
	timeline_move(&session->timeline, stamp, &level);
	if (checkpoints_time(&session->checkpoints, &session->sites, stamp) < 0)
		session->no_memory = true;
}

static inline void feed_event(struct session *session, const struct event *event,
			      struct heap_place place)
{
	if (event->stamp > session->now)
		tell_time(session, event->stamp);
	if (event->kind == EVENT_ALLOC)
		feed_alloc(session, event, place);
	else if (event->kind == EVENT_FREE)
		feed_free(session, event, place);
	else
		session_ext(session, event);
}

/* No more than FEED_BATCH; each adds one block at most. */
static void feed_batch(struct session *session, const struct event *events, size_t count)
{
	struct heap_place places[FEED_BATCH];
	size_t tags = 0, block = 0, site = 0;

	if (heap_reserve(&session->heap, count) < 0) {
		session->no_memory = true;
		return;
	}
	/* As long as the cache holds it all, there is nothing to fetch. */
	if (session->heap.buckets <= FETCH_BUCKETS)
		block = site = count;
	for (size_t i = 0; i < count && !session->no_memory; i++) {
		for (; tags < count && tags < i + AHEAD_TAGS; tags++)
			prefetch_tags(session, &events[tags], &places[tags]);
		for (; block < count && block < i + AHEAD_BLOCK; block++)
			heap_prefetch_block(places[block], events[block].kind == EVENT_ALLOC);
		for (; site < count && site < i + AHEAD_SITE; site++)
			prefetch_site(session, &events[site], places[site]);
		feed_event(session, &events[i], places[i]);
	}
}

void session_feed(struct session *session, const struct event *events, size_t count)
{
	session->result.events += count;
	for (size_t i = 0; i < count && !session->no_memory; i += FEED_BATCH)
		feed_batch(session, events + i, count - i < FEED_BATCH ? count - i : FEED_BATCH);
}

void session_memory(struct session *session, uint64_t stamp, uint64_t rss_bytes)
{
	if (rss_bytes > session->result.totals.peak_rss_bytes)
		session->result.totals.peak_rss_bytes = rss_bytes;
	timeline_rss(&session->timeline, stamp, rss_bytes);
}

/* ------------------------------------------------------------ life of it */

struct session *session_new(const struct session_options *options, const struct image_info *info)
{
	static const uint64_t defaults[] = { GEN_1_BYTES, GEN_2_BYTES };
	struct session *session = calloc(1, sizeof(*session));
	double rate = session_is_rate(info->ns_per_tick) ? info->ns_per_tick : 1.0;

	if (!session)
		return NULL;
	session->python = python_new();
	session->cycles = cycles_new();
	if (!session->python || !session->cycles) {
		python_free(session->python);
		cycles_free(session->cycles);
		free(session);
		return NULL;
	}
	session->info = *info;
	session->info.ns_per_tick = rate;
	session->sampling.mean = info->sample_bytes;
	session->now = info->start_stamp;
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		uint64_t bytes = options ? options->gen_clock[i] : 0;

		if (!bytes)
			bytes = defaults[i];
		session->result.gen_clock[i] = bytes;
		age_init(&session->ages[i], bytes);
	}
	session->us_per_tick_q32 = (uint64_t)(rate / 1000.0 * 4294967296.0);
	session->window = (uint64_t)(WINDOW_NS / rate) + 1;
	session->hair = (uint64_t)(HAIR_NS / rate) + 1;
	session->checkpoints.step = (uint64_t)(CHECKPOINTS_TIME_NS / rate) + 1;
	session->checkpoints.start = info->start_stamp;
	timeline_init(&session->timeline, info->start_stamp, (uint64_t)(TIMELINE_NS / rate) + 1);
	return session;
}

struct session *session_free(struct session *session)
{
	if (!session)
		return NULL;
	heap_fini(&session->heap);
	sites_fini(&session->sites);
	threads_fini(&session->threads);
	types_fini(&session->types);
	modules_fini(&session->modules);
	maps_fini(&session->maps);
	checkpoints_fini(&session->checkpoints);
	sampling_fini(&session->sampling);
	python_free(session->python);
	arenas_fini(&session->arenas);
	cycles_free(session->cycles);
	python_end_fini(&session->python_end);
	arena_fini(&session->arena);
	vec_fini(&session->breaks);
	vec_fini(&session->marks);
	vec_fini(&session->notes);
	vec_fini(&session->nodes);
	vec_fini(&session->thread_results);
	vec_fini(&session->type_results);
	free(session->site_results);
	free(session->mapped_results);
	free(session);
	return NULL;
}
