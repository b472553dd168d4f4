/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signal that marks.
 */
#include "marksig.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "record.h"
#include "shared.h"
#include "sys.h"
#include "thread.h"

typedef void handler_fn(int sig, siginfo_t *info, void *context);

static const struct {
	int sig;
	const char *name;
} names[] = {
	{ SIGHUP, "SIGHUP" }, { SIGUSR1, "SIGUSR1" },	{ SIGUSR2, "SIGUSR2" },
	{ SIGURG, "SIGURG" }, { SIGWINCH, "SIGWINCH" },
};

static int marking;		    /* the signal; 0: none */
static const char *name = "signal"; /* of its marks */

/* What the program has set, to be shown to it again; until then the default. */
static struct sigaction shown;
/* The handler in it, or NULL.  Atomic: a signal may come while it changes. */
static handler_fn *next;

static void record(struct thread *thread)
{
	const uint32_t kind = TENURE_MARK_POINT;

	record_ext(thread, TENURE_EXT_MARK, &kind, sizeof(kind), name, strlen(name));
}

void marksig_late_(struct thread *thread)
{
	uint32_t count = __atomic_exchange_n(&image->late_marks, 0, __ATOMIC_RELAXED);

	while (count--)
		record(thread);
}

static void make_mark(void)
{
	struct thread *thread = thread_self_;

	/* Inside the shim: the mark is made when that event, or the next, is recorded. */
	if (image_state() == IMAGE_ON && thread && thread->slot && thread->slot->busy) {
		__atomic_fetch_add(&image->late_marks, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&thread->limit, NULL, __ATOMIC_SEQ_CST);
		return;
	}
	thread = thread_enter();
	if (!thread)
		return;
	marksig_late(thread);
	record(thread);
	thread_leave(thread);
}

static void on_signal(int sig, siginfo_t *info, void *context);

static void stand_in(void)
{
	const struct sys_sigaction action = {
		.handler = (uintptr_t)on_signal,
		.flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK,
	};

	(void)sys_sigaction(marking, &action, NULL);
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	handler_fn *then = __atomic_load_n(&next, __ATOMIC_ACQUIRE);

	/* The kernel has put back the default, and nothing else. */
	if (then && shown.sa_flags & (int)SA_RESETHAND) {
		__atomic_store_n(&next, NULL, __ATOMIC_RELAXED);
		shown.sa_handler = SIG_DFL;
		stand_in();
	}
	make_mark();
	if (then)
		then(sig, info, context); /* a jump: backtraces look as ever */
}

static bool is_ours(const struct sigaction *action)
{
	return (uintptr_t)action->sa_sigaction == (uintptr_t)on_signal;
}

/* Has the child of vfork() all in common with its parent, these variables, too? */
static bool is_borrowed(void)
{
	return image && image->pid && image->pid != sys_getpid();
}

void marksig_init(void)
{
	struct sys_sigaction old;

	if (image_state() != IMAGE_ON || !shared->mark_signal)
		return;
	marking = (int)shared->mark_signal;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].sig == marking)
			name = names[i].name;
	if (sys_sigaction(marking, NULL, &old) == 0 && old.handler == (uintptr_t)SIG_DFL)
		stand_in();
}

bool marksig_is(int sig)
{
	return sig && sig == marking;
}

void marksig_hide(struct sigaction *action)
{
	if (is_ours(action))
		*action = shown;
}

void marksig_changed(marksig_sigaction *real, struct sigaction *before)
{
	struct sigaction now;

	marksig_hide(before);
	if (is_borrowed() || real(marking, NULL, &now) < 0)
		return;
	/* It has had ours from a function that is not intercepted. */
	if (is_ours(&now))
		now.sa_handler = SIG_DFL;
	shown = now;
	if (now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN) {
		__atomic_store_n(&next, NULL, __ATOMIC_RELEASE);
		if (now.sa_handler == SIG_DFL)
			stand_in();
		return;
	}
	__atomic_store_n(&next, now.sa_sigaction, __ATOMIC_RELEASE);
	now.sa_sigaction = on_signal;
	now.sa_flags |= SA_SIGINFO;
	(void)real(marking, &now, NULL);
}
