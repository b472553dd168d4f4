/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native half of a stack: from registers to a node of the stack table.
 */
#include "walk.h"

#include <errno.h>
#include <stddef.h>

#include "modules.h"
#include "nodes.h"
#include "pages.h"
#include "reach.h"
#include "rules.h"
#include "shared.h"
#include "stack.h"
#include "step.h"
#include "thread.h"

enum {
	FRAMES_FIRST = 1024,
	FRAMES_MAX = 1 << 20,
};

/**
 * struct walk_memo - a thread's working memory
 * @words: node words of the stack at hand, leaf first
 */
struct walk_memo {
	uint64_t *words;
	uint32_t room;
};

static uint32_t root_node;
static uint32_t depth_max;

static struct walk_memo *memo_get(struct thread *thread)
{
	struct walk_memo *memo = thread->memo;

	if (likely(memo))
		return memo;
	memo = pages_map(sizeof(*memo) + FRAMES_FIRST * sizeof(*memo->words), PAGES_WIPE);
	if (!memo)
		return NULL;
	memo->words = (uint64_t *)(memo + 1);
	memo->room = FRAMES_FIRST;
	thread->memo = memo;
	return memo;
}

static bool memo_grow(struct walk_memo *memo)
{
	uint64_t *words;

	if (memo->room >= FRAMES_MAX)
		return false;
	words = pages_map(2 * memo->room * sizeof(*words), 0);
	if (!words)
		return false;
	__builtin_memcpy(words, memo->words, memo->room * sizeof(*words));
	if (memo->room > FRAMES_FIRST)
		pages_unmap(memo->words, memo->room * sizeof(*words));
	memo->words = words;
	memo->room *= 2;
	return true;
}

/* The rule for @frame; when it is new, its object may be new to the analyzer too. */
static attr_always_inline uint32_t rule_of(struct thread *thread, const struct frame *frame)
{
	uintptr_t pc = step_lookup(frame);
	uint32_t rule = rules_lookup(pc);

	if (likely(rule != RULE_NONE))
		return rule;
	modules_check(thread, pc);
	return rules_fill(pc);
}

uint32_t walk_capture(struct thread *thread, const struct stack_regs *regs)
{
	struct walk_memo *memo = memo_get(thread);
	struct frame frame = { regs->pc, regs->sp, regs->fp, TENURE_NODE_CALL };
	enum step_result result = STEP_OK;
	struct reach reach;
	uint32_t count = 0;
	uint32_t node = root_node;
	bool guessed = false;

	if (unlikely(!memo))
		return nodes_intern(node, TENURE_NODE_WORD(TENURE_NODE_CUT, 0), 0);
	if (unlikely(thread->stack_hi == 0))
		reach_own(thread);
	reach_begin(&reach, thread, regs->sp - 8);

	while (result == STEP_OK) {
		if (count == memo->room && !memo_grow(memo)) {
			result = STEP_LOST;
			break;
		}
		memo->words[count++] = TENURE_NODE_WORD(frame.kind, frame.pc);
		guessed |= frame.kind == TENURE_NODE_GUESS;
		result = step(&frame, rule_of(thread, &frame), &reach);
	}

	if (unlikely(result != STEP_END || (depth_max && count > depth_max))) {
		node = nodes_intern(node, TENURE_NODE_WORD(TENURE_NODE_CUT, 0), 0);
		__atomic_fetch_add(&shared->truncated, 1, __ATOMIC_RELAXED);
	}
	if (guessed)
		__atomic_fetch_add(&shared->guessed, 1, __ATOMIC_RELAXED);
	for (uint32_t kept = 0; count > 0; kept++) {
		if (depth_max && kept == depth_max)
			break;
		node = nodes_intern(node, memo->words[--count], 0);
	}
	return node;
}

void walk_depth(uint32_t frames)
{
	depth_max = frames;
}

void walk_modules_changed(void)
{
	rules_forget();
	root_node = nodes_intern(0, TENURE_NODE_WORD(TENURE_NODE_ROOT, modules_generation), 0);
}

void walk_modules_added(void)
{
	rules_added();
}

int walk_init(void)
{
	root_node = nodes_intern(0, TENURE_NODE_WORD(TENURE_NODE_ROOT, modules_generation), 0);
	return root_node ? 0 : -ENOMEM;
}
