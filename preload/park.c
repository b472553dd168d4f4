/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending the other threads to sleep, where the kernel lets nobody stop them.
 */
#include "park.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "arch/arch.h"
#include "image.h"
#include "pages.h"
#include "scan.h"
#include "shared.h"
#include "sys.h"
#include "thread.h"

#define TABLE_BYTES  65536u
#define TABLE_COUNT  (TABLE_BYTES / sizeof(struct tenure_scan_parked))
#define SIGNAL_FIRST 64
#define SIGNAL_LAST  35
#define ROUNDS	     100
#define SLICE_NS     50000000u
#define SLEEP_SLICES 1300u
#define HOOK_WORDS   160u /* of a stack, in which frames of the shim are looked for */
#define DIR_BYTES    2048

/* Values of struct tenure_scan_parked.asleep. */
enum parked {
	PARKED_NOT,
	PARKED_ASLEEP,
	PARKED_LATER, /* it was in the middle of an event: to be asked again */
};

static struct tenure_scan_parked *table;
static uint32_t table_count;

struct dirent64_head {
	uint64_t inode;
	int64_t offset;
	uint16_t bytes;
	uint8_t type;
	char name[];
} attr_packed;

static bool is_in_shim(const ucontext_t *context)
{
	const struct thread *self = thread_self_;
	uint64_t regs[TENURE_SCAN_REGS] attr_unused;
	uint64_t sp = 0;
	const uintptr_t *word, *end;

	(void)arch_context(context, regs, &sp);
	if (self && self->slot && (self->slot->busy || self->slot->moving))
		return true;
	if (!self || sp < self->stack_lo || sp >= self->stack_hi)
		return false;
	word = (const void *)(uintptr_t)(sp & ~7ull);
	end = word + HOOK_WORDS;
	if ((uintptr_t)end > self->stack_hi)
		end = (const void *)self->stack_hi;
	for (; word < end; word++)
		if (scan_code_has(*word))
			return true;
	return false;
}

static void sleep_here(void)
{
	for (uint32_t i = 0; i < SLEEP_SLICES; i++) {
		const struct timespec slice = { .tv_nsec = SLICE_NS };
		uint32_t state = __atomic_load_n(&shared->scan, __ATOMIC_ACQUIRE);

		if (state != TENURE_SCAN_ASKED && state != TENURE_SCAN_WORKING &&
		    state != TENURE_SCAN_PARK)
			return;
		(void)SYS_CALL6(SYS_futex, &shared->scan, FUTEX_WAIT, state, &slice, NULL, 0);
	}
}

static void on_park(int signal, siginfo_t *info, void *context)
{
	uint32_t tid = sys_gettid();
	uint32_t count = __atomic_load_n(&table_count, __ATOMIC_ACQUIRE);

	(void)signal;
	(void)info;
	for (uint32_t i = 0; i < count; i++) {
		if (table[i].tid != tid || table[i].asleep == PARKED_ASLEEP)
			continue;
		if (is_in_shim(context)) {
			__atomic_store_n(&table[i].asleep, PARKED_LATER, __ATOMIC_RELEASE);
			return;
		}
		table[i].sp = sys_sp();
		table[i].self = (uint64_t)pthread_self();
		__atomic_store_n(&table[i].asleep, PARKED_ASLEEP, __ATOMIC_RELEASE);
		sleep_here();
		return;
	}
}

static void add_thread(const char *name)
{
	uint32_t tid = 0;

	for (; *name >= '0' && *name <= '9'; name++)
		tid = tid * 10 + (uint32_t)(*name - '0');
	if (!tid || tid == sys_gettid() || table_count == TABLE_COUNT)
		return;
	for (uint32_t i = 0; i < table_count; i++)
		if (table[i].tid == tid)
			return;
	table[table_count] = (struct tenure_scan_parked){ .tid = tid };
	/* Release: a handler that sees the count sees the entry. */
	__atomic_store_n(&table_count, table_count + 1, __ATOMIC_RELEASE);
}

static void list_threads(void)
{
	long fd = sys_open("/proc/self/task", O_RDONLY | O_DIRECTORY);
	uint64_t buffer[DIR_BYTES / 8];
	long n;

	if (fd < 0)
		return;
	while ((n = SYS_CALL3(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < n;) {
			const struct dirent64_head *entry =
				(const void *)((const char *)buffer + at);

			add_thread(entry->name);
			at += entry->bytes;
		}
	}
	(void)sys_close((int)fd);
}

/* Ask those that do not sleep yet.  Return: how many there are. */
static uint32_t send_to_sleep(int signal, bool first)
{
	uint32_t awake = 0;

	for (uint32_t i = 0; i < table_count; i++) {
		uint32_t asleep = __atomic_load_n(&table[i].asleep, __ATOMIC_ACQUIRE);
		uint32_t later = PARKED_LATER;

		if (asleep == PARKED_ASLEEP || !table[i].tid)
			continue;
		awake++;
		if (!first && asleep == PARKED_NOT) {
			/* On its way, or blocking the signal; or it has ended. */
			if (sys_tgkill(image->pid, table[i].tid, 0) == -ESRCH)
				table[i].tid = 0;
			continue;
		}
		if (!first &&
		    !__atomic_compare_exchange_n(&table[i].asleep, &later, PARKED_NOT, false,
						 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			continue;
		if (sys_tgkill(image->pid, table[i].tid, signal) < 0)
			table[i].tid = 0;
	}
	return awake;
}

/* A real-time signal that the program leaves alone.  Return: 0 if there is none. */
static int take_signal(void)
{
	const struct sys_sigaction ours = {
		.handler = (uintptr_t)on_park,
		.flags = SA_SIGINFO | SA_RESTART,
		.mask = ~0ull,
	};
	struct sys_sigaction old;

	for (int signal = SIGNAL_FIRST; signal >= SIGNAL_LAST; signal--)
		if (sys_sigaction(signal, NULL, &old) == 0 &&
		    (old.handler == (uintptr_t)SIG_DFL || old.handler == ours.handler) &&
		    sys_sigaction(signal, &ours, NULL) == 0)
			return signal;
	return 0;
}

const struct tenure_scan_parked *park_all(uint32_t *ret_count)
{
	int signal;

	if (!table)
		table = pages_map(TABLE_BYTES, 0);
	if (!table)
		return NULL;
	table_count = 0;
	signal = take_signal();
	if (!signal)
		return NULL;
	list_threads();
	for (int i = 0; i < ROUNDS && send_to_sleep(signal, i == 0); i++) {
		for (int k = 0; k < 4; k++)
			sys_pause();
		/* Threads may start threads until they sleep. */
		if (i < 4) {
			uint32_t before = table_count;

			list_threads();
			for (uint32_t t = before; t < table_count; t++)
				(void)sys_tgkill(image->pid, table[t].tid, signal);
		}
	}
	*ret_count = table_count;
	return table;
}
