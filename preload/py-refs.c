/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explains the reference counts of a whole heap.
 */
#include "py-refs.h"

#include <errno.h>
#include <stddef.h>

#include "note.h"
#include "py-alloc.h"
#include "py-body.h"
#include "py-explain.h"
#include "py-graph.h"
#include "py-holders.h"
#include "py-native.h"
#include "py-state.h"

#define OBJECTS_MAX	(4u << 20)
#define INTERP_BYTES	16384u
#define STACK_MAX	65536u /* bytes of a stack without Python frames */
#define TSTATE_BYTES	512u
#define FREE_LIST_MAX	100u /* of lists, of dictionaries; it was never more than 80 */
#define TSTATE_PREVIOUS 0u
#define TSTATE_NEXT	8u

static struct py_graph graph;

static void tell_excess(const struct py_refs_ops *ops, void *arg)
{
	struct py_graph_node *node;

	py_graph_each (node, &graph)
		if (node->refs > 0 && node->refs < PY_IMMORTAL)
			ops->excess(arg, node->object, (uint32_t)node->refs);
}

/*
 * The interpreter keeps objects that were given back in arrays, and those that
 * it has taken out again are still written there.  Fill these places.
 */
static void scrub(void *(*new)(void))
{
	void *objects[FREE_LIST_MAX];
	size_t count = 0;

	while (count < FREE_LIST_MAX && (objects[count] = new ()))
		count++;
	/* The first ones back are those that were there before; what is too much was made here. */
	for (size_t i = 0; i < count; i++)
		py_state.api.dec_ref(objects[i]);
}

static void *new_list(void)
{
	return py_state.api.list_new(0);
}

/* What the functions hold that are being executed. */
static void explain_stack(const struct thread *thread, const struct py_refs_heap *heap)
{
	uintptr_t sp = ALIGN_UP(heap->sp, sizeof(sp));

	if (sp < thread->stack_lo || sp >= thread->stack_hi)
		return;
	py_explain_words(&graph, heap->regs, heap->regs_count * sizeof(*heap->regs));
	py_explain_words(&graph, (const void *)sp,
			 thread->stack_hi - sp < STACK_MAX ? thread->stack_hi - sp : STACK_MAX);
}

static void find_native(struct thread *thread, const struct py_refs_heap *heap,
			const struct py_refs_ops *ops, void *arg)
{
	const struct py_native_area known[] = {
		{ heap->interp, INTERP_BYTES },
		{ heap->tstate, TSTATE_BYTES },
		{ graph.nodes, graph.capacity * sizeof(*graph.nodes) },
		{ NULL, 0 },
	};
	const struct py_native native = { &graph, known, ops->held, arg };
	const char *why = py_native_find(&native);
	struct note note = { 0 };

	if (!why)
		return;
	note_add(&note, "leaked Python objects may be held by native memory: ");
	note_add(&note, why);
	note_report(thread, note.text);
}

static const char *compare(struct thread *thread, const struct py_refs_heap *heap,
			   const struct py_refs_ops *ops, void *arg)
{
	int err = py_graph_open(&graph, heap->gc, PY_GRAPH_ALL);

	if (err == -EINVAL)
		return py_state.abi->gc_generations
			       ? "the collector's lists do not look as expected"
			       : "the collector of this version works in increments";
	if (err || py_graph_count(&graph) < 0)
		return "there are too many objects";
	if (!py_holders_find())
		return "there are too many objects";
	py_holders_explain();
	/* Of what is not reachable, without a collection, most is plain garbage. */
	if (!heap->sp && py_holders_reach())
		py_holders_tell(ops->hidden, arg);

	py_explain_safely(&graph, heap->interp, INTERP_BYTES);
	py_explain_safely(&graph, heap->tstate, TSTATE_BYTES);
	explain_stack(thread, heap);
	py_explain_variables(&graph);
	if (!py_explain_done(&graph))
		py_explain_through(&graph, py_holders_has);
	find_native(thread, heap, ops, arg);
	tell_excess(ops, arg);
	return NULL;
}

const char *py_refs_compare(struct thread *thread, const struct py_refs_heap *heap,
			    const struct py_refs_ops *ops, void *arg)
{
	const char *why;

	/* The values of other threads' variables are not looked for. */
	if (py_field(heap->tstate, TSTATE_PREVIOUS) || py_field(heap->tstate, TSTATE_NEXT) ||
	    thread_provider_elsewhere(thread) ||
	    __atomic_load_n(&py_state.cut_short, __ATOMIC_ACQUIRE))
		return "other threads were still running";
	graph.limit = OBJECTS_MAX;
	if (!py_holders_open(&graph))
		return "there is no memory";
	/* Whoever counts allocations would keep records of ours, in memory that we do not see. */
	if (py_alloc_is_outermost()) {
		py_call_begin(thread);
		scrub(new_list);
		scrub(py_state.api.dict_new);
		py_call_end(thread);
	}
	why = compare(thread, heap, ops, arg);
	py_graph_close(&graph);
	py_holders_close();
	return why;
}
