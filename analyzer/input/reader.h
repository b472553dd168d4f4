/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a pipe to chunks; trusts nothing.
 */
#ifndef INPUT_READER_H
#define INPUT_READER_H

#include <stddef.h>
#include <stdint.h>

#include "tenure/wire.h"

#define READER_BYTES (256u * 1024)

/**
 * struct reader - bytes that were read and not yet taken
 * @bytes:     owned
 * @begin:     first of them
 * @end:       behind the last
 * @bad_bytes: passed over because they are no chunk
 */
struct reader {
	uint8_t *bytes;
	size_t begin;
	size_t end;
	uint64_t bad_bytes;
};

/** reader_init() - 0 or -ENOMEM */
int reader_init(struct reader *reader);
void reader_fini(struct reader *reader);

/** reader_space() - where the next *@ret_space (never 0) bytes go; then call reader_give() */
uint8_t *reader_space(struct reader *reader, size_t *ret_space);
void reader_give(struct reader *reader, size_t count);

/**
 * reader_next() - the next whole chunk
 * @ret_head: set on success; .bytes, .slot and .seq are in their bounds
 *
 * Bytes that cannot begin a chunk are passed over and counted.
 *
 * Return: the whole chunk, head included, borrowed until reader_space(), with
 * DECODE_PADDING readable bytes behind; NULL: more bytes are needed.
 */
const uint8_t *reader_next(struct reader *reader, struct tenure_chunk *ret_head);

/** reader_end() - there is nothing more to come: what is left is bad */
void reader_end(struct reader *reader);

#endif /* INPUT_READER_H */
