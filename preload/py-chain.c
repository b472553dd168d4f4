/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk along the interpreter's chain of frames.
 *
 * The chain belongs to the calling thread and cannot change under us, with or
 * without the GIL.  It is read afresh each time, so generators, coroutines and
 * greenlets need no care.
 */
#include "py-chain.h"

#include <stddef.h>

#include "py-body.h"
#include "py-state.h"
#include "tenure/wire-python.h"

#define COPIES_FIRST 8 /* behind their number */

/* The interpreter's word for the instruction: its number, or a pointer to it. */
static attr_always_inline uint64_t lasti_of(const struct py_abi *abi, const void *frame,
					    enum py_frames_kind kind)
{
	return kind == PY_FRAMES_OBJECT ? (uint64_t)(int64_t)py_field_int(frame, abi->frame_lasti)
					: (uintptr_t)py_field(frame, abi->frame_lasti);
}

/*
 * From 3.14 on each thread of a free-threaded build may execute a copy of its
 * own.  The list of them is replaced when it grows: a thread that is attached to
 * the interpreter keeps the old one alive.
 */
static attr_noinline const uint8_t *start_of_copy(const struct py_abi *abi,
						  const struct py_frame *of)
{
	size_t number = (size_t)py_field_int(of->frame, abi->frame_copy);
	const uint8_t *copies = py_field(of->code, abi->code_copies), *start = NULL;
	const void *at = copies + COPIES_FIRST + number * sizeof(start);

	if (likely(py_state.api.tstate_unchecked()))
		return py_field(at, 0);
	return py_read_safely(at, &start, sizeof(start)) ? start : NULL;
}

/* The offset of the instruction, which may be the one before the first. */
static attr_always_inline uint32_t offset_of(const struct py_abi *abi, const struct py_frame *of,
					     enum py_frames_kind kind)
{
	uint64_t offset;

	if (kind == PY_FRAMES_OBJECT)
		offset = of->lasti * abi->lasti_scale;
	else if (kind == PY_FRAMES_SENTINEL && unlikely(abi->code_copies))
		offset = of->lasti - (uintptr_t)start_of_copy(abi, of);
	else
		offset = of->lasti - ((uintptr_t)of->code + abi->code_start);

	return offset < TENURE_PY_OFFSET_NONE ? (uint32_t)offset : TENURE_PY_OFFSET_NONE;
}

static attr_always_inline const void *code_of(const struct py_abi *abi, const void *frame)
{
	uintptr_t code = (uintptr_t)py_field(frame, abi->frame_code);

	return (const void *)(code & ~(uintptr_t)abi->frame_code_tags);
}

static attr_always_inline uint32_t owner_of(const struct py_abi *abi, const void *frame)
{
	return ((const uint8_t *)frame)[abi->frame_owner];
}

static void read_objects(const struct py_abi *abi, struct py_chain *chain, struct py_frame *frames,
			 uint32_t until)
{
	const void *frame = chain->frame;
	uint32_t count = chain->count;

	for (; frame && count < until; frame = py_field(frame, abi->frame_previous)) {
		struct py_frame *to = &frames[count++];

		to->code = py_field(frame, abi->frame_code);
		to->frame = frame;
		to->lasti = lasti_of(abi, frame, PY_FRAMES_OBJECT);
		to->at = offset_of(abi, to, PY_FRAMES_OBJECT) | PY_FRAME_OUTER;
	}
	chain->frame = frame;
	chain->count = count;
}

static void read_entries(const struct py_abi *abi, struct py_chain *chain, struct py_frame *frames,
			 uint32_t until)
{
	const void *frame = chain->frame;
	uint32_t count = chain->count;

	for (; frame && count < until; frame = py_field(frame, abi->frame_previous)) {
		struct py_frame *to = &frames[count++];

		to->code = py_field(frame, abi->frame_code);
		to->frame = frame;
		to->lasti = lasti_of(abi, frame, PY_FRAMES_ENTRY);
		to->at = offset_of(abi, to, PY_FRAMES_ENTRY);
		if (owner_of(abi, frame))
			to->at |= PY_FRAME_OUTER;
	}
	chain->frame = frame;
	chain->count = count;
}

static void read_sentinels(const struct py_abi *abi, struct py_chain *chain,
			   struct py_frame *frames, uint32_t until)
{
	const void *frame = chain->frame;
	uint32_t count = chain->count, grouped = chain->grouped, empty = chain->empty;

	for (; frame && count < until; frame = py_field(frame, abi->frame_previous)) {
		struct py_frame *to = &frames[count];

		if (owner_of(abi, frame) >= PY_FRAME_OWNER_CSTACK) {
			/* A run that is about to return, or cleans up, has no frames left. */
			if (count > grouped)
				frames[count - 1].at |= PY_FRAME_OUTER;
			else if (empty < PY_FRAME_EMPTY_MAX)
				empty += PY_FRAME_EMPTY;
			grouped = count;
			continue;
		}
		to->code = code_of(abi, frame);
		to->frame = frame;
		to->lasti = lasti_of(abi, frame, PY_FRAMES_SENTINEL);
		to->at = empty | offset_of(abi, to, PY_FRAMES_SENTINEL);
		count++;
		empty = 0;
	}
	*chain = (struct py_chain){ frame, count, grouped, empty };
}

