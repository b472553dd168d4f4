/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is saved by remembering is the interning and, of deep stacks, most of
 * the reading.
 *
 * That a frame is where it was does not prove that the frames outside of it
 * are as they were: they may have returned and been called again.  But then all
 * frames inside of it were entered since, too, and that takes time: so many
 * frames are read afresh as could have been entered since the last stack was
 * taken.  The work is a fraction of what the program has done meanwhile.  Only
 * who changes to another stack without a call, as greenlets do, could deceive
 * us, for PY_RECALL_TURNS stacks: if the change comes back to the same frames.
 */
#include "py-recall.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "nodes.h"
#include "pages.h"
#include "py-code.h"
#include "sys.h"
#include "tenure/wire-python.h"

#define ROOM_FIRST (2 * PY_RECALL_FRESH)
#define PLACES	   4096u
#define NOWHERE	   UINT32_MAX

/* One more: before the outermost frame is one that is none. */
static size_t bytes_for(uint32_t room)
{
	return ((size_t)room * 2 + 1) * sizeof(struct py_frame);
}

/* Points into @pages, which have space for @room frames in the last stack and in the next. */
static void lay_out(struct py_thread *py, void *pages, uint32_t room)
{
	py->last = (struct py_frame *)pages + 1;
	py->fresh = py->last + room;
	py->places = (uint32_t *)(py->fresh + room);
	py->room = room;
}

int py_recall_new(struct py_thread *py)
{
	void *pages = pages_map(bytes_for(ROOM_FIRST) + PLACES * sizeof(*py->places), 0);

	if (!pages)
		return -ENOMEM;
	lay_out(py, pages, ROOM_FIRST);
	return 0;
}

static attr_cold bool grow(struct py_thread *py)
{
	const struct py_frame *last = py->last, *fresh = py->fresh;
	const uint32_t *places = py->places;
	uint32_t room = py->room;
	struct sys_sigset old;
	void *pages;

	if (room >= PY_RECALL_MAX)
		return false;
	pages = pages_map(bytes_for(2 * room) + PLACES * sizeof(*py->places), 0);
	if (!pages)
		return false;

	/* A handler that left by longjmp() would leave half of it. */
	sys_sigmask_all(&old);
	lay_out(py, pages, 2 * room);
	memcpy(py->last, last, py->depth * sizeof(*last));
	memcpy(py->fresh, fresh, room * sizeof(*fresh));
	memcpy(py->places, places, PLACES * sizeof(*places));
	(void)sys_sigmask(&old, NULL);
	pages_unmap((void *)(uintptr_t)(last - 1), bytes_for(room) + PLACES * sizeof(*py->places));
	return true;
}

static uint32_t *place_of(struct py_thread *py, const void *frame)
{
	uint64_t hash = (uint64_t)((uintptr_t)frame >> 3) * 0x9e3779b97f4a7c15ull;

	return &py->places[hash >> 52];
}

/* Index in the last stack of a frame that was read just now, or NOWHERE. */
static uint32_t recall(struct py_thread *py, const struct py_frame *frame)
{
	uint32_t i = *place_of(py, frame->frame);
	const struct py_frame *known = &py->last[i];

	if (i >= py->depth || known->frame != frame->frame || known->code != frame->code ||
	    !py_chain_follows(py_state.abi, frame, known, i ? known - 1 : NULL))
		return NOWHERE;
	return i;
}

/* How many frames there can be that were entered after the last stack was taken. */
static uint64_t entered_at_most(const struct py_thread *py)
{
	uint64_t ticks = sys_ticks() - py->taken;

	if (py->depth <= PY_RECALL_FRESH || ticks > PY_RECALL_MAX)
		return UINT64_MAX;
	return PY_RECALL_NEAR + ticks * TICKS_CYCLES / PY_RECALL_CYCLES;
}

/*
 * The rest of a deep stack, of which at most @entered frames are new.  Return: how
 * many frames of the last one are outside of those in py->fresh; those must not
 * be compared again.
 */
