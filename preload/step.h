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
	uint32_t kind;
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

/**
 * step() - replace @frame by its caller's
 *
 * Unless STEP_OK, @frame is unchanged.
 */
static attr_always_inline enum step_result step(struct frame *frame, uint32_t rule,
						struct reach *reach)
{
	uint32_t kind = RULE_KIND(rule);
	uintptr_t cfa;
	uintptr_t fp = frame->fp;

	if (unlikely(kind > RULE_FP))
		return step_rare(frame, rule, reach);

	cfa = (kind == RULE_SP ? frame->sp : fp) + RULE_OFFSET(rule);
	/* A table that lies must not lead us round in circles. */
	if (unlikely(cfa <= frame->sp || !reach_ok(reach, cfa - 8)))
		return STEP_LOST;

	if (RULE_SAVE(rule) != 0) {
		uintptr_t save = cfa - RULE_SAVE(rule);

		/* The red zone and what lies below it are not read. */
		if (unlikely(save < frame->sp - 128 || !reach_ok(reach, save)))
			return STEP_LOST;
		fp = step_load(save);
	}
	frame->pc = arch_pc(step_load(cfa - 8));
	frame->sp = cfa;
	frame->fp = fp;
	frame->kind = TENURE_NODE_CALL;
	return likely(frame->pc != 0) ? STEP_OK : STEP_END;
}

#endif /* PRELOAD_STEP_H */
