/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the decoder hands to the model: one decoded record.
 *
 * Heap events come in batches, ordered by time stamp across the threads of
 * one process image, so that the model can prefetch.
 */
#ifndef INPUT_EVENT_H
#define INPUT_EVENT_H

#include <stdint.h>

enum event_kind {
	EVENT_ALLOC,
	EVENT_FREE,
	EVENT_EXT, /* everything rare: see .ext, .payload */
};

/**
 * struct event - one record
 * @stamp:   ticks
 * @addr:    block address (ALLOC, FREE)
 * @bytes:   asked for (ALLOC); length of @payload (EXT)
 * @stack:   id of the leaf node (ALLOC)
 * @thread:  slot index of the thread that recorded it
 * @kind:    enum event_kind
 * @fn:      enum tenure_fn (ALLOC); 1 for the free half of a realloc (FREE)
 * @ext:     enum tenure_ext (EXT)
 * @payload: borrowed, valid during the call it was passed in (EXT)
 */
struct event {
	uint64_t stamp;
	uint64_t addr;
	uint64_t bytes;
	uint32_t stack;
	uint16_t thread;
	uint8_t kind;
	uint8_t fn;
	uint32_t ext;
	const uint8_t *payload;
};

#endif /* INPUT_EVENT_H */
