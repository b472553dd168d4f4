/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference counts against references: what has a count that nothing in the
 * process accounts for, and what holds itself alive unseen by the collector.
 *
 * Looks for references where they may be: in the objects that the collector
 * knows (by tp_traverse); in what these hold that the collector does not know,
 * such as code objects, patterns, objects of types without tp_traverse (word by
 * word); in classes; in the variables of all loaded libraries.
 */
#ifndef PRELOAD_PY_REFS_H
#define PRELOAD_PY_REFS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "thread.h"

#define PY_REFS_REGS 32u

/**
 * struct py_refs_ops - who is told
 * @excess: @references to @object are nobody's
 * @held:   the word @at of native memory is the address of @object, of which @excess will tell;
 *          it may be a reference, if what it lies in is alive
 * @hidden: @object is unreachable and not garbage to the collector: something
 *          without tp_traverse refers to it, or it is that itself
 */
struct py_refs_ops {
	void (*excess)(void *arg, const void *object, uint32_t references);
	void (*held)(void *arg, const void *object, const void *at);
	void (*hidden)(void *arg, const void *object);
};

/**
 * struct py_refs_heap - all objects of an interpreter
 * @gc:     state of its collector
 * @interp: the interpreter
 * @tstate: the calling thread's state
 * @sp:     from here on the calling thread's stack has references, too, and there was no
 *          collection before; else 0
 * @regs, @regs_count: likewise, registers
 */
struct py_refs_heap {
	const void *gc;
	const void *interp;
	const void *tstate;
	uintptr_t sp;
	uint64_t regs[PY_REFS_REGS];
	uint32_t regs_count;
};

/**
 * py_refs_compare() - counts of all objects of an interpreter against references
 *
 * Nothing of the program is changed; the interpreter is made to fill its free
 * lists.
 *
 * Return: NULL, or why it could not be done: a text for the user.
 * Context: guard held, GIL held, no Python frame of any thread.  Takes the
 * loader's lock.
 */
attr_nodiscard const char *py_refs_compare(struct thread *thread, const struct py_refs_heap *heap,
					   const struct py_refs_ops *ops, void *arg);

#endif /* PRELOAD_PY_REFS_H */
