/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sizes are told from the containers' own fields, and exactly only as far as
 * that decides which are the biggest: the analyzer knows the blocks.
 *
 * Dictionaries and tuples that cannot be part of a cycle are not tracked by
 * the collector; they are found as what tracked objects refer to.
 */
#include "py-containers.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "py-body.h"
#include "py-graph.h"
#include "py-state.h"
#include "record.h"
#include "sys.h"
#include "tenure/wire-python.h"

#define BIG	       1024u	   /* bytes of the smallest container that is told of */
#define REFERENCES_RUN (2u << 20)  /* at most, while the program runs */
#define REFERENCES_END (16u << 20) /* at its end */
#define SHARE	       100u	   /* of the time that has passed, one part in so many */
#define BASES_MAX      8
#define DEQUE_BLOCK    64u
#define DEQUE_BYTES    (8 * (DEQUE_BLOCK + 2))

/* Of the objects; the same in all versions that keep objects by generation. */
#define LIST_ITEMS     24
#define LIST_ALLOCATED 32
#define DICT_USED      16
#define DICT_KEYS      32
#define DICT_VALUES    40
#define SET_USED       24
#define SET_MASK       32
#define SET_TABLE      40
#define SET_SMALL      64
#define DEQUE_LEFT     40
#define TYPE_BASE      256

#define FLAG_LIST  (1ul << 25)
#define FLAG_TUPLE (1ul << 26)

/**
 * struct look - one pass; @taken: entries of @top
 * @least: estimate of the smallest entry once @top is full
 * @bytes: estimates, per entry
 */
struct look {
	uint64_t references;
	uint64_t limit;
	uint64_t least;
	uint32_t taken;
	uint64_t bytes[TENURE_PY_CONTAINERS_MAX];
	struct tenure_py_container top[TENURE_PY_CONTAINERS_MAX];
};

static const void *deque_type;

static uint64_t field(const void *object, size_t offset)
{
	return (uint64_t)(uintptr_t)py_field(object, offset);
}

static bool is_derived(const void *type, const void *base)
{
	for (int i = 0; type && i < BASES_MAX; i++, type = py_field(type, TYPE_BASE)) {
		if (type == base)
			return true;
	}
	return false;
}

/* -------------------------------------------------------------- their sizes */

/* Bytes of a dictionary's table of @keys. */
static uint64_t keys_bytes(const uint8_t *keys)
{
	uint64_t places, index;
	unsigned int entry = 24;

	if (py_state.abi->minor < 11) {
		places = field(keys, 8);
		index = places <= 128 ? 1 : places <= 32768 ? 2 : places <= UINT32_MAX / 2 ? 4 : 8;
		return 40 + places * index + places * 2 / 3 * entry;
	}
	if (keys[8] > 40 || keys[9] > 48)
		return 0;
	if (keys[10]) /* all keys are str */
		entry = 16;
	return 32 + (1ull << keys[9]) + (1ull << keys[8]) * 2 / 3 * entry;
}

static uint64_t size_dict(const void *object, struct tenure_py_container *ret)
{
	const uint8_t *keys = py_field(object, DICT_KEYS);

	ret->length = field(object, DICT_USED);
	if (!keys || py_field(object, DICT_VALUES)) /* shared with others of its class */
		return ret->length * 8;
	ret->side = (uintptr_t)keys;
	return keys_bytes(keys);
}

static uint64_t size_set(const void *object, struct tenure_py_container *ret)
{
	ret->length = field(object, SET_USED);
	if (field(object, SET_TABLE) == (uintptr_t)object + SET_SMALL)
		return 0;
	ret->side = field(object, SET_TABLE);
	return (field(object, SET_MASK) + 1) * 16;
}

/* Its pieces are many and alike: their bytes are told instead of their addresses. */
static uint64_t size_deque(const void *object, struct tenure_py_container *ret)
{
	ret->length = field(object, PY_VAR_SIZE);
	ret->pieces = (field(object, DEQUE_LEFT) + ret->length + DEQUE_BLOCK - 1) / DEQUE_BLOCK;
	ret->pieces *= DEQUE_BYTES;
	return ret->pieces;
}