void py_chain_read(const struct py_abi *abi, struct py_chain *chain, struct py_frame *frames,
		   uint32_t until)
{
	switch ((enum py_frames_kind)abi->frames) {
	case PY_FRAMES_OBJECT:
		read_objects(abi, chain, frames, until);
		break;
	case PY_FRAMES_ENTRY:
		read_entries(abi, chain, frames, until);
		break;
	case PY_FRAMES_SENTINEL:
		read_sentinels(abi, chain, frames, until);
		break;
	}
}

/* ------------------------------------------------- what has become of it */

/* Is a frame, which is where it was, what it was but for its instruction, and the next one, too? */
static attr_always_inline bool is_kept(const struct py_abi *abi, const struct py_frame *was,
				       uint64_t moved, enum py_frames_kind kind)
{
	const void *frame = was->frame;
	const void *previous = py_field(frame, abi->frame_previous);
	uint32_t flags = was->at >> PY_FRAME_FLAGS_SHIFT;
	uint64_t differs = moved | ((uintptr_t)code_of(abi, frame) ^ (uintptr_t)was->code);

	if (kind == PY_FRAMES_ENTRY)
		differs |= (owner_of(abi, frame) != 0) ^ flags;
	if (kind == PY_FRAMES_SENTINEL && flags) {
		if (flags != PY_FRAME_OUTER >> PY_FRAME_FLAGS_SHIFT || !previous)
			return false;
		differs |= owner_of(abi, previous) < PY_FRAME_OWNER_CSTACK;
		previous = py_field(previous, abi->frame_previous);
	}
	return !(differs | ((uintptr_t)previous ^ (uintptr_t)was[-1].frame));
}

static attr_always_inline bool is_same(const struct py_abi *abi, const struct py_frame *was,
				       enum py_frames_kind kind)
{
	return is_kept(abi, was, lasti_of(abi, was->frame, kind) ^ was->lasti, kind);
}

/* The first one from @was outwards that is not the same; before @known if they all are. */
static attr_always_inline struct py_frame *skip_same(const struct py_abi *abi, struct py_frame *was,
						     const struct py_frame *known,
						     enum py_frames_kind kind)
{
	while (was >= known && is_same(abi, was, kind))
		was--;
	return was;
}

static attr_always_inline enum py_chain_change compare(const struct py_abi *abi, const void *frame,
						       const struct py_frame *known, uint32_t depth,
						       enum py_frames_kind kind)
{
	const struct py_frame *was = &known[depth - 1];
	uint64_t moved;

	if (was->frame != frame)
		return PY_CHAIN_OTHER;
	moved = lasti_of(abi, frame, kind) ^ was->lasti;
	if (!is_kept(abi, was, 0, kind))
		return PY_CHAIN_OTHER;
	while (--was >= known)
		if (unlikely(!is_same(abi, was, kind)))
			return PY_CHAIN_OTHER;
	return moved ? PY_CHAIN_MOVED : PY_CHAIN_SAME;
}

enum py_chain_change py_chain_compare(const struct py_abi *abi, const void *frame,
				      const struct py_frame *known, uint32_t depth)
{
	switch ((enum py_frames_kind)abi->frames) {
	case PY_FRAMES_OBJECT:
		return compare(abi, frame, known, depth, PY_FRAMES_OBJECT);
	case PY_FRAMES_ENTRY:
		return compare(abi, frame, known, depth, PY_FRAMES_ENTRY);
	case PY_FRAMES_SENTINEL:
		return compare(abi, frame, known, depth, PY_FRAMES_SENTINEL);
	}
	return PY_CHAIN_OTHER;
}

void py_chain_move(const struct py_abi *abi, struct py_frame *inner)
{
	uint32_t flags = inner->at & ~TENURE_PY_OFFSET_NONE;

	if (abi->frames == PY_FRAMES_OBJECT) {
		inner->lasti = lasti_of(abi, inner->frame, PY_FRAMES_OBJECT);
		inner->at = offset_of(abi, inner, PY_FRAMES_OBJECT) | flags;
	} else {
		inner->lasti = lasti_of(abi, inner->frame, PY_FRAMES_SENTINEL);
		inner->at = offset_of(abi, inner, PY_FRAMES_SENTINEL) | flags;
	}
}

#define NEW_MAX 8u /* frames that were entered since; with more it is read afresh */

/**
 * struct chain_at - a frame of the chain that is compared
 * @frame: NULL behind the outermost
 * @flags: EMPTY: runs without frames between it and the frame inside of it
 * @inner: flags of that one: OUTER if its run ends with it
 */
