/* SPDX-License-Identifier: Apache-2.0 */
/* Each block once, in order of addresses; then what the objects point at. */
#include "pyheap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "graph.h"
#include "model/sites.h"

#define HEAD_BYTES     16u	  /* of an object */
#define PRESIZES       3u	  /* objects begin at 0, 16, 32 of their blocks */
#define IMMORTAL       (1u << 28) /* a count like this counts nothing */
#define STR_DATA       40u	  /* of what may follow the state of a str */
#define SET_MASK       32u
#define SET_TABLE      40u
#define SET_SMALL      64u
#define SET_SMALL_END  192u
#define BYTEARRAY_DATA 32u
#define ARRAY_DATA     24u
#define VALUES_HEAD    8u
#define NDARRAY_DATA   16u
#define NDARRAY_FLAGS  64u
#define NDARRAY_OWNS   4u

static uint64_t references_at(const struct pyheap *heap, uint64_t object)
{
	uint64_t count = peek_word(heap->peek, object);

	return heap->types.look.minor >= 12 ? (uint32_t)count : count;
}

static uint64_t object_of(const struct pyheap *heap, uint32_t block)
{
	uint32_t type = pyheap_type(heap, block);

	return heap->blocks->at[block].addr + heap->types.all.at[type].presize;
}

/* ------------------------------------------------------------------ its types */

/* Instances that have their attributes inside all have room for as many. */
static void find_end(struct pyheap *heap, struct pytype *type, uint64_t object)
{
	uint64_t values = object + (uint64_t)type->basic;

	if (!type->end && type->flags & PYTYPE_INLINE_VALUES && heap->types.look.minor >= 13)
		type->end = type->presize + (uint64_t)type->basic + VALUES_HEAD +
			    (uint8_t)peek_word(heap->peek, values) * 8u;
}

static int find_type(struct pyheap *heap, uint32_t number)
{
	const struct block *block = &heap->blocks->at[number];
	int index = PYTYPES_NONE;

	for (uint32_t i = 0; i < PRESIZES && block->bytes >= i * 16 + HEAD_BYTES; i++) {
		uint64_t object = block->addr + i * 16;

		index = pytypes_get(&heap->types, peek_word(heap->peek, object + PYLOOK_TYPE));
		if (index < 0)
			return index;
		if (index == PYTYPES_NONE || heap->types.all.at[index].presize != i * 16)
			continue;
		heap->info[number] = (uint32_t)index;
		find_end(heap, &heap->types.all.at[index], object);
		if (!references_at(heap, object))
			heap->info[number] |= PYHEAP_DEAD;
		break;
	}
	return 0;
}

/* -------------------------------------------------------- what belongs to them */

static int add_part(struct pyheap *heap, uint32_t block, const struct pyheap_part *part)
{
	int r = vec_push(&heap->parts, *part);

	if (r == 0)
		heap->info[block] = PYHEAP_PART | (uint32_t)(heap->parts.count - 1);
	return r;
}

/* The block at @addr is @owner's.  Who comes first has it. */
static int take(struct pyheap *heap, uint64_t addr, uint32_t owner, uint8_t role,
		const struct pyheap_words *words)
{
	struct pyheap_part part = { .words = *words, .owner = owner, .role = role };
	uint64_t offset;
	uint32_t block = addr ? blocks_find(heap->blocks, addr, &offset) : BLOCKS_NONE;

	if (block == BLOCKS_NONE || block == owner || heap->info[block] ||
	    (offset && role != PYHEAP_VALUES))
		return 0;
	/* Before the values is their order, of which only a part is ever written. */
	if (role == PYHEAP_VALUES)
		part.words.from += offset;
	if (part.words.to > heap->blocks->at[block].bytes)
		part.words.to = heap->blocks->at[block].bytes;
	return add_part(heap, block, &part);
}

static int take_keys(struct pyheap *heap, uint64_t addr, uint32_t owner)
{
	struct pylook_keys keys;
	struct pyheap_words words;

	if (!pylook_keys(&heap->types.look, addr, &keys))
		return 0;
	words = (struct pyheap_words){ .from = keys.entries - addr,
				       .to = keys.entries - addr + keys.count * keys.each,
				       .stride = keys.each / 8,
				       .skip = keys.each == 24 ? 1 : 0 };
	return take(heap, addr, owner, PYHEAP_KEYS, &words);
}

