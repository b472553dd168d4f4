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
 * struct decode - what a record of a chunk is relative to
 * @bad: the last call stopped at bytes that are no record
 */
struct decode {
	uint64_t stamp;
	uint64_t addr;
	uint32_t stack;
	uint16_t slot;
	bool bad;
};

/** decode_begin() - the next byte is the first behind this chunk's head */
void decode_begin(struct decode *decode, const struct tenure_chunk *head);

/**
 * decode_feed() - decode whole records, as many as there are or fit
 * @bytes: to decode; DECODE_PADDING bytes behind them are readable
 * @count: of them
 * @out:   room for @space events.  Payloads point into @bytes
 *
 * Stops early, and sets @decode->bad, at a kind of record that does not exist
 * and at a record that is not whole.
 *
 * Return: the bytes used; *@ret_events is set always.
 */
size_t decode_feed(struct decode *decode, const uint8_t *bytes, size_t count, struct event *out,
		   size_t space, size_t *ret_events);

#endif /* INPUT_DECODE_H */
