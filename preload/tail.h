/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends of earlier stacks.
 *
 * A thread allocates in the same few ways again and again: what changes from
 * one stack to the next are a few frames at its end, and those have mostly
 * been seen before, on top of the same frame.  A tail keeps the entries that
 * memo.h had for them.  If its words are in memory where they were then, the
 * memory of the last stack is as if the tail had just been walked and kept,
 * for the reason that makes the memory itself exact: what a step depends on
 * is unchanged.
 *
 * Places are relative to the end of the stack.  That is no loss where only the
 * stack pointer matters; a tail that depends on a frame pointer holds for one
 * place only.
 *
 * A node belongs to one generation of the modules, so that a tail whose frame
 * below was met is none of an earlier one.
 */
#ifndef PRELOAD_TAIL_H
#define PRELOAD_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "memo.h"
#include "stack.h"

enum {
	TAIL_BITS = 12,	      /* tails of a thread: 512 KiB */
	TAIL_BITS_LATER = 10, /* of one that comes when there are many: 128 KiB */
	TAIL_MANY = 8,
	TAIL_MAX = 7, /* entries: with them a tail fills two cache lines */
};

/** struct tail_entry - as in the memory: its value, node, flags; place in words from the end */
struct tail_entry {
	uint64_t value;
	uint32_t node;
	uint16_t place;
	uint16_t flags;
};

/**
 * struct tail - the frames on top of a kept one
 * @node:    of the kept frame; 0: there is no tail here
 * @base:    its index
 * @place:   its place
 * @at:      with @needs: where the stack's end was, in words, lower half
 * @fp:      with @needs: the frame pointer, in words from the end
 * @flags:   of the kept frame
 * @needs:   a frame pointer matters
 * @count:   entries
 * @entries: outermost first; the last one is the innermost frame
 */
struct tail {
	uint32_t node;
	uint16_t base;
	uint16_t place;
	uint32_t at;
	uint16_t fp;
	uint8_t flags;
	uint8_t needs : 1, count : 7;
	struct tail_entry entries[TAIL_MAX];
};

_Static_assert(sizeof(struct tail) == 128, "two cache lines");
_Static_assert(offsetof(struct tail_entry, node) + 8 == sizeof(struct tail_entry) &&
		       offsetof(struct memo_frame, node) + 8 == sizeof(struct memo_frame) &&
		       offsetof(struct tail_entry, flags) - offsetof(struct tail_entry, node) ==
			       offsetof(struct memo_frame, flags) -
				       offsetof(struct memo_frame, node),
	       "tail_put() copies node and flags in one");

/* Of node, place, flags as one word, low byte first, shifted by 29: bytes from the end. */
#define PLACE_MASK 0x7fff8ul

/* Bytes of a table of 1 << @bits tails. */
#define TAIL_BYTES(bits) (sizeof(struct tail) << (bits))

/** tail_at() - where the tail for a stack that ends there would be; @key as for memo_hash() */
static attr_always_inline struct tail *tail_at(const struct walk_memo *memo,
					       const struct stack_regs *regs, uint64_t key)
{
	uint64_t h = regs->pc * 0x9e3779b97f4a7c15ull ^ key * 0xd6e8feb86659fd93ull;

	return &memo->tails[h >> memo->tail_shift];
}

/** tail_keep() - remember the entries from @base on, which are plain and of a whole stack */
void tail_keep(struct tail *tail, const struct walk_memo *memo, uint32_t base);

/** tail_put_fp() - tail_put() where a frame pointer matters */
attr_noinline bool tail_put_fp(const struct tail *tail, struct walk_memo *memo,
			       const struct stack_regs *regs);

/**
 * tail_put() - put the tail on the memory if this stack ends in it
 * @kept: entries that are as they were
 *
 * Return: false if it does not; then there may be fewer of those, see memo->count.
 */
static attr_always_inline bool tail_put(const struct tail *tail, struct walk_memo *memo,
					uint32_t kept, const struct stack_regs *regs)
{
	uintptr_t slot = regs->sp - 8;
	const struct tail_entry *entry = tail->entries;
	uint32_t base = tail->base;
	struct memo_check *check = &memo->checks[base];
	struct memo_frame *frame = &memo->frames[base];
	uint32_t left = tail->count;

	if (base >= kept || frame->node != tail->node || frame->flags != tail->flags ||
	    check->addr != slot + tail->place * 8ul)
		return false;
	if (unlikely(tail->needs))
		return tail_put_fp(tail, memo, regs);
	memo->count = base + 1;
	do {
		uint64_t value = entry->value, rest;
		uintptr_t addr;

		__builtin_memcpy(&rest, &entry->node, sizeof(rest));
		addr = slot + (rest >> 29 & PLACE_MASK);
		check++;
		frame++;
		if (step_load(addr) != value)
			return false;
		check->addr = addr;
		check->value = value;
		frame->word = TENURE_NODE_WORD(TENURE_NODE_CALL, 0) | value;
		__builtin_memcpy(&frame->node, &rest, sizeof(rest));
		entry++;
	} while (--left);
	memo->count = (uint32_t)(check + 1 - memo->checks);
	return true;
}

#endif /* PRELOAD_TAIL_H */
