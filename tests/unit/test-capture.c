/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files: what was written comes back, whole or cut; what is none is refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode.h"
#include "input/capture-file.h"
#include "input/stream.h"
#include "model/session.h"
#include "test.h"

#define IMAGES 3u

static char path[] = "/tmp/tenure-test-XXXXXX";

/* A file of its own for this program, gone when the program ends. */
static void remove_file(void)
{
	(void)unlink(path);
}

static void need_file(void)
{
	static bool is_made;
	int fd;

	if (is_made)
		return;
	fd = mkstemp(path);
	CHECK(fd >= 0);
	(void)close(fd);
	CHECK_EQ(atexit(remove_file), 0);
	is_made = true;
}

/* What a listener heard, as one number, and how it ended. */
struct heard {
	uint64_t sum;
	uint64_t events;
	uint64_t images;
	uint64_t ends[IMAGE_CUT + 1];
	uint64_t nodes;
	uint64_t run_bytes;
};

struct heard_image {
	struct heard *heard;
	uint64_t sum;
};

static void mix(uint64_t *sum, uint64_t value)
{
	*sum = (*sum ^ value) * 0x9e3779b97f4a7c15u;
	*sum ^= *sum >> 31;
}

static void *begun(void *arg, const struct image_info *info)
{
	struct heard_image *image = calloc(1, sizeof(*image));

	CHECK(image);
	image->heard = arg;
	image->heard->images++;
	mix(&image->sum, info->pid);
	mix(&image->sum, info->start_stamp);
	return image;
}

static void events_came(void *arg, const struct event *events, size_t count)
{
	struct heard_image *image = arg;

	image->heard->events += count;
	for (size_t i = 0; i < count; i++) {
		mix(&image->sum, events[i].stamp);
		mix(&image->sum, events[i].kind);
		mix(&image->sum, events[i].bytes);
		if (events[i].kind != EVENT_EXT) {
			mix(&image->sum, events[i].addr);
			mix(&image->sum, events[i].stack);
		}
		for (size_t b = 0; events[i].kind == EVENT_EXT && b < events[i].bytes; b++)
			mix(&image->sum, events[i].payload[b]);
	}
}

static void memory_came(void *arg, uint64_t stamp, uint64_t bytes)
{
	struct heard_image *image = arg;

	mix(&image->sum, stamp);
	mix(&image->sum, bytes);
}

static void ended(void *arg, const struct image_end *end)
{
	struct heard_image *image = arg;

	image->heard->ends[end->how]++;
	image->heard->nodes += end->nodes_count;
	mix(&image->sum, end->stream_bytes);
	mix(&image->sum, end->shared->folded);
	for (size_t i = 0; i < end->nodes_count; i++)
		mix(&image->sum, end->nodes[i].word ^ end->nodes[i].parent);
	image->heard->sum += image->sum;
	free(image);
}

static void run_came(void *arg, const uint8_t *payload, size_t bytes)
{
	struct heard *heard = arg;

	CHECK_MEM(payload, "what the runner knows", 21);
	heard->run_bytes = bytes;
}

static const struct input_ops ops = { begun, events_came, memory_came, ended, run_came };

static struct heard replay(bool *ret_cut)
{
	struct capture_outcome outcome;
	struct heard heard = { 0 };

	CHECK_EQ(capture_replay(path, &ops, &heard, &outcome), 0);
	CHECK_EQ(outcome.images, heard.images);
	*ret_cut = outcome.cut;
	return heard;
}

/* Several images at once, in random order of what happens; all of it goes to the capture, too. */
static struct heard record(unsigned int steps)
{
	struct capture_writer *writer;
	struct stream *streams[IMAGES];
	uint32_t seqs[IMAGES][4] = { 0 };
	struct heard heard = { 0 };
	uint64_t random = 1;
	uint64_t stamp = 100;

	need_file();
	CHECK_EQ(capture_create(path, &writer), 0);
	for (unsigned int i = 0; i < IMAGES; i++) {
		const struct image_info info = {
			.image = i + 1,
			.pid = 40 + i,
			.start_stamp = stamp,
		};

		CHECK_EQ(stream_new(&info, &ops, &heard, writer, &streams[i]), 0);
	}
	for (unsigned int n = 0; n < steps; n++) {
		static struct encode e;
		unsigned int i = (unsigned int)(encode_random(&random) % IMAGES);
		uint16_t slot = encode_random(&random) % 4;
		const struct tenure_node nodes[2] = { { .word = encode_random(&random) >> 9 },
						      { .word = n, .parent = n / 2 } };
		struct tenure_chunk head;

		encode_begin(&e, slot, ++seqs[i][slot], stamp);
		for (unsigned int k = 0; k < 200; k++) {
			stamp += encode_random(&random) % 50;
			if (k % 40 == 0)
				encode_ext(&e, stamp, TENURE_EXT_NOTE, "note", 4);
			else
				encode_alloc(&e, stamp, encode_random(&random) >> 17 << 4, k, n, 0);
		}
		encode_end(&e);
		memcpy(&head, e.bytes, sizeof(head));
		stream_chunk(streams[i], &head, sizeof(head), e.bytes + sizeof(head),
			     head.bytes - (uint32_t)sizeof(head));
		stream_nodes(streams[i], 2 * n, nodes, 2);
		if (n % 5 == 0)
			stream_sync(streams[i], stamp - 500, n % 10 == 0);
		if (n % 7 == 0)
			stream_memory(streams[i], stamp, n * 4096);
	}
	for (unsigned int i = 0; i < IMAGES; i++) {
		const struct stream_end end = { .how = IMAGE_EXITED, .end_stamp = stamp };
		const struct tenure_shared shared = { .folded = i };

		stream_end(streams[i], &end, &shared);
		stream_free(streams[i]);
	}
	capture_write(writer, 0, CAPTURE_RUN, "what the runner ", 16, "knows", 5);
	CHECK_EQ(capture_close(writer), 0);
	return heard;
}

