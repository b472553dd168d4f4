/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread's memory of its last stack.
 *
 * Kept are the frames of the stack and, for each, the words of stack memory
 * that its unwinding depends on.  While those words are what they were, and
 * so are all the words of the frames outside of it, a frame's caller is what
 * it was: memo_verify() compares memory instead of walking.
 *
 * What a step depends on:
 *  - the address and value of the frame's return address, which say its pc
 *    and sp;
 *  - the frame pointer, but only if this frame's rule or that of a frame
 *    outside uses it before it is restored (MEMO_NEEDS_FP).  Between frames
 *    that are both kept this is settled by one more word, the place where the
 *    inner one saved it.  Where a fresh walk meets a kept frame, memo_meets()
 *    compares the register;
 *  - in a realigned frame, the word that holds its CFA;
 *  - in the outermost frame, the 0 in place of a return address, if that ended
 *    the stack.
 */
#ifndef PRELOAD_MEMO_H
#define PRELOAD_MEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "step.h"

struct thread;

enum {
	MEMO_NEEDS_FP = 1u << 0,
	MEMO_GUESSED = 1u << 1, /* a frame pointer was trusted, here or outside */
	MEMO_CUT = 1u << 2,	/* frames are missing, here or outside */
	MEMO_EXTRA = 1u << 3,	/* no frame: a word that the frame after it depends on */

	MEMO_FIRST = 128,    /* frames there is room for at first */
	MEMO_MAX = 1u << 18, /* frames of a stack; what is deeper is cut at its root */
	MEMO_GUESS_BITS = 13,
	MEMO_GUESSES = 1 << MEMO_GUESS_BITS, /* predicted nodes */
	MEMO_ENTRIES_PER_FRAME = 3,
};

/** struct memo_check - a word of stack memory and what it was */
struct memo_check {
	uintptr_t addr;
	uint64_t value;
};

/**
 * struct memo_frame - a frame of the last stack, or a word it depends on (MEMO_EXTRA)
 * @word:  as in its node; 0, which no frame has
 * @fp:    frame pointer in it; of value only with MEMO_NEEDS_FP
 * @node:  its id; that of the frame outside
 * @spare: of no value
 * @flags: MEMO_*
 *
 * The check of the same index holds the place of its return address, which is
 * its sp less one word.
 */
struct memo_frame {
	uint64_t word;
	uintptr_t fp;
	uint32_t node;
	uint16_t spare;
	uint16_t flags;
};

/**
 * struct memo_fresh - a frame that the walk at hand has passed
 * @word: as in its node
 * @sp:   stack pointer in it
 * @fp:   frame pointer in it
 * @rule: how the walk went on from there
 * @node: predicted id, or 0
 */
struct memo_fresh {
	uint64_t word;
	uintptr_t sp;
	uintptr_t fp;
	uint32_t rule;
	uint32_t node;
};

/**
 * struct walk_memo - see above; owned by its thread
 * @checks:      outermost first; before it is one that no walk passes
 * @frames:      what each of those is
 * @fresh:       innermost first
 * @count:       of @checks and @frames
 * @room:        frames there is room for: that many @fresh, thrice as many of the others
 * @bytes:       of the pages behind the three
 * @epoch:       all is void when this is not the walker's
 * @misses:      stacks that had no tail, though there was one in its place
 * @predictions: node ids by memo_hash()
 * @tails:       ends of earlier stacks; see tail.h
 * @tail_shift:  64 less the bits of an index into them
 */
struct walk_memo {
	struct memo_check *checks;
	struct memo_frame *frames;
	struct memo_fresh *fresh;
	uint32_t count;
	uint32_t room;
	uint32_t bytes;
	uint32_t epoch;
	uint32_t misses;
	uint32_t tail_shift;
	struct tail *tails;
	uint32_t predictions[MEMO_GUESSES];
};

/**
 * memo_new() - an empty memory
 * @threads: that there are already: those that come late get less of it
 *
 * Return: NULL without pages.
 */
attr_cold struct walk_memo *memo_new(uint32_t threads);

/** memo_grow() - double the room, keeping what is there; false without pages or at MEMO_MAX */
attr_cold bool memo_grow(struct walk_memo *memo);

/** memo_clear() - forget the stack and all predictions */
attr_cold void memo_clear(struct walk_memo *memo);

/** memo_differs() - has the word changed? */
static attr_always_inline uint64_t memo_differs(const struct memo_check *check)
{
	return step_load(check->addr) ^ check->value;
}

/**
 * memo_verify() - how many entries, from the outermost, are as they were
 * @slot: lowest address that still belongs to the stack
 */
