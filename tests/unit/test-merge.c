/* SPDX-License-Identifier: Apache-2.0 */
/* Merging: random threads in random pieces against the sorted sequence of their events. */
#include <stdlib.h>

#include "encode.h"
#include "input/merge.h"
#include "test.h"

#define THREADS	   7u
#define CHUNKS_MAX 64u
#define EVENTS_MAX 60000u

static struct encode chunks[THREADS][CHUNKS_MAX];
static uint64_t chunk_last[THREADS][CHUNKS_MAX]; /* stamp of the last event */
static unsigned int chunk_count[THREADS];
static uint64_t want[EVENTS_MAX];
static size_t want_count;
static uint64_t got[EVENTS_MAX];
static size_t got_count;
static uint64_t limit;

static void emit(void *arg, const struct event *events, size_t count)
{
	(void)arg;
	for (size_t i = 0; i < count; i++) {
		CHECK(got_count < EVENTS_MAX);
		CHECK(events[i].stamp <= limit);
		/* The payload must still be there. */
		if (events[i].kind == EVENT_EXT)
			CHECK_MEM(events[i].payload, &events[i].stamp, sizeof(events[i].stamp));
		got[got_count++] = events[i].stamp;
	}
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

/* Random events for all threads; stamps are all different. */
static void make(uint64_t *random, unsigned int threads)
{
	want_count = got_count = 0;
	limit = MERGE_ALL;
	for (unsigned int t = 0; t < threads; t++) {
		uint64_t stamp = t;
		unsigned int step = 1 + (unsigned int)(encode_random(random) % 40);

		chunk_count[t] = 2 + (unsigned int)(encode_random(random) % 6);
		for (unsigned int c = 0; c < chunk_count[t]; c++) {
			struct encode *e = &chunks[t][c];
			size_t fill = 100 + encode_random(random) % 3900;

			encode_begin(e, (uint16_t)t, c + 1, stamp);
			while (e->used + 64 < fill) {
				stamp += (1 + encode_random(random) % step) * THREADS;
				if (encode_random(random) % 50 == 0)
					encode_ext(e, stamp, TENURE_EXT_NOTE, &stamp,
						   sizeof(stamp));
				else
					encode_free(e, stamp, 16 * stamp, 0);
				want[want_count++] = stamp;
				CHECK(want_count < EVENTS_MAX);
			}
			encode_end(e);
			chunk_last[t][c] = stamp;
		}
	}
	qsort(want, want_count, sizeof(*want), compare);
}

/* Bytes from @from to @to of a chunk; only the whole chunk says how long it is. */
static void take(struct merge *merge, unsigned int t, unsigned int c, size_t from, size_t to)
{
	struct tenure_chunk head;

	memcpy(&head, chunks[t][c].bytes, sizeof(head));
	if (to < chunks[t][c].used)
		head.bytes = 0;
	CHECK_EQ(merge_take(merge, &head, (uint32_t)from, chunks[t][c].bytes + from,
			    (uint32_t)(to - from)),
		 0);
}

static void check_all(void)
{
	CHECK_EQ(got_count, want_count);
	CHECK_MEM(got, want, want_count * sizeof(*want));
}

TEST(threads_merge_to_the_sorted_sequence)
{
	uint64_t random = 1;

	for (unsigned int round = 0; round < 60; round++) {
		unsigned int threads = 1 + round % THREADS;
		unsigned int next[THREADS] = { 0 };
		unsigned int left = 0;
		struct merge merge;

		make(&random, threads);
		CHECK_EQ(merge_init(&merge, emit, NULL), 0);
		for (unsigned int t = 0; t < threads; t++)
			left += chunk_count[t];
		while (left) {
			unsigned int t = (unsigned int)(encode_random(&random) % threads);
			uint64_t low = MERGE_ALL;

			if (next[t] == chunk_count[t])
				continue;
			take(&merge, t, next[t], sizeof(struct tenure_chunk),
			     chunks[t][next[t]].used);
			next[t]++;
			left--;
			/* No thread can still come up with anything before its next chunk. */
			for (unsigned int i = 0; i < threads; i++) {
				uint64_t known = next[i] ? chunk_last[i][next[i] - 1] : 0;

				if (next[i] < chunk_count[i] && known < low)
					low = known;
			}
			limit = low;
			merge_advance(&merge, low);
		}
		limit = MERGE_ALL;
		merge_advance(&merge, MERGE_ALL);
		check_all();
		CHECK_EQ(merge.queued_bytes, 0);
		CHECK_EQ(merge.bad_bytes, 0);
		CHECK_EQ(merge.missing_chunks, 0);
		merge_fini(&merge);
	}
}

/* Ends of records within a chunk, found by decoding it. */
static size_t some_record_end(const struct encode *e, uint64_t *random)
{
	size_t at = sizeof(struct tenure_chunk);
	size_t ends[1500];
	unsigned int n = 0;

	ends[n++] = at;
	while (at < e->used) {
		unsigned int head = (unsigned int)(e->bytes[at] | e->bytes[at + 1] << 8);

		if ((head & TENURE_KIND_MASK) == TENURE_KIND_EXT)
			at += TENURE_EXT_HEAD + (size_t)(e->bytes[at + 2] | e->bytes[at + 3] << 8);
		else
			at += 2 + (head >> 2 & 7) +
			      ((head & TENURE_KIND_MASK) == TENURE_KIND_RECENT
				       ? 0
				       : (head >> 5 & 7) + 1);
		ends[n++] = at;
	}
	return ends[encode_random(random) % n];
}

TEST(tails_that_are_seen_before_their_chunk_count_once)
{
	uint64_t random = 2;

	for (unsigned int round = 0; round < 60; round++) {
		struct merge merge;

		make(&random, THREADS);
		CHECK_EQ(merge_init(&merge, emit, NULL), 0);
		for (unsigned int t = 0; t < THREADS; t++)
			for (unsigned int c = 0; c < chunk_count[t]; c++) {
				size_t known = sizeof(struct tenure_chunk);

				for (int peeks = 0; peeks < 3; peeks++) {
					size_t end = some_record_end(&chunks[t][c], &random);

					if (end <= known || end == chunks[t][c].used)
						continue;
					take(&merge, t, c, known, end);
					known = end;
					CHECK_EQ(merge_known(&merge, t, c + 1), known);
					if (encode_random(&random) & 1)
						merge_advance(&merge, 0);
				}
				take(&merge, t, c, known, chunks[t][c].used);
				CHECK_EQ(merge_known(&merge, t, c + 1), UINT32_MAX);
				if (c)
					CHECK_EQ(merge_known(&merge, t, c), UINT32_MAX);
				CHECK_EQ(merge_known(&merge, t, c + 2), 0);
			}
		merge_advance(&merge, MERGE_ALL);
		check_all();
		CHECK_EQ(merge.missing_chunks, 0);
		merge_fini(&merge);
	}
}

TEST(chunks_that_are_left_out_are_missed)
{
	uint64_t random = 3;
	struct merge merge;

	make(&random, 2);
	CHECK_EQ(merge_init(&merge, emit, NULL), 0);
	take(&merge, 0, 0, sizeof(struct tenure_chunk), chunks[0][0].used);
	take(&merge, 0, 1, sizeof(struct tenure_chunk), chunks[0][1].used);
	CHECK_EQ(merge.missing_chunks, 0);
	take(&merge, 1, 1, sizeof(struct tenure_chunk), chunks[1][1].used);
	CHECK_EQ(merge.missing_chunks, 1);
	merge_fini(&merge);
}

TEST(bad_records_do_not_stop_the_other_threads)
{
	uint64_t random = 4;
	struct tenure_chunk head;
	const uint8_t noise[8] = { 2, 2, 2, 2, 2, 2, 2, 2 };
	struct merge merge;

	make(&random, 1);
	CHECK_EQ(merge_init(&merge, emit, NULL), 0);
	memcpy(&head, chunks[0][0].bytes, sizeof(head));
	head.slot = 3;
	CHECK_EQ(merge_take(&merge, &head, sizeof(head), noise, sizeof(noise)), 0);
	for (unsigned int c = 0; c < chunk_count[0]; c++)
		take(&merge, 0, c, sizeof(head), chunks[0][c].used);
	merge_advance(&merge, MERGE_ALL);
	check_all();
	CHECK_EQ(merge.bad_bytes, sizeof(noise));
	merge_fini(&merge);
}
