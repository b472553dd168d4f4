/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native half of a stack: from registers to a node of the stack table.
 *
 * Most frames of a stack were there last time: memo.h knows how many.  What
 * is left is walked frame by frame until the walk meets a frame that is kept.
 * The walk is predicted: a small table remembers which node a walk from here
 * ended in, that node knows the rule of its frame, its parent that of the
 * next, and so on.  As long as the addresses found are those of the nodes,
 * no rule needs to be looked up, and if the chain of parents arrives at the
 * node of the kept frame, no node either.
 *
 * The result is that of a walk without any memory; only the way is shorter.
 */
#include "walk.h"

#include <errno.h>
#include <stddef.h>

#include "full.h"
#include "memo.h"
#include "modules.h"
#include "nodes.h"
#include "reach.h"
#include "rules.h"
#include "segment.h"
#include "shared.h"
#include "stack.h"
#include "step.h"
#include "tail.h"
#include "thread.h"

/**
 * struct walk - the capture at hand
 * @reach: what it may read
 * @kept:  one behind the outermost kept frame it may still meet
 * @key:   what the way depends on besides where it begins
 * @count: fresh frames
 * @run:   the first fresh frame of the prediction that still holds
 * @next:  node predicted for where it stands, or 0
 * @odd:   a rule was not plain
 */
struct walk {
	struct reach reach;
	uint32_t kept;
	uint64_t key;
	uint32_t count;
	uint32_t run;
	uint32_t next;
	bool odd;
};

static uint32_t root_node;
static uint32_t lost_node; /* CUT under the root */
static uint32_t depth_max;
static uint32_t epoch; /* memories of another one are void */

/* Counts what makes a stack less than whole. */
static attr_cold void count_flags(uint32_t flags)
{
	if (flags & MEMO_GUESSED)
		__atomic_fetch_add(&shared->guessed, 1, __ATOMIC_RELAXED);
	if (flags & MEMO_CUT)
		__atomic_fetch_add(&shared->truncated, 1, __ATOMIC_RELAXED);
}

/* Makes thread->memo usable.  Return: false without memory. */
static attr_cold bool prepare(struct thread *thread)
{
	uint32_t now = __atomic_load_n(&epoch, __ATOMIC_RELAXED);

	if (!thread->memo) {
		thread->memo = memo_new(thread->slot_index);
		if (!thread->memo)
			return false;
		thread->memo->epoch =
			now; /* it is clear, and most of its pages are not there yet */
	}
	if (thread->stack_hi == 0) {
		reach_own(thread);
		thread->memo->count = 0;
	}
	if (thread->memo->epoch != now) {
		memo_clear(thread->memo);
		thread->memo->epoch = now;
	}
	return true;
}

/* The rule for code at @pc, from the tables; a new rule may be of a new object. */
static attr_cold uint32_t rule_new(struct thread *thread, uintptr_t pc)
{
	modules_check(thread, pc);
	return rules_fill(pc);
}

static attr_always_inline uint32_t rule_of(struct thread *thread, uint64_t word)
{
	const struct frame frame = { .pc = TENURE_NODE_PC(word), .kind = TENURE_NODE_KIND(word) };
	uintptr_t pc = step_lookup(&frame);
	uint32_t rule = rules_lookup(pc);

	return likely(rule != RULE_NONE) ? rule : rule_new(thread, pc);
}

/* The rule for a frame of @word and @sp; notes in @walk and @fresh what is predicted of it. */
static attr_always_inline uint32_t predict(struct thread *thread, struct walk *walk,
					   struct memo_fresh *fresh)
{
	const struct tenure_node *node = nodes_get(walk->next);
	uint64_t word = fresh->word;

	if (unlikely(node->word != word)) { /* that of node 0 is never written */
		walk->next = thread->memo->predictions[memo_hash(word, fresh->sp, walk->key)];
		walk->run = walk->count;
		node = nodes_get(walk->next);
		if (node->word != word) {
			walk->next = 0;
			walk->run = walk->count + 1;
			fresh->node = 0;
			return rule_of(thread, word);
		}
	}
	fresh->node = walk->next;
	walk->next = node->parent;
	if (unlikely(!rules_holds(node->aux)))
		return rule_of(thread, word);
	return node->aux;
}

