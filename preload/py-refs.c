/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explains the reference counts of a whole heap.
 *
 * The graph of py-graph.h has the objects that the collector knows, nodes here.
 * What they refer to and what is not a node is a leaf to the collector; it may
 * refer to nodes all the same.  Leaves that do are called holders, and so are
 * nodes with references that their tp_traverse does not tell.
 */
#include "py-refs.h"

#include <errno.h>
#include <link.h>
#include <stddef.h>

#include "pages.h"
#include "py-body.h"
#include "py-graph.h"
#include "py-state.h"
#include "py-table.h"
#include "py-types.h"

#define OBJECTS_MAX	    (4u << 20)
#define SEEN_MAX	    (1u << 20) /* leaves that are looked into once only */
#define HOLDERS_MAX	    (1u << 18)
#define EDGES_MAX	    (1u << 18)
#define DEPTH_MAX	    24u	      /* of code within code, containers within containers */
#define ROUNDS_MAX	    16u	      /* of finding what holders lead to */
#define IMMORTAL	    (1 << 28) /* a count like this counts nothing */
#define INTERP_BYTES	    16384u
#define TSTATE_BYTES	    512u
#define FREE_LIST_MAX	    100u /* of lists, of dictionaries; it was never more than 80 */
#define MANAGED_DICT_BEFORE 24u
#define TYPE_BASE	    256u
#define TYPE_WEAKLISTOFFSET 208u
#define CODE_CONSTS	    (py_state.abi->minor >= 11 ? 24u : 56u)
#define TSTATE_PREVIOUS	    0u
#define TSTATE_NEXT	    8u
#define FLAG_TUPLE_SUBCLASS (1ul << 26)

/**
 * struct holder - a leaf that refers to nodes
 * @visits:  references to it that were met
 * @reached: it is reachable, or held by something that is not known
 * @is_node: no leaf, but does not tell all
 */
struct holder {
	const void *object;
	uint32_t visits;
	bool reached;
	bool is_node;
};

/** struct edge - a node that refers to a holder itself */
struct edge {
	const struct py_graph_node *node;
	uint32_t holder;
};

/**
 * struct refs - one comparison
 * @depth: of the leaf that is being looked into
 * @full:  a limit was met
 * @found: there are more roots
 */
struct refs {
	struct py_graph graph;
	struct py_table seen;
	struct py_table places; /* of holders: object to index + 1 */
	struct holder *holders;
	struct edge *edges;
	uint32_t holders_count;
	uint32_t edges_count;
	uint32_t seen_count;
	uint32_t depth;
	bool full;
	bool found;
};

static struct refs refs;

#define ROOM_BYTES (HOLDERS_MAX * sizeof(*refs.holders) + EDGES_MAX * sizeof(*refs.edges))

/* ------------------------------------------------------------ words */

static uint32_t references_of(const void *object)
{
	uint64_t count = (uint64_t)(uintptr_t)py_field(object, PY_OB_REFCNT);

	if (py_state.abi->minor >= 14)
		count = (uint32_t)count;
	return count > IMMORTAL ? IMMORTAL : (uint32_t)count;
}

/* The node whose address the word at @at is, or NULL. */
static struct py_graph_node *node_of(const void *at)
{
	uintptr_t word = *(const uintptr_t *)at;

	if (word < 4096 || word & 7 || word >> 47)
		return NULL;
	return py_graph_find(&refs.graph, (const void *)word);
}

/* Likewise, if there are references to explain. */
static struct py_graph_node *node_at(const void *at)
{
	struct py_graph_node *node = node_of(at);

	return node && node->refs > 0 && node->refs < IMMORTAL ? node : NULL;
}

static void explain_words(const void *from, size_t bytes)
{
	for (size_t at = 0; at + sizeof(uintptr_t) <= bytes; at += sizeof(uintptr_t)) {
		struct py_graph_node *node = node_at((const uint8_t *)from + at);

		if (node)
			node->refs--;
	}
}

/* Where the dictionary of an object's attributes may stand, in front of it, or NULL. */
static const uint8_t *managed_dict(const void *object)
{
	bool managed = py_state.abi->type_prefixed & PY_FLAG_MANAGED_DICT &&
		       py_flags_of(py_type_at(object)) & PY_FLAG_MANAGED_DICT;

	return managed ? (const uint8_t *)object - MANAGED_DICT_BEFORE : NULL;
}

