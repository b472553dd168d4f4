/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks of all threads of one process image to events in order of time.
 *
 * Within a slot, events are in order already.  Across slots an event may be
 * passed on once no thread can still come up with an earlier one; the caller
 * knows when that is and says so with a watermark (merge_advance()).  What
 * waits is kept as bytes, an eighth of the size of decoded events.
 */
#ifndef INPUT_MERGE_H
#define INPUT_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "event.h"
#include "tenure/wire.h"

struct merge_slot;
struct merge_fragment;

#define MERGE_BATCH 256u

/* A watermark behind all events. */
#define MERGE_ALL UINT64_MAX

/* A slot with events to pass on, and the stamp of the first. */
struct merge_head {
	uint64_t stamp;
	struct merge_slot *slot;
};

/**
 * struct merge - one process image
 * @emit:           receives events in order; payloads are valid during the call
 * @arg:            for @emit
 * @queued_bytes:   taken and not yet passed on
 * @bad_bytes:      taken and not decodable
 * @missing_chunks: left out in the numbering of a slot, or dropped for want of memory
 */
struct merge {
	void (*emit)(void *arg, const struct event *events, size_t count);
	void *arg;
	uint64_t queued_bytes;
	uint64_t bad_bytes;
	uint64_t missing_chunks;

	/* private */
	struct merge_slot **slots;
	size_t slots_count;
	struct merge_head *heap;
	size_t heap_count;
	size_t heap_space;
	struct merge_slot *active;
	struct merge_fragment *spent;
	struct event *batch;
	size_t batch_count;
};

/** merge_init() - 0 or -ENOMEM */
attr_nodiscard int merge_init(struct merge *merge,
			      void (*emit)(void *arg, const struct event *events, size_t count),
			      void *arg);
void merge_fini(struct merge *merge);

/**
 * merge_known() - how much of chunk @seq of @slot has been taken
 *
 * Return: bytes from the chunk's beginning, its head included; 0: none;
 * UINT32_MAX: all of it.
 */
uint32_t merge_known(const struct merge *merge, unsigned int slot, uint32_t seq);

/**
 * merge_take() - more bytes of a chunk
 * @head:  its head; .slot < TENURE_SLOTS_MAX
 * @from:  where @bytes begins within the chunk: merge_known(), at least sizeof(*head)
 * @count: bytes; @head->bytes says whether the chunk is whole then (0: it is not)
 *
 * Return: 0, or -ENOMEM: the bytes are lost, counted as a missing chunk.
 */
attr_nodiscard int merge_take(struct merge *merge, const struct tenure_chunk *head, uint32_t from,
			      const uint8_t *bytes, uint32_t count);

/** merge_advance() - pass on all events stamped @watermark or earlier */
void merge_advance(struct merge *merge, uint64_t watermark);

#endif /* INPUT_MERGE_H */
