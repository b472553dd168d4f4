/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record bytes to struct event: the only decoder.
 */
#ifndef INPUT_DECODE_H
#define INPUT_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "tenure/wire.h"

/* Bytes that must be readable (whatever they hold) behind those to decode. */
#define DECODE_PADDING 8u

/**
 * struct decode_last - what the last record has set
 */
struct decode_last {
	uint64_t stamp;
	uint64_t addr;
	uint32_t stack;
};

/**
 * struct decode - what a record of a chunk is relative to
 * @bad:    the last call stopped at bytes that are no record
 * @recent: blocks allocated in the chunk, by TENURE_RECENT_PLACE(); 0: none
 */
struct decode {
	struct decode_last last;
	uint16_t slot;
	bool bad;
	uint64_t recent[TENURE_RECENT_PLACES];
};

/** decode_begin() - the next byte is the first behind this chunk's head */
void decode_begin(struct decode *decode, const struct tenure_chunk *head);

/**
 * decode_feed() - decode whole records, as many as there are or fit
 * @bytes: to decode; DECODE_PADDING bytes behind them are readable
 * @count: of them
 * @out:   room for @space events.  Payloads point into @bytes
 *
 * Stops early, and sets @decode->bad, at a record that is not whole and at the
 * free of a recent block that is not there.
 *
 * Return: the bytes used; *@ret_events is set always.
 */
size_t decode_feed(struct decode *decode, const uint8_t *bytes, size_t count, struct event *out,
		   size_t space, size_t *ret_events);

#endif /* INPUT_DECODE_H */
