/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the interpreter's own chain of frames, from the innermost outwards.
 */
#ifndef PRELOAD_PY_CHAIN_H
#define PRELOAD_PY_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "py-abi.h"

/**
 * struct py_frame - one Python frame
 * @code:  the code object, only compared while remembered
 * @frame: where the interpreter has it, likewise
 * @at:    offset of the instruction; the flags of its node, shifted
 * @node:  id of the stack that ends here
 */
struct py_frame {
	const void *code;
	const void *frame;
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
struct py_chain py_chain_begin(const struct py_abi *abi, const void *tstate);

/**
 * py_chain_read() - go on until @frames holds @until of them, or the chain ends
 * @frames: innermost first; all but @node are filled in.  Whether the last one
 *          is the outermost of its run may be known only when more is read
 *
 * Context: any thread, guard held.
 */
void py_chain_read(const struct py_abi *abi, struct py_chain *chain, struct py_frame *frames,
		   uint32_t until);

/**
 * py_chain_follows() - is @outer still what called @inner, and in the same way?
 * @inner: was read just now, all but the flag OUTER
 * @known: what it was when it was read before
 * @outer: the frame outside of it at that time, or NULL
 */
bool py_chain_follows(const struct py_abi *abi, const struct py_frame *inner,
		      const struct py_frame *known, const struct py_frame *outer);

#endif /* PRELOAD_PY_CHAIN_H */