static void explain_body(const void *object)
{
	size_t bytes = py_body_of(object);
	const uint8_t *dict = managed_dict(object);

	if (dict)
		explain_words(dict, sizeof(uintptr_t));

	if (bytes > PY_BODY_HEAD)
		explain_words((const uint8_t *)object + PY_BODY_HEAD, bytes - PY_BODY_HEAD);
}

/* Memory that may not be there is copied by the kernel. */
static void explain_safely(const void *from, size_t bytes)
{
	uint8_t copy[4096] __attribute__((aligned(8)));

	for (size_t done = 0; done < bytes; done += sizeof(copy)) {
		size_t rest = bytes - done < sizeof(copy) ? bytes - done : sizeof(copy);

		if (!py_read_safely((const uint8_t *)from + done, copy, rest))
			return;
		explain_words(copy, rest);
	}
}

static struct holder *holder_of(const void *leaf)
{
	const struct py_slot *slot = py_table_find(&refs.places, leaf);

	return slot ? &refs.holders[slot->id - 1] : NULL;
}

/*
 * @word may be the address of an object that the collector does not know, and
 * that refers to nodes: a library keeps it in a variable.
 */
static void explain_through(uintptr_t word)
{
	uint8_t copy[PY_BODY_MAX] __attribute__((aligned(8)));
	size_t bytes;

	if (word < 4096 || word & 7 || word >> 47 ||
	    py_graph_find(&refs.graph, (const void *)word) || holder_of((const void *)word))
		return;
	bytes = py_body_copy((const void *)word, copy);
	if (bytes > PY_BODY_HEAD)
		explain_words(copy + PY_BODY_HEAD, bytes - PY_BODY_HEAD);
}

static bool is_explained(void)
{
	struct py_graph_node *node;

	py_graph_each (node, &refs.graph)
		if (node->refs > 0 && node->refs < IMMORTAL)
			return false;
	return true;
}

/*
 * The variables of a library.  @through: those of the interpreter's own are left out.
 * Under the loader's lock, so that nothing is unloaded meanwhile.
 */
static int explain_object(struct dl_phdr_info *info, size_t size attr_unused, void *through)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;
		uintptr_t at = ALIGN_UP(start, sizeof(at)), end = start + segment->p_memsz;

		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_W))
			continue;
		if (!through)
			explain_words((const void *)at, end - at);
		else if (start < py_state.object.start || start >= py_state.object.end)
			for (; at + sizeof(at) <= end; at += sizeof(at))
				explain_through(*(const uintptr_t *)at);
	}
	return 0;
}

/* ----------------------------------------------------------- leaves */

static bool is_holder(const void *leaf)
{
	size_t bytes = py_body_of(leaf);

	for (size_t at = PY_BODY_HEAD; at + sizeof(uintptr_t) <= bytes; at += sizeof(uintptr_t))
		if (node_at((const uint8_t *)leaf + at))
			return true;
	return false;
}

/* @from: the node that refers to it; NULL: a leaf does, and what that means is not followed */
static void meet_holder(struct holder *holder, const struct py_graph_node *from)
{
	holder->visits++;
	if (!from)
		holder->reached = true;
	else if (refs.edges_count < EDGES_MAX)
		refs.edges[refs.edges_count++] =
			(struct edge){ from, (uint32_t)(holder - refs.holders) };
	else
		refs.full = true;
}

static struct holder *add_holder(const void *leaf)
{
	if (refs.holders_count == HOLDERS_MAX ||
	    !py_table_put(&refs.places, leaf, refs.holders_count + 1, 0)) {
		refs.full = true;
		return NULL;
	}
	refs.holders[refs.holders_count] = (struct holder){ .object = leaf };
	return &refs.holders[refs.holders_count++];
}

/* Return: whether it has not been looked into before, and can be. */
static bool is_first_look(const void *leaf)
{
	if (py_table_find(&refs.seen, leaf))
		return false;
	if (refs.seen_count == SEEN_MAX || !py_table_put(&refs.seen, leaf, 1, 0)) {
		refs.full = true;
		return false;
	}
	refs.seen_count++;
	return true;
}