static int take_set(struct pyheap *heap, uint64_t object, uint32_t number)
{
	uint64_t table = peek_word(heap->peek, object + SET_TABLE);
	uint64_t mask = peek_word(heap->peek, object + SET_MASK);
	const struct pyheap_words words = { .to = (mask + 1) * 16, .stride = 2, .skip = 2 };
	uint32_t type = pyheap_type(heap, number);
	struct pyheap_part own = { .owner = number, .type = type };

	(void)pyheap_words(heap, number, &own.words);
	if (table == object + SET_SMALL || mask >> 40)
		return 0;
	/* What was in the small table is still there. */
	for (uint64_t at = SET_SMALL; at < SET_SMALL_END; at += 8)
		own.words.skip |= UINT64_C(1) << (heap->types.all.at[type].presize + at) / 8 % 64;
	if (take(heap, table, number, PYHEAP_TABLE, &words) < 0)
		return -ENOMEM;
	return add_part(heap, number, &own);
}

static int take_dict(struct pyheap *heap, uint64_t object, uint32_t number)
{
	uint64_t values = peek_word(heap->peek, object + PYLOOK_DICT_VALUES);
	struct pyheap_words words = { .to = UINT64_MAX };
	int r = take_keys(heap, peek_word(heap->peek, object + PYLOOK_DICT_KEYS), number);

	/* From then on it comes behind them. */
	if (heap->types.look.minor >= 13) {
		words.from = VALUES_HEAD;
		words.to = VALUES_HEAD + (uint8_t)peek_word(heap->peek, values) * 8u;
	}
	return r == 0 ? take(heap, values, number, PYHEAP_VALUES, &words) : r;
}

/* Attributes of an instance that are kept apart: up to 3.12. */
static int take_values(struct pyheap *heap, uint64_t object, uint32_t number)
{
	const struct pyheap_words words = { .to = UINT64_MAX };
	uint64_t values = 0;

	if (heap->types.look.minor == 11)
		values = peek_word(heap->peek, object - 32);
	else if (heap->types.look.minor == 12)
		values = peek_word(heap->peek, object - 24);
	if (heap->types.look.minor == 12)
		values = values & 1 ? values + 1 : 0;
	return take(heap, values, number, PYHEAP_VALUES, &words);
}

/* Behind its state a str may have pointers to itself in other encodings. */
static int take_str(struct pyheap *heap, uint64_t object, uint32_t number)
{
	uint32_t state = (uint32_t)peek_word(heap->peek, object + 32);
	struct pyheap_part own = { .owner = number, .type = pyheap_type(heap, number) };

	own.words.from = STR_DATA;
	if (!(state & 1u << 5))
		own.words.to = UINT64_MAX; /* the old kind: all pointers */
	else if (!(state & 1u << 6))
		own.words.to = heap->types.look.minor < 12 ? 72 : 56;
	else if (heap->types.look.minor < 12)
		own.words.to = 48;
	if (own.words.to > heap->blocks->at[number].bytes)
		own.words.to = heap->blocks->at[number].bytes;
	return own.words.to > own.words.from ? add_part(heap, number, &own) : 0;
}

static int take_all(struct pyheap *heap, uint32_t number)
{
	const struct pytype *type = &heap->types.all.at[pyheap_type(heap, number)];
	uint64_t object = object_of(heap, number);
	struct pyheap_words words = { .to = 0 };
	int r = 0;

	switch (type->kind) {
	case PYTYPE_LIST:
		words.to = peek_word(heap->peek, object + PYLOOK_SIZE) * 8;
		r = take(heap, peek_word(heap->peek, object + PYLOOK_LIST_ITEMS), number,
			 PYHEAP_ITEMS, &words);
		break;
	case PYTYPE_DICT:
		r = take_dict(heap, object, number);
		break;
	case PYTYPE_SET:
		r = take_set(heap, object, number);
		break;
	case PYTYPE_STR:
		r = take_str(heap, object, number);
		break;
	case PYTYPE_BYTEARRAY:
		r = take(heap, peek_word(heap->peek, object + BYTEARRAY_DATA), number, PYHEAP_BYTES,
			 &words);
		break;
	case PYTYPE_ARRAY:
		r = take(heap, peek_word(heap->peek, object + ARRAY_DATA), number, PYHEAP_BYTES,
			 &words);
		break;
	case PYTYPE_NDARRAY:
		words.to = UINT64_MAX;
		if (peek_word(heap->peek, object + NDARRAY_FLAGS) & NDARRAY_OWNS)
			r = take(heap, peek_word(heap->peek, object + NDARRAY_DATA), number,
				 PYHEAP_BUFFER, &words);
		break;
	case PYTYPE_MODULE:
		r = vec_push(&heap->modules, number);
		break;
	default:
		break;
	}
	if (r == 0 && type->prefixed && type->flags & PYTYPE_MANAGED_DICT)
		r = take_values(heap, object, number);
	return r;
}

