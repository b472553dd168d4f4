/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standing still, while the analyzer looks for leaks.
 */
#include "scan.h"

#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "arch/arch.h"
#include "image.h"
#include "modules.h"
#include "pages.h"
#include "park.h"
#include "record.h"
#include "shared.h"
#include "sink.h"
#include "sys.h"

#define SLICE_NS 50000000u
#define LIMIT_NS 60000000000u

/* From the linker, as each object has them. */
extern const char object_start[] __asm__("__ehdr_start") attr_hidden;
extern const char text_end[] __asm__("etext") attr_hidden;

bool scan_code_has(uintptr_t pc)
{
	return pc >= (uintptr_t)object_start && pc < (uintptr_t)text_end;
}

static struct tenure_scan_area *area(void)
{
	return (void *)((uint8_t *)shared + TENURE_SHARED_SCAN_OFFSET);
}

static uint32_t exchange(uint32_t from, uint32_t to)
{
	uint32_t is = from;

	(void)__atomic_compare_exchange_n(&shared->scan, &is, to, false, __ATOMIC_SEQ_CST,
					  __ATOMIC_SEQ_CST);
	return is;
}

bool scan_is_wanted(void)
{
	/* A forked child's state reads 0; a child of vfork() has all but its number in common. */
	return image_state() == IMAGE_ON && shared &&
	       __atomic_load_n(&shared->scan, __ATOMIC_ACQUIRE) == TENURE_SCAN_WANTED &&
	       image->pid == sys_getpid();
}

bool scan_has_flag(uint32_t flag)
{
	return image_state() == IMAGE_ON && shared && area()->flags & flag;
}

/* What is the same at all moments. */
static void describe(uint32_t moment, uint32_t tid)
{
	struct tenure_scan_area *scan = area();

	scan->moment = moment;
	scan->tid = tid;
	scan->stack = 0;
	scan->signal = 0;
	scan->busy = 0;
	scan->regs_count = 0;
	scan->parked_count = 0;
	scan->self = (uint64_t)pthread_self();
	if (sys_clock_ns(CLOCK_MONOTONIC, &scan->asked_ns) < 0)
		scan->asked_ns = 0;
}

void scan_init(void)
{
	struct tenure_scan_area *scan = area();

	scan->code = (uintptr_t)object_start;
	scan->code_end = (uintptr_t)text_end;
	scan->own = (uintptr_t)pages_own;
	scan->own_count = PAGES_OWN_MAX;
}

bool scan_wants_mark(const char *name)
{
	const char *wanted;

	if (likely(!scan_has_flag(TENURE_SCAN_MARKS)))
		return false;
	wanted = area()->wanted;
	return !*wanted || strncmp(wanted, name, TENURE_SCAN_NAME) == 0;
}

/* Only one thread at a time says where it stands. */
static bool begin(void)
{
	return scan_is_wanted() &&
	       exchange(TENURE_SCAN_WANTED, TENURE_SCAN_ASKING) == TENURE_SCAN_WANTED;
}

static void ask(struct thread *thread, uint32_t moment, const struct stack_regs *regs)
{
	describe(moment, thread->tid);
	area()->stack = stack_capture(thread, regs);
	area()->sp = regs->sp;
	/* Where the program's functions still run, what they keep in registers counts. */
	if (moment != TENURE_MOMENT_EXIT && moment != TENURE_MOMENT_QUICK_EXIT) {
		area()->regs_count = arch_kept(area()->regs);
		area()->sp = sys_sp();
	}
	(void)exchange(TENURE_SCAN_ASKING, TENURE_SCAN_ASKED);
	/* The others come by scan_rest() at their next event. */
	thread_park_all();
}

bool scan_ask(struct thread *thread, uint32_t moment, const struct stack_regs *regs)
{
	if (!begin())
		return false;
	ask(thread, moment, regs);
	return true;
}

bool scan_ask_mark(struct thread *thread, const char *name, uint64_t stamp,
		   const struct stack_regs *regs)
{
	size_t n = strnlen(name, TENURE_SCAN_NAME - 1);

	if (!begin())
		return false;
	memcpy(area()->name, name, n);
	area()->name[n] = '\0';
	area()->stamp = stamp;
	ask(thread, TENURE_MOMENT_MARK, regs);
	return true;
}

