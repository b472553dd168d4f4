/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared table of stack nodes: (parent, word) to id and back.
 *
 * Insert-only and lock-free.  The nodes themselves lie in the memfd, where
 * the analyzer reads them; the index that finds them is private to the
 * process.  A forked child starts with an empty table of its own.
 */
#ifndef PRELOAD_NODES_H
#define PRELOAD_NODES_H

#include <stdint.h>

#include "base/attr.h"
#include "tenure/wire.h"

/* Where the nodes begin; see nodes_get(). */
extern struct tenure_node *nodes_base_;

/**
 * nodes_intern() - id of the node with this parent and this word
 * @parent: id of the caller's node, 0 for roots
 * @word:   TENURE_NODE_WORD() and flags
 * @aux:    kept with the node when this call creates it
 *
 * Return: an id, the same for the same (parent, word) in this process image;
 * when the table is full, @parent (counted in tenure_shared.folded).
 *
 * Context: any thread, any signal handler, guard held, no lock.
 */
uint32_t nodes_intern(uint32_t parent, uint64_t word, uint32_t aux);

/**
 * nodes_get() - the node with this id, which nodes_intern() returned
 *
 * Return: borrowed, valid for the life of the process image, never NULL.
 */
static attr_always_inline const struct tenure_node *nodes_get(uint32_t id)
{
	return &nodes_base_[id];
}

/** nodes_set_aux() - change what is kept with a node; for nodes of one's own kind only */
static inline void nodes_set_aux(uint32_t id, uint32_t aux)
{
	__atomic_store_n(&((struct tenure_node *)(uintptr_t)nodes_get(id))->aux, aux,
			 __ATOMIC_RELAXED);
}

/**
 * nodes_init() - map the first batch and begin an empty table
 *
 * Return: 0 or a negative errno.
 * Context: single-threaded (start-up, or a forked child).
 */
attr_nodiscard int nodes_init(void);

#endif /* PRELOAD_NODES_H */