static int meet(void *object, void *arg);

/*
 * What a leaf leads to that is a leaf again: containers that are not tracked, code in code.
 * @from: the node that leads to it, or NULL
 */
static void look_into(const void *leaf, void *from)
{
	const void *type = py_type_at(leaf);
	bool is_code = type == py_state.api.type_code;
	bool is_container = py_flags_of(type) & (PY_FLAG_DICT_SUBCLASS | FLAG_TUPLE_SUBCLASS);

	if ((!is_code && !is_container) || refs.depth >= DEPTH_MAX || !is_first_look(leaf))
		return;
	/* Others may lead to it as well, who do not look into it again. */
	if (references_of(leaf) > 1)
		from = NULL;
	refs.depth++;
	if (is_code)
		(void)meet(py_field(leaf, CODE_CONSTS), from);
	else
		(void)py_graph_traverse(leaf, meet, from);
	refs.depth--;
}

/* For tp_traverse: @from, a node or NULL, refers to @object. */
static int meet(void *object, void *from)
{
	struct holder *holder;
	const void *type;

	if (!object || py_graph_find(&refs.graph, object))
		return 0;
	type = py_type_at(object);
	if (type == py_state.api.type_unicode || type == py_state.api.type_bytes)
		return 0;
	holder = holder_of(object);
	if (!holder && is_holder(object))
		holder = add_holder(object);
	if (holder)
		meet_holder(holder, from);
	look_into(object, from);
	return refs.full ? -1 : 0;
}

/* A weak reference has the address of its object, and does not count. */
static bool is_weak(const void *object)
{
	const void *type = py_type_at(object);

	for (uint32_t i = 0; type && i < DEPTH_MAX; i++) {
		if (type == py_state.api.type_weakref)
			return true;
		type = py_field(type, TYPE_BASE);
	}
	return false;
}

static int is_it(void *object, void *wanted)
{
	return object == wanted;
}

static bool hides_word(const void *object, const void *at)
{
	const struct py_graph_node *other = node_at(at);

	return other && !py_graph_traverse(object, is_it, (void *)(uintptr_t)other->object);
}

/* Does the body of @node refer to another one, which its tp_traverse does not tell? */
static bool hides(const struct py_graph_node *node)
{
	const uint8_t *object = node->object;
	size_t bytes = py_body_of(object);
	size_t weak_list = (size_t)py_field(py_type_at(object), TYPE_WEAKLISTOFFSET);
	const uint8_t *dict = managed_dict(object);

	if (dict && hides_word(object, dict))
		return true;

	for (size_t at = PY_BODY_HEAD; at + sizeof(uintptr_t) <= bytes; at += sizeof(uintptr_t)) {
		if (at != weak_list && hides_word(object, object + at))
			return true;
	}
	return false;
}

static void find_holders(void)
{
	struct py_graph_node *node;

	py_graph_each (node, &refs.graph) {
		struct holder *holder;

		if (py_graph_traverse(node->object, meet, node))
			return;
		if (!hides(node) || is_weak(node->object))
			continue;
		holder = add_holder(node->object);
		if (!holder)
			return;
		meet_holder(holder, node);
		holder->is_node = true;
	}
}

static void explain_by_holders(void)
{
	for (uint32_t i = 0; i < refs.holders_count; i++)
		explain_body(refs.holders[i].object);
}

/* -------------------------------------------------- what is reachable */

/* All that it refers to is reachable with it: roots for the next round. */
static void reach_word(const void *at)
{
	struct py_graph_node *node = node_of(at);

	if (node && !node->link && node->refs <= 0) {
		node->refs = IMMORTAL;
		refs.found = true;
	}
}

static void reach_holder(struct holder *holder)
{
	const uint8_t *object = holder->object;
	const uint8_t *dict = managed_dict(object);
	size_t bytes = py_body_of(object);

	holder->reached = true;
	if (dict)
		reach_word(dict);
	for (size_t at = PY_BODY_HEAD; at + sizeof(uintptr_t) <= bytes; at += sizeof(uintptr_t))
		reach_word(object + at);
}