static bool is_analyzer_gone(void)
{
	struct pollfd poll = { .fd = image->pipe.fd, .events = POLLOUT };
	struct timespec now = { 0 };

	return !sink_fd_is_ours(&image->pipe) ||
	       (SYS_CALL5(SYS_ppoll, &poll, 1, &now, NULL, 0) == 1 && poll.revents & POLLERR);
}

/* The analyzer may not stop threads. */
static void park(void)
{
	struct tenure_scan_area *scan = area();

	scan->parked_count = 0;
	/* There calls of the program would be interrupted that are to go on. */
	if (scan->moment != TENURE_MOMENT_MARK)
		scan->parked = (uintptr_t)park_all(&scan->parked_count);
	(void)exchange(TENURE_SCAN_PARK, TENURE_SCAN_ASKED);
}

static bool is_under_way(uint32_t state)
{
	return state == TENURE_SCAN_ASKING || state == TENURE_SCAN_ASKED ||
	       state == TENURE_SCAN_WORKING || state == TENURE_SCAN_PARK;
}

/* Until it is over.  Return: false when that takes too long. */
static bool await(bool asking)
{
	uint64_t begin, now;

	if (sys_clock_ns(CLOCK_MONOTONIC, &begin) < 0)
		begin = 0;
	for (;;) {
		const struct timespec slice = { .tv_nsec = SLICE_NS };
		uint32_t state = __atomic_load_n(&shared->scan, __ATOMIC_ACQUIRE);

		if (!is_under_way(state))
			return true;
		if (state == TENURE_SCAN_PARK && asking)
			park();
		else
			(void)SYS_CALL6(SYS_futex, &shared->scan, FUTEX_WAIT, state, &slice, NULL,
					0);
		if (sys_clock_ns(CLOCK_MONOTONIC, &now) < 0 || now - begin > LIMIT_NS ||
		    is_analyzer_gone())
			return false;
	}
}

bool scan_await_others(void)
{
	return image_state() == IMAGE_ON && shared && image->pid == sys_getpid() &&
	       is_under_way(__atomic_load_n(&shared->scan, __ATOMIC_ACQUIRE)) && await(false);
}

void scan_wait(void)
{
	if (!await(true))
		__atomic_store_n(&shared->scan, TENURE_SCAN_OFF, __ATOMIC_SEQ_CST);
}

void scan_rest(struct thread *thread)
{
	/* Whoever asks may be interrupted by a handler that allocates. */
	if (likely(!is_under_way(__atomic_load_n(&shared->scan, __ATOMIC_ACQUIRE))) ||
	    area()->tid == thread->tid || image->pid != sys_getpid())
		return;
	__atomic_store_n(&thread->slot->resting, 1, __ATOMIC_SEQ_CST);
	(void)await(false);
	__atomic_store_n(&thread->slot->resting, 0, __ATOMIC_SEQ_CST);
}

void scan_now(uint32_t moment, const struct stack_regs *regs)
{
	struct thread *thread;
	bool asked;

	do {
		if (!scan_is_wanted() && !scan_await_others())
			return;
		thread = thread_enter();
		if (!thread)
			return;
		/* Perhaps in a signal handler: this one does not wait for locks. */
		modules_poll(thread);
		asked = scan_ask(thread, moment, regs);
		if (asked) {
			image_clock(thread);
			record_flush(thread);
		}
		thread_leave(thread);
		if (asked)
			scan_wait();
	} while (!asked && scan_await_others());
}

void scan_signal(int signal, const ucontext_t *context)
{
	struct thread *thread = thread_self_;
	struct tenure_scan_area *scan;

	scan = area();
	if (!begin())
		return;
	describe(TENURE_MOMENT_SIGNAL, sys_gettid());
	scan->signal = (uint32_t)signal;
	scan->busy = thread && thread->slot && thread->slot->busy;
	scan->regs_count = arch_context(context, scan->regs, &scan->sp);
	(void)exchange(TENURE_SCAN_ASKING, TENURE_SCAN_ASKED);
	thread_park_all();
	/* A chunk wakes the analyzer; else it looks from time to time. */
	if (thread_is_open(thread)) {
		thread_guard(thread, THREAD_BUSY);
		image_clock(thread);
		record_flush(thread);
		thread_leave(thread);
	}
	scan_wait();
}
