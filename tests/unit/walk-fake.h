/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the walker needs of the rest of the shim, for its unit tests: a table
 * of nodes in plain memory, and a module map that never changes by itself.
 * Included once per test program.
 */
#ifndef TESTS_UNIT_WALK_FAKE_H
#define TESTS_UNIT_WALK_FAKE_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "modules.h"
#include "nodes.h"
#include "shared.h"
#include "thread.h"
#include "walk.h"

static struct tenure_shared fake_shared;
struct tenure_shared *shared = &fake_shared;
uint32_t modules_generation = 1;

/* Batches that may still be mapped. */
static uint32_t fake_batches = UINT32_MAX;

/* Two threads may map the same batch: what the first one wrote must still be there. */
static int fake_memory = -1;

void *shared_map(void *at, uint64_t offset, size_t bytes)
{
	void *map;

	if (fake_batches == 0)
		return NULL;
	fake_batches--;
	map = mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | (at ? MAP_FIXED : 0),
		   fake_memory, (off_t)offset);
	return map == MAP_FAILED ? NULL : map;
}

void modules_check(struct thread *thread, uintptr_t pc)
{
	(void)thread;
	(void)pc;
}

/* As the analyzer gives it to every process image. */
static void fake_renew_memory(void)
{
	if (fake_memory >= 0)
		(void)close(fake_memory);
	fake_memory = memfd_create("nodes", MFD_CLOEXEC);
	if (fake_memory < 0 || ftruncate(fake_memory, (off_t)TENURE_SHARED_BYTES) < 0)
		abort();
}

static attr_unused void fake_start(void)
{
	fake_shared = (struct tenure_shared){ 0 };
	fake_batches = UINT32_MAX;
	fake_renew_memory();
	if (nodes_init() < 0 || walk_init() < 0)
		abort();
}

static attr_unused struct thread *fake_thread(void)
{
	static _Thread_local struct thread thread;

	thread.tid = (uint32_t)gettid();
	return &thread;
}

#endif /* TESTS_UNIT_WALK_FAKE_H */
