/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals that end the process: a look at its memory before they do.
 */
#include "fatal.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "image.h"
#include "scan.h"
#include "sys.h"

/* Those whose default action is to end the process, but for what nobody can catch. */
static const uint8_t fatal[] = {
	SIGHUP,	 SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,  SIGFPE,	  SIGUSR1, SIGSEGV,
	SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSYS,  SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF,
};

/* What the program has said beside the default action, to be shown to it again. */
static struct sigaction shown[SIGSYS + 1];
static bool is_on;

/* The process ends by the signal itself, in the state in which it was interrupted. */
static void pass_on(int sig, siginfo_t *info)
{
	const struct sys_sigaction action = { .handler = (uintptr_t)SIG_DFL };
	uint32_t pid = sys_getpid(), tid = sys_gettid();

	(void)sys_sigaction(sig, &action, NULL);
	/* It is blocked until the handler returns. */
	if (SYS_CALL4(SYS_rt_tgsigqueueinfo, pid, tid, sig, info) < 0)
		(void)sys_tgkill(pid, tid, sig);
}

static void on_fatal(int sig, siginfo_t *info, void *context)
{
	scan_signal(sig, context);
	pass_on(sig, info);
}

static void put(int sig)
{
	const struct sys_sigaction action = {
		.handler = (uintptr_t)on_fatal,
		/* Where the stack has run out, there may be another one. */
		.flags = SA_SIGINFO | SA_RESTART |
			 (sig == SIGSEGV || sig == SIGBUS ? SA_ONSTACK : 0ul),
	};

	(void)sys_sigaction(sig, &action, NULL);
}

void fatal_init(void)
{
	struct sys_sigaction old;

	if (!scan_has_flag(TENURE_SCAN_SIGNALS))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(fatal); i++)
		if (sys_sigaction(fatal[i], NULL, &old) == 0 && old.handler == (uintptr_t)SIG_DFL)
			put(fatal[i]);
	is_on = true;
}

bool fatal_is_ours(int sig)
{
	if (!is_on || sig <= 0 || sig > SIGSYS)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(fatal); i++)
		if (fatal[i] == sig)
			return true;
	return false;
}

bool fatal_is_handler(sighandler_t handler)
{
	return (uintptr_t)handler == (uintptr_t)on_fatal;
}

void fatal_hide(int sig, struct sigaction *action)
{
	if ((uintptr_t)action->sa_sigaction != (uintptr_t)on_fatal)
		return;
	*action = shown[sig];
	action->sa_handler = SIG_DFL;
}

void fatal_return(int sig, const struct sigaction *wanted)
{
	if (wanted)
		shown[sig] = *wanted;
	else
		memset(&shown[sig], 0, sizeof(shown[sig]));
	/* A forked child without an image has nobody to look at it. */
	if (image_state() == IMAGE_ON && scan_has_flag(TENURE_SCAN_SIGNALS))
		put(sig);
}
