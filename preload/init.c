/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The constructor, and the handler that runs when exit() has begun.
 *
 * Most programs have called malloc before this constructor runs; then the
 * image is up already.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "fatal.h"
#include "image.h"
#include "intercept-new.h"
#include "layer.h"
#include "lookup.h"
#include "marksig.h"
#include "modules.h"
#include "provider.h"
#include "real.h"
#include "record.h"
#include "redirect.h"
#include "scan.h"
#include "thread.h"

/* Absent in other libcs, where the shim stays off. */
extern __typeof__(on_exit) on_exit __attribute__((weak));
/* What at_quick_exit() is in glibc. */
extern int __cxa_at_quick_exit(void (*handler)(void *), void *dso) __attribute__((weak));

/*
 * Registered before the program starts, hence called after all destructors of
 * the executable and its libraries.
 */
static attr_noinline void at_exit(int status, void *arg)
{
	const struct stack_regs regs = STACK_HERE();
	int32_t code = status;
	struct thread *thread;
	bool asked;

	(void)arg;
	if (image_state() != IMAGE_ON)
		return; /* a forked child that recorded nothing need not begin now */
	do {
		thread = thread_enter();
		if (!thread)
			return;
		marksig_late(thread);
		modules_scan(thread);
		thread_note_name(thread);
		image_clock(thread);
		asked = scan_ask(thread, TENURE_MOMENT_EXIT, &regs);
		record_ext(thread, TENURE_EXT_EXIT, &code, sizeof(code), NULL, 0);
		if (asked)
			record_flush(thread);
		thread_leave(thread);
		if (asked)
			scan_wait();
	} while (!asked && scan_await_others());
}

static attr_noinline void at_quick_exit_(void *arg)
{
	const struct stack_regs regs = STACK_HERE();

	(void)arg;
	scan_now(TENURE_MOMENT_QUICK_EXIT, &regs);
}

__attribute__((constructor)) static void init(void)
{
	struct thread *thread;

	real_init();
	thread = thread_enter();
	marksig_init();
	if (!thread)
		return;
	if (on_exit)
		(void)on_exit(at_exit, NULL);
	if (__cxa_at_quick_exit)
		(void)__cxa_at_quick_exit(at_quick_exit_, NULL);
	if (lookup_in_program("malloc"))
		image_lost(TENURE_LOST_OWN, 1);
	modules_scan(thread);
	layer_init(thread);
	redirect_init(thread, intercept_new_operators);
	provider_watch(thread);
	thread_leave(thread);
	fatal_init();
}
