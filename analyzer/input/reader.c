/* SPDX-License-Identifier: Apache-2.0 */
/* Framing: finds chunks in what was read, and the next one after damage. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "reader.h"

int reader_init(struct reader *reader)
{
	*reader = (struct reader){ .bytes = malloc(READER_BYTES + DECODE_PADDING) };
	if (!reader->bytes)
		return -ENOMEM;
	memset(reader->bytes + READER_BYTES, 0, DECODE_PADDING);
	return 0;
}

void reader_fini(struct reader *reader)
{
	free(reader->bytes);
	*reader = (struct reader){ 0 };
}

uint8_t *reader_space(struct reader *reader, size_t *ret_space)
{
	size_t left = reader->end - reader->begin;

	/* Never full here: reader_next() leaves less than one chunk. */
	if (reader->begin) {
		memmove(reader->bytes, reader->bytes + reader->begin, left);
		reader->begin = 0;
		reader->end = left;
	}
	*ret_space = READER_BYTES - reader->end;
	return reader->bytes + reader->end;
}

void reader_give(struct reader *reader, size_t count)
{
	reader->end += count;
}

static bool is_head(const struct tenure_chunk *head)
{
	return head->magic == TENURE_CHUNK_MAGIC && head->bytes >= sizeof(*head) &&
	       head->bytes <= TENURE_CHUNK_MAX && head->slot < TENURE_SLOTS_MAX && head->seq;
}

/* Pass over bytes up to the next that may begin a chunk. */
static void resync(struct reader *reader)
{
	const uint32_t magic = TENURE_CHUNK_MAGIC;
	const uint8_t *p = reader->bytes + reader->begin;
	const uint8_t *next = memmem(p + 1, reader->end - reader->begin - 1, &magic, sizeof(magic));
	size_t skip;

	if (next)
		skip = (size_t)(next - p);
	else
		/* The last three bytes may be the beginning of one. */
		skip = reader->end - reader->begin - (sizeof(magic) - 1);
	reader->bad_bytes += skip;
	reader->begin += skip;
}

const uint8_t *reader_next(struct reader *reader, struct tenure_chunk *ret_head)
{
	struct tenure_chunk head;

	while (reader->end - reader->begin >= sizeof(head)) {
		const uint8_t *p = reader->bytes + reader->begin;

		memcpy(&head, p, sizeof(head));
		if (is_head(&head)) {
			if (reader->end - reader->begin < head.bytes)
				return NULL;
			reader->begin += head.bytes;
			*ret_head = head;
			return p;
		}
		resync(reader);
	}
	return NULL;
}

void reader_end(struct reader *reader)
{
	reader->bad_bytes += reader->end - reader->begin;
	reader->begin = reader->end = 0;
}
