/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "test.h"
#include "walk-fake.h"

static uint64_t word_of(uint64_t i)
{
	return TENURE_NODE_WORD(TENURE_NODE_CALL, 0x400000 + i * 5);
}

TEST(the_same_frame_under_the_same_parent_is_one_node)
{
	uint32_t a;

	fake_start();
	a = nodes_intern(0, word_of(1), 7);
	CHECK(a > 0);
	CHECK_EQ(nodes_intern(0, word_of(1), 9), a);
	CHECK_EQ(nodes_get(a)->word, word_of(1));
	CHECK_EQ(nodes_get(a)->parent, 0);
	CHECK_EQ(nodes_get(a)->aux, 7);
}

TEST(another_parent_or_another_word_is_another_node)
{
	uint32_t a, b, c;

	fake_start();
	a = nodes_intern(0, word_of(1), 0);
	b = nodes_intern(a, word_of(1), 0);
	c = nodes_intern(a, TENURE_NODE_WORD(TENURE_NODE_GUESS, 0x400005), 0);
	CHECK(a != b && b != c && a != c);
	CHECK(b > a && c > a);
	CHECK_EQ(nodes_get(b)->parent, a);
}

enum {
	MANY = 200000,
};

static uint32_t ids[MANY];

TEST(many_nodes_are_all_found_again)
{
	fake_start();
	for (uint32_t i = 0; i < MANY; i++) {
		ids[i] = nodes_intern(i / 8 ? ids[i / 8] : 0, word_of(i), 0);
		CHECK(ids[i] != 0);
		CHECK(i == 0 || ids[i] == ids[i - 1] + 1);
	}
	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t i = 0; i < MANY; i++)
			CHECK_EQ(nodes_intern(i / 8 ? ids[i / 8] : 0, word_of(i), 0), ids[i]);
	CHECK_EQ(shared->nodes, ids[MANY - 1]);
	CHECK_EQ(shared->folded, 0);
}

enum {
	THREADS = 4,
	SHARED_KEYS = 60000,
};

static uint32_t seen[THREADS][SHARED_KEYS];
static pthread_barrier_t barrier;

static void *intern_all(void *arg)
{
	uint32_t self = (uint32_t)(uintptr_t)arg;

	pthread_barrier_wait(&barrier);
	for (uint32_t i = 0; i < SHARED_KEYS; i++) {
		/* Mostly together, sometimes each where nobody else is. */
		uint32_t k = i % 3 ? i : (i + self * (SHARED_KEYS / THREADS)) % SHARED_KEYS;

		seen[self][k] = nodes_intern(0, word_of(k), k);
	}
	for (uint32_t i = 0; i < SHARED_KEYS; i++)
		if (!seen[self][i])
			seen[self][i] = nodes_intern(0, word_of(i), i);
	return NULL;
}

TEST(threads_agree_on_every_number)
{
	pthread_t thread[THREADS];

	for (int round = 0; round < 5; round++) {
		fake_start();
		memset(seen, 0, sizeof(seen));
		pthread_barrier_init(&barrier, NULL, THREADS);
		for (uintptr_t i = 0; i < THREADS; i++)
			CHECK_EQ(pthread_create(&thread[i], NULL, intern_all, (void *)i), 0);
		for (int i = 0; i < THREADS; i++)
			pthread_join(thread[i], NULL);
		pthread_barrier_destroy(&barrier);
		for (uint32_t k = 0; k < SHARED_KEYS; k++) {
			for (int i = 1; i < THREADS; i++)
				CHECK_EQ(seen[i][k], seen[0][k]);
			CHECK_EQ(nodes_get(seen[0][k])->word, word_of(k));
			CHECK_EQ(nodes_intern(0, word_of(k), 0), seen[0][k]);
		}
		/* Places that lost a race are empty. */
		for (uint32_t id = 1; id <= shared->nodes; id++)
			if (nodes_get(id)->word &&
			    TENURE_NODE_KIND(nodes_get(id)->word) == TENURE_NODE_CALL)
				CHECK_EQ(nodes_intern(0, nodes_get(id)->word, 0), id);
	}
}

TEST(a_full_table_folds_into_the_parent_and_counts)
{
	uint32_t last = 0;

	fake_start();
	fake_batches = 1; /* one more than the first */
	for (uint32_t i = 0; i < 2 * TENURE_NODE_BATCH; i++) {
		uint32_t id = nodes_intern(last, word_of(i), 0);

		CHECK(id != 0);
		last = id;
	}
	CHECK_EQ(last, 2 * TENURE_NODE_BATCH - 1);
	CHECK(shared->folded > 0);
	CHECK_EQ(shared->nodes, 2 * TENURE_NODE_BATCH - 1);
	CHECK_EQ(nodes_intern(last, word_of(1), 0), last);
	/* What is there is still found. */
	CHECK_EQ(nodes_intern(5, word_of(3), 0), nodes_intern(5, word_of(3), 0));
}

static size_t resident_bytes(void)
{
	unsigned long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	CHECK(f);
	CHECK_EQ(fscanf(f, "%lu %lu", &size, &resident), 2);
	fclose(f);
	return resident * (size_t)getpagesize();
}

TEST(five_thousand_nodes_touch_little_memory)
{
	size_t before, after;

	fake_start();
	(void)resident_bytes();
	before = resident_bytes();
	for (uint32_t i = 0; i < 5000; i++)
		(void)nodes_intern(i / 2, word_of(i), 0);
	after = resident_bytes();
	CHECK(after - before < 512 * 1024);
}

/* Runs @body in a child; returns its exit status. */
static int in_child(int (*body)(void))
{
	int status = -1;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		_exit(body());
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

static int begin_afresh(void)
{
	fake_shared.nodes = 0;
	fake_renew_memory();
	if (nodes_init() < 0)
		return 1;
	if (nodes_intern(0, word_of(7), 3) != 1 || nodes_intern(0, word_of(8), 3) != 2)
		return 2;
	for (uint32_t i = 0; i < 20000; i++)
		if (nodes_intern(1, word_of(i), 0) != i + 3)
			return 3;
	return 0;
}

TEST(a_forked_child_begins_with_an_empty_table)
{
	uint32_t a;

	fake_start();
	for (uint32_t i = 0; i < 20000; i++)
		(void)nodes_intern(0, word_of(i), 0);
	a = nodes_intern(0, word_of(100), 0);
	CHECK_EQ(in_child(begin_afresh), 0);
	CHECK_EQ(nodes_intern(0, word_of(100), 0), a);
}

static int begin_cramped(void)
{
	struct rlimit limit = { 128 << 20, 128 << 20 };

	fake_shared.nodes = 0;
	fake_renew_memory();
	if (setrlimit(RLIMIT_AS, &limit) < 0)
		return 1;
	if (nodes_init() < 0)
		return 2;
	for (uint32_t i = 0; i < 200000; i++)
		if (nodes_intern(0, word_of(i), 0) != i + 1)
			return 3;
	return 0;
}

TEST(little_address_space_is_shared_with_the_program)
{
	fake_start();
	CHECK_EQ(in_child(begin_cramped), 0);
}