static int take_types(struct pyheap *heap, uint32_t number)
{
	uint64_t object = object_of(heap, number);
	int index = pytypes_get(&heap->types, object);

	if (index <= 0)
		return index;
	return take_keys(heap, heap->types.all.at[index].keys, number);
}

/* ----------------------------------------------------------------------- all */

static bool is_object(const struct pyheap *heap, uint32_t number)
{
	return heap->info[number] && !(heap->info[number] & (PYHEAP_PART | PYHEAP_DEAD));
}

static void count_block(struct pyheap *heap, uint32_t number)
{
	if (!heap->info[number])
		heap->count.unknown++;
	else if (heap->info[number] & PYHEAP_DEAD && !(heap->info[number] & PYHEAP_PART))
		heap->count.dead++;
	else if (pyheap_is_precise(heap, number))
		heap->count.precise++;
	else
		heap->count.guessed++;
}

static int look(struct pyheap *heap, const struct graph *graph)
{
	const struct sites *sites = graph->view->sites;
	int r = 0;

	for (uint32_t i = 0; i < graph->blocks.count && r == 0; i++)
		if (graph->heads[i] & GRAPH_PYTHON &&
		    sites->at[graph->blocks.at[i].site].fn == TENURE_FN_PY_OBJ)
			r = find_type(heap, i);
	/* Classes last: their tables of names belong to a dictionary rather. */
	for (uint32_t i = 0; i < graph->blocks.count && r == 0; i++)
		if (is_object(heap, i))
			r = take_all(heap, i);
	for (uint32_t i = 0; i < graph->blocks.count && r == 0; i++)
		if (is_object(heap, i) && heap->types.all.at[heap->info[i]].kind == PYTYPE_TYPE)
			r = take_types(heap, i);
	for (uint32_t i = 0; i < graph->blocks.count && r == 0; i++)
		if (graph->heads[i] & GRAPH_PYTHON)
			count_block(heap, i);
	return r;
}

int pyheap_new(const struct graph *graph, struct pyheap **ret_heap)
{
	struct pyheap *heap;
	int r;

	*ret_heap = NULL;
	if (!graph->view->python.minor)
		return 0;
	heap = calloc(1, sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	heap->blocks = &graph->blocks;
	heap->info = calloc((size_t)graph->blocks.count + 1, sizeof(*heap->info));
	heap->peek = peek_new(graph->target);
	r = heap->info && heap->peek ? pytypes_init(&heap->types, heap->peek, &graph->view->python)
				     : -ENOMEM;
	if (r == 0)
		r = look(heap, graph);
	if (r < 0)
		heap = pyheap_free(heap);
	*ret_heap = heap;
	return r;
}

struct pyheap *pyheap_free(struct pyheap *heap)
{
	if (!heap)
		return NULL;
	pytypes_fini(&heap->types);
	peek_free(heap->peek);
	vec_fini(&heap->parts);
	vec_fini(&heap->modules);
	free(heap->info);
	free(heap);
	return NULL;
}

bool pyheap_words(const struct pyheap *heap, uint32_t block, struct pyheap_words *ret_words)
{
	uint32_t info = heap->info[block];
	const struct pytype *type;

	if (!info)
		return false;
	if (info & PYHEAP_PART) {
		*ret_words = heap->parts.at[info & ~PYHEAP_PART].words;
		return true;
	}
	type = &heap->types.all.at[info & ~PYHEAP_DEAD];
	*ret_words = (struct pyheap_words){ .skip = type->skip };
	if (info & PYHEAP_DEAD || type->kind == PYTYPE_NOTHING || type->kind == PYTYPE_STR)
		return true;
	ret_words->to = heap->blocks->at[block].bytes;
	if (type->end && type->end < ret_words->to)
		ret_words->to = type->end;
	/* Bytecode, with what the interpreter notes there. */
	if (type->kind == PYTYPE_CODE && type->presize + (uint64_t)type->basic < ret_words->to)
		ret_words->to = type->presize + (uint64_t)type->basic;
	return true;
}

bool pyheap_is_precise(const struct pyheap *heap, uint32_t block)
{
	const struct pyheap_part *part = pyheap_part(heap, block);
	uint32_t info = heap->info[part ? part->owner : block];

	if (part && part->role != PYHEAP_OBJECT)
		return info && heap->types.all.at[pyheap_type(heap, part->owner)].precise;
	return info && heap->types.all.at[pyheap_type(heap, block)].precise;
}

uint32_t pyheap_references(const struct pyheap *heap, uint32_t block)
{
	uint64_t count = references_at(heap, object_of(heap, block));

	return count >= IMMORTAL ? UINT32_MAX : (uint32_t)count;
}
