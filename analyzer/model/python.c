/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the CPython provider to tables.
 */
#include "python.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/vec.h"

#define IDS_MAX		 (1u << 26) /* more code objects or types than this are not believed */
#define TABLE_MAX	 (1u << 24) /* bytes of one line table */
#define INTERPRETERS_MAX 4096u

/* A collection under way: one per interpreter at most. */
struct running {
	struct result_collection collection;
	uint16_t thread;
	bool is_on;
};

struct collected {
	uint64_t blocks;
	uint64_t bytes;
};

struct python {
	struct arena arena;
	struct result_python result;
	bool seen;
	size_t running_count;
	VEC(struct result_code) codes;
	VEC(uint32_t) table_space; /* bytes that a code's table has room for */
	VEC(const char *) types;
	VEC(struct running) running;
	VEC(struct collected) collected; /* by site */
	VEC(struct result_collection) collections;
	size_t collections_at; /* where the ring of collections goes on once it is full */
};

struct python *python_new(void)
{
	return calloc(1, sizeof(struct python));
}

struct python *python_free(struct python *python)
{
	if (!python)
		return NULL;
	arena_fini(&python->arena);
	vec_fini(&python->codes);
	vec_fini(&python->table_space);
	vec_fini(&python->types);
	vec_fini(&python->running);
	vec_fini(&python->collected);
	vec_fini(&python->collections);
	free(python);
	return NULL;
}

/* Takes a struct off the front of a payload. */
static bool take(const struct event *event, size_t *at, void *to, size_t bytes)
{
	if (event->bytes - *at < bytes)
		return false;
	memcpy(to, event->payload + *at, bytes);
	*at += bytes;
	return true;
}

static int feed_runtime(struct python *python, const struct event *event)
{
	struct result_python *result = &python->result;
	struct tenure_py_runtime head;
	size_t at = 0;

	if (!take(event, &at, &head, sizeof(head)))
		return -EINVAL;
	result->version = arena_string(&python->arena, event->payload + at, event->bytes - at);
	if (!result->version)
		return -ENOMEM;
	result->minor = head.minor;
	result->no_generations = (head.flags & TENURE_PY_NO_GENERATIONS) != 0;
	result->start = head.start;
	result->end = head.end;
	result->eval = head.eval;
	result->eval_bytes = head.eval_bytes;
	result->cold = head.cold;
	result->cold_bytes = head.cold_bytes;
	python->seen = true;
	return 0;
}

static int reserve_code(struct python *python, uint32_t id)
{
	if (id == 0 || id >= IDS_MAX)
		return -EINVAL;
	while (python->codes.count <= id) {
		int err = vec_push(&python->codes, (struct result_code){ 0 });

		if (!err)
			err = vec_push(&python->table_space, 0);
		if (err)
			return err;
	}
	return 0;
}

static int feed_code(struct python *python, const struct event *event)
{
	struct tenure_py_code head;
	struct result_code *code;
	size_t at = 0;
	int err;

	if (!take(event, &at, &head, sizeof(head)) ||
	    event->bytes - at < (size_t)head.name_bytes + head.file_bytes)
		return -EINVAL;
	err = reserve_code(python, head.id);
	if (err)
		return err;

	code = &python->codes.at[head.id];
	code->firstlineno = head.firstlineno;
	code->lines = head.lines;
	code->name = arena_string(&python->arena, event->payload + at, head.name_bytes);
	at += head.name_bytes;
	code->file = arena_string(&python->arena, event->payload + at, head.file_bytes);
	if (!code->name || !code->file)
		return -ENOMEM;
	if (head.table_bytes && head.table_bytes <= TABLE_MAX && !code->table) {
		code->table = arena_alloc(&python->arena, head.table_bytes);
		if (!code->table)
			return -ENOMEM;
		python->table_space.at[head.id] = head.table_bytes;
	}
	return 0;
}

static int feed_table(struct python *python, const struct event *event)
{
	struct result_code *code;
	uint32_t head[2];
	size_t at = 0, bytes;

	if (!take(event, &at, head, sizeof(head)))
		return -EINVAL;
	if (head[0] >= python->codes.count)
		return -EINVAL;
	code = &python->codes.at[head[0]];
	bytes = event->bytes - at;
	/* Pieces come in order; after a lost one the rest cannot be read anyway. */
	if (head[1] > python->table_space.at[head[0]] ||
	    bytes > python->table_space.at[head[0]] - head[1])
		return -EINVAL;
	if (head[1] != code->table_bytes)
		return 0;
	memcpy((uint8_t *)code->table + head[1], event->payload + at, bytes);
	code->table_bytes += bytes;
	return 0;
}

static int feed_type(struct python *python, const struct event *event)
{
	const char *name;
	size_t at = 0;
	uint32_t id;

	if (!take(event, &at, &id, sizeof(id)) || id == 0 || id >= IDS_MAX)
		return -EINVAL;
	name = arena_string(&python->arena, event->payload + at, event->bytes - at);
	if (!name)
		return -ENOMEM;
	while (python->types.count <= id) {
		int err = vec_push(&python->types, NULL);

		if (err)
			return err;
	}
	python->types.at[id] = name;
	return 0;
}

