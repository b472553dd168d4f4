/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the CPython provider share: the interpreter that was
 * found, and each thread's own part.
 */
#ifndef PRELOAD_PY_STATE_H
#define PRELOAD_PY_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "py-abi.h"
#include "py-chain.h"
#include "py-find.h"
#include "thread.h"

enum py_frames_state {
	PY_FRAMES_UNCHECKED = 0,
	PY_FRAMES_ON,
	PY_FRAMES_OFF,
};

/**
 * struct py_state - the interpreter of this process; one at most
 * @api:    its symbols; valid once @abi is not NULL
 * @object: the loaded object it lies in
 * @abi:    its layout
 * @frames: enum py_frames_state: may frames be read?  Atomic
 * @met:    collections are told of: the interpreter has been up
 * @ended:  user code is over
 * @cut_short: a thread was ended by the interpreter's end; atomic
 */
struct py_state {
	struct py_api api;
	struct py_object object;
	const struct py_abi *abi;
	uint32_t frames;
	bool met;
	bool ended;
	bool cut_short;
};

extern struct py_state py_state;

/** py_is_of() - is @object, which may be NULL, there and exactly of @type? */
static inline bool py_is_of(const void *object, const void *type)
{
	return object && py_object_field(py_state.abi, object, PY_OB_TYPE) == type;
}

/** py_gc_owner() - who has the collector that serves @interp: in 3.8 there is one for all */
static attr_always_inline void *py_gc_owner(void *interp)
{
	return py_state.abi->gc_in_runtime ? py_state.api.runtime : interp;
}

/** py_gc_of() - the collector's state, in what py_gc_owner() says */
static inline uint8_t *py_gc_of(const void *owner)
{
	return (uint8_t *)(uintptr_t)owner + py_state.abi->gc;
}

#define PY_PAIRS_BITS 10
#define PY_PAIRS      (1u << PY_PAIRS_BITS)

/** struct py_pair - a native and a Python stack, and the node of both; all 0 for none */
struct py_pair {
	uint32_t native;
	uint32_t python;
	uint32_t node;
};

#define PY_STEPS_BITS 10
#define PY_STEPS      (1u << PY_STEPS_BITS)

/**
 * struct py_step - the node of one frame inside a known stack; all 0 for none
 * @code:   of the frame
 * @check:  what tells it from another one at its address
 * @epoch:  py_code_epoch() when this was noted
 * @parent: the stack outside of it
 * @at:     as struct py_frame has it
 * @node:   what both make
 */
struct py_step {
	const void *code;
	uint32_t check;
	uint32_t epoch;
	uint32_t parent;
	uint32_t at;
	uint32_t node;
	uint32_t reserved;
};

/**
 * struct py_thread - the provider's part of a thread; struct thread.provider
 * @last:       the last stack, outermost frame first
 * @fresh:      room to read the next one into, innermost first
 * @places:     of a deep stack: indices in @last by frame, see py-recall.c
 * @depth:      frames in @last
 * @room:       in @last, and in @fresh
 * @turns:      deep stacks since one was read to its end
 * @taken:      when the last deep stack was taken, ticks
 * @epoch:      py_code_epoch() when @last was taken
 * @pairs:      nodes of pairs, by their halves; see py-frames.c
 * @steps:      nodes of frames, by what they are made of; see py-recall.c
 * @interp:     interpreter that was seen last
 * @gc_epoch:   py_gc_epoch_ at that time
 * @current:    interpreter of the last stack, from 3.12 on, where interpreters have
 *              GILs of their own; else NULL
 * @gc_wanted:  interpreter to be followed after this event, or NULL; PY_GC_END: none,
 *              user code is over
 * @with_gil:   not 0 inside an allocator hook: the thread holds the GIL
 */
struct py_thread {
	struct py_frame *last;
	struct py_frame *fresh;
	uint32_t *places;
	uint32_t depth;
	uint32_t room;
	uint32_t turns;
	uint32_t epoch;
	uint32_t with_gil;
	uint32_t gc_epoch;
	uint64_t taken;
	const void *interp;
	const void *current;
	void *gc_wanted;
	struct py_pair pairs[PY_PAIRS];
	struct py_step steps[PY_STEPS];
};

#define PY_GC_END ((void *)&py_state)

/** py_thread_new() - slow half of py_thread_get() */
attr_cold struct py_thread *py_thread_new(struct thread *thread);

/**
 * py_thread_get() - the provider's part of @thread, made when it is missing
 *
 * Return: borrowed, NULL when there is no memory.
 * Context: guard held.
 */
static attr_always_inline struct py_thread *py_thread_get(struct thread *thread)
{
	struct py_thread *py = thread->provider;

	return likely(py) ? py : py_thread_new(thread);
}

/** py_call_begin() - a call of the interpreter follows: what it allocates is not recorded */
static inline void py_call_begin(struct thread *thread)
{
	thread->inner_left = UINT32_MAX;
	thread->slot->busy = THREAD_INNER;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/** py_call_end() - it has returned */
static inline void py_call_end(struct thread *thread)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	thread->slot->busy = THREAD_BUSY;
}

/**
 * py_off() - stop reading the interpreter; allocations are still recorded
 * @why: text for the report, static
 *
 * Context: guard held.
 */
attr_cold void py_off(struct thread *thread, const char *why);

#endif /* PRELOAD_PY_STATE_H */
