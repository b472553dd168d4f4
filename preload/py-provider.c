/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPython provider's life: looking for an interpreter, hooking it before
 * its first object, following it, leaving it alone.
 */
#include "py-provider.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "image.h"
#include "modules.h"
#include "nodes.h"
#include "note.h"
#include "pages.h"
#include "provider.h"
#include "py-alloc.h"
#include "py-code.h"
#include "py-cycles.h"
#include "py-frames.h"
#include "py-gc.h"
#include "py-recall.h"
#include "py-state.h"
#include "py-types.h"
#include "record.h"
#include "tenure/wire-python.h"

struct py_state py_state;
const struct provider_ops *provider_ops;

static bool gave_up;
static bool started; /* objects loaded from here on may not be relocated yet */

static void describe_runtime(struct thread *thread)
{
	const char *version = py_state.api.get_version();
	struct tenure_py_runtime head = {
		.major = 3,
		.minor = py_state.abi->minor,
		.flags = py_state.abi->gc_generations ? 0 : TENURE_PY_NO_GENERATIONS,
		.start = py_state.object.start,
		.end = py_state.object.end,
		.eval = py_state.object.eval,
		.eval_bytes = py_state.object.eval_bytes,
		.cold = py_state.object.cold,
		.cold_bytes = py_state.object.cold_bytes,
	};

	record_ext(thread, TENURE_PY_RUNTIME, &head, sizeof(head), version, strlen(version));
}

/*
 * Threads that still run when the interpreter ends are ended by it, where they
 * stand: what their frames refer to is referred to for ever.
 */
static void ended(struct thread *thread)
{
	if (thread->provider && py_state.met && !py_state.api.is_initialized())
		__atomic_store_n(&py_state.cut_short, true, __ATOMIC_RELEASE);
}

static void forked(struct thread *thread)
{
	py_state.cut_short = false;
	py_code_reset();
	py_types_reset();
	py_cycles_reset();
	describe_runtime(thread);
}

static void set_ops(const struct provider_ops *ops)
{
	__atomic_store_n(&provider_ops, ops, __ATOMIC_RELEASE);
}

static void give_up(struct thread *thread, const char *why)
{
	struct note note = { 0 };

	gave_up = true;
	set_ops(NULL);
	note_add(&note, "Python is not followed: ");
	note_add(&note, why);
	note_report(thread, note.text);
}

/* A program that has loaded it may unload it, once it has ended it. */
static bool is_unloaded(void)
{
	return !modules_has(py_state.object.start);
}

static void changed(struct thread *thread)
{
	if (is_unloaded())
		give_up(thread, "the library that it is in was unloaded");
	else
		py_types_modules();
}

static void say_less(struct thread *thread)
{
	struct note note = { 0 };

	note_add(&note, "types, cycles and leaks of Python objects are not told: "
			"this Python has no GIL");
	note_report(thread, note.text);
}

/* While the interpreter starts: it may still replace its allocators. */
static uint32_t stack_watching(struct thread *thread, uint32_t native)
{
	py_call_begin(thread);
	py_alloc_install();
	py_call_end(thread);
	return py_frames_stack(thread, native);
}

static const struct provider_ops ops_following = {
	.name = "CPython",
	.stack = py_frames_stack,
	.modules = changed,
	.ended = ended,
	.forked = forked,
};

static const struct provider_ops ops_watching = {
	.name = "CPython",
	.stack = stack_watching,
	.modules = changed,
	.ended = ended,
	.forked = forked,
};

/* The interpreter's code can be called from here on. */
static void begin(struct thread *thread)
{
	const char *why = NULL;

	py_call_begin(thread);
	py_state.abi = py_abi_find(&py_state.api, &why);
	py_call_end(thread);
	if (!py_state.abi) {
		give_up(thread, why);
		return;
	}
	describe_runtime(thread);
	if (py_state.abi->free_threaded)
		say_less(thread);
	py_types_modules();
	py_call_begin(thread);
	py_alloc_install();
	py_call_end(thread);
	set_ops(&ops_watching);
}

static void waiting_changed(struct thread *thread attr_unused)
{
	if (is_unloaded())
		set_ops(NULL); /* there may be another one, some day */
}

static void nothing(struct thread *thread attr_unused)
{
}

/*
 * A library that was loaded later is safe to call once its own code runs.
 */
static uint32_t stack_waiting(struct thread *thread, uint32_t native)
{
	uintptr_t pc = TENURE_NODE_PC(nodes_get(native)->word);

	if (pc < py_state.object.start || pc >= py_state.object.end)
		return native;
	begin(thread);
	return native;
}

static const struct provider_ops ops_waiting = {
	.name = "CPython",
	.stack = stack_waiting,
	.modules = waiting_changed,
	.ended = nothing,
	.forked = nothing,
};

/* Py_FinalizeEx() has come to its end. */
static void at_exit(void)
{
	py_alloc_rearm();
	py_state.ended = false;
	py_state.met = false;
	py_state.cut_short = false;
	py_gc_reset();
	set_ops(&ops_watching);
}

void py_provider_first_object(struct thread *thread)
{
	py_call_begin(thread);
	(void)py_state.api.at_exit(at_exit);
	py_call_end(thread);
	set_ops(&ops_following);
}

struct py_thread *py_thread_new(struct thread *thread)
{
	struct py_thread *py;

	py = pages_map(sizeof(*py), 0);
	if (!py)
		return NULL;
	if (py_recall_new(py) < 0) {
		pages_unmap(py, sizeof(*py));
		return NULL;
	}
	thread->provider = py;

	/* The first look at a library's thread-local variable may call malloc. */
	if (!py_state.abi->tstate_current) {
		py_call_begin(thread);
		(void)py_state.api.tstate_unchecked();
		py_call_end(thread);
	}
	return py;
}

void py_off(struct thread *thread, const char *why)
{
	struct note note = { 0 };

	__atomic_store_n(&py_state.frames, PY_FRAMES_OFF, __ATOMIC_RELAXED);
	note_add(&note, "Python stacks, types and collections are off: ");
	note_add(&note, why);
	note_report(thread, note.text);
}

void provider_watch(struct thread *thread)
{
	bool late = started;

	started = true;
	if (provider_ops || gave_up || (image->flags & TENURE_WELCOME_NO_PYTHON) ||
	    !py_find(&py_state.api, &py_state.object))
		return;

	if (late)
		set_ops(&ops_waiting);
	else
		begin(thread);
}
