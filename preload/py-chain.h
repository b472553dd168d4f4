/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the interpreter's own chain of frames, from the innermost outwards.
 */
#ifndef PRELOAD_PY_CHAIN_H
#define PRELOAD_PY_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "py-abi.h"

/**
 * struct py_frame - one Python frame
 * @code:  the code object, only compared while remembered
 * @frame: where the interpreter has it, likewise
 * @lasti: the interpreter's own word for the instruction, likewise
 * @at:    offset of the instruction; the flags of its node, shifted
 * @node:  id of the stack that ends here
 */
struct py_frame {
	const void *code;
	const void *frame;
	uint64_t lasti;
	uint32_t at;
	uint32_t node;
};

/* Bits of py_frame.at: TENURE_PY_NODE_* flags. */
#define PY_FRAME_FLAGS_SHIFT 28
#define PY_FRAME_OUTER	     (1u << PY_FRAME_FLAGS_SHIFT)
#define PY_FRAME_EMPTY	     (2u << PY_FRAME_FLAGS_SHIFT) /* unit of a count */
#define PY_FRAME_EMPTY_MAX   (7u * PY_FRAME_EMPTY)

/**
 * struct py_chain - where the reading has got to
 * @frame:   next one, or NULL at the end
 * @count:   frames read
 * @grouped: of these, frames whose run of the C loop is known to end among them
 * @empty:   runs without frames since the last one
 */
struct py_chain {
	const void *frame;
	uint32_t count;
	uint32_t grouped;
	uint32_t empty;
};

/** py_chain_begin() - at the innermost frame of a thread state, the calling thread's own */
static attr_always_inline struct py_chain py_chain_begin(const struct py_abi *abi,
							 const void *tstate)
{
	if (abi->tstate_cframe)
		tstate = py_field(tstate, abi->tstate_cframe);
	return (struct py_chain){ .frame = tstate ? py_field(tstate, abi->tstate_frame) : NULL };
}

/**
 * py_chain_read() - go on until @frames holds @until of them, or the chain ends
 * @frames: innermost first; all but @node are filled in.  Whether the last one
 *          is the outermost of its run may be known only when more is read
 *
 * Context: any thread, guard held.
 */
void py_chain_read(const struct py_abi *abi, struct py_chain *chain, struct py_frame *frames,
		   uint32_t until);

enum py_chain_change {
	PY_CHAIN_SAME,	/* nothing has changed */
	PY_CHAIN_MOVED, /* the innermost frame is at another instruction */
	PY_CHAIN_OTHER, /* anything else, perhaps nothing */
};

/**
 * py_chain_compare() - what has changed since a chain was read
 * @frame: the innermost one now
 * @known: outermost first, behind one without a @frame
 * @depth: of @known, more than 0
 *
 * Compares all frames, with no look at a frame that is not there any more.
 * Context: any thread, guard held.
 */
enum py_chain_change py_chain_compare(const struct py_abi *abi, const void *frame,
				      const struct py_frame *known, uint32_t depth);

/** py_chain_move() - take over the instruction that the innermost frame of a chain is at */
void py_chain_move(const struct py_abi *abi, struct py_frame *inner);

/**
 * struct py_renewed - what has become of a remembered chain
 * @depth: frames there are now; 0: it must be read afresh
 * @same:  of these, outermost ones whose nodes still hold
 */
struct py_renewed {
	uint32_t depth;
	uint32_t same;
};

/**
 * py_chain_renew() - compare a remembered chain with the one there is now, all of it
 * @frame: the innermost one
 * @known: outermost first, behind one without a @frame; made to say what there is now,
 *         all but @node
 * @depth: of @known, more than 0
 * @room:  in @known
 *
 * For few changes at the inner end, which is what mostly happens between one
 * allocation and the next.  When it must be read afresh, @known is void.
 *
 * Context: any thread, guard held.
 */
struct py_renewed py_chain_renew(const struct py_abi *abi, const void *frame,
				 struct py_frame *known, uint32_t depth, uint32_t room);

/**
 * py_chain_follows() - is @outer still what called @inner, and in the same way?
 * @inner: was read just now, all but the flag OUTER
 * @known: what it was when it was read before
 * @outer: the frame outside of it at that time, or NULL
 */
bool py_chain_follows(const struct py_abi *abi, const struct py_frame *inner,
		      const struct py_frame *known, const struct py_frame *outer);

#endif /* PRELOAD_PY_CHAIN_H */