TEST(a_replay_tells_what_the_live_streams_told)
{
	struct heard live = record(1500);
	bool is_cut;
	struct heard again = replay(&is_cut);

	CHECK(!is_cut);
	CHECK(live.events > 1500 * 190);
	CHECK_EQ(again.run_bytes, 21);
	again.run_bytes = 0;
	CHECK_MEM(&again, &live, sizeof(live));
	CHECK_EQ(live.ends[IMAGE_EXITED], IMAGES);
	CHECK(capture_is_capture(path));
}

TEST(a_file_cut_anywhere_is_good_up_to_the_cut)
{
	struct heard whole = record(900);
	uint64_t last = 0;
	struct stat status;
	off_t step;

	CHECK_EQ(stat(path, &status), 0);
	CHECK(status.st_size > 3 * 100000);
	step = status.st_size / 97 + 1;
	/* From behind, so that the file need not be written again. */
	for (off_t size = status.st_size - 1; size >= 16; size -= step) {
		struct heard part;
		bool is_cut;

		CHECK_EQ(truncate(path, size), 0);
		part = replay(&is_cut);
		CHECK(is_cut || size == 16);
		CHECK(part.events <= whole.events);
		CHECK(!last || part.events <= last);
		CHECK_EQ(part.ends[IMAGE_CUT] + part.ends[IMAGE_EXITED], part.images);
		last = part.events;
	}
}

TEST(a_damaged_byte_is_noticed)
{
	struct heard whole = record(300);
	struct stat status;
	int fd;

	CHECK_EQ(stat(path, &status), 0);
	fd = open(path, O_RDWR);
	CHECK(fd >= 0);
	for (off_t at = sizeof(struct capture_header); at < status.st_size;
	     at += status.st_size / 50) {
		uint8_t byte, other;
		bool is_cut;

		CHECK_EQ(pread(fd, &byte, 1, at), 1);
		other = byte ^ 0x10;
		CHECK_EQ(pwrite(fd, &other, 1, at), 1);
		/* Bytes that mean nothing (reserved ones) may change without harm. */
		if (replay(&is_cut).sum != whole.sum)
			CHECK(is_cut);
		CHECK_EQ(pwrite(fd, &byte, 1, at), 1);
	}
	(void)close(fd);
}

static void write_file(const void *bytes, size_t count)
{
	FILE *file;

	need_file();
	file = fopen(path, "wb");
	CHECK(file);
	CHECK_EQ(fwrite(bytes, 1, count, file), count);
	(void)fclose(file);
}

TEST(what_is_no_capture_is_refused)
{
	struct capture_header header = {
		.magic = CAPTURE_MAGIC,
		.version = CAPTURE_VERSION + 1,
		.wire_version = TENURE_WIRE_VERSION,
	};
	struct capture_reader *reader;

	write_file("{\"tenure\": 1}, and some more", 20);
	CHECK_EQ(capture_open(path, &reader), -EBADMSG);
	CHECK(!capture_is_capture(path));
	write_file("", 0);
	CHECK_EQ(capture_open(path, &reader), -EBADMSG);
	write_file(&header, sizeof(header));
	CHECK_EQ(capture_open(path, &reader), -EPROTONOSUPPORT);
	CHECK(capture_is_capture(path));
	CHECK_EQ(capture_open("/nonexistent/file", &reader), -ENOENT);
	CHECK_EQ(capture_open("/tmp", &reader), -EISDIR);
}

TEST(a_full_disk_is_told_at_the_end)
{
	struct capture_writer *writer;
	uint8_t *noise = calloc(1, 1 << 20);

	CHECK(noise);
	if (capture_create("/dev/full", &writer) < 0) {
		free(noise);
		return;
	}
	capture_write(writer, 1, CAPTURE_CHUNK, noise, 1 << 20, NULL, 0);
	free(noise);
	CHECK_EQ(capture_close(writer), -ENOSPC);
}