static attr_noinline uint32_t read_deep(struct py_thread *py, struct py_chain *chain,
					uint64_t entered)
{
	bool to_the_end = chain->count < entered ||
			  ++py->turns >= PY_RECALL_TURNS + py->depth / PY_RECALL_TURNS;

	if (to_the_end)
		py->turns = 0;
	while (chain->frame) {
		uint32_t count = chain->count, known;

		if (count == py->room && !grow(py))
			return 0;
		py_chain_read(py_state.abi, chain, py->fresh, count + 1);
		if (to_the_end || chain->count == count)
			continue;
		known = recall(py, &py->fresh[count]);
		if (known != NOWHERE) {
			chain->count = count;
			chain->frame = NULL;
			return known + 1;
		}
	}
	return 0;
}

static attr_noinline uint32_t node_new(struct thread *thread, const struct py_frame *frame,
				       uint32_t parent)
{
	uint32_t id = py_code_id(thread, frame->code);
	uint64_t word;

	if (!id)
		return 0;
	if (id == PY_CODE_HIDDEN)
		return parent;

	word = TENURE_NODE_WORD(TENURE_NODE_PYTHON, (uint64_t)id << TENURE_PY_OFFSET_BITS |
							    (frame->at & TENURE_PY_OFFSET_NONE));
	word |= (uint64_t)(frame->at >> PY_FRAME_FLAGS_SHIFT) << 48;
	return nodes_intern(parent, word, 0);
}

/* Node of one frame below @parent; 0 when code objects cannot be told. */
static attr_always_inline uint32_t node_of(struct thread *thread, struct py_thread *py,
					   const struct py_frame *frame, uint32_t parent)
{
	uint64_t key = (uint64_t)parent << 32 ^ (uintptr_t)frame->code << 16 ^ frame->at;
	struct py_step *step = &py->steps[key * 0x9e3779b97f4a7c15ull >> (64 - PY_STEPS_BITS)];
	uint32_t check = py_code_check(py_state.abi, frame->code);

	if (unlikely(step->code != frame->code || step->at != frame->at || step->parent != parent ||
		     step->check != check || step->epoch != py->epoch || !step->node)) {
		step->node = node_new(thread, frame, parent);
		step->code = frame->code;
		step->check = check;
		step->epoch = py->epoch;
		step->parent = parent;
		step->at = frame->at;
	}
	return step->node;
}

/* A stack of which the outer end is missing; nothing of it is remembered. */
static attr_cold uint32_t intern_cut(struct thread *thread, struct py_thread *py)
{
	uint32_t parent = nodes_intern(0, TENURE_NODE_WORD(TENURE_NODE_CUT, 0), 0);

	py->depth = 0;
	for (uint32_t i = PY_RECALL_FRESH; i--;) {
		uint32_t node = node_of(thread, py, &py->fresh[i], parent);

		if (!node)
			return parent;
		parent = node;
	}
	return parent;
}

/* Interns @count frames inside the @kept outermost ones of the last stack. */
static uint32_t intern(struct thread *thread, struct py_thread *py, uint32_t count, uint32_t kept)
{
	struct py_frame *last = py->last;
	const struct py_frame *fresh = py->fresh;
	uint32_t parent = 0;

	for (; count && kept < py->depth && fresh[count - 1].code == last[kept].code &&
	       fresh[count - 1].at == last[kept].at;
	     kept++) {
		count--;
		last[kept].frame = fresh[count].frame;
		last[kept].lasti = fresh[count].lasti;
		if (unlikely(kept >= PY_RECALL_FRESH))
			*place_of(py, fresh[count].frame) = kept;
	}
	if (kept)
		parent = last[kept - 1].node;

	py->depth = kept;
	while (count--) {
		uint32_t node = node_of(thread, py, &fresh[count], parent);

		if (unlikely(!node)) {
			py->depth = 0;
			return parent;
		}
		if (unlikely(kept >= PY_RECALL_FRESH))
			*place_of(py, fresh[count].frame) = kept;
		last[kept] = fresh[count];
		last[kept++].node = parent = node;
	}
	py->depth = kept;
	return parent;
}

