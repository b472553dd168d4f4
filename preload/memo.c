/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread's memory of its last stack: its pages, and what is kept of a
 * frame.
 */
#include "memo.h"

#include <stddef.h>

#include "pages.h"
#include "sys.h"
#include "tail.h"

#define ENTRIES(room) ((size_t)(room)*MEMO_ENTRIES_PER_FRAME)

static uint32_t bytes_for(uint32_t room)
{
	return (uint32_t)((ENTRIES(room) + 1) *
				  (sizeof(struct memo_check) + sizeof(struct memo_frame)) +
			  room * sizeof(struct memo_fresh));
}

/* Points into @pages, which have space for @room frames. */
static void lay_out(struct walk_memo *memo, void *pages, uint32_t room)
{
	memo->checks = pages;
	memo->checks++->addr = UINTPTR_MAX;
	memo->frames = (struct memo_frame *)(memo->checks + ENTRIES(room));
	memo->frames++;
	memo->fresh = (struct memo_fresh *)(memo->frames + ENTRIES(room));
	memo->room = room;
	memo->bytes = bytes_for(room);
}

struct walk_memo *memo_new(uint32_t threads)
{
	uint32_t bits = threads < TAIL_MANY ? TAIL_BITS : TAIL_BITS_LATER;
	struct walk_memo *memo = pages_map(sizeof(*memo), PAGES_WIPE);
	struct tail *tails = pages_map(TAIL_BYTES(bits), PAGES_WIPE);
	void *pages = pages_map(bytes_for(MEMO_FIRST), PAGES_WIPE);

	if (!memo || !tails || !pages) {
		pages_unmap(memo, sizeof(*memo));
		pages_unmap(tails, TAIL_BYTES(bits));
		pages_unmap(pages, bytes_for(MEMO_FIRST));
		return NULL;
	}
	memo->tails = tails;
	memo->tail_shift = 64 - bits;
	lay_out(memo, pages, MEMO_FIRST);
	return memo;
}

static bool grow(struct walk_memo *memo)
{
	struct walk_memo old = { .checks = memo->checks,
				 .frames = memo->frames,
				 .fresh = memo->fresh };
	uint32_t room = memo->room;
	uint32_t bytes = memo->bytes;
	void *pages;

	if (room >= MEMO_MAX)
		return false;
	pages = pages_map(bytes_for(2 * room), PAGES_WIPE);
	if (!pages)
		return false;

	lay_out(memo, pages, 2 * room);
	__builtin_memcpy(memo->checks, old.checks, memo->count * sizeof(*old.checks));
	__builtin_memcpy(memo->frames, old.frames, memo->count * sizeof(*old.frames));
	__builtin_memcpy(memo->fresh, old.fresh, room * sizeof(*old.fresh));
	pages_unmap(old.checks - 1, bytes);
	return true;
}

bool memo_grow(struct walk_memo *memo)
{
	struct sys_sigset old;
	bool has_grown;

	/* A handler that left by longjmp() would leave half of it. */
	sys_sigmask_all(&old);
	has_grown = grow(memo);
	(void)sys_sigmask(&old, NULL);
	return has_grown;
}

void memo_clear(struct walk_memo *memo)
{
	memo->count = 0;
	__builtin_memset(memo->predictions, 0, sizeof(memo->predictions));
	/* Most of their pages may not be there: only read. */
	for (uint32_t i = 0; i < 1u << (64 - memo->tail_shift); i++)
		if (memo->tails[i].node)
			memo->tails[i].node = 0;
}

/**
 * struct depends - what one step depends on, besides the frame's own place
 * @cfa:   where it led: the outer frame's stack pointer
 * @save:  address that fp was restored from, or 0
 * @base:  address that the CFA was read from, or 0
 * @needs: the step itself uses fp
 */
struct depends {
	uintptr_t cfa;
	uintptr_t save;
	uintptr_t base;
	bool needs;
};

/* Return: false for a step that depends on more than memo_push() can note. */
static bool step_depends(const struct memo_fresh *at, uint32_t rule, struct depends *on)
{
	*on = (struct depends){ 0 };
	switch ((enum rule_kind)RULE_KIND(rule)) {
	case RULE_SP:
	case RULE_FP:
		on->needs = RULE_KIND(rule) == RULE_FP;
		on->cfa = (on->needs ? at->fp : at->sp) + RULE_OFFSET(rule);
		on->save = RULE_SAVE(rule) != 0 ? on->cfa - RULE_SAVE(rule) : 0;
		return true;
	case RULE_DRAP:
		on->needs = true;
		on->base = at->fp + (uintptr_t)RULE_DRAP_OFFSET(rule);
		on->save = at->fp + (uintptr_t)RULE_DRAP_SAVE(rule);
		on->cfa = step_load(on->base);
		return true;
	case RULE_GUESS:
		on->needs = true;
		on->save = at->fp;
		on->cfa = at->fp + 16;
		return true;
	case RULE_END:
		return true;
	case RULE_NONE:
	case RULE_SIGNAL:
	case RULE_HARD:
		break;
	}
	return false;
}

bool memo_push(struct walk_memo *memo, const struct memo_fresh *fresh, bool outermost,
	       uint32_t node)
{
	struct memo_end end = memo_end(memo, memo->count);
	uint32_t outer = memo->count ? end.frame[-1].node : 0;
	uint32_t flags = memo->count ? end.flags : 0;
	uintptr_t slot = fresh->sp - 8;
	struct depends on;

	if (TENURE_NODE_KIND(fresh->word) == TENURE_NODE_EXACT ||
	    !step_depends(fresh, fresh->rule, &on))
		return false;
	/* A guess may have ended for a reason that left fp unread. */
	if (outermost && RULE_KIND(fresh->rule) == RULE_GUESS)
		return false;
	if ((on.save && on.save <= slot) || (on.base && on.base <= slot))
		return false;

	if (outermost && on.cfa)
		memo_put(&end, on.cfa - 8, 0, 0, outer, flags | MEMO_EXTRA);
	if (on.base)
		memo_put(&end, on.base, 0, 0, outer, flags | MEMO_EXTRA);
	if ((flags & MEMO_NEEDS_FP) && on.save)
		memo_put(&end, on.save, 0, 0, outer, flags | MEMO_EXTRA);

	if (on.save)
		flags &= ~MEMO_NEEDS_FP;
	if (on.needs)
		flags |= MEMO_NEEDS_FP;
	if (TENURE_NODE_KIND(fresh->word) == TENURE_NODE_GUESS)
		flags |= MEMO_GUESSED;
	memo_put(&end, slot, fresh->word, fresh->fp, node, flags);
	memo->count = (uint32_t)(end.check - memo->checks);
	return true;
}
