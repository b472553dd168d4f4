/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigaction and signal: so that the program does not see our handlers, and the
 * default action, chosen again, is looked at again.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "base/attr.h"
#include "fatal.h"
#include "lookup.h"

static int (*real_sigaction)(int sig, const struct sigaction *action, struct sigaction *old);
static sighandler_t (*real_signal)(int sig, sighandler_t handler);

#define RESOLVE(to, name)                                                                      \
	do {                                                                                   \
		if (unlikely(!__atomic_load_n(&(to), __ATOMIC_RELAXED)))                       \
			__atomic_store_n((void **)&(to), lookup_next(name), __ATOMIC_RELAXED); \
	} while (0)

attr_export int sigaction(int sig, const struct sigaction *action, struct sigaction *old)
{
	struct sigaction before;
	int err;

	RESOLVE(real_sigaction, "sigaction");
	if (likely(!fatal_is_ours(sig)))
		return real_sigaction(sig, action, old);
	err = real_sigaction(sig, action, &before);
	if (err)
		return err;
	fatal_hide(sig, &before);
	if (action && action->sa_handler == SIG_DFL)
		fatal_return(sig, action);
	if (old)
		*old = before;
	return 0;
}

attr_export sighandler_t signal(int sig, sighandler_t handler)
{
	sighandler_t before;

	RESOLVE(real_signal, "signal");
	before = real_signal(sig, handler);
	if (likely(!fatal_is_ours(sig)) || before == SIG_ERR)
		return before;
	if (handler == SIG_DFL)
		fatal_return(sig, NULL);
	return fatal_is_handler(before) ? SIG_DFL : before;
}
