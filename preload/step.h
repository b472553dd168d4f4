/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step of a walk: from a frame to its caller's, by a rule.
 */
#ifndef PRELOAD_STEP_H
#define PRELOAD_STEP_H

#include <stdint.h>

#include "arch/arch.h"
#include "base/attr.h"
#include "reach.h"
#include "rules.h"
#include "tenure/wire.h"

/**
 * struct frame - where a walk stands
 * @pc:   return address into the frame's function; with @kind EXACT the instruction
 * @sp:   stack pointer in that function
 * @fp:   frame pointer register in that function
 * @kind: enum tenure_node_kind: how the frame was found
 */
struct frame {
	uintptr_t pc;
	uintptr_t sp;
	uintptr_t fp;
	uint64_t kind; /* as wide as it is used: a narrower store would stall the load */
};

enum step_result {
	STEP_OK,
	STEP_END,  /* it was the outermost */
	STEP_LOST, /* there is more, but it cannot be followed */
	STEP_HARD, /* the rule is RULE_HARD */
};

static inline uint64_t step_load(uintptr_t addr)
{
	return *(const uint64_t *)addr;
}

/** step_lookup() - the address that decides which rule holds in @frame */
static attr_always_inline uintptr_t step_lookup(const struct frame *frame)
{
	return frame->pc - (frame->kind != TENURE_NODE_EXACT);
}

/* RULE_GUESS, RULE_SIGNAL, RULE_DRAP, RULE_END and the rest. */
attr_noinline enum step_result step_rare(struct frame *frame, uint32_t rule, struct reach *reach);

/*
 * The rare ways get copies, so that the caller's structs need not lie in
 * memory.
 */
static attr_always_inline enum step_result step_rare_copied(struct frame *frame, uint32_t rule,
							    struct reach *reach)
{
	struct frame frame_copy = *frame;
	struct reach reach_copy = *reach;
	enum step_result result = step_rare(&frame_copy, rule, &reach_copy);

	*frame = frame_copy;
	*reach = reach_copy;
	return result;
}

/**
 * step() - replace @frame by its caller's
 *
 * Unless STEP_OK, @frame is as it was.
 */
static attr_always_inline enum step_result step(struct frame *frame, uint32_t rule,
						struct reach *reach)
{
	uint32_t kind = RULE_KIND(rule);
	uintptr_t cfa = (kind == RULE_SP ? frame->sp : frame->fp) + RULE_OFFSET(rule);
	uintptr_t save = cfa - RULE_SAVE(rule);
	uintptr_t fp;

	/*
	 * The common case: a plain rule, and all that it reads lies within what
	 * may be read, above the stack pointer: sp < cfa <= hi, in one comparison.
	 */
	if (unlikely(kind > RULE_FP || cfa - frame->sp - 1 >= reach->hi - frame->sp ||
		     save < reach->lo || frame->sp < reach->lo))
		return step_rare_copied(frame, rule, reach);

	fp = step_load(RULE_SAVE(rule) != 0 ? save : cfa - 8);
	frame->fp = RULE_SAVE(rule) != 0 ? fp : frame->fp;
	frame->pc = arch_pc(step_load(cfa - 8));
	frame->sp = cfa;
	frame->kind = TENURE_NODE_CALL;
	return likely(frame->pc != 0) ? STEP_OK : STEP_END;
}

#endif /* PRELOAD_STEP_H */
