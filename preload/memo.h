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

	MEMO_FIRST = 128,    /* frames there is room for at first */
	MEMO_MAX = 1u << 18, /* frames of a stack; what is deeper is cut at its root */
	MEMO_GUESS_BITS = 13,
	MEMO_GUESSES = 1 << MEMO_GUESS_BITS, /* predicted nodes */
	MEMO_CHECKS_PER_FRAME = 3,
};

/** struct memo_check - a word of stack memory and what it was */
struct memo_check {
	uintptr_t addr;
	uint64_t value;
};

/**
 * struct memo_frame - a frame of the last stack
 * @slot:   address of its return address: its sp less one word
 * @word:   as in its node
 * @fp:     frame pointer in it
 * @node:   its id
 * @checks: of all frames up to and with this one, from the outermost
 * @flags:  MEMO_*
 */
struct memo_frame {
	uintptr_t slot;
	uint64_t word;
	uintptr_t fp;
	uint32_t node;
	uint32_t checks;
	uint32_t flags;
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
 * @frames:      outermost first; before it is one that no walk passes and that has no checks
 * @checks:      of those frames, in their order
 * @owners:      for each check the index of its frame
 * @fresh:       innermost first
 * @count:       of @frames
 * @room:        of @frames and of @fresh
 * @bytes:       of the pages behind the four
 * @epoch:       all is void when this is not the walker's
 * @predictions: node ids by memo_hash()
 */
struct walk_memo {
	struct memo_frame *frames;
	struct memo_check *checks;
	uint32_t *owners;
	struct memo_fresh *fresh;
	uint32_t count;
	uint32_t room;
	uint32_t bytes;
	uint32_t epoch;
	uint32_t predictions[MEMO_GUESSES];
};

/** memo_new() - an empty memory; NULL without pages */
attr_cold struct walk_memo *memo_new(void);

/** memo_grow() - double the room, keeping what is there; false without pages or at MEMO_MAX */
attr_cold bool memo_grow(struct walk_memo *memo);

/** memo_clear() - forget the stack and all predictions */
attr_cold void memo_clear(struct walk_memo *memo);

/**
 * memo_verify() - how many frames, from the outermost, are as they were
 * @slot: lowest address that still belongs to the stack
 */
static attr_always_inline uint32_t memo_verify(const struct walk_memo *memo, uintptr_t slot)
{
	const struct memo_frame *leaf = &memo->frames[(int32_t)memo->count - 1];
	const struct memo_check *check = memo->checks;
	uintptr_t last; /* place from which four are too many */

	while (leaf->slot < slot)
		leaf--;
	last = (uintptr_t)(check + leaf->checks) - 3 * sizeof(*check);

	for (; (uintptr_t)check < last; check += 4) {
		uint64_t differ = (step_load(check[0].addr) ^ check[0].value) |
				  (step_load(check[1].addr) ^ check[1].value) |
				  (step_load(check[2].addr) ^ check[2].value) |
				  (step_load(check[3].addr) ^ check[3].value);

		if (differ)
			break;
	}
	for (last += 3 * sizeof(*check); (uintptr_t)check < last; check++)
		if (step_load(check->addr) != check->value)
			return memo->owners[check - memo->checks];
	return (uint32_t)(leaf + 1 - memo->frames);
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

static attr_always_inline void memo_check_add(struct walk_memo *memo, uint32_t *count,
					      uintptr_t addr, uint64_t value)
{
	memo->checks[*count] = (struct memo_check){ addr, value };
	memo->owners[*count] = memo->count;
	++*count;
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
 * struct memo_end - where the next frame goes
 * @frame: into walk_memo.frames
 * @check: into walk_memo.checks
 * @owner: into walk_memo.owners
 * @index: of @frame
 * @count: of @check
 * @flags: of the frame before
 */
struct memo_end {
	struct memo_frame *frame;
	struct memo_check *check;
	uint32_t *owner;
	uint32_t index;
	uint32_t count;
	uint32_t flags;
};

/** memo_end() - the place behind the first @frames frames */
static attr_always_inline struct memo_end memo_end(const struct walk_memo *memo, uint32_t frames)
{
	struct memo_frame *frame = &memo->frames[frames];
	uint32_t count = frame[-1].checks;

	return (struct memo_end){
		.frame = frame,
		.check = &memo->checks[count],
		.owner = &memo->owners[count],
		.index = frames,
		.count = count,
		.flags = frame[-1].flags,
	};
}

/**
 * memo_push_plain() - memo_push() for CALL frames with rules SP and FP that are not outermost
 *
 * The caller sets walk_memo.count to end->index afterwards.
 */
static attr_always_inline bool memo_push_plain(struct memo_end *end, const struct memo_fresh *fresh,
					       uint32_t node)
{
	struct memo_frame *frame = end->frame;
	uint32_t rule = fresh->rule;

	if ((end->flags & MEMO_NEEDS_FP) && RULE_SAVE(rule) != 0) {
		uintptr_t base = RULE_KIND(rule) == RULE_SP ? fresh->sp : fresh->fp;
		uintptr_t save = base + RULE_OFFSET(rule) - RULE_SAVE(rule);

		if (unlikely(save < fresh->sp))
			return false;
		*end->check++ = (struct memo_check){ save, step_load(save) };
		*end->owner++ = end->index;
		end->count++;
		end->flags &= ~MEMO_NEEDS_FP;
	}
	if (RULE_KIND(rule) == RULE_FP)
		end->flags |= MEMO_NEEDS_FP;
	*end->check++ = (struct memo_check){ fresh->sp - 8, step_load(fresh->sp - 8) };
	*end->owner++ = end->index;
	frame->slot = fresh->sp - 8;
	frame->word = fresh->word;
	frame->fp = fresh->fp;
	frame->node = node;
	frame->checks = ++end->count;
	frame->flags = end->flags;
	end->frame++;
	end->index++;
	return true;
}

#endif /* PRELOAD_MEMO_H */
