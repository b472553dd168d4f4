/* SPDX-License-Identifier: Apache-2.0 */
/* Whose memory it is that holds the addresses of Python objects. */
#include "python-native.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tenure/wire-python.h"
#include "tenure/wire.h"

void python_native_fini(struct python_native *native)
{
	vec_fini(&native->words);
}

int python_native_feed(struct python_native *native, const struct event *event)
{
	struct tenure_py_held held;

	if (event->bytes % sizeof(held))
		return -EINVAL;
	for (uint64_t at = 0; at < event->bytes; at += sizeof(held)) {
		int r;

		memcpy(&held, event->payload + at, sizeof(held));
		r = vec_push(&native->words, (struct python_native_word){
						     .object = held.address & HEAP_ADDR_MASK,
						     .at = held.at & HEAP_ADDR_MASK,
					     });
		if (r < 0)
			return r;
	}
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct python_native_word *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static int by_object(const void *a, const void *b)
{
	const struct python_native_word *x = a, *y = b;

	return x->object < y->object ? -1 : x->object > y->object;
}

/* The first of @words, which are in order, that lies at @addr or above. */
static size_t first_from(const struct python_native_word *words, size_t count, uint64_t addr)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (words[middle].at < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_python(uint32_t fn)
{
	return fn == TENURE_FN_PY_OBJ || fn == TENURE_FN_PY_MEM;
}

static void locate_in_block(struct python_native_word *words, size_t count,
			    const struct heap_block *block, const struct sites *sites)
{
	uint64_t start = block->key & HEAP_ADDR_MASK, end = start + heap_bytes(block);

	for (size_t i = first_from(words, count, start); i < count && words[i].at < end; i++) {
		words[i].site = block->site;
		words[i].owner = is_python(sites->at[block->site].fn) ? PYTHON_NATIVE_BLOCK
								      : PYTHON_NATIVE_PROGRAM;
	}
}

static void locate_mapped(struct python_native_word *word, const struct maps *maps)
{
	const struct maps_range *range = maps_next(maps, word->at);

	if (!range || range->start > word->at || range->file)
		return;
	word->owner = PYTHON_NATIVE_MAPPED;
	word->site = range->site;
}

void python_native_locate(struct python_native *native, const struct python_native_memory *memory)
{
	struct python_native_word *words = native->words.at + native->located;
	size_t count = native->words.count - native->located;

	if (!count)
		return;
	qsort(words, count, sizeof(*words), by_place);
	for (size_t slot = 0; slot < heap_slots(memory->heap); slot++) {
		const struct heap_block *block = heap_at(memory->heap, slot);

		if (block && block->site < memory->sites->count)
			locate_in_block(words, count, block, memory->sites);
	}
	for (size_t i = 0; i < count; i++) {
		if (words[i].owner == PYTHON_NATIVE_NONE)
			locate_mapped(&words[i], memory->maps);
		if (memory->is_sample)
			words[i].owner = PYTHON_NATIVE_PROGRAM;
	}
	native->located = native->words.count;
	qsort(native->words.at, native->words.count, sizeof(*words), by_object);
}

static const struct python_native_word *find(const struct python_native *native, uint64_t address)
{
	const struct python_native_word *words = native->words.at;
	size_t low = 0, high = native->located;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (words[middle].object < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < native->located && words[low].object == address ? &words[low] : NULL;
}

bool python_native_has(const struct python_native *native, uint64_t address)
{
	return find(native, address) != NULL;
}

/* Is the innermost function of @stack one of the interpreter's? */
static bool is_interpreters(const struct python_native_code *code, uint32_t stack)
{
	uint64_t word;

	if (!stack || stack >= code->nodes_count)
		return true; /* not known */
	word = code->nodes[stack].word;
	if (TENURE_NODE_KIND(word) == TENURE_NODE_PAIR) {
		stack = code->nodes[stack].parent;
		if (!stack || stack >= code->nodes_count)
			return true;
		word = code->nodes[stack].word;
	}
	switch (TENURE_NODE_KIND(word)) {
	case TENURE_NODE_CALL:
	case TENURE_NODE_EXACT:
	case TENURE_NODE_GUESS:
		return TENURE_NODE_PC(word) >= code->start && TENURE_NODE_PC(word) <= code->end;
	default:
		return true;
	}
}

static bool is_reference(const struct python_native_word *word,
			 const struct python_native_memory *memory,
			 const struct python_native_code *code)
{
	const struct sites *sites;

	switch (word->owner) {
	case PYTHON_NATIVE_PROGRAM:
		return true;
	case PYTHON_NATIVE_BLOCK:
	case PYTHON_NATIVE_MAPPED:
		sites = word->owner == PYTHON_NATIVE_BLOCK ? memory->sites : &memory->maps->sites;
		return word->site < sites->count &&
		       !is_interpreters(code, sites->at[word->site].stack);
	default:
		return false;
	}
}

uint64_t python_native_count(const struct python_native *native, uint64_t address,
			     const struct python_native_memory *memory,
			     const struct python_native_code *code)
{
	const struct python_native_word *word = find(native, address);
	const struct python_native_word *end = native->words.at + native->located;
	uint64_t count = 0;

	for (; word && word < end && word->object == address; word++)
		count += is_reference(word, memory, code);
	return count;
}
