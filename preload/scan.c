/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standing still at the end, while the analyzer looks for leaks.
 */
#include "scan.h"

#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>

#include "image.h"
#include "shared.h"
#include "sink.h"
#include "sys.h"

#define SLICE_NS 50000000u
#define LIMIT_NS 60000000000u

static uint32_t exchange(uint32_t from, uint32_t to)
{
	uint32_t is = from;

	(void)__atomic_compare_exchange_n(&shared->scan, &is, to, false, __ATOMIC_SEQ_CST,
					  __ATOMIC_SEQ_CST);
	return is;
}

/* From the linker, as each object has them. */
extern const char object_start[] __asm__("__ehdr_start") attr_hidden;
extern const char text_end[] __asm__("etext") attr_hidden;

bool scan_ask(struct thread *thread, uint32_t moment, const struct stack_regs *regs)
{
	/* A child of vfork() has all of this in common with its parent. */
	if (!shared || image->pid != sys_getpid() ||
	    __atomic_load_n(&shared->scan, __ATOMIC_ACQUIRE) != TENURE_SCAN_WANTED)
		return false;
	shared->scan_moment = moment;
	shared->scan_tid = thread->tid;
	shared->scan_stack = stack_capture(thread, regs);
	shared->scan_sp = regs->sp;
	shared->scan_self = (uint64_t)pthread_self();
	shared->scan_code = (uintptr_t)object_start;
	shared->scan_code_end = (uintptr_t)text_end;
	return exchange(TENURE_SCAN_WANTED, TENURE_SCAN_ASKED) == TENURE_SCAN_WANTED;
}

static bool is_analyzer_gone(void)
{
	struct pollfd poll = { .fd = image->pipe.fd, .events = POLLOUT };
	struct timespec now = { 0 };

	return !sink_fd_is_ours(&image->pipe) ||
	       (SYS_CALL5(SYS_ppoll, &poll, 1, &now, NULL, 0) == 1 && poll.revents & POLLERR);
}

void scan_wait(void)
{
	uint64_t begin, now;

	if (sys_clock_ns(CLOCK_MONOTONIC, &begin) < 0)
		begin = 0;
	for (;;) {
		const struct timespec slice = { .tv_nsec = SLICE_NS };
		uint32_t state = __atomic_load_n(&shared->scan, __ATOMIC_ACQUIRE);

		if (state != TENURE_SCAN_ASKED && state != TENURE_SCAN_WORKING)
			return;
		(void)SYS_CALL6(SYS_futex, &shared->scan, FUTEX_WAIT, state, &slice, NULL, 0);
		if (sys_clock_ns(CLOCK_MONOTONIC, &now) < 0 || now - begin > LIMIT_NS ||
		    is_analyzer_gone())
			break;
	}
	__atomic_store_n(&shared->scan, TENURE_SCAN_OFF, __ATOMIC_SEQ_CST);
}