/* Fresh frames there is room for above @kept entries. */
static attr_always_inline uint32_t room_beside(const struct walk_memo *memo, uint32_t kept)
{
	return memo->room - (kept + MEMO_ENTRIES_PER_FRAME - 1) / MEMO_ENTRIES_PER_FRAME;
}

/* Frames among the first @entries. */
static uint32_t depth_of(const struct walk_memo *memo, uint32_t entries)
{
	uint32_t depth = 0;

	for (uint32_t i = 0; i < entries; i++)
		depth += !(memo->frames[i].flags & MEMO_EXTRA);
	return depth;
}

/*
 * Walks outwards.  Returns STEP_OK when it has met a kept frame, which is
 * then the last before walk->kept.
 */
static attr_always_inline enum step_result outwards(struct thread *thread, struct walk *walk,
						    const struct stack_regs *regs)
{
	struct walk_memo *memo = thread->memo;
	const struct memo_check *kept = &memo->checks[(int32_t)walk->kept - 1];
	struct frame at = { regs->pc, regs->sp, regs->fp, TENURE_NODE_CALL };
	uint32_t room = room_beside(memo, walk->kept);
	enum step_result result;

	do {
		uint64_t word = TENURE_NODE_WORD(at.kind, at.pc);
		struct memo_fresh *fresh;

		for (; kept->addr <= at.sp - 8; kept--) {
			ptrdiff_t index = kept - memo->checks;

			if (kept->addr == at.sp - 8 &&
			    memo_meets(&memo->frames[index], word, at.fp)) {
				walk->kept = (uint32_t)(index + 1);
				return STEP_OK;
			}
		}
		if (unlikely(walk->count >= room)) {
			ptrdiff_t index = kept - memo->checks;

			if (!memo_grow(memo))
				return STEP_LOST;
			kept = memo->checks + index;
			room = room_beside(memo, walk->kept);
		}
		fresh = &memo->fresh[walk->count];
		fresh->word = word;
		fresh->sp = at.sp;
		fresh->fp = at.fp;
		fresh->rule = predict(thread, walk, fresh);
		walk->count++;
		walk->odd |= RULE_KIND(fresh->rule) > RULE_FP;
		result = step(&at, fresh->rule, &walk->reach);
	} while (likely(result == STEP_OK));
	/* It met none, and so the kept ones are none of its frames. */
	walk->kept = 0;
	return result;
}

/* The node of a frame that nobody predicted. */
static uint32_t intern(const struct memo_fresh *fresh, uint32_t parent, uint32_t depth)
{
	if (unlikely(depth_max && depth >= depth_max)) {
		/* What is above the limit shares one node, which says so. */
		if (depth > depth_max)
			return parent;
		return nodes_intern(parent, TENURE_NODE_WORD(TENURE_NODE_CUT, 0), 0);
	}
	return nodes_intern(parent, fresh->word, fresh->rule);
}

/* The node of fresh frame @i, whose caller's is @outer; what was not predicted will be. */
static attr_always_inline uint32_t node_of(struct walk_memo *memo, const struct walk *walk,
					   uint32_t i, uint32_t outer, uint32_t depth)
{
	const struct memo_fresh *fresh = &memo->fresh[i];
	uint32_t node;

	if (likely(i >= walk->run))
		return fresh->node;
	node = intern(fresh, outer, depth);
	memo->predictions[memo_hash(fresh->word, fresh->sp, walk->key)] = node;
	return node;
}

/*
 * Gives the fresh frames their nodes, outermost first, and keeps them as far
 * as they can be kept.  Returns the leaf's node.
 */
