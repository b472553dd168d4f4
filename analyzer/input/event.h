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

enum event_free_flag {
	EVENT_FREE_REALLOC = 1u << 0, /* the free half of a realloc */
	EVENT_FREE_CUSTOM = 1u << 1,  /* of a block of TENURE_FN_CUSTOM */
};

/**
 * struct event - one record, half a cache line
 * @stamp:   ticks
 * @addr:    block address (ALLOC, FREE)
 * @payload: borrowed, valid during the call it was passed in (EXT)
 * @bytes:   asked for (ALLOC); length of @payload (EXT)
 * @stack:   id of the leaf node (ALLOC)
 * @ext:     enum tenure_ext (EXT)
 * @thread:  slot index of the thread that recorded it
 * @kind:    enum event_kind
 * @fn:      enum tenure_fn (ALLOC); enum event_free_flag (FREE)
 */
struct event {
	uint64_t stamp;
	union {
		uint64_t addr;
		const uint8_t *payload;
	};
	uint64_t bytes;
	union {
		uint32_t stack;
		uint32_t ext;
	};
	uint16_t thread;
	uint8_t kind;
	uint8_t fn;
};

_Static_assert(sizeof(struct event) == 32, "event: half a cache line");

#endif /* INPUT_EVENT_H */