/* Marks all nodes that are reachable.  Return: false if it cannot be told. */
static bool reach_all(void)
{
	for (uint32_t i = 0; i < refs.holders_count; i++)
		if (refs.holders[i].reached)
			reach_holder(&refs.holders[i]);
	for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
		uint32_t unreachable;

		refs.found = false;
		if (py_graph_reach(&refs.graph, &unreachable) < 0)
			return false;
		for (uint32_t i = 0; i < refs.holders_count; i++) {
			struct holder *holder = &refs.holders[i];

			if (!holder->reached && !holder->is_node &&
			    references_of(holder->object) > holder->visits)
				reach_holder(holder);
		}
		for (uint32_t i = 0; i < refs.edges_count; i++) {
			struct holder *holder = &refs.holders[refs.edges[i].holder];

			if (!holder->reached && refs.edges[i].node->link)
				reach_holder(holder);
		}
		if (!refs.found)
			return true;
	}
	return false;
}

static void tell_hidden(const struct py_refs_ops *ops, void *arg)
{
	struct py_graph_node *node;
	uint32_t holders = 0;

	for (uint32_t i = 0; i < refs.holders_count; i++) {
		if (refs.holders[i].reached)
			continue;
		if (!refs.holders[i].is_node)
			ops->hidden(arg, refs.holders[i].object);
		holders++;
	}
	/* Without such a thing it is garbage that the collector has yet to find. */
	if (!holders)
		return;
	py_graph_each (node, &refs.graph)
		if (!node->link)
			ops->hidden(arg, node->object);
}

static void tell_excess(const struct py_refs_ops *ops, void *arg)
{
	struct py_graph_node *node;

	py_graph_each (node, &refs.graph)
		if (node->refs > 0 && node->refs < IMMORTAL)
			ops->excess(arg, node->object, (uint32_t)node->refs);
}

/* --------------------------------------------------------------- all */

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
	while (count)
		py_state.api.dec_ref(objects[--count]);
}

static void *new_list(void)
{
	return py_state.api.list_new(0);
}

static bool begin(void)
{
	uint8_t *room = pages_map(ROOM_BYTES, 0);

	if (!room)
		return false;
	refs.graph.limit = OBJECTS_MAX;
	refs.edges = (void *)room;
	refs.holders = (void *)(room + EDGES_MAX * sizeof(*refs.edges));
	refs.edges_count = refs.holders_count = refs.seen_count = refs.depth = 0;
	refs.full = false;
	py_table_reset(&refs.seen);
	py_table_reset(&refs.places);
	return true;
}

static void end(void)
{
	py_graph_close(&refs.graph);
	pages_unmap(refs.edges, ROOM_BYTES);
	refs.edges = NULL;
}

static const char *compare(const void *gc, const void *interp, const void *tstate,
			   const struct py_refs_ops *ops, void *arg)
{
	int err = py_graph_open(&refs.graph, gc, PY_GRAPH_ALL);

	if (err == -EINVAL)
		return "the collector's lists do not look as expected";
	if (err || py_graph_count(&refs.graph) < 0)
		return "there are too many objects";
	find_holders();
	if (refs.full)
		return "there are too many objects";
	explain_by_holders();
	if (reach_all())
		tell_hidden(ops, arg);

	explain_safely(interp, INTERP_BYTES);
	explain_safely(tstate, TSTATE_BYTES);
	(void)dl_iterate_phdr(explain_object, NULL);
	if (!is_explained())
		(void)dl_iterate_phdr(explain_object, &refs);
	tell_excess(ops, arg);
	return NULL;
}

const char *py_refs_compare(struct thread *thread, const void *gc, const void *interp,
			    const void *tstate, const struct py_refs_ops *ops, void *arg)
{
	const char *why;

	/* The values of other threads' variables are not looked for. */
	if (py_field(tstate, TSTATE_PREVIOUS) || py_field(tstate, TSTATE_NEXT) ||
	    thread_provider_elsewhere(thread))
		return "other threads were still running";
	if (!begin())
		return "there is no memory";
	py_call_begin(thread);
	scrub(new_list);
	scrub(py_state.api.dict_new);
	py_call_end(thread);
	why = compare(gc, interp, tstate, ops, arg);
	end();
	return why;
}