static attr_noinline uint32_t inwards(struct walk_memo *memo, struct walk *walk,
				      enum step_result result, bool keep)
{
	uint32_t node = root_node;
	uint32_t flags = 0;
	uint32_t depth = unlikely(depth_max) ? depth_of(memo, walk->kept) : 0;

	if (result == STEP_OK) {
		node = memo->frames[walk->kept - 1].node;
		flags = memo->frames[walk->kept - 1].flags & (MEMO_GUESSED | MEMO_CUT);
	} else if (result != STEP_END) {
		node = lost_node;
		flags = MEMO_CUT;
		keep = false;
	}
	if (walk->next != node)
		walk->run = walk->count;

	for (uint32_t i = walk->count; i-- > 0; depth++) {
		const struct memo_fresh *fresh = &memo->fresh[i];

		node = node_of(memo, walk, i, node, depth);
		keep = keep && memo_push(memo, fresh, memo->count == 0, node);
		if (TENURE_NODE_KIND(fresh->word) == TENURE_NODE_GUESS)
			flags |= MEMO_GUESSED;
		if (depth_max && depth >= depth_max) {
			flags |= MEMO_CUT;
			if (keep)
				memo->frames[memo->count - 1].flags |= MEMO_CUT;
		}
	}
	if (flags != 0)
		count_flags(flags);
	return node;
}

/*
 * As inwards(), when the walk has met a kept frame and found nothing odd on
 * its way.  What was put on that frame is kept as a tail, too.
 */
static attr_always_inline uint32_t inwards_plain(struct walk_memo *memo, struct walk *walk,
						 struct tail *tail)
{
	struct memo_end end = memo_end(memo, walk->kept);
	uint32_t node = end.frame[-1].node;
	uint32_t base = walk->kept - 1;
	bool keep = true;

	if (unlikely(end.flags & (MEMO_GUESSED | MEMO_CUT)))
		count_flags(end.flags);
	if (walk->next != node)
		walk->run = walk->count;
	for (uint32_t i = walk->count; i-- > 0;) {
		uint32_t outer = node;

		node = node_of(memo, walk, i, outer, 0);
		keep = likely(keep) && memo_push_plain(&end, &memo->fresh[i], node, outer);
	}
	memo->count = (uint32_t)(end.check - memo->checks);
	/* Where stacks come and go at random, most tails would be kept in vain. */
	if (likely(keep) && tail && (!tail->node || ++memo->misses % 4 == 0))
		tail_keep(tail, memo, base);
	return node;
}

/* A frame on the way has no rule: the whole stack once more, by the tables. */
static attr_cold uint32_t by_tables(struct thread *thread, const struct stack_regs *regs)
{
	struct walk_memo *memo = thread->memo;
	enum step_result result;
	uint32_t flags = 0;
	uint32_t node = root_node;
	uint64_t *words;
	uint32_t count;
	uint32_t room;

	do {
		words = (uint64_t *)memo->fresh;
		room = memo->room * (uint32_t)(sizeof(*memo->fresh) / sizeof(*words));
		result = full_walk(thread, regs, words, room, &count);
	} while (count == room && memo_grow(memo));

	if (result != STEP_END) {
		node = lost_node;
		flags = MEMO_CUT;
	}
	for (uint32_t depth = 0; depth < count; depth++) {
		uint64_t word = words[count - 1 - depth];
		struct memo_fresh frame = { .word = word, .rule = rule_of(thread, word) };

		node = intern(&frame, node, depth);
		if (TENURE_NODE_KIND(word) == TENURE_NODE_GUESS)
			flags |= MEMO_GUESSED;
		if (depth_max && depth >= depth_max)
			flags |= MEMO_CUT;
	}
	if (flags)
		count_flags(flags);
	return node;
}

