/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends of earlier stacks: keeping them, and those that use a frame pointer.
 */
#include "tail.h"

#define PLACE_MAX UINT16_MAX

/* Words from @slot to @addr, or more than PLACE_MAX. */
static uintptr_t words_from(uintptr_t slot, uintptr_t addr)
{
	return addr % 8 == slot % 8 ? (addr - slot) / 8 : UINTPTR_MAX;
}

void tail_keep(struct tail *tail, const struct walk_memo *memo, uint32_t base)
{
	const struct memo_frame *frames = memo->frames;
	const struct memo_frame *leaf = &frames[memo->count - 1];
	uint32_t count = memo->count - base - 1;
	uintptr_t slot = memo->checks[memo->count - 1].addr;
	uintptr_t place = words_from(slot, memo->checks[base].addr);
	uintptr_t fp = words_from(slot, leaf->fp);
	uint32_t flags = frames[base].flags;

	if (!count || count > TAIL_MAX || base > UINT16_MAX || place > PLACE_MAX)
		return;
	tail->node = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct memo_check *check = &memo->checks[base + 1 + i];
		const struct memo_frame *frame = &frames[base + 1 + i];
		uintptr_t from = words_from(slot, check->addr);

		/* What is no address has bits where a node's word has its kind. */
		if (from > place || TENURE_NODE_PC(check->value) != check->value)
			return;
		tail->entries[i] = (struct tail_entry){
			.value = check->value,
			.node = frame->node,
			.place = (uint16_t)from,
			.flags = (uint16_t)frame->flags,
		};
		flags |= frame->flags;
	}
	if ((leaf->flags & MEMO_NEEDS_FP) && fp > PLACE_MAX)
		return;
	tail->base = (uint16_t)base;
	tail->place = (uint16_t)place;
	tail->at = (uint32_t)(slot >> 3);
	tail->fp = (uint16_t)fp;
	tail->flags = (uint8_t)frames[base].flags;
	tail->needs = (flags & MEMO_NEEDS_FP) != 0;
	tail->count = (uint8_t)count & 0x7f;
	tail->node = frames[base].node;
}

/* The frame pointers, innermost first; an extra entry is where the next frame's was saved. */
static bool put_fps(struct walk_memo *memo, uint32_t base, uint32_t count, uintptr_t fp)
{
	const struct memo_frame *below = &memo->frames[base];

	for (uint32_t i = base + count; i > base; i--) {
		if (memo->frames[i].flags & MEMO_EXTRA)
			fp = memo->checks[i].value;
		memo->frames[i].fp = fp;
	}
	return !(below->flags & MEMO_NEEDS_FP) || below->fp == fp;
}

bool tail_put_fp(const struct tail *tail, struct walk_memo *memo, const struct stack_regs *regs)
{
	uintptr_t slot = regs->sp - 8;
	uint32_t base = tail->base, count = tail->count;
	struct memo_end end = memo_end(memo, base + 1);

	if (tail->at != (uint32_t)(slot >> 3))
		return false;
	if ((tail->entries[count - 1].flags & MEMO_NEEDS_FP) && regs->fp != slot + tail->fp * 8ul)
		return false;
	memo->count = base + 1;
	for (uint32_t i = 0; i < count; i++) {
		const struct tail_entry *entry = &tail->entries[i];
		uintptr_t addr = slot + entry->place * 8ul;
		bool is_extra = entry->flags & MEMO_EXTRA;

		if (step_load(addr) != entry->value)
			return false;
		memo_put(&end, addr,
			 is_extra ? 0 : TENURE_NODE_WORD(TENURE_NODE_CALL, entry->value), 0,
			 entry->node, entry->flags);
	}
	if (!put_fps(memo, base, count, regs->fp))
		return false;
	memo->count = base + 1 + count;
	return true;
}
