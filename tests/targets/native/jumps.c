/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signal handlers that never return: they jump out of wherever they have
 * interrupted the program, which is most often the shim.  What goes missing is
 * about an event for each jump, not all that come after.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include "tenure/tenure.h"

#include "truth.h"

#define JUMPS 200

static sigjmp_buf back;
static volatile sig_atomic_t armed, jumps;
static char block[64];

static void handle(int signal)
{
	(void)signal;
	if (!armed)
		return;
	armed = 0;
	jumps++;
	siglongjmp(back, 1);
}

/* Touches no lock of the C library: it may be left at any instruction. */
attr_site static void work(void)
{
	for (;;) {
		tenure_alloc(block, sizeof(block));
		tenure_free(block);
	}
}

attr_site static void *after(size_t bytes)
{
	return malloc(bytes);
}

int main(void)
{
	const struct itimerval timer = { { 0, 500 }, { 0, 500 } }, off = { { 0, 0 }, { 0, 0 } };
	const struct sigaction action = { .sa_handler = handle };

	must(sigaction(SIGALRM, &action, NULL) == 0);
	must(setitimer(ITIMER_REAL, &timer, NULL) == 0);
	while (jumps < JUMPS)
		if (sigsetjmp(back, 1) == 0) {
			armed = 1;
			work();
		}
	must(setitimer(ITIMER_REAL, &off, NULL) == 0);
	for (size_t i = 0; i < 100; i++)
		free(after(i));

	/* One that was lost, and what a handler may have cut short before it. */
	truth("{\"lost_most\": %d}\n", 2 * JUMPS);
	return EXIT_SUCCESS;
}
