/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions behind tenure/tenure.h.
 */
#include <errno.h>
#include <string.h>

#include "base/attr.h"
#include "image.h"
#include "intercept.h"
#include "record.h"
#include "sample.h"
#include "scan.h"
#include "stack.h"
#include "tenure/tenure.h"
#include "thread.h"

#define NAME_BYTES_MAX 200

static void mark(const char *name, uint32_t kind, const struct stack_regs *regs)
{
	struct thread *thread;
	bool wanted, asked;
	uint64_t stamp = 0;

	if (!name)
		return;
	do {
		thread = thread_enter();
		if (!thread)
			return;
		if (!stamp)
			record_ext(thread, TENURE_EXT_MARK, &kind, sizeof(kind), name,
				   strnlen(name, NAME_BYTES_MAX));
		stamp = stamp ? stamp : thread->last_stamp;
		wanted = scan_wants_mark(name);
		asked = wanted && scan_ask_mark(thread, name, stamp, regs);
		if (asked)
			record_flush(thread);
		thread_leave(thread);
		if (asked)
			scan_wait();
	} while (wanted && !asked && scan_await_others());
}

attr_export void tenure_hook_mark(const char *name)
{
	const struct stack_regs regs = STACK_HERE();

	mark(name, TENURE_MARK_POINT, &regs);
}

attr_export void tenure_hook_phase_begin(const char *name)
{
	const struct stack_regs regs = STACK_HERE();

	mark(name, TENURE_MARK_PHASE_BEGIN, &regs);
}

attr_export void tenure_hook_phase_end(const char *name)
{
	const struct stack_regs regs = STACK_HERE();

	mark(name, TENURE_MARK_PHASE_END, &regs);
}

attr_export void tenure_hook_alloc(const void *block, size_t bytes)
{
	const struct stack_regs regs = STACK_HERE();

	(void)intercept_alloc((void *)(uintptr_t)block, bytes, TENURE_FN_CUSTOM, &regs);
}

attr_export void tenure_hook_free(const void *block)
{
	(void)intercept_free(block, TENURE_HEAD_CUSTOM);
}

attr_export void tenure_hook_realloc(const void *old_block, const void *block, size_t bytes)
{
	const struct stack_regs regs = STACK_HERE();

	(void)intercept_free(old_block, TENURE_HEAD_CUSTOM | (block ? TENURE_HEAD_REALLOC : 0));
	(void)intercept_alloc((void *)(uintptr_t)block, bytes, TENURE_FN_CUSTOM, &regs);
}

attr_export void tenure_hook_type(const void *block, const char *type)
{
	uint64_t addr = (uintptr_t)block;
	struct thread *thread;

	if (!block || !type)
		return;
	if (sample_filter && !sample_has(sample_key(block, false)) &&
	    !sample_has(sample_key(block, true)))
		return;
	thread = thread_enter();
	if (!thread)
		return;
	record_ext(thread, TENURE_EXT_TYPE, &addr, sizeof(addr), type,
		   strnlen(type, NAME_BYTES_MAX));
	thread_leave(thread);
}

static void note_recording(uint32_t started)
{
	struct thread *thread = thread_enter();

	if (!thread)
		return;
	record_ext(thread, TENURE_EXT_RECORDING, &started, sizeof(started), NULL, 0);
	thread_leave(thread);
}

attr_export void tenure_hook_start(void)
{
	if (image_state() == IMAGE_ON &&
	    __atomic_exchange_n(&image->paused, IMAGE_RECORDING, __ATOMIC_SEQ_CST))
		note_recording(1);
}

attr_export void tenure_hook_stop(void)
{
	if (!thread_may_record())
		return;
	note_recording(0);
	/* The flag before the limits: see thread_open_limit(). */
	__atomic_store_n(&image->paused, IMAGE_FREES_ONLY, __ATOMIC_SEQ_CST);
	thread_park_all();
}

attr_export int tenure_hook_active(void)
{
	return thread_may_record();
}
