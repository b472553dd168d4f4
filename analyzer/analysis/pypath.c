/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of a way: those that repeat become one, the middle of a long one is left out. */
#include "pypath.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "pyheap.h"
#include "pynaming.h"

#define LONG_BYTES 1000u
#define HEAD_BYTES 400u
#define TAIL_BYTES 500u
#define DICT_PIECE ".__dict__"

const char *pypath_type(const struct graph *graph, uint32_t block)
{
	const struct pyheap *heap = graph->python;
	const struct pyheap_part *part = heap ? pyheap_part(heap, block) : NULL;
	uint32_t type = heap ? pyheap_type(heap, part ? part->owner : block) : PYTYPES_NONE;

	return type == PYTYPES_NONE ? NULL : heap->types.all.at[type].name;
}

/**
 * struct text - the way so far
 * @last:  the piece that came last, @times one after the other
 * @held:  it is an object's dictionary, which is not told if an attribute follows
 */
struct text {
	struct strbuf all;
	struct strbuf last;
	uint64_t times;
	bool held;
};

static void flush(struct text *text)
{
	if (!text->times)
		return;
	strbuf_adds(&text->all, strbuf_get(&text->last));
	if (text->times > 1)
		strbuf_addf(&text->all, "(×%llu)", (unsigned long long)text->times);
	text->times = 0;
}

static void put(struct text *text, const char *piece)
{
	if (text->times && strcmp(strbuf_get(&text->last), piece) == 0) {
		text->times++;
		return;
	}
	flush(text);
	strbuf_clear(&text->last);
	strbuf_adds(&text->last, piece);
	text->times = 1;
}

/* ['name'] of an object's dictionary is its attribute.  Return: false if it is none. */
static bool put_attribute(struct text *text, const char *piece)
{
	size_t count = strlen(piece);
	struct strbuf name = { .at = NULL };

	/* Values that lie apart from their names are those of attributes. */
	if (piece[0] == '.' && piece[count - 1] != ')') {
		put(text, piece);
		return true;
	}
	if (count < 5 || strncmp(piece, "['", 2) != 0 || strchr(piece, '\\'))
		return false;
	strbuf_addc(&name, '.');
	strbuf_add(&name, piece + 2, count - 4);
	put(text, strbuf_get(&name));
	strbuf_fini(&name);
	return true;
}

static bool is_module(const struct pyheap *heap, uint32_t block)
{
	return heap->types.all.at[pyheap_type(heap, block)].kind == PYTYPE_MODULE;
}

static void step(struct text *text, struct pyheap *heap, uint32_t from, uint32_t offset,
		 uint32_t to)
{
	struct strbuf piece = { .at = NULL };

	pynaming_add(heap, from, offset, to, &piece);
	if (piece.count) {
		bool was_held = text->held;

		text->held = false;
		if (was_held && put_attribute(text, strbuf_get(&piece))) {
			strbuf_fini(&piece);
			return;
		}
		if (was_held)
			put(text, DICT_PIECE);
		if (strcmp(strbuf_get(&piece), DICT_PIECE) == 0 && !is_module(heap, from))
			text->held = true;
		else
			put(text, strbuf_get(&piece));
	}
	strbuf_fini(&piece);
}

static bool is_within(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Without its middle, if it is long.  Return: NULL when memory has run out. */
static char *take(struct strbuf *all)
{
	struct strbuf cut = { .at = NULL };
	const char *text = strbuf_get(all);
	size_t head = HEAD_BYTES, tail;

	if (all->failed || all->count <= LONG_BYTES)
		return strbuf_take(all);
	tail = all->count - TAIL_BYTES;
	while (is_within(text[head]))
		head--;
	while (is_within(text[tail]))
		tail++;
	strbuf_add(&cut, text, head);
	strbuf_adds(&cut, " … ");
	strbuf_adds(&cut, text + tail);
	return strbuf_take(&cut);
}

int pypath_find(const struct graph *graph, const uint32_t *blocks, const uint32_t *edges,
		size_t count, char **ret_path, bool *ret_guessed)
{
	struct pyheap *heap = graph->python;
	struct text text = { .times = 0 };
	size_t first = 0;

	*ret_path = NULL;
	*ret_guessed = false;
	while (heap && first < count && !pypath_type(graph, blocks[first]))
		first++;
	if (!heap || first == count)
		return 0;
	if (is_module(heap, blocks[first])) {
		strbuf_adds(&text.all, "module ");
		pynaming_module(heap, blocks[first], &text.all);
	} else {
		strbuf_addf(&text.all, "<%s>", pypath_type(graph, blocks[first]));
	}
	for (size_t i = first + 1; i < count; i++) {
		step(&text, heap, blocks[i - 1], edges[i], blocks[i]);
		*ret_guessed |= !pyheap_is_precise(heap, blocks[i - 1]);
	}
	if (text.held)
		put(&text, DICT_PIECE);
	flush(&text);
	*ret_path = take(&text.all);
	strbuf_fini(&text.all);
	strbuf_fini(&text.last);
	return *ret_path ? 0 : -ENOMEM;
}