struct chain_at {
	const void *frame;
	uint32_t flags;
	uint32_t inner;
};

/* @frame, or what is outside of it, if it is none. */
static attr_always_inline struct chain_at real_one(const struct py_abi *abi, const void *frame,
						   uint32_t runs, enum py_frames_kind kind)
{
	struct chain_at at = { .frame = frame };

	if (kind != PY_FRAMES_SENTINEL)
		return at;
	while (at.frame && unlikely(owner_of(abi, at.frame) >= PY_FRAME_OWNER_CSTACK)) {
		if (runs && !at.inner)
			at.inner = PY_FRAME_OUTER;
		else if (at.flags < PY_FRAME_EMPTY_MAX)
			at.flags += PY_FRAME_EMPTY;
		at.frame = py_field(at.frame, abi->frame_previous);
	}
	return at;
}

/* Goes to the frame outside of @at.  Return: the flags of the one that was left. */
static attr_always_inline uint32_t go_out(const struct py_abi *abi, struct chain_at *at,
					  enum py_frames_kind kind)
{
	uint32_t flags = at->flags;

	if (kind == PY_FRAMES_OBJECT)
		flags = PY_FRAME_OUTER;
	if (kind == PY_FRAMES_ENTRY && owner_of(abi, at->frame))
		flags = PY_FRAME_OUTER;
	*at = real_one(abi, py_field(at->frame, abi->frame_previous), 1, kind);
	return flags | at->inner;
}

static attr_always_inline struct py_renewed renew(const struct py_abi *abi, const void *frame,
						  struct py_frame *known, uint32_t depth,
						  uint32_t room, enum py_frames_kind kind)
{
	static const struct py_renewed afresh;
	struct chain_at at = real_one(abi, frame, 0, kind);
	struct py_frame entered[NEW_MAX];
	struct py_frame *was;
	struct py_renewed now;
	uint32_t count = 0, i;

	/* Some frames may have been left, and some entered. */
	for (;;) {
		struct py_frame *to = &entered[count];

		for (i = depth; i && depth - i < NEW_MAX && known[i - 1].frame != at.frame;)
			i--;
		if (likely(i && known[i - 1].frame == at.frame))
			break;
		if (!at.frame || ++count == NEW_MAX)
			return afresh;
		to->code = code_of(abi, at.frame);
		to->frame = at.frame;
		to->lasti = lasti_of(abi, at.frame, kind);
		to->at = offset_of(abi, to, kind);
		to->at |= go_out(abi, &at, kind);
	}
	if (unlikely(i + count > room))
		return afresh;

	now = (struct py_renewed){ .depth = i + count, .same = i };
	for (was = &known[i - 1];; was--) {
		const void *code, *here;
		uint64_t lasti;
		uint32_t flags;

		if (likely(!at.flags && at.frame == was->frame)) {
			was = skip_same(abi, was, known, kind);
			at.frame = was->frame;
		}
		if (was < known)
			break;
		here = at.frame;
		if (unlikely(!here))
			return afresh;
		code = code_of(abi, here);
		lasti = lasti_of(abi, here, kind);
		flags = go_out(abi, &at, kind);
		was->frame = here;
		if (code == was->code && lasti == was->lasti &&
		    flags == (was->at & ~TENURE_PY_OFFSET_NONE))
			continue;
		was->code = code;
		was->lasti = lasti;
		was->at = offset_of(abi, was, kind) | flags;
		now.same = (uint32_t)(was - known);
	}
	if (unlikely(at.frame != NULL))
		return afresh;
	for (i = 0; i < count; i++)
		known[now.depth - 1 - i] = entered[i];
	return now;
}

struct py_renewed py_chain_renew(const struct py_abi *abi, const void *frame,
				 struct py_frame *known, uint32_t depth, uint32_t room)
{
	switch ((enum py_frames_kind)abi->frames) {
	case PY_FRAMES_OBJECT:
		return renew(abi, frame, known, depth, room, PY_FRAMES_OBJECT);
	case PY_FRAMES_ENTRY:
		return renew(abi, frame, known, depth, room, PY_FRAMES_ENTRY);
	case PY_FRAMES_SENTINEL:
		return renew(abi, frame, known, depth, room, PY_FRAMES_SENTINEL);
	}
	return (struct py_renewed){ 0 };
}

bool py_chain_follows(const struct py_abi *abi, const struct py_frame *inner,
		      const struct py_frame *known, const struct py_frame *outer)
{
	const void *frame = py_field(inner->frame, abi->frame_previous);
	uint32_t flags = 0;

	if (abi->frames == PY_FRAMES_SENTINEL)
		for (; frame && owner_of(abi, frame) >= PY_FRAME_OWNER_CSTACK;
		     frame = py_field(frame, abi->frame_previous))
			flags = PY_FRAME_OUTER;
	return frame == (outer ? outer->frame : NULL) && (inner->at | flags) == known->at;
}
