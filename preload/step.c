/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step of a walk: the rules that are not plain.
 */
#include "step.h"

enum {
	GUESS_MAX = 16 << 20, /* no frame of code without a table is taken to be larger */
};

/* On to the caller, whose frame ends at @cfa. */
static attr_always_inline enum step_result leave(struct frame *frame, uintptr_t cfa,
						 struct reach *reach)
{
	if (!reach_ok(reach, cfa - 8))
		return STEP_LOST;
	frame->pc = arch_pc(step_load(cfa - 8));
	frame->sp = cfa;
	frame->kind = TENURE_NODE_CALL;
	return frame->pc ? STEP_OK : STEP_END;
}

/* RULE_SP and RULE_FP where step() did not dare. */
static enum step_result step_plain(struct frame *frame, uint32_t rule, struct reach *reach)
{
	uintptr_t cfa = (RULE_KIND(rule) == RULE_SP ? frame->sp : frame->fp) + RULE_OFFSET(rule);
	uintptr_t save = cfa - RULE_SAVE(rule);

	/* A table that lies must not lead us round in circles. */
	if (cfa <= frame->sp || !reach_ok(reach, cfa - 8))
		return STEP_LOST;
	/* Where a signal interrupted a leaf, fp may be saved in its red zone. */
	if (RULE_SAVE(rule) != 0) {
		if (save < frame->sp - 128 || !reach_ok(reach, save))
			return STEP_LOST;
		frame->fp = step_load(save);
	}
	return leave(frame, cfa, reach);
}

static enum step_result step_drap(struct frame *frame, uint32_t rule, struct reach *reach)
{
	uintptr_t at = frame->fp + (uintptr_t)RULE_DRAP_OFFSET(rule);
	uintptr_t save = frame->fp + (uintptr_t)RULE_DRAP_SAVE(rule);
	uintptr_t cfa;

	if (at < frame->sp || save < frame->sp || !reach_ok(reach, at))
		return STEP_LOST;
	cfa = step_load(at);
	if (cfa <= frame->sp || !reach_ok(reach, save))
		return STEP_LOST;
	frame->fp = step_load(save);
	return leave(frame, cfa, reach);
}

static enum step_result step_guess(struct frame *frame, struct reach *reach)
{
	uintptr_t fp = frame->fp;
	uintptr_t pc;

	/* The entry of the dynamic linker has no table; it begins where the stack ends. */
	if (frame->sp == reach->own_hi || (ARCH_FP_ENDS && !fp))
		return STEP_END;
	if (fp < frame->sp || fp - frame->sp > GUESS_MAX || fp % 8 || !reach_ok(reach, fp) ||
	    !reach_ok(reach, fp + 8))
		return STEP_LOST;
	pc = arch_pc(step_load(fp + 8));
	if (pc == 0)
		return STEP_END;
	if (pc > ARCH_PC_MASK)
		return STEP_LOST;
	frame->pc = pc;
	frame->sp = fp + 16;
	frame->fp = step_load(fp);
	frame->kind = TENURE_NODE_GUESS;
	return STEP_OK;
}

static enum step_result step_signal(struct frame *frame, struct reach *reach)
{
	uintptr_t sp = frame->sp;

	if (!reach_ok(reach, sp + ARCH_SIGNAL_PC) || !reach_ok(reach, sp + ARCH_SIGNAL_SP) ||
	    !reach_ok(reach, sp + ARCH_SIGNAL_FP))
		return STEP_LOST;
	frame->pc = step_load(sp + ARCH_SIGNAL_PC);
	frame->sp = step_load(sp + ARCH_SIGNAL_SP);
	frame->fp = step_load(sp + ARCH_SIGNAL_FP);
	frame->kind = TENURE_NODE_EXACT;
	/* What was interrupted has a stack of its own: nothing of it may be read unasked. */
	if (frame->sp > reach->hi)
		reach->lo = UINTPTR_MAX;
	return frame->pc ? STEP_OK : STEP_END;
}

enum step_result step_rare(struct frame *frame, uint32_t rule, struct reach *reach)
{
	switch ((enum rule_kind)RULE_KIND(rule)) {
	case RULE_DRAP:
		return step_drap(frame, rule, reach);
	case RULE_GUESS:
		return step_guess(frame, reach);
	case RULE_SIGNAL:
		return step_signal(frame, reach);
	case RULE_END:
		return STEP_END;
	case RULE_HARD:
		return STEP_HARD;
	case RULE_SP:
	case RULE_FP:
		return step_plain(frame, rule, reach);
	case RULE_NONE:
		break;
	}
	return STEP_LOST;
}
