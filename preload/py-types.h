/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The type of an object, read from its header once that has been written.
 *
 * A block has no type when it is handed out.  So it is kept in mind, and
 * looked at when the next event arrives under the same GIL: then its header
 * is there, and the block cannot have been given back yet.
 *
 * The type is recorded only if it is not the one that the stack's last block
 * had; the node of the stack remembers that.
 */
#ifndef PRELOAD_PY_TYPES_H
#define PRELOAD_PY_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "py-state.h"

/**
 * struct py_pending - the newest block of the object domain
 * @block: NULL when it was looked at already
 * @bytes: as asked for
 * @stack: it was made on
 * @type:  id that the stack foretold, 0 for none
 * @where: where that type's address will be, or NULL
 * @at:    that address
 */
struct py_pending {
	const uint8_t *block;
	const uintptr_t *where;
	uintptr_t at;
	size_t bytes;
	uint32_t stack;
	uint32_t type;
};

extern struct py_pending py_pending;
extern const void *py_types_interp_;
extern uint32_t py_types_late_;

/**
 * py_types_new() - a block of the object domain was recorded
 *
 * Context: guard held, GIL held.
 */
void py_types_new(const struct py_thread *py, const void *block, size_t bytes, uint32_t stack);

/** py_types_look() - slow half of py_types_settle() */
void py_types_look(struct thread *thread, const struct py_thread *py, const void *ending);

/** py_types_drop() - a block is given back that cannot be looked at: keep it in mind no longer */
attr_cold void py_types_drop(const void *ending);

/**
 * py_types_settle() - something happens: look at the block that is kept in mind
 * @py:     NULL: this thread has done nothing yet, or cannot record
 * @ending: block that is about to be given back, or NULL
 *
 * Context: in a hook, before its own record; guard and GIL held, but for a NULL @py.
 */
static attr_always_inline void py_types_settle(struct thread *thread, const struct py_thread *py,
					       const void *ending)
{
	if (!py_pending.block && likely(!py_types_late_))
		return;
	if (likely(py && py->current == py_types_interp_)) {
		/* In this order: where only what is late brings us here, @where is stale. */
		if (likely(!py_types_late_ && py_pending.where &&
			   *py_pending.where == py_pending.at))
			py_pending.block = NULL;
		else
			py_types_look(thread, py, ending);
	} else if (ending) {
		py_types_drop(ending);
	}
}

/** py_types_forget() - the block at @block, perhaps of a type, is given back */
attr_cold void py_types_forget(const void *block);

/**
 * py_types_id() - number of a type, which is described if it is new
 * @type: of an object that is alive
 *
 * Return: 0 when it cannot be told that it will be noticed if it goes.
 * Context: guard held, GIL held.
 */
uint32_t py_types_id(struct thread *thread, const void *type);

/** py_types_presize() - bytes between the start of the block of an object of @type and the object
 */
size_t py_types_presize(const void *type);

/** py_types_is_known() - has an object of @type been met? */
bool py_types_is_known(const void *type);

/** py_types_modules() - objects were loaded: static types may lie in them */
void py_types_modules(void);

/** py_types_reset() - a forked child has to name all types again.  Context: single-threaded */
void py_types_reset(void);

#endif /* PRELOAD_PY_TYPES_H */
