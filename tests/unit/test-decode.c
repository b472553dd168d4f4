/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder against what a second encoder was told to write. */
#include <stdlib.h>

#include "encode.h"
#include "input/decode.h"
#include "test.h"

#define RECORDS_MAX 1500u

struct expected {
	struct event event;
	uint8_t payload[32];
};

static struct expected expected[RECORDS_MAX];

static uint64_t some_number(uint64_t *random, unsigned int bits)
{
	return encode_random(random) >> (64 - 1 - encode_random(random) % bits);
}

/* Fill a chunk with random records.  Return: how many. */
static unsigned int fill(struct encode *e, uint64_t *random)
{
	uint64_t stamp = some_number(random, 60);
	uint64_t blocks[8] = { 0 };
	unsigned int n;

	encode_begin(e, 7, 1, stamp);
	for (n = 0; n < RECORDS_MAX && encode_has_room(e, 64); n++) {
		struct event event = { .thread = 7 };
		struct expected *now = &expected[n];

		stamp += encode_random(random) & 1 ? some_number(random, 40) : 0;
		event.stamp = stamp;
		event.addr = some_number(random, 57) + 1;
		switch (encode_random(random) % 3) {
		case 0:
			event.kind = EVENT_ALLOC;
			event.bytes = some_number(random, 64);
			event.stack = (uint32_t)some_number(random, 32);
			event.fn = encode_random(random) % TENURE_FN_COUNT;
			blocks[n % 8] = event.addr;
			encode_alloc(e, stamp, event.addr, event.bytes, event.stack, event.fn);
			break;
		case 1:
			event.kind = EVENT_FREE;
			event.fn = encode_random(random) & 3;
			if (blocks[n / 2 % 8])
				event.addr = blocks[n / 2 % 8];
			encode_free(
				e, stamp, event.addr,
				(event.fn & EVENT_FREE_REALLOC ? TENURE_HEAD_REALLOC : 0) |
					(event.fn & EVENT_FREE_CUSTOM ? TENURE_HEAD_CUSTOM : 0));
			break;
		default:
			event.kind = EVENT_EXT;
			event.ext = (uint32_t)(encode_random(random) % 256);
			event.bytes = encode_random(random) % 32;
			for (size_t i = 0; i < event.bytes; i++)
				now->payload[i] = (uint8_t)encode_random(random);
			encode_ext(e, stamp, event.ext, now->payload, event.bytes);
			break;
		}
		now->event = event;
	}
	encode_end(e);
	return n;
}

static void check_event(const struct event *event, const struct expected *want)
{
	CHECK_EQ(event->kind, want->event.kind);
	CHECK_EQ(event->stamp, want->event.stamp);
	CHECK_EQ(event->thread, want->event.thread);
	CHECK_EQ(event->bytes, want->event.bytes);
	CHECK_EQ(event->stack, want->event.stack);
	CHECK_EQ(event->fn, want->event.fn);
	if (event->kind == EVENT_EXT)
		CHECK_MEM(event->payload, want->payload, event->bytes);
	else
		CHECK_EQ(event->addr, want->event.addr);
}

TEST(random_records_come_back_whatever_the_number_taken_at_a_time)
{
	static struct encode e;
	struct event events[64];
	uint64_t random = 1;

	for (unsigned int round = 0; round < 200; round++) {
		unsigned int count = fill(&e, &random);
		const uint8_t *p = e.bytes + sizeof(struct tenure_chunk);
		size_t left = e.used - sizeof(struct tenure_chunk);
		struct tenure_chunk head;
		struct decode decode;
		unsigned int n = 0;

		memcpy(&head, e.bytes, sizeof(head));
		decode_begin(&decode, &head);
		while (left) {
			size_t got;
			size_t used = decode_feed(&decode, p, left, events,
						  1 + encode_random(&random) % 64, &got);

			CHECK(used);
			CHECK(!decode.bad);
			for (size_t i = 0; i < got; i++)
				check_event(&events[i], &expected[n++]);
			p += used;
			left -= used;
		}
		CHECK_EQ(n, count);
	}
}

TEST(a_chunk_cut_anywhere_gives_the_whole_records_before_the_cut)
{
	static struct encode e;
	static struct event events[RECORDS_MAX];
	uint64_t random = 2;
	unsigned int count = fill(&e, &random);
	size_t bytes = e.used - sizeof(struct tenure_chunk);
	struct tenure_chunk head;
	size_t last = 0;

	memcpy(&head, e.bytes, sizeof(head));
	for (size_t cut = 0; cut <= bytes; cut++) {
		/* Of exactly the promised size, so that a sanitizer sees any overrun. */
		uint8_t *copy = malloc(cut + DECODE_PADDING);
		struct decode decode;
		size_t got, used;

		CHECK(copy);
		memcpy(copy, e.bytes + sizeof(head), cut);
		memset(copy + cut, 0xff, DECODE_PADDING);
		decode_begin(&decode, &head);
		used = decode_feed(&decode, copy, cut, events, RECORDS_MAX, &got);
		CHECK_EQ(decode.bad, used < cut);
		CHECK(got >= last && got <= last + 1);
		for (size_t i = 0; i < got; i++)
			if (events[i].kind != EVENT_EXT)
				check_event(&events[i], &expected[i]);
		last = got;
		free(copy);
	}
	CHECK_EQ(last, count);
}

TEST(random_bytes_do_no_harm)
{
	static struct event events[RECORDS_MAX];
	const struct tenure_chunk head = { .stamp = UINT64_MAX - 5 };
	uint64_t random = 3;

	for (unsigned int round = 0; round < 3000; round++) {
		size_t bytes = encode_random(&random) % 400;
		uint8_t *copy = malloc(bytes + DECODE_PADDING);
		struct decode decode;
		size_t got;

		CHECK(copy);
		for (size_t i = 0; i < bytes + DECODE_PADDING; i++)
			copy[i] = (uint8_t)encode_random(&random);
		decode_begin(&decode, &head);
		CHECK(decode_feed(&decode, copy, bytes, events, RECORDS_MAX, &got) <= bytes);
		free(copy);
	}
}

TEST(the_recent_block_that_is_not_there_is_bad)
{
	const uint8_t bytes[16] = { TENURE_KIND_RECENT };
	const struct tenure_chunk head = { 0 };
	struct event event;
	struct decode decode;
	size_t got;

	decode_begin(&decode, &head);
	CHECK_EQ(decode_feed(&decode, bytes, 8, &event, 1, &got), 0);
	CHECK(decode.bad);
	CHECK_EQ(got, 0);
}
