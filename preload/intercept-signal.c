/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigaction and signal: so that the program does not see our handlers, and
 * what it sets itself does not take their place.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "fatal.h"
#include "lookup.h"
#include "marksig.h"

static int (*real_sigaction)(int sig, const struct sigaction *action, struct sigaction *old);
static sighandler_t (*real_signal)(int sig, sighandler_t handler);

#define RESOLVE(to, name)                                                                      \
	do {                                                                                   \
		if (unlikely(!__atomic_load_n(&(to), __ATOMIC_RELAXED)))                       \
			__atomic_store_n((void **)&(to), lookup_next(name), __ATOMIC_RELAXED); \
	} while (0)

static void marked(bool is_changed, struct sigaction *before)
{
	if (is_changed)
		marksig_changed(real_sigaction, before);
	else
		marksig_hide(before);
}

attr_export int sigaction(int sig, const struct sigaction *action, struct sigaction *old)
{
	struct sigaction before;
	int err;

	RESOLVE(real_sigaction, "sigaction");
	if (likely(!marksig_is(sig) && !fatal_is_ours(sig)))
		return real_sigaction(sig, action, old);
	err = real_sigaction(sig, action, &before);
	if (err)
		return err;
	if (marksig_is(sig)) {
		marked(action != NULL, &before);
	} else {
		fatal_hide(sig, &before);
		if (action && action->sa_handler == SIG_DFL)
			fatal_return(sig, action);
	}
	if (old)
		*old = before;
	return 0;
}

attr_export sighandler_t signal(int sig, sighandler_t handler)
{
	struct sigaction whole = { 0 };
	sighandler_t before;

	RESOLVE(real_signal, "signal");
	RESOLVE(real_sigaction, "sigaction");
	before = real_signal(sig, handler);
	if (likely(!marksig_is(sig) && !fatal_is_ours(sig)) || before == SIG_ERR)
		return before;
	if (marksig_is(sig)) {
		whole.sa_handler = before;
		marked(true, &whole);
		return whole.sa_handler;
	}
	if (handler == SIG_DFL)
		fatal_return(sig, NULL);
	return fatal_is_handler(before) ? SIG_DFL : before;
}
