/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals that end the process: a look at its memory before they do.
 *
 * Where the program leaves a signal its default action, and the analyzer has
 * asked for it, a handler of ours stands in.  It has the process looked at,
 * takes itself away, and sends the signal again as it was, so that the process
 * ends as it would have: same status, same core dump.  The program is never
 * shown this handler.
 */
#ifndef PRELOAD_FATAL_H
#define PRELOAD_FATAL_H

#include <signal.h>
#include <stdbool.h>

/** fatal_init() - put handlers where the program has the default, if they are wanted */
void fatal_init(void);

/** fatal_is_ours() - does the shim stand in for the default action of @sig? */
bool fatal_is_ours(int sig);

/** fatal_hide() - what sigaction(2) has said of @sig, as the program is to see it */
void fatal_hide(int sig, struct sigaction *action);

/** fatal_is_handler() - is @handler, a result of signal(3), ours? */
bool fatal_is_handler(sighandler_t handler);

/** fatal_return() - the program has chosen the default action; @wanted: with these flags, or NULL
 */
void fatal_return(int sig, const struct sigaction *wanted);

#endif /* PRELOAD_FATAL_H */
