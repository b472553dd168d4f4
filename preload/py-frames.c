/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk along the interpreter's chain of frames.
 *
 * The chain belongs to the calling thread and cannot change under us, with or
 * without the GIL.  It is read afresh each time, so generators, coroutines and
 * greenlets need no care; what is saved is the interning, for the frames that
 * are as they were at the last event.
 */
#include "py-frames.h"

#include <stddef.h>

#include "nodes.h"
#include "py-code.h"
#include "py-gc.h"
#include "tenure/wire-python.h"

/* The offset of an instruction, from a pointer to it or to the one before the first. */
static attr_always_inline uint32_t offset_of(const uint8_t *code, const uint8_t *instruction,
					     size_t start)
{
	uint64_t offset = (uint64_t)(instruction - code) - start;

	return offset < TENURE_PY_OFFSET_NONE ? (uint32_t)offset : TENURE_PY_OFFSET_NONE;
}

static attr_always_inline const void *code_of(const struct py_abi *abi, const void *frame)
{
	uintptr_t code = (uintptr_t)py_field(frame, abi->frame_code);

	return (const void *)(code & ~(uintptr_t)abi->frame_code_tags);
}

static uint32_t read_objects(const struct py_abi *abi, const void *frame, struct py_frame *frames)
{
	uint32_t count = 0;

	for (; frame && count < PY_FRAMES_MAX; frame = py_field(frame, abi->frame_previous)) {
		int64_t offset = py_field_int(frame, abi->frame_lasti);

		offset *= abi->lasti_scale;
		if (offset < 0 || offset > TENURE_PY_OFFSET_NONE)
			offset = TENURE_PY_OFFSET_NONE;
		frames[count].code = py_field(frame, abi->frame_code);
		frames[count++].at = (uint32_t)offset | PY_FRAME_OUTER;
	}
	return count;
}

static uint32_t read_entries(const struct py_abi *abi, const void *frame, struct py_frame *frames)
{
	uint32_t count = 0;

	for (; frame && count < PY_FRAMES_MAX; frame = py_field(frame, abi->frame_previous)) {
		const uint8_t *code = py_field(frame, abi->frame_code);
		uint32_t at = offset_of(code, py_field(frame, abi->frame_lasti), abi->code_start);

		if (((const uint8_t *)frame)[abi->frame_owner])
			at |= PY_FRAME_OUTER;
		frames[count].code = code;
		frames[count++].at = at;
	}
	return count;
}

static uint32_t read_sentinels(const struct py_abi *abi, const void *frame, struct py_frame *frames)
{
	uint32_t count = 0, grouped = 0, empty = 0;

	for (; frame && count < PY_FRAMES_MAX; frame = py_field(frame, abi->frame_previous)) {
		if (((const uint8_t *)frame)[abi->frame_owner] >= PY_FRAME_OWNER_CSTACK) {
			/* A run that is about to return, or cleans up, has no frames left. */
			if (count > grouped)
				frames[count - 1].at |= PY_FRAME_OUTER;
			else if (empty < PY_FRAME_EMPTY_MAX)
				empty += PY_FRAME_EMPTY;
			grouped = count;
			continue;
		}
		const uint8_t *code = code_of(abi, frame);

		frames[count].code = code;
		frames[count++].at =
			empty | offset_of(code, py_field(frame, abi->frame_lasti), abi->code_start);
		empty = 0;
	}
	return count;
}

uint32_t py_frames_read(const struct py_abi *abi, const void *tstate, struct py_frame *frames)
{
	const void *frame;

	if (abi->tstate_cframe) {
		tstate = py_field(tstate, abi->tstate_cframe);
		if (!tstate)
			return 0;
	}
	frame = py_field(tstate, abi->tstate_frame);

	switch ((enum py_frames_kind)abi->frames) {
	case PY_FRAMES_OBJECT:
		return read_objects(abi, frame, frames);
	case PY_FRAMES_ENTRY:
		return read_entries(abi, frame, frames);
	case PY_FRAMES_SENTINEL:
		return read_sentinels(abi, frame, frames);
	}
	return 0;
}

