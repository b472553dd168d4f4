/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of a session, for the files that make it up: session.c (heap events),
 * session-ext.c (everything rare), session-result.c (the end).
 */
#ifndef MODEL_STATE_H
#define MODEL_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "ages.h"
#include "arenas.h"
#include "base/arena.h"
#include "base/vec.h"
#include "checkpoints.h"
#include "containers.h"
#include "cycles.h"
#include "heap.h"
#include "maps.h"
#include "modules.h"
#include "python-end.h"
#include "python.h"
#include "result.h"
#include "sampling.h"
#include "session.h"
#include "sites.h"
#include "threads.h"
#include "timeline.h"
#include "types.h"

/* Blocks given out twice, whose first free may be late. */
#define OWED_MAX 64u

/**
 * struct owed_free - the free of the block known by @key has not come yet
 * @thread: that made the new block: its own frees are in order
 * @stamp:  of the new block
 */
struct owed_free {
	uint64_t key;
	uint64_t stamp;
	uint32_t thread;
};

/* Times the program moved its break, of which the place is kept. */
#define BREAKS_MAX 64u

/* Frees of blocks that are not known, whose allocation may be late. */
#define EARLY_MAX 16u

/**
 * struct early_free - a free that came before there was a block known by @key
 * @thread: that freed it: its own allocations are in order
 */
struct early_free {
	uint64_t key;
	uint64_t stamp;
	uint32_t thread;
};

/**
 * struct session - one process image
 * @now:        largest stamp so far
 * @clock:      bytes ever allocated: the allocation clock
 * @moment:     of the last birth, see heap.h
 * @ages:       by the allocation clock, until a collector is seen
 * @ages_due:   they have to be told when the clock is here
 * @epochs:     a collector has been seen
 * @young, @old: blocks born before these moments are in generation 1, 2
 * @collecting: a collection is under way
 * @window:     ticks within which a free may arrive behind its successor
 * @hair:       ticks within which an allocation may arrive behind its free
 * @early_last: stamp of the newest early free
 * @no_memory:  the analyzer's own memory has run out: nothing is modelled any more
 */
struct session {
	struct image_info info;
	struct result_process result;
	uint64_t now;
	uint64_t clock;
	uint64_t moment;
	struct age ages[RESULT_GENERATIONS - 1];
	uint64_t ages_due;
	bool epochs;
	uint64_t young;
	uint64_t old;
	bool collecting;
	uint64_t us_per_tick_q32;
	uint64_t window;
	uint64_t hair;
	bool no_memory;
	bool ended;
	bool finished;
	bool stopped;
	bool late; /* recording began some time after the program */
	bool exit_seen;
	int exit_status;
	enum image_how how;

	struct heap heap;
	struct sites sites;
	struct threads threads;
	struct types types;
	struct modules modules;
	struct maps maps;
	struct python *python;
	struct arenas arenas;
	struct containers containers;
	struct cycles *cycles;
	struct python_end python_end;
	struct arena arena;
	struct owed_free owed[OWED_MAX];
	uint32_t owed_count;
	uint32_t owed_next;
	struct early_free early[EARLY_MAX];
	uint32_t early_next;
	uint64_t early_last;

	VEC(struct maps_range) breaks;
	VEC(struct result_mark) marks;
	VEC(const char *) notes;
	VEC(struct tenure_node) nodes;
	VEC(struct result_thread) thread_results;
	VEC(struct result_type) type_results;
	struct result_site *site_results;
	struct result_site *mapped_results;
	struct timeline timeline;
	struct checkpoints checkpoints;
	struct sampling sampling;
};

/** session_ext() - an extended record */
void session_ext(struct session *session, const struct event *event);

/** session_note() - one more of trust.notes; @text need not stay */
void session_note(struct session *session, const char *text, size_t bytes);

/** session_back() - TENURE_EXT_REALLOC_BACK: the last realloc of this thread did not happen */
void session_back(struct session *session, const struct event *event, uint64_t addr);

/** session_is_rate() - nanoseconds per tick that can be worked with, whatever the stream says */
static inline bool session_is_rate(double ns_per_tick)
{
	return ns_per_tick > 1e-3 && ns_per_tick < 1e6;
}

/** session_level() - the levels that the timeline shows */
static inline struct result_moment session_level(const struct session *session)
{
	return (struct result_moment){
		.heap_bytes = session->sites.live_bytes,
		.heap_blocks = session->sites.live_blocks,
		.mapped_bytes = session->maps.sites.live_bytes,
	};
}

/** session_alive() - what there is, for references from native memory */
static inline struct python_native_memory session_alive(const struct session *session)
{
	return (struct python_native_memory){
		.heap = &session->heap,
		.sites = &session->sites,
		.maps = &session->maps,
		.is_sample = session->sampling.mean != 0,
	};
}

/** session_since() - a stamp as blocks keep it */
static inline uint64_t session_since(const struct session *session, uint64_t stamp)
{
	return stamp > session->info.start_stamp
		       ? (stamp - session->info.start_stamp) & HEAP_STAMP_MASK
		       : 0;
}

/** session_weigh() - what a block is counted for: itself, unless it is a sample */
static inline struct sampling_weight session_weigh(const struct session *session, uint64_t key,
						   uint64_t stamp, uint64_t bytes)
{
	if (unlikely(session->sampling.mean))
		return sampling_weigh(&session->sampling, bytes, key ^ stamp << 20);
	return (struct sampling_weight){ .blocks = 1, .bytes = bytes };
}

/** session_weight() - likewise, for @block */
static inline struct sampling_weight session_weight(const struct session *session,
						    const struct heap_block *block)
{
	return session_weigh(session, block->key, heap_stamp(block), heap_bytes(block));
}

/** session_generation() - that @block has reached */
static inline unsigned int session_generation(const struct session *session,
					      const struct heap_block *block)
{
	return (block->moment < session->young) + (block->moment < session->old);
}

#endif /* MODEL_STATE_H */