/* What is left to walk: all but the @kept entries. */
static attr_noinline uint32_t capture_rest(struct thread *thread, const struct stack_regs *regs,
					   uint64_t key, struct tail *tail)
{
	struct walk_memo *memo = thread->memo;
	struct walk walk = { .key = key };
	uintptr_t slot = regs->sp - 8;
	bool own = slot >= thread->stack_lo && slot < thread->stack_hi;
	enum step_result result;

	if (likely(own))
		walk.kept = memo->count;
	reach_begin(&walk.reach, thread, slot);
	result = outwards(thread, &walk, regs);
	if (unlikely(result == STEP_HARD))
		return by_tables(thread, regs);
	/* The frames behind are no more; those that follow must be complete before they count. */
	if (likely(own))
		memo->count = walk.kept;
	/* A walk that has left the thread's own stack is not remembered. */
	own = own && walk.reach.hi == thread->stack_hi;
	if (likely(result == STEP_OK && own && !walk.odd && !depth_max))
		return inwards_plain(memo, &walk, tail);
	return inwards(memo, &walk, result, own);
}

static attr_always_inline uint32_t capture(struct thread *thread, const struct stack_regs *regs)
{
	uintptr_t slot = regs->sp - 8;
	struct walk_memo *memo = thread->memo;
	const struct memo_frame *leaf;
	struct tail *tail;
	uint32_t before, kept;
	uint64_t key;

	if (unlikely(!memo || memo->epoch != __atomic_load_n(&epoch, __ATOMIC_RELAXED) ||
		     thread->stack_hi == 0)) {
		if (!prepare(thread))
			return lost_node;
		memo = thread->memo;
	}
	if (unlikely(slot < thread->stack_lo || slot >= thread->stack_hi))
		return capture_rest(thread, regs, 0, NULL);

	before = memo->count;
	kept = memo->count = memo_verify(memo, slot);
	if (unlikely(kept == 0))
		return capture_rest(thread, regs, 0, NULL);

	leaf = &memo->frames[kept - 1];
	if (memo->checks[kept - 1].addr == slot &&
	    memo_meets(leaf, TENURE_NODE_WORD(TENURE_NODE_CALL, regs->pc), regs->fp)) {
		if (unlikely(leaf->flags & (MEMO_GUESSED | MEMO_CUT)))
			count_flags(leaf->flags);
		return leaf->node;
	}
	key = leaf->node;
	/* Where the stack has changed: most often by another call. */
	if (kept < before && memo->checks[kept].addr >= slot)
		key ^= step_load(memo->checks[kept].addr) << 24;

	tail = tail_at(memo, regs, key);
	if (likely(tail_put(tail, memo, kept, regs))) {
		leaf = &memo->frames[memo->count - 1];
		if (unlikely(leaf->flags & (MEMO_GUESSED | MEMO_CUT)))
			count_flags(leaf->flags);
		return leaf->node;
	}
	return capture_rest(thread, regs, key, tail);
}

uint32_t walk_capture(struct thread *thread, const struct stack_regs *regs)
{
	uint32_t node = capture(thread, regs);

#ifdef TENURE_PARANOID
	walk_check(thread, regs, node);
#endif
	return node;
}

void walk_forget(struct thread *thread)
{
	if (thread->memo)
		thread->memo->count = 0;
}

void walk_depth(uint32_t frames)
{
	depth_max = frames;
	__atomic_fetch_add(&epoch, 1, __ATOMIC_RELAXED);
}

static int new_root(void)
{
	uint32_t root = nodes_intern(0, TENURE_NODE_WORD(TENURE_NODE_ROOT, modules_generation), 0);

	if (!root)
		return -ENOMEM;
	lost_node = nodes_intern(root, TENURE_NODE_WORD(TENURE_NODE_CUT, 0), 0);
	root_node = root;
	__atomic_fetch_add(&epoch, 1, __ATOMIC_RELAXED);
	return 0;
}

void walk_modules_changed(void)
{
	segment_changed();
	rules_forget();
	/* When the table of nodes is full the old root goes on serving. */
	if (new_root() < 0)
		__atomic_fetch_add(&epoch, 1, __ATOMIC_RELAXED);
}

void walk_modules_added(void)
{
	segment_changed();
	rules_added();
}

int walk_init(void)
{
	segment_changed();
	return new_root();
}