static attr_always_inline uint32_t memo_verify(const struct walk_memo *memo, uintptr_t slot)
{
	const struct memo_check *checks = memo->checks;
	const struct memo_check *end = checks + memo->count;
	const struct memo_check *at = checks;
	const struct memo_check *last;
	uint64_t a, b, c, d;
	uint32_t same;

	while (end[-1].addr < slot)
		end--;
	last = end - 4;
	if (unlikely(last < checks)) {
		while (at < end && !memo_differs(at))
			at++;
		return (uint32_t)(at - checks);
	}
	for (;; at += 4) {
		/* The last four may overlap those before. */
		at = at < last ? at : last;
		a = memo_differs(&at[0]);
		b = memo_differs(&at[1]);
		c = memo_differs(&at[2]);
		d = memo_differs(&at[3]);
		if (a | b | c | d)
			break;
		if (at == last)
			return (uint32_t)(end - checks);
	}
	/* Which of the four it is cannot be foretold: no branches. */
	same = a == 0;
	a |= b;
	same += a == 0;
	same += (a | c) == 0;
	return (uint32_t)(at - checks) + same;
}

/** memo_meets() - is where the walk stands the kept frame? */
static attr_always_inline bool memo_meets(const struct memo_frame *kept, uint64_t word,
					  uintptr_t fp)
{
	return kept->word == word && (!(kept->flags & MEMO_NEEDS_FP) || kept->fp == fp);
}

/** memo_hash() - place of the prediction for a walk of @key that stands at @word */
static attr_always_inline uint32_t memo_hash(uint64_t word, uintptr_t sp, uint64_t key)
{
	uint64_t h = (word ^ sp << 20) * 0x9e3779b97f4a7c15ull ^ key * 0xd6e8feb86659fd93ull;

	return (uint32_t)(h >> (64 - MEMO_GUESS_BITS));
}

/**
 * memo_push() - keep a frame that the walk has passed, after those outside it
 * @fresh:     the frame
 * @outermost: the walk ended behind it
 * @node:      its id
 *
 * There must be room.  Return: false if it cannot be kept; nothing inside of
 * it may be kept then.
 */
attr_noinline bool memo_push(struct walk_memo *memo, const struct memo_fresh *fresh, bool outermost,
			     uint32_t node);

/**
 * struct memo_end - where the next entry goes
 * @check: into walk_memo.checks
 * @frame: into walk_memo.frames
 * @flags: of the frame before, MEMO_NEEDS_FP and the like
 */
struct memo_end {
	struct memo_check *check;
	struct memo_frame *frame;
	uint32_t flags;
};

/** memo_end() - the place behind the first @count entries, the last of which is a frame */
static attr_always_inline struct memo_end memo_end(const struct walk_memo *memo, uint32_t count)
{
	struct memo_frame *frame = &memo->frames[count];

	return (struct memo_end){
		.check = &memo->checks[count],
		.frame = frame,
		.flags = frame[-1].flags,
	};
}

static attr_always_inline void memo_put(struct memo_end *end, uintptr_t addr, uint64_t word,
					uintptr_t fp, uint32_t node, uint32_t flags)
{
	*end->check++ = (struct memo_check){ addr, step_load(addr) };
	*end->frame++ = (struct memo_frame){ word, fp, node, 0, (uint16_t)flags };
}

/**
 * memo_push_plain() - memo_push() for CALL frames with rules SP and FP that are not outermost
 * @outer: id of the frame outside
 *
 * The caller sets walk_memo.count afterwards.
 */
static attr_always_inline bool memo_push_plain(struct memo_end *end, const struct memo_fresh *fresh,
					       uint32_t node, uint32_t outer)
{
	uint32_t rule = fresh->rule;

	if ((end->flags & MEMO_NEEDS_FP) && RULE_SAVE(rule) != 0) {
		uintptr_t base = RULE_KIND(rule) == RULE_SP ? fresh->sp : fresh->fp;
		uintptr_t save = base + RULE_OFFSET(rule) - RULE_SAVE(rule);

		if (unlikely(save < fresh->sp))
			return false;
		memo_put(end, save, 0, 0, outer, end->flags | MEMO_EXTRA);
		end->flags &= ~MEMO_NEEDS_FP;
	}
	if (RULE_KIND(rule) == RULE_FP)
		end->flags |= MEMO_NEEDS_FP;
	memo_put(end, fresh->sp - 8, fresh->word, fresh->fp, node, end->flags);
	return true;
}

#endif /* PRELOAD_MEMO_H */
