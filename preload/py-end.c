/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the analyzer that user code is over, after what it should know by then.
 */
#include "py-end.h"

#include <stddef.h>

#include "arch/arch.h"
#include "note.h"
#include "py-containers.h"
#include "py-refs.h"
#include "py-state.h"
#include "py-types.h"
#include "record.h"
#include "sys.h"
#include "tenure/wire-python.h"

#define BATCH 128u /* leaks, or words, in one record */

#define LIST_COUNT 16u
#define LIST_ITEMS 24u

/**
 * struct telling - leaks, and words that refer to them, on their way into records
 */
struct telling {
	struct thread *thread;
	const void *info;
	uint32_t count;
	uint32_t held_count;
	struct tenure_py_leak leaks[BATCH];
	struct tenure_py_held held[BATCH];
};

static struct telling telling;

static void flush(void)
{
	if (telling.held_count)
		record_ext(telling.thread, TENURE_PY_HELD, telling.held,
			   telling.held_count * sizeof(*telling.held), NULL, 0);
	telling.held_count = 0;
	if (telling.count)
		record_ext(telling.thread, TENURE_PY_LEAKS, telling.leaks,
			   telling.count * sizeof(*telling.leaks), NULL, 0);
	telling.count = 0;
}

static uintptr_t block_of(const void *object)
{
	return (uintptr_t)object - py_types_presize(py_field(object, PY_OB_TYPE));
}

static void tell(uint32_t kind, const void *object, uint32_t references)
{
	telling.leaks[telling.count++] = (struct tenure_py_leak){
		.address = block_of(object),
		.kind = kind,
		.references = references,
	};
	if (telling.count == BATCH)
		flush();
}

static void excess(void *arg attr_unused, const void *object, uint32_t references)
{
	if (object != telling.info)
		tell(TENURE_PY_LEAK_EXCESS, object, references);
}

static void held(void *arg attr_unused, const void *object, const void *at)
{
	if (object == telling.info)
		return;
	telling.held[telling.held_count++] = (struct tenure_py_held){
		.address = block_of(object),
		.at = (uintptr_t)at,
	};
	if (telling.held_count == BATCH)
		flush();
}

static void hidden(void *arg attr_unused, const void *object)
{
	tell(TENURE_PY_LEAK_HIDDEN, object, 0);
}

/* gc.garbage: what the collector found and could not free. */
static void tell_garbage(const void *gc)
{
	const void *garbage = py_field(gc, py_state.abi->gc_callbacks - sizeof(void *));
	void *const *items;
	ptrdiff_t count;

	if (!garbage || py_field(garbage, PY_OB_TYPE) != py_state.api.type_list)
		return;
	count = (ptrdiff_t)py_field(garbage, LIST_COUNT);
	items = py_field(garbage, LIST_ITEMS);
	for (ptrdiff_t i = 0; items && i < count; i++)
		tell(TENURE_PY_LEAK_UNCOLLECTABLE, items[i], 0);
}

/* The collector's state that serves the interpreter of a thread. */
static const uint8_t *gc_of_thread(const void *tstate)
{
	return py_gc_of(py_gc_owner(py_field(tstate, py_state.abi->tstate_interp)));
}

static void look(struct thread *thread, struct py_refs_heap *heap)
{
	static const struct py_refs_ops ops = {
		.excess = excess,
		.held = held,
		.hidden = hidden,
	};
	const uint8_t *tstate = py_state.api.tstate_unchecked();
	const char *why = "the thread has no state";

	if (py_state.abi->free_threaded)
		return; /* which was said at the start */
	heap->tstate = tstate;
	heap->interp = tstate ? py_field(tstate, py_state.abi->tstate_interp) : NULL;
	if (heap->interp) {
		heap->gc = gc_of_thread(tstate);
		tell_garbage(heap->gc);
		why = py_refs_compare(thread, heap, &ops, NULL);
	}
	if (why) {
		struct note note = { 0 };

		note_add(&note, "references of Python objects were not counted at the end: ");
		note_add(&note, why);
		note_report(thread, note.text);
	}
}

static void end(struct thread *thread, struct py_refs_heap *heap, const void *info)
{
	py_state.ended = true;
	telling.thread = thread;
	telling.count = telling.held_count = 0;
	telling.info = info;
	look(thread, heap);
	flush();
	record_ext(thread, TENURE_PY_RUNTIME_END, NULL, 0, NULL, 0);
}

bool py_end_collected(struct thread *thread, const void *info)
{
	struct py_refs_heap heap = { 0 };

	if (py_state.ended || py_state.frames != PY_FRAMES_ON || py_state.api.is_initialized())
		return false;
	end(thread, &heap, info);
	return true;
}

bool py_end_is_due(const void *tstate)
{
	const struct py_abi *abi = py_state.abi;
	const uint8_t *gc;

	if (!py_state.met || py_state.ended || py_state.api.is_initialized())
		return false;
	gc = gc_of_thread(tstate);
	return !py_field_int(gc, abi->gc_enabled) && !py_field_int(gc, abi->gc_collecting);
}

void py_end_uncollected(struct thread *thread)
{
	struct py_refs_heap heap = { .sp = sys_sp() };

	_Static_assert(sizeof(heap.regs) >= sizeof(((struct tenure_scan_area *)0)->regs), "regs");
	heap.regs_count = arch_kept(heap.regs);
	py_containers_look(thread, gc_of_thread(py_state.api.tstate_unchecked()));
	end(thread, &heap, NULL);
}
