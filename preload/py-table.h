/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of the interpreter's objects to numbers, and a filter that tells
 * quickly that an address is not among them.
 *
 * Readers take no lock: a slot's key is written last, a new body is published
 * with one store, and its predecessor is never unmapped.  It is used again when
 * as many new keys have come as make another body necessary, which is longer
 * than anybody reads.
 */
#ifndef PRELOAD_PY_TABLE_H
#define PRELOAD_PY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct py_slot {
	uintptr_t key;
	uint32_t id;
	uint32_t check;
};

struct py_table_body {
	uint32_t mask;
	uint32_t used; /* slots that are not empty, gone ones included */
	struct py_slot slots[];
};

/**
 * struct py_table - all zero is an empty one
 * @spare: the body before @body, or NULL
 */
struct py_table {
	struct py_table_body *body;
	struct py_table_body *spare;
	uint32_t lock;
};

/**
 * py_table_lock() - take the table for a change
 *
 * Waits for other threads, but not for ever: a handler that leaves by longjmp()
 * may leave it locked.
 * Context: guard held, so that no handler of this thread can want it too.
 */
void py_table_lock(struct py_table *table);
void py_table_unlock(struct py_table *table);

/**
 * py_table_put() - a new key; it must not be there
 *
 * Return: false when there is no memory.
 * Context: locked.
 */
bool py_table_put(struct py_table *table, const void *key, uint32_t id, uint32_t check);

/** py_table_remove() - forget a key if it is there; true if it was.  Context: locked */
bool py_table_remove(struct py_table *table, const void *key);

/** py_table_reset() - forget all.  Context: single-threaded */
void py_table_reset(struct py_table *table);

/** py_table_find() - slot of a key, or NULL; NULL is never there.  Context: any */
static attr_always_inline const struct py_slot *py_table_find(const struct py_table *table,
							      const void *key)
{
	const struct py_table_body *body = __atomic_load_n(&table->body, __ATOMIC_ACQUIRE);
	uint32_t i;

	if (unlikely(!body))
		return NULL;
	i = (uint32_t)(((uint64_t)(uintptr_t)key >> 4) * 0x9e3779b97f4a7c15ull >> 32);
	for (;; i++) {
		const struct py_slot *slot = &body->slots[i & body->mask];
		uintptr_t found = __atomic_load_n(&slot->key, __ATOMIC_ACQUIRE);

		if (!found)
			return NULL;
		if (found == (uintptr_t)key)
			return slot;
	}
}

/* One bit for each of many block addresses; a set bit means "perhaps". */
#define PY_FILTER_BITS (1u << 19)
extern uint64_t py_filter[PY_FILTER_BITS / 64];

static attr_always_inline uint32_t py_filter_bit(const void *block)
{
	uint64_t key = (uintptr_t)block >> 4;

	return (uint32_t)(key ^ key >> 19) & (PY_FILTER_BITS - 1);
}

/** py_filter_add() - the end of this block must not go unnoticed */
static inline void py_filter_add(const void *block)
{
	uint32_t bit = py_filter_bit(block);

	(void)__atomic_or_fetch(&py_filter[bit / 64], 1ull << (bit % 64), __ATOMIC_RELAXED);
}

/** py_filter_has() - was py_filter_add() called for it, perhaps? */
static attr_always_inline bool py_filter_has(const void *block)
{
	uint32_t bit = py_filter_bit(block);

	return __atomic_load_n(&py_filter[bit / 64], __ATOMIC_RELAXED) >> (bit % 64) & 1;
}

#endif /* PRELOAD_PY_TABLE_H */
