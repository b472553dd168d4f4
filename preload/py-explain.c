/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References outside the objects that the collector knows.
 */
#include "py-explain.h"

#include <link.h>
#include <stdint.h>

/**
 * struct variables - a look through the variables of all libraries
 * @known: as for py_explain_through(); NULL: only what they refer to themselves
 */
struct variables {
	const struct py_graph *graph;
	bool (*known)(const void *object);
};

struct py_graph_node *py_explain_any(const struct py_graph *graph, const void *at)
{
	uintptr_t word = *(const uintptr_t *)at;

	if (word < 4096 || word & 7 || word >> 47)
		return NULL;
	return py_graph_find(graph, (const void *)word);
}

struct py_graph_node *py_explain_at(const struct py_graph *graph, const void *at)
{
	struct py_graph_node *node = py_explain_any(graph, at);

	return node && node->refs > 0 && node->refs < PY_IMMORTAL ? node : NULL;
}

void py_explain_words(const struct py_graph *graph, const void *from, size_t bytes)
{
	for (size_t at = 0; at + sizeof(uintptr_t) <= bytes; at += sizeof(uintptr_t)) {
		struct py_graph_node *node = py_explain_at(graph, (const uint8_t *)from + at);

		if (node)
			node->refs--;
	}
}

void py_explain_body(const struct py_graph *graph, const void *object)
{
	size_t bytes = py_body_of(object);
	const uint8_t *dict = py_body_dict(object);

	if (dict)
		py_explain_words(graph, dict, sizeof(uintptr_t));

	if (bytes > PY_BODY_HEAD)
		py_explain_words(graph, (const uint8_t *)object + PY_BODY_HEAD,
				 bytes - PY_BODY_HEAD);
}

void py_explain_safely(const struct py_graph *graph, const void *from, size_t bytes)
{
	uint8_t copy[4096] __attribute__((aligned(8)));

	for (size_t done = 0; done < bytes; done += sizeof(copy)) {
		size_t rest = bytes - done < sizeof(copy) ? bytes - done : sizeof(copy);

		if (!py_read_safely((const uint8_t *)from + done, copy, rest))
			return;
		py_explain_words(graph, copy, rest);
	}
}

/*
 * @word may be the address of an object that the collector does not know, and
 * that refers to nodes: a library keeps it in a variable.
 */
static void explain_through(const struct variables *look, uintptr_t word)
{
	uint8_t copy[PY_BODY_MAX] __attribute__((aligned(8)));
	size_t bytes;

	if (word < 4096 || word & 7 || word >> 47 ||
	    py_graph_find(look->graph, (const void *)word) || look->known((const void *)word))
		return;
	bytes = py_body_copy((const void *)word, copy);
	if (bytes > PY_BODY_HEAD)
		py_explain_words(look->graph, copy + PY_BODY_HEAD, bytes - PY_BODY_HEAD);
}

bool py_explain_done(const struct py_graph *graph)
{
	struct py_graph_node *node;

	py_graph_each (node, graph)
		if (node->refs > 0 && node->refs < PY_IMMORTAL)
			return false;
	return true;
}

/* Where the variables of @segment are: those of all threads, or of this one.  0: nowhere. */
static uintptr_t start_of(const struct dl_phdr_info *info, size_t size, const ElfW(Phdr) * segment)
{
	if (segment->p_type == PT_LOAD && segment->p_flags & PF_W)
		return info->dlpi_addr + segment->p_vaddr;
	if (segment->p_type == PT_TLS && size >= sizeof(*info))
		return (uintptr_t)info->dlpi_tls_data;
	return 0;
}

/* Under the loader's lock, so that nothing is unloaded meanwhile. */
static int explain_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	const struct variables *look = arg;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = start_of(info, size, segment);
		uintptr_t at = ALIGN_UP(start, sizeof(at)), end = start + segment->p_memsz;

		if (!start)
			continue;
		if (!look->known)
			py_explain_words(look->graph, (const void *)at, end - at);
		else if (start < py_state.object.start || start >= py_state.object.end)
			for (; at + sizeof(at) <= end; at += sizeof(at))
				explain_through(look, *(const uintptr_t *)at);
	}
	return 0;
}

void py_explain_variables(const struct py_graph *graph)
{
	struct variables look = { .graph = graph };

	(void)dl_iterate_phdr(explain_object, &look);
}

void py_explain_through(const struct py_graph *graph, bool (*known)(const void *object))
{
	struct variables look = { .graph = graph, .known = known };

	(void)dl_iterate_phdr(explain_object, &look);
}
