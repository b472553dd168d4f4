/* SPDX-License-Identifier: Apache-2.0 */
/* Framing: whatever the pieces a stream arrives in, the chunks are the same. */
#include <stdlib.h>

#include "encode.h"
#include "input/reader.h"
#include "test.h"

static uint8_t bytes[600000];

/* A stream of @count chunks.  @garbage: how many bytes of noise may stand between two. */
static size_t make(unsigned int count, unsigned int garbage, uint64_t *random, uint64_t *ret_noise)
{
	static struct encode e;
	size_t at = 0;

	*ret_noise = 0;
	for (unsigned int i = 0; i < count; i++) {
		unsigned int records = (unsigned int)(encode_random(random) % 100);

		encode_begin(&e, (uint16_t)(i % 5), i + 1, i);
		while (records-- && encode_has_room(&e, 64))
			encode_alloc(&e, i + 100, encode_random(random) >> 17, 8, 1, 0);
		memcpy(bytes + at, e.bytes, encode_end(&e));
		at += e.used;
		for (uint64_t n = garbage ? encode_random(random) % garbage : 0; n; n--) {
			bytes[at++] = (uint8_t)encode_random(random);
			(*ret_noise)++;
		}
	}
	return at;
}

/* Feed @count bytes in pieces of at most @piece.  Return: chunks that came out, in order. */
static unsigned int feed(struct reader *reader, size_t count, size_t piece, uint64_t *random)
{
	unsigned int chunks = 0;
	struct tenure_chunk head;
	size_t at = 0;

	while (at < count) {
		size_t space;
		uint8_t *to = reader_space(reader, &space);
		size_t n = 1 + encode_random(random) % piece;

		CHECK(space);
		if (n > space)
			n = space;
		if (n > count - at)
			n = count - at;
		memcpy(to, bytes + at, n);
		reader_give(reader, n);
		at += n;
		while (reader_next(reader, &head)) {
			CHECK_EQ(head.seq, ++chunks);
			CHECK_EQ(head.slot, (chunks - 1) % 5);
		}
	}
	return chunks;
}

TEST(chunks_are_the_same_in_pieces_of_any_size)
{
	uint64_t random = 1;

	for (size_t piece = 1; piece < 300000; piece = piece * 3 + 1) {
		struct reader reader;
		uint64_t noise;
		size_t count = make(400, 0, &random, &noise);

		CHECK_EQ(reader_init(&reader), 0);
		CHECK_EQ(feed(&reader, count, piece, &random), 400);
		reader_end(&reader);
		CHECK_EQ(reader.bad_bytes, 0);
		reader_fini(&reader);
	}
}

TEST(noise_between_chunks_is_passed_over_and_counted)
{
	uint64_t random = 2;

	for (unsigned int round = 0; round < 20; round++) {
		struct reader reader;
		uint64_t noise;
		size_t count = make(200, 50, &random, &noise);

		CHECK_EQ(reader_init(&reader), 0);
		CHECK_EQ(feed(&reader, count, 5000, &random), 200);
		reader_end(&reader);
		CHECK_EQ(reader.bad_bytes, noise);
		reader_fini(&reader);
	}
}

TEST(heads_out_of_bounds_are_no_chunks)
{
	const struct tenure_chunk bad[] = {
		{ .magic = TENURE_CHUNK_MAGIC, .bytes = 23, .seq = 1 },
		{ .magic = TENURE_CHUNK_MAGIC, .bytes = TENURE_CHUNK_MAX + 1, .seq = 1 },
		{ .magic = TENURE_CHUNK_MAGIC, .bytes = 24, .seq = 0 },
		{ .magic = TENURE_CHUNK_MAGIC, .bytes = 24, .seq = 1, .slot = TENURE_SLOTS_MAX },
		{ .magic = 1, .bytes = 24, .seq = 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct tenure_chunk head;
		struct reader reader;
		size_t space;

		CHECK_EQ(reader_init(&reader), 0);
		memcpy(reader_space(&reader, &space), &bad[i], sizeof(bad[i]));
		reader_give(&reader, sizeof(bad[i]));
		CHECK(!reader_next(&reader, &head));
		reader_end(&reader);
		CHECK_EQ(reader.bad_bytes, sizeof(bad[i]));
		reader_fini(&reader);
	}
}