static int take_gc(const struct event *event, struct tenure_py_gc *ret)
{
	size_t at = 0;

	if (!take(event, &at, ret, sizeof(*ret)) || ret->generation > 2 ||
	    ret->interpreter >= INTERPRETERS_MAX)
		return -EINVAL;
	return 0;
}

static int feed_gc_start(struct python *python, const struct event *event)
{
	struct tenure_py_gc gc;
	struct running *running;
	int err = take_gc(event, &gc);

	if (err)
		return err;
	while (python->running.count <= gc.interpreter) {
		err = vec_push(&python->running, (struct running){ 0 });
		if (err)
			return err;
	}
	running = &python->running.at[gc.interpreter];
	if (!running->is_on)
		python->running_count++;
	*running = (struct running){
		.collection = { .start = event->stamp,
				.interpreter = gc.interpreter,
				.generation = gc.generation },
		.thread = event->thread,
		.is_on = true,
	};
	return 0;
}

/* Appends; the oldest gives way once there are too many. */
static int add_collection(struct python *python, const struct result_collection *collection)
{
	if (python->collections.count < RESULT_COLLECTIONS_MAX)
		return vec_push(&python->collections, *collection);
	python->collections.at[python->collections_at] = *collection;
	python->collections_at = (python->collections_at + 1) % RESULT_COLLECTIONS_MAX;
	return 0;
}

static int feed_gc_stop(struct python *python, const struct event *event)
{
	struct result_python *result = &python->result;
	struct result_collection *done;
	struct running *running;
	struct tenure_py_gc gc;
	int err = take_gc(event, &gc);

	if (err)
		return err;
	if (gc.interpreter >= python->running.count || !python->running.at[gc.interpreter].is_on)
		return 0; /* it began before we listened */

	running = &python->running.at[gc.interpreter];
	running->is_on = false;
	python->running_count--;
	done = &running->collection;
	done->stop = event->stamp;
	done->generation = gc.generation;
	done->collected = gc.collected;
	done->uncollectable = gc.uncollectable;

	result->runs[gc.generation]++;
	if (done->stop > done->start)
		result->run_ticks[gc.generation] += done->stop - done->start;
	result->collected += gc.collected;
	result->uncollectable += gc.uncollectable;
	return add_collection(python, done);
}

int python_feed(struct python *python, const struct event *event)
{
	switch (event->ext) {
	case TENURE_PY_RUNTIME:
		return feed_runtime(python, event);
	case TENURE_PY_CODE:
		return feed_code(python, event);
	case TENURE_PY_CODE_TABLE:
		return feed_table(python, event);
	case TENURE_PY_TYPE:
		return feed_type(python, event);
	case TENURE_PY_GC_START:
		return feed_gc_start(python, event);
	case TENURE_PY_GC_STOP:
		return feed_gc_stop(python, event);
	default:
		return 0;
	}
}

const struct result_python *python_seen(const struct python *python)
{
	return python->seen ? &python->result : NULL;
}

bool python_has_generations(const struct python *python)
{
	return !python->result.no_generations;
}

bool python_collecting(const struct python *python)
{
	return python->running_count != 0;
}

int python_freed(struct python *python, uint16_t thread, uint32_t site, uint64_t bytes,
		 uint64_t blocks)
{
	for (size_t i = 0; i < python->running.count; i++) {
		struct running *running = &python->running.at[i];

		if (!running->is_on || running->thread != thread)
			continue;
		running->collection.freed_blocks += blocks;
		running->collection.freed_bytes += bytes;
		while (python->collected.count <= site)
			if (vec_push(&python->collected, (struct collected){ 0 }) < 0)
				return -ENOMEM;
		python->collected.at[site].blocks += blocks;
		python->collected.at[site].bytes += bytes;
		return 1;
	}
	return 0;
}

void python_collected(const struct python *python, uint32_t site, uint64_t *ret_blocks,
		      uint64_t *ret_bytes)
{
	struct collected none = { 0 };
	const struct collected *found = site < python->collected.count ? &python->collected.at[site]
								       : &none;

	*ret_blocks = found->blocks;
	*ret_bytes = found->bytes;
}

void python_heap(struct python *python, uint64_t bytes, uint64_t blocks)
{
	size_t last = python->collections.count;

	if (!last)
		return;
	if (last == RESULT_COLLECTIONS_MAX)
		last = python->collections_at ? python->collections_at : last;
	python->collections.at[last - 1].heap_bytes = bytes;
	python->collections.at[last - 1].heap_blocks = blocks;
}

/* The ring's oldest entry to the front. */
static void unroll(struct python *python)
{
	size_t count = python->collections.count, at = python->collections_at;
	struct result_collection *all = python->collections.at;

	/* Three reversals turn a b into b a. */
	for (int pass = 0; at && pass < 3; pass++) {
		size_t from = pass == 1 ? at : 0, to = pass == 0 ? at : count;

		for (; from + 1 < to; from++, to--) {
			struct result_collection swap = all[from];

			all[from] = all[to - 1];
			all[to - 1] = swap;
		}
	}
	python->collections_at = 0;
}

const struct result_python *python_finish(struct python *python)
{
	struct result_python *result = &python->result;

	if (!python->seen)
		return NULL;
	unroll(python);
	result->codes = python->codes.at;
	result->codes_count = python->codes.count;
	result->types = python->types.at;
	result->types_count = python->types.count;
	result->collections = python->collections.at;
	result->collections_count = python->collections.count;
	return result;
}
