/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a language runtime adds to the native view.
 *
 * The core knows at most one provider, through this table of functions; the
 * CPython provider (py-*.c) is the one that exists.  Every function is called
 * with the guard held and must keep to the forbidden list in README.md.  A
 * provider that is in doubt about the runtime it found clears provider_ops
 * and says so with note_report(); native recording goes on.
 */
#ifndef PRELOAD_PROVIDER_H
#define PRELOAD_PROVIDER_H

#include <stdint.h>

#include "base/attr.h"

struct thread;

/**
 * struct provider_ops - one language runtime
 * @name:    for messages
 * @stack:   returns the stack to record, given the native stack @native: a
 *           TENURE_NODE_PAIR node, or @native itself when the runtime has no
 *           frames on this thread.  Hot path.
 * @modules: the address map has changed
 * @ended:   the thread ends; it may have been met or not
 * @forked:  this is a forked child, single-threaded, records may be written
 */
struct provider_ops {
	const char *name;
	uint32_t (*stack)(struct thread *thread, uint32_t native);
	void (*modules)(struct thread *thread);
	void (*ended)(struct thread *thread);
	void (*forked)(struct thread *thread);
};

/* NULL while there is none; set once, read on the hot path (relaxed). */
extern const struct provider_ops *provider_ops attr_hidden;

/**
 * provider_watch() - look for a runtime; cheap until one is found
 *
 * Called at start-up and after every change of the module map.
 * Context: guard held.
 */
void provider_watch(struct thread *thread);

#endif /* PRELOAD_PROVIDER_H */
