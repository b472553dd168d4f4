/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread's state, its Python stack beside the native one, and whether they
 * can be trusted.
 */
#include "py-frames.h"

#include <stddef.h>

#include "nodes.h"
#include "py-end.h"
#include "py-gc.h"
#include "py-recall.h"
#include "tenure/wire-python.h"
#include "walk.h"

/*
 * The state of a thread that may not hold the GIL.  An interpreter that ends
 * frees the states of the threads that it leaves behind; from then on nothing
 * is believed of what a thread remembers.
 */
static const void *own_tstate(const struct py_api *api)
{
	const void *own = api->gilstate_this();

	return own && !api->is_finalizing() ? own : NULL;
}

static attr_always_inline const void *tstate_of(const struct py_state *state, uint32_t with_gil)
{
	const void *current;

	if (!state->abi->tstate_current) {
		current = state->api.tstate_unchecked();
		return current ? current : own_tstate(&state->api);
	}
	/* One for the whole process: it is ours only while we hold the GIL. */
	current = py_field(state->api.runtime, state->abi->tstate_current);
	if (current && (with_gil || current == state->api.gilstate_this()))
		return current;
	return own_tstate(&state->api);
}

static attr_cold void check(struct thread *thread, const void *tstate)
{
	const char *why = py_abi_check(py_state.abi, &py_state.api, tstate);

	if (why)
		py_off(thread, why);
	else
		__atomic_store_n(&py_state.frames, PY_FRAMES_ON, __ATOMIC_RELAXED);
}

/* The node of the two stacks together; mostly a thread has met them before. */
static attr_always_inline uint32_t pair_of(struct py_thread *py, uint32_t native, uint32_t python)
{
	uint64_t key = (uint64_t)python << 32 | native;
	struct py_pair *pair = &py->pairs[key * 0x9e3779b97f4a7c15ull >> (64 - PY_PAIRS_BITS)];

	if (unlikely(pair->native != native || pair->python != python)) {
		pair->node = nodes_intern(native, TENURE_NODE_WORD(TENURE_NODE_PAIR, python), 0);
		pair->native = native;
		pair->python = python;
	}
	return pair->node;
}

static attr_always_inline uint32_t beside(struct thread *thread, struct py_thread *py,
					  uint32_t native)
{
	const void *tstate = tstate_of(&py_state, py->with_gil);
	void *interp;
	uint32_t python;

	if (!tstate)
		return native;
	if (unlikely(py_state.frames != PY_FRAMES_ON)) {
		if (py_state.frames == PY_FRAMES_UNCHECKED && py->with_gil)
			check(thread, tstate);
		if (py_state.frames != PY_FRAMES_ON)
			return native;
	}

	if (py_state.abi->minor >= 12)
		py->current = py_field(tstate, py_state.abi->tstate_interp);
	python = py_recall_stack(thread, py, tstate);
	if (unlikely(!python)) {
		if (py->with_gil && py_end_is_due(tstate))
			py->gc_wanted = PY_GC_END;
		return native;
	}
	interp = py_gc_owner(py_field(tstate, py_state.abi->tstate_interp));
	if (unlikely(!py_gc_known(py, interp)))
		py->gc_wanted = interp;
	return pair_of(py, native, python);
}

uint32_t py_frames_stack(struct thread *thread, uint32_t native)
{
	struct py_thread *py = py_thread_get(thread);

	return likely(py != NULL) ? beside(thread, py, native) : native;
}

uint32_t py_frames_capture(struct thread *thread, struct py_thread *py,
			   const struct stack_regs *regs)
{
	return beside(thread, py, walk_capture(thread, regs));
}