const void *py_frames_tstate(const struct py_state *state, uint32_t with_gil)
{
	const void *own;

	if (state->abi->tstate_current) {
		/* One for the whole process: it is ours only while we hold the GIL. */
		const void *current = py_field(state->api.runtime, state->abi->tstate_current);

		if (with_gil && current)
			return current;
		return state->api.gilstate_this();
	}
	own = state->api.tstate_unchecked();
	return own ? own : state->api.gilstate_this();
}

/* Node of one frame below @parent; 0 when code objects cannot be told. */
static uint32_t node_of(struct thread *thread, const struct py_frame *frame, uint32_t parent)
{
	uint32_t id = py_code_id(thread, frame->code);
	uint64_t word;

	if (!id)
		return 0;
	if (id == PY_CODE_HIDDEN)
		return parent;

	word = TENURE_NODE_WORD(TENURE_NODE_PYTHON, (uint64_t)id << TENURE_PY_OFFSET_BITS |
							    (frame->at & TENURE_PY_OFFSET_NONE));
	word |= (uint64_t)(frame->at >> PY_FRAME_FLAGS_SHIFT) << 48;
	return nodes_intern(parent, word, 0);
}

/* Interns what differs from the last stack; returns the innermost node. */
static uint32_t intern(struct thread *thread, struct py_thread *py, uint32_t count)
{
	struct py_frame *fresh = py->fresh;
	const struct py_frame *last = py->last;
	uint32_t i = count, j = py->depth, parent = 0;

	if (unlikely(py->epoch != py_code_epoch()))
		j = 0;
	if (unlikely(count == PY_FRAMES_MAX)) {
		/* Frames are missing at the outer end, nothing of it can be reused. */
		j = 0;
		parent = nodes_intern(0, TENURE_NODE_WORD(TENURE_NODE_CUT, 0), 0);
	}
	for (; i && j && fresh[i - 1].code == last[j - 1].code && fresh[i - 1].at == last[j - 1].at;
	     i--, j--)
		parent = fresh[i - 1].node = last[j - 1].node;

	/* Read before the code objects are looked at: one may be forgotten meanwhile. */
	py->epoch = py_code_epoch();
	while (i--) {
		uint32_t node = node_of(thread, &fresh[i], parent);

		if (unlikely(!node)) {
			py->depth = 0;
			return parent;
		}
		parent = fresh[i].node = node;
	}
	py->fresh = py->last;
	py->last = fresh;
	py->depth = count < PY_FRAMES_MAX ? count : 0;
	return parent;
}

static attr_cold void check(struct thread *thread, const void *tstate)
{
	const char *why = py_abi_check(py_state.abi, &py_state.api, tstate);

	if (why)
		py_off(thread, why);
	else
		__atomic_store_n(&py_state.frames, PY_FRAMES_ON, __ATOMIC_RELAXED);
}

uint32_t py_frames_stack(struct thread *thread, uint32_t native)
{
	struct py_thread *py = py_thread_get(thread);
	const void *tstate;
	void *interp;
	uint32_t count, python;

	if (unlikely(!py))
		return native;
	tstate = py_frames_tstate(&py_state, py->with_gil);
	if (!tstate)
		return native;
	if (unlikely(py_state.frames != PY_FRAMES_ON)) {
		if (py_state.frames == PY_FRAMES_UNCHECKED)
			check(thread, tstate);
		if (py_state.frames != PY_FRAMES_ON)
			return native;
	}

	count = py_frames_read(py_state.abi, tstate, py->fresh);
	if (!count)
		return native;
	python = intern(thread, py, count);
	if (unlikely(!python))
		return native;
	/* The collector that serves it: in 3.8 there is one for all. */
	interp = py_state.abi->gc_in_runtime ? py_state.api.runtime
					     : py_field(tstate, py_state.abi->tstate_interp);
	if (py_state.abi->minor >= 12)
		py->current = interp;
	if (unlikely(!py_gc_known(py, interp)))
		py->gc_wanted = interp;
	if (py->native != native || py->python != python) {
		py->pair = nodes_intern(native, TENURE_NODE_WORD(TENURE_NODE_PAIR, python), 0);
		py->native = native;
		py->python = python;
	}
	return py->pair;
}
