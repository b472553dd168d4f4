/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encoder: what it writes decodes to what was recorded, and every chunk
 * is whole and fits the pipe.
 */
#include "record.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "shared.h"
#include "test.h"

static struct image test_image;
static struct tenure_shared test_shared;
static struct tenure_slot test_slot;
static struct thread test_thread;
static int reader;

static void begin(void)
{
	struct stat st;
	int ends[2];

	CHECK(pipe2(ends, O_NONBLOCK) == 0);
	CHECK(fstat(ends[1], &st) == 0);
	memset(&test_image, 0, sizeof(test_image));
	memset(&test_slot, 0, sizeof(test_slot));
	memset(&test_thread, 0, sizeof(test_thread));
	test_image.state = IMAGE_ON;
	test_image.pipe = (struct image_fd){ ends[1], st.st_dev, st.st_ino };
	image = &test_image;
	shared = &test_shared;
	test_thread.slot = &test_slot;
	reader = ends[0];
	record_begin(&test_thread);
}

static void finish(void)
{
	close(reader);
	close(test_image.pipe.fd);
	image = NULL;
	shared = NULL;
}

/* Reads what is on the pipe.  Return: its bytes. */
static size_t drain(uint32_t *seq)
{
	uint8_t chunk[2 * TENURE_CHUNK_MAX];
	struct tenure_chunk head;
	size_t all = 0;

	while (read(reader, &head, sizeof(head)) == (ssize_t)sizeof(head)) {
		CHECK_EQ(head.magic, TENURE_CHUNK_MAGIC);
		CHECK(head.bytes <= TENURE_CHUNK_MAX);
		CHECK_EQ(head.seq, *seq + 1);
		*seq = head.seq;
		CHECK_EQ(read(reader, chunk, head.bytes - sizeof(head)),
			 (ssize_t)(head.bytes - sizeof(head)));
		all += head.bytes;
	}
	return all;
}

TEST(first_free_of_a_chunk_has_its_address_in_the_record)
{
	uint64_t field = 0;
	unsigned int head, stamp_bytes, addr_bytes;

	begin();
	test_thread.last_stamp = 0;
	record_free(&test_thread, (const void *)0x1230, TENURE_HEAD_REALLOC);
	head = test_slot.chunk[24] | test_slot.chunk[25] << 8;
	stamp_bytes = head >> 2 & 7;
	addr_bytes = (head >> 5 & 7) + 1;
	CHECK_EQ(head & TENURE_KIND_MASK, TENURE_KIND_FREE);
	CHECK(head & TENURE_HEAD_REALLOC);
	CHECK(!(head & TENURE_HEAD_FINE));
	memcpy(&field, test_slot.chunk + 26 + stamp_bytes, addr_bytes);
	CHECK_EQ(field, 0x123u << 1); /* zigzag of 0x1230 / 16 */
	CHECK_EQ((uint32_t)test_slot.pos, 26 + stamp_bytes + addr_bytes);
	finish();
}

TEST(ways_to_unaligned_addresses_are_counted_in_bytes)
{
	uint64_t field = 0;
	unsigned int head, skip;

	begin();
	record_free(&test_thread, (const void *)0x1239, TENURE_HEAD_CUSTOM);
	head = test_slot.chunk[24] | test_slot.chunk[25] << 8;
	skip = head >> 2 & 7;
	CHECK(head & TENURE_HEAD_FINE);
	CHECK(head & TENURE_HEAD_CUSTOM);
	memcpy(&field, test_slot.chunk + 26 + skip, (head >> 5 & 7) + 1);
	CHECK_EQ(field, 0x1239u << 1);
	finish();
}

/* What the record at @at begins with, and how many bytes it has without its stamp. */
static unsigned int head_at(size_t at, size_t *ret_bytes)
{
	unsigned int head = test_slot.chunk[at] | (unsigned int)test_slot.chunk[at + 1] << 8;

	*ret_bytes = (uint32_t)test_slot.pos - at - (head >> 2 & 7);
	return head;
}

