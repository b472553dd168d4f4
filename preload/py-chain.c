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

#include "tenure/wire-python.h"

/* The offset of an instruction, from a pointer to it or to the one before the first. */
static attr_always_inline uint32_t offset_of(const uint8_t *first, const uint8_t *instruction)
{
	uint64_t offset = (uint64_t)(instruction - first);

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
		int64_t offset = py_field_int(frame, abi->frame_lasti);

		offset *= abi->lasti_scale;
		if (offset < 0 || offset > TENURE_PY_OFFSET_NONE)
			offset = TENURE_PY_OFFSET_NONE;
		frames[count].code = py_field(frame, abi->frame_code);
		frames[count].frame = frame;
		frames[count++].at = (uint32_t)offset | PY_FRAME_OUTER;
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
		const uint8_t *code = py_field(frame, abi->frame_code);
		uint32_t at = offset_of(code + abi->code_start, py_field(frame, abi->frame_lasti));

		if (owner_of(abi, frame))
			at |= PY_FRAME_OUTER;
		frames[count].code = code;
		frames[count].frame = frame;
		frames[count++].at = at;
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
		const uint8_t *code;

		if (owner_of(abi, frame) >= PY_FRAME_OWNER_CSTACK) {
			/* A run that is about to return, or cleans up, has no frames left. */
			if (count > grouped)
				frames[count - 1].at |= PY_FRAME_OUTER;
			else if (empty < PY_FRAME_EMPTY_MAX)
				empty += PY_FRAME_EMPTY;
			grouped = count;
			continue;
		}
		code = code_of(abi, frame);
		frames[count].code = code;
		frames[count].frame = frame;
		frames[count++].at = empty | offset_of(code + abi->code_start,
						       py_field(frame, abi->frame_lasti));
		empty = 0;
	}
	*chain = (struct py_chain){ frame, count, grouped, empty };
}

struct py_chain py_chain_begin(const struct py_abi *abi, const void *tstate)
{
	if (abi->tstate_cframe)
		tstate = py_field(tstate, abi->tstate_cframe);
	return (struct py_chain){ .frame = tstate ? py_field(tstate, abi->tstate_frame) : NULL };
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
