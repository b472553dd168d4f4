/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many events per second the analyzer takes: decode, merge and model, on
 * a synthetic stream with a realistic mix.
 *
 *	analyze [THREADS [LIVE_BLOCKS [EVENTS]]]
 *
 * Blocks are of 16 to 512 bytes in arenas of 64 MiB, from 5,000 stacks of
 * uneven weight; half of the blocks die soon, the others when chance says so.
 * One in a hundred is freed by another thread than the one that made it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/encode.h"
#include "input/stream.h"
#include "model/session.h"

#define STACKS	    5000u
#define ARENA_BYTES (UINT64_C(64) << 20)
#define THREADS_MAX 64u

struct block {
	uint64_t addr;
	uint32_t bytes;
};

static struct session *session;
static struct encode chunks[THREADS_MAX];
static uint32_t seqs[THREADS_MAX];
static uint8_t *stream_bytes;
static size_t stream_count;
static size_t stream_space;
static uint64_t now = 1000;
static uint64_t random_state = 1;

static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void flush(unsigned int thread)
{
	size_t bytes = encode_end(&chunks[thread]);

	if (stream_count + bytes > stream_space) {
		stream_space = stream_space ? stream_space * 2 : 1 << 24;
		stream_bytes = realloc(stream_bytes, stream_space);
		if (!stream_bytes)
			abort();
	}
	memcpy(stream_bytes + stream_count, chunks[thread].bytes, bytes);
	stream_count += bytes;
	encode_begin(&chunks[thread], (uint16_t)thread, ++seqs[thread], now);
}

static void make_room(unsigned int thread)
{
	if (!encode_has_room(&chunks[thread], 64))
		flush(thread);
}

/* Where the n-th place of the heap is: arenas of 64 MiB, places of 256 bytes. */
static uint64_t place_addr(uint64_t place)
{
	uint64_t bytes = place * 256;

	return 0x7f0000000000u + bytes / ARENA_BYTES * ARENA_BYTES * 3 + bytes % ARENA_BYTES + 16;
}

static uint32_t some_stack(void)
{
	uint64_t r = encode_random(&random_state);
	uint32_t stack = (uint32_t)(r % STACKS) & (uint32_t)(r >> 20) & (uint32_t)(r >> 40);

	return 10 + 7 * stack;
}

static uint64_t make_stream(unsigned int threads, uint64_t live, uint64_t events)
{
	uint64_t *places = malloc(live * sizeof(*places));
	uint64_t made = 0;
	uint64_t i;

	if (!places)
		abort();
	for (i = 0; i < live; i++)
		places[i] = i;
	for (unsigned int t = 0; t < threads; t++)
		encode_begin(&chunks[t], (uint16_t)t, ++seqs[t], now);

	/* First up to the number of live blocks, then around it. */
	for (uint64_t n = 0; n < events; n++) {
		uint64_t r = encode_random(&random_state);
		unsigned int thread = (unsigned int)(r % threads);

		now += 20 + r % 64;
		make_room(thread);
		if (made < live) {
			encode_alloc(&chunks[thread], now, place_addr(places[made++]),
				     16 + (r >> 32) % 240, some_stack(), TENURE_FN_MALLOC);
			continue;
		}
		/* One dies, and its place is given out again: half the time a young one. */
		i = r & 1u << 20 ? (live - 1) - (r >> 24) % (live < 64 ? live : 64)
				 : (r >> 24) % live;
		encode_free(&chunks[thread], now, place_addr(places[i]), 0);
		n++;
		now += 30;
		make_room(thread);
		encode_alloc(&chunks[thread], now, place_addr(places[i]), 16 + (r >> 32) % 240,
			     some_stack(), TENURE_FN_MALLOC);
	}
	for (unsigned int t = 0; t < threads; t++)
		flush(t);
	free(places);
	return events;
}

static void *begun(void *arg, const struct image_info *info)
{
	(void)arg;
	return session = session_new(NULL, info);
}

static void events_came(void *image, const struct event *events, size_t count)
{
	session_feed(image, events, count);
}

static void memory_came(void *image, uint64_t stamp, uint64_t bytes)
{
	session_memory(image, stamp, bytes);
}

static void ended(void *image, const struct image_end *end)
{
	session_end(image, end);
}

static void skip_events(void *image, const struct event *events, size_t count)
{
	(void)image;
	(void)events;
	(void)count;
}

/* Return: seconds of processor time. */
static double run(const struct input_ops *ops, struct stream **ret_stream)
{
	const struct image_info info = { .image = 1, .start_stamp = 1000, .ns_per_tick = 0.4 };
	struct tenure_chunk head;
	double start = seconds();

	if (stream_new(&info, ops, NULL, NULL, ret_stream) < 0)
		abort();
	for (size_t at = 0, synced = 0; at < stream_count; at += head.bytes) {
		memcpy(&head, stream_bytes + at, sizeof(head));
		stream_chunk(*ret_stream, &head, sizeof(head), stream_bytes + at + sizeof(head),
			     head.bytes - (uint32_t)sizeof(head));
		if (at - synced > 256 * 1024) {
			/* What all threads have surely gone beyond. */
			stream_sync(*ret_stream, head.stamp - 100000, false);
			synced = at;
		}
	}
	stream_sync(*ret_stream, MERGE_ALL, false);
	return seconds() - start;
}

int main(int argc, char **argv)
{
	static const struct input_ops model = { begun, events_came, memory_came, ended, NULL };
	static const struct input_ops nothing = { begun, skip_events, memory_came, ended, NULL };
	unsigned int threads = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 1;
	uint64_t live = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
	uint64_t events = argc > 3 ? strtoull(argv[3], NULL, 10) : 20000000;
	struct stream *stream;
	double decoded, modelled, finished;

	if (!threads || threads > THREADS_MAX || !live || events < live)
		return 2;
	events = make_stream(threads, live, events);
	decoded = run(&nothing, &stream);
	stream_free(stream);
	session_free(session);

	modelled = run(&model, &stream);
	finished = seconds();
	stream_end(stream, &(struct stream_end){ .how = IMAGE_EXITED }, NULL);
	if (!session_finish(session))
		return 1;
	finished = seconds() - finished;
	printf("threads %u live %" PRIu64 " events %" PRIu64 " bytes/event %.2f\n", threads, live,
	       events, (double)stream_count / (double)events);
	printf("decode and merge %.1f ns/event, with model %.1f ns/event (%.1f M/s), end %.3f s\n",
	       decoded * 1e9 / (double)events, modelled * 1e9 / (double)events,
	       (double)events / modelled / 1e6, finished);
	stream_free(stream);
	session_free(session);
	free(stream_bytes);
	return 0;
}