TEST(the_free_of_a_recent_block_has_no_address)
{
	const uintptr_t a = 0x5581c0de02a0, b = a + 0x400;
	size_t at, bytes;
	unsigned int head;

	CHECK(TENURE_RECENT_PLACE(a) != TENURE_RECENT_PLACE(b));
	begin();
	record_alloc(&test_thread, (const void *)a, 1, 1, TENURE_FN_MALLOC);
	record_alloc(&test_thread, (const void *)b, 1, 1, TENURE_FN_MALLOC);

	at = (uint32_t)test_slot.pos;
	record_free(&test_thread, (const void *)a, TENURE_HEAD_REALLOC);
	head = head_at(at, &bytes);
	CHECK_EQ(head & TENURE_KIND_MASK, TENURE_KIND_RECENT);
	CHECK(head & TENURE_HEAD_REALLOC);
	CHECK_EQ(head >> 10, TENURE_RECENT_PLACE(a));
	CHECK_EQ(bytes, 2);

	/* Of its place, but another block. */
	at = (uint32_t)test_slot.pos;
	record_free(&test_thread, (const void *)(a + 0x800), 0);
	CHECK_EQ(TENURE_RECENT_PLACE(a), TENURE_RECENT_PLACE(a + 0x800));
	CHECK_EQ(head_at(at, &bytes) & TENURE_KIND_MASK, TENURE_KIND_FREE);

	/* A chunk decodes on its own. */
	record_flush(&test_thread);
	at = (uint32_t)test_slot.pos;
	record_free(&test_thread, (const void *)b, 0);
	CHECK_EQ(head_at(at, &bytes) & TENURE_KIND_MASK, TENURE_KIND_FREE);
	finish();
}

/* Every length of what precedes leaves a different rest at the end of the chunk. */
TEST(chunks_never_grow_past_their_limit)
{
	for (size_t text = 0; text < 80; text++) {
		static const char filler[80];
		uint32_t seq = 0;

		begin();
		record_ext(&test_thread, TENURE_EXT_NOTE, filler, text, NULL, 0);
		for (unsigned int i = 0; i < 2000; i++) {
			uintptr_t addr = (uintptr_t)i * 0x9e3779b97f4a7c15u;

			record_alloc(&test_thread, (const void *)(addr | (i & 15)),
				     addr >> (i & 63), i, i % TENURE_FN_COUNT);
			CHECK((uint32_t)test_slot.pos <= TENURE_CHUNK_MAX);
			if (i % 500 == 0)
				(void)drain(&seq);
		}
		record_flush(&test_thread);
		(void)drain(&seq);
		CHECK_EQ((uint32_t)test_slot.pos, sizeof(struct tenure_chunk));
		finish();
	}
}

TEST(long_texts_are_cut_to_a_chunk)
{
	static char text[3 * TENURE_CHUNK_MAX];
	uint32_t seq = 0;

	begin();
	memset(text, 'x', sizeof(text));
	record_ext(&test_thread, TENURE_EXT_NOTE, text, 100, text, sizeof(text));
	record_ext(&test_thread, TENURE_EXT_NOTE, text, sizeof(text), NULL, 0);
	record_flush(&test_thread);
	CHECK(drain(&seq) > TENURE_CHUNK_MAX);
	CHECK_EQ(seq, 2);
	finish();
}

TEST(what_a_flush_adds_leaves_no_chunk_too_long)
{
	static char text[TENURE_CHUNK_MAX];
	uint32_t seq = 0;

	begin();
	memset(text, 'x', sizeof(text));
	CHECK_EQ(prctl(PR_SET_NAME, "fifteen letters"), 0);
	record_ext(&test_thread, TENURE_EXT_NOTE, text, sizeof(text), NULL, 0);
	record_ext(&test_thread, TENURE_EXT_NOTE, text, sizeof(text), NULL, 0);
	record_flush(&test_thread);
	CHECK(drain(&seq) > 2 * (TENURE_CHUNK_MAX - 64));
	CHECK_EQ(seq, 3); /* the second holds the name */
	finish();
}

TEST(a_process_is_described_while_recording_rests)
{
	static char text[1000];
	uint32_t seq = 0;
	size_t bytes;

	begin();
	test_image.paused = IMAGE_PAUSED;
	thread_open_limit(&test_thread);
	for (int i = 0; i < 10; i++)
		record_ext(&test_thread, TENURE_EXT_NOTE, text, sizeof(text), NULL, 0);
	record_alloc(&test_thread, text, 1, 1, TENURE_FN_MALLOC);
	CHECK(test_thread.cursor == NULL);
	bytes = drain(&seq) + (uint32_t)test_slot.pos;
	CHECK(bytes >= 10 * (TENURE_EXT_HEAD + sizeof(text)));
	finish();
}

TEST(an_empty_chunk_is_not_flushed)
{
	uint32_t seq = 0;

	begin();
	record_flush(&test_thread);
	record_begin(&test_thread);
	CHECK_EQ(drain(&seq), 0);
	CHECK_EQ(test_slot.pos >> 32, 1);
	finish();
}

TEST(nothing_is_written_once_recording_is_off)
{
	uint64_t pos;

	begin();
	record_free(&test_thread, (const void *)0x10, 0);
	test_image.state = IMAGE_OFF;
	test_thread.limit = NULL;
	pos = test_slot.pos;
	record_free(&test_thread, (const void *)0x20, 0);
	CHECK_EQ(test_slot.pos, pos);
	CHECK(test_thread.cursor == NULL);
	finish();
}