/* The whole chain, when it is not remembered or not enough of it. */
static attr_noinline uint32_t read_afresh(struct thread *thread, struct py_thread *py,
					  struct py_chain chain)
{
	uint64_t entered = entered_at_most(py);
	uint32_t kept = 0, node;

	py_chain_read(py_state.abi, &chain, py->fresh,
		      entered < py->room ? (uint32_t)entered : py->room);
	if (unlikely(chain.frame)) {
		kept = read_deep(py, &chain, entered);
		if (chain.frame)
			return intern_cut(thread, py);
	}
	while (unlikely(kept + chain.count > py->room))
		if (!grow(py))
			return intern_cut(thread, py);
	node = chain.count ? intern(thread, py, chain.count, kept) : 0;
	if (unlikely(py->depth > PY_RECALL_FRESH))
		py->taken = sys_ticks();
	return node;
}

/* The nodes of the frames from @same on, of which there are @depth now. */
static attr_always_inline uint32_t nodes_from(struct thread *thread, struct py_thread *py,
					      uint32_t same, uint32_t depth)
{
	struct py_frame *last = py->last;
	uint32_t parent = same ? last[same - 1].node : 0;

	for (uint32_t i = same; i < depth; i++) {
		uint32_t node = node_of(thread, py, &last[i], parent);

		if (unlikely(!node))
			return parent;
		last[i].node = parent = node;
	}
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	py->depth = depth;
	return parent;
}

static attr_noinline uint32_t read_changed(struct thread *thread, struct py_thread *py,
					   const void *frame)
{
	uint32_t depth = py->depth;
	struct py_renewed now = { 0 };

	py->depth = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (likely(depth - 1 < PY_RECALL_FRESH))
		now = py_chain_renew(py_state.abi, frame, py->last, depth, PY_RECALL_FRESH);
	if (unlikely(!now.depth)) {
		py->depth = depth > PY_RECALL_FRESH ? depth : 0;
		return read_afresh(thread, py, (struct py_chain){ .frame = frame });
	}
	return nodes_from(thread, py, now.same, now.depth);
}

static attr_noinline uint32_t read_moved(struct thread *thread, struct py_thread *py)
{
	uint32_t depth = py->depth;

	/* Until it is whole again: who leaves a signal handler by longjmp() leaves half. */
	py->depth = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	py_chain_move(py_state.abi, &py->last[depth - 1]);
	return nodes_from(thread, py, depth - 1, depth);
}

static attr_always_inline uint32_t stack_of(struct thread *thread, struct py_thread *py,
					    const void *tstate)
{
	struct py_chain chain = py_chain_begin(py_state.abi, tstate);
	uint32_t depth = py->depth, epoch = py_code_epoch();

	/* Taken before the code objects are looked at: one may be forgotten meanwhile. */
	if (unlikely(py->epoch != epoch)) {
		py->depth = depth = 0;
		py->epoch = epoch;
	}
	if (likely(depth - 1 < PY_RECALL_FRESH)) {
		enum py_chain_change change =
			py_chain_compare(py_state.abi, chain.frame, py->last, depth);

		if (likely(change == PY_CHAIN_SAME))
			return py->last[depth - 1].node;
		if (change == PY_CHAIN_MOVED)
			return read_moved(thread, py);
	}
	return read_changed(thread, py, chain.frame);
}

uint32_t py_recall_stack(struct thread *thread, struct py_thread *py, const void *tstate)
{
	uint32_t node = stack_of(thread, py, tstate);

#ifdef TENURE_PARANOID
	py_recall_check(thread, py, tstate, node);
#endif
	return node;
}
