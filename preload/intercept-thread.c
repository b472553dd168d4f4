/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pthread_setname_np: names that come after a thread's first event.
 *
 * Names given in other ways, or by other threads, are noticed when the thread
 * flushes and when it ends.
 */
#include <pthread.h>

#include "base/attr.h"
#include "lookup.h"
#include "thread.h"

static int (*real_setname)(pthread_t thread, const char *name);

attr_export int pthread_setname_np(pthread_t whose, const char *name)
{
	struct thread *thread;
	int err;

	if (!__atomic_load_n(&real_setname, __ATOMIC_RELAXED))
		__atomic_store_n((void **)&real_setname, lookup_next("pthread_setname_np"),
				 __ATOMIC_RELAXED);
	err = real_setname(whose, name);
	if (err || whose != pthread_self())
		return err;
	thread = thread_enter();
	if (thread) {
		thread_note_name(thread);
		thread_leave(thread);
	}
	return 0;
}