/* Return: estimate of its bytes; 0: no container, or a small one. */
static uint64_t size_of(const void *object, struct tenure_py_container *ret)
{
	const void *type = py_type_at(object);
	uint64_t flags = field(type, PY_TYPE_FLAGS);

	if (flags & PY_FLAG_DICT_SUBCLASS)
		return size_dict(object, ret);
	if (flags & FLAG_LIST) {
		ret->length = field(object, PY_VAR_SIZE);
		ret->side = field(object, LIST_ITEMS);
		return field(object, LIST_ALLOCATED) * 8;
	}
	if (flags & FLAG_TUPLE) {
		ret->length = field(object, PY_VAR_SIZE);
		return ret->length * 8;
	}
	if (type == deque_type)
		return size_deque(object, ret);
	if (type == py_state.api.type_set || type == py_state.api.type_frozenset)
		return size_set(object, ret);
	if (flags & PY_FLAG_HEAPTYPE) {
		if (is_derived(type, py_state.api.type_set) ||
		    is_derived(type, py_state.api.type_frozenset))
			return size_set(object, ret);
		if (deque_type && is_derived(type, deque_type))
			return size_deque(object, ret);
	}
	return 0;
}

/* Where the block of an object begins. */
static uint64_t block_of(const void *object)
{
	uint64_t flags = field(py_type_at(object), PY_TYPE_FLAGS);
	uint64_t before = flags & PY_FLAG_HAVE_GC ? 16 : 0;

	if (flags & py_state.abi->type_prefixed)
		before += 16;
	return (uintptr_t)object - before;
}

/* ------------------------------------------------------------------ the look */

static void take(struct look *look, const struct tenure_py_container *container, uint64_t bytes)
{
	uint32_t at = look->taken;

	for (uint32_t i = 0; i < look->taken; i++) {
		if (look->top[i].block == container->block)
			return;
	}
	if (at == TENURE_PY_CONTAINERS_MAX) {
		for (uint32_t i = at = 0; i < look->taken; i++)
			if (look->bytes[i] < look->bytes[at])
				at = i;
	} else {
		look->taken++;
	}
	look->top[at] = *container;
	look->bytes[at] = bytes;
	if (look->taken < TENURE_PY_CONTAINERS_MAX)
		return;
	look->least = UINT64_MAX;
	for (uint32_t i = 0; i < look->taken; i++)
		if (look->bytes[i] < look->least)
			look->least = look->bytes[i];
}

static void consider(struct look *look, const void *object)
{
	struct tenure_py_container container = { 0 };
	uint64_t bytes = size_of(object, &container);

	/* No symbol leads to the type of deques. */
	if (unlikely(!deque_type) && py_type_at(object) == py_state.api.type_type &&
	    !strcmp(py_field(object, PY_TYPE_NAME), "collections.deque"))
		deque_type = object;

	if (likely(bytes < BIG || bytes <= look->least))
		return;
	container.block = block_of(object);
	take(look, &container, bytes);
}

static int visit_reference(void *object, void *arg)
{
	struct look *look = arg;

	if (unlikely(++look->references > look->limit))
		return -1;
	consider(look, object);
	return 0;
}

static int visit_object(const void *object, void *arg)
{
	struct look *look = arg;

	consider(look, object);
	return py_graph_traverse(object, visit_reference, look);
}

/* Has enough of the program's time passed since the last look for another one? */
static bool may_look(uint64_t now, uint64_t begun, uint64_t spent)
{
	return (now - begun) / SHARE >= spent;
}

void py_containers_look(struct thread *thread, const void *gc)
{
	static struct look look; /* too large for the stack; taken by whoever comes first */
	static uint32_t busy;
	static uint64_t begun, spent;
	uint64_t now = sys_ticks();
	bool is_end = !py_state.api.is_initialized();
	struct tenure_py_containers head = { .moment = is_end };
	int err;

	if (!py_state.abi->gc_generations || __atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
		return;
	if (!begun)
		begun = now;
	if (is_end || may_look(now, begun, spent)) {
		memset(&look, 0, sizeof(look));
		look.limit = is_end ? REFERENCES_END : REFERENCES_RUN;
		py_call_begin(thread);
		err = py_graph_walk(gc, PY_GRAPH_ALL, visit_object, &look);
		py_call_end(thread);
		head.partial = err > 0;
		head.count = look.taken;
		if (err >= 0)
			record_ext(thread, TENURE_PY_CONTAINERS, &head, sizeof(head), look.top,
				   look.taken * sizeof(look.top[0]));
		spent += sys_ticks() - now;
	}
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}
