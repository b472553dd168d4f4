/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signal that marks (tenure run --mark-signal).
 *
 * For that one signal a handler of ours stands in front of the program's: it
 * makes the mark and goes on, by a jump, into the handler that the program
 * has set, if any.  The program is never shown it.  Where the program ignores
 * the signal, it goes on being ignored; where it has left the signal its
 * default action, there is only the mark.
 */
#ifndef PRELOAD_MARKSIG_H
#define PRELOAD_MARKSIG_H

#include <signal.h>
#include <stdbool.h>

#include "base/attr.h"
#include "image.h"

struct thread;

/* What sigaction(2) is. */
typedef int marksig_sigaction(int sig, const struct sigaction *action, struct sigaction *old);

/** marksig_init() - stand in for the default action, if the analyzer has named a signal */
void marksig_init(void);

/** marksig_is() - is @sig the signal that marks? */
bool marksig_is(int sig);

/**
 * marksig_changed() - the program has set an action for that signal
 * @real:   the C library's sigaction
 * @before: what was there until then; becomes what the program has set before
 *
 * Context: any thread, any signal handler.
 */
void marksig_changed(marksig_sigaction *real, struct sigaction *before);

/** marksig_hide() - what sigaction(2) has said of that signal, as the program is to see it */
void marksig_hide(struct sigaction *action);

/** marksig_late_() - see marksig_late() */
attr_cold void marksig_late_(struct thread *thread);

/**
 * marksig_late() - make the marks whose signals have interrupted the shim
 *
 * Context: guard held, between two records.
 */
static inline void marksig_late(struct thread *thread)
{
	if (unlikely(__atomic_load_n(&image->late_marks, __ATOMIC_RELAXED)))
		marksig_late_(thread);
}

#endif /* PRELOAD_MARKSIG_H */
