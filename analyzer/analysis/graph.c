/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All pointers between blocks.
 *
 * Memory is read in large pieces in order of addresses; each word of a block
 * is looked up.  A tag in the three low bits of a pointer is passed over.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "graph.h"
#include "model/heap.h"
#include "model/sites.h"

#define PIECE_BYTES (1u << 20)
#define GAP_BYTES   16384u /* that are read along rather than skipped */
#define PAGE	    4096u
#define TABLE_NONE  1u

int graph_holder(struct graph *graph, const struct leaks_holder *holder, uint32_t *ret_number)
{
	for (size_t i = 0; i < graph->holders.count; i++) {
		const struct leaks_holder *old = &graph->holders.at[i];

		if (old->kind == holder->kind && old->value == holder->value) {
			*ret_number = (uint32_t)i;
			return 0;
		}
	}
	*ret_number = (uint32_t)graph->holders.count;
	return vec_push(&graph->holders, *holder);
}

/* The block of a word, and whether it is its beginning. */
static inline uint32_t look_up(const struct graph *graph, uint64_t word, uint64_t *ret_offset)
{
	if (likely(word - graph->low >= graph->high - graph->low))
		return BLOCKS_NONE;
	return blocks_find(&graph->blocks, word, ret_offset);
}

/* What was mapped is a place to put things: it has no beginning that would count for more. */
static inline bool is_inside(const struct graph *graph, uint32_t to, uint64_t offset)
{
	return offset >= 8 && graph->blocks.at[to].site != BLOCKS_SITE_MAPPED;
}

int graph_root(struct graph *graph, uint64_t word, uint32_t holder, uint64_t addr)
{
	uint64_t offset;
	uint32_t to = look_up(graph, word, &offset);
	int r = 0;

	if (to == BLOCKS_NONE)
		return 0;
	if (is_inside(graph, to, offset)) {
		r = vec_push(&graph->insides,
			     ((struct graph_inside){
				     .at = graph->roots.count, .is_root = 1, .offset = offset }));
		to |= GRAPH_INSIDE;
	}
	return r < 0 ? r : vec_push(&graph->roots, ((struct graph_root){ to, holder, addr }));
}

static inline int add_edge(struct graph *graph, uint64_t word, uint64_t from)
{
	uint64_t offset;
	uint32_t to = look_up(graph, word, &offset);
	int r = 0;

	if (likely(to == BLOCKS_NONE))
		return 0;
	if (is_inside(graph, to, offset)) {
		r = vec_push(&graph->insides,
			     ((struct graph_inside){ .at = graph->edges.count, .offset = offset }));
		to |= GRAPH_INSIDE;
	}
	if (r < 0)
		return r;
	return vec_push(&graph->edges, ((struct graph_edge){ to, from < UINT32_MAX ? (uint32_t)from
										   : UINT32_MAX }));
}

/* ------------------------------------------------------------ what blocks are */

/* Could that be the number of elements behind a head of so many bytes? */
static bool is_array_of(uint64_t number, uint64_t bytes, uint64_t head)
{
	if (bytes <= head)
		return bytes == head && !number;
	return number && number < bytes && (bytes - head) % number == 0;
}

/* All blocks of a site begin with the same table, or none counts. */
static void note_table(struct leaks_table *table, uint8_t head, const uint64_t *words, size_t count)
{
	uint64_t addr = head & GRAPH_VTABLE ? words[0] : TABLE_NONE;

	if (!table->addr && count > 1)
		table->next_word = words[1];
	if (!table->addr)
		table->addr = addr;
	else if (table->addr != addr)
		table->addr = TABLE_NONE;
}

static void look_at_head(struct graph *graph, uint32_t number, const uint64_t *words, size_t count)
{
	const struct block *block = &graph->blocks.at[number];
	uint8_t head = 0;

	if (count > 0 && is_array_of(words[0], block->bytes, 8))
		head |= GRAPH_COUNT_8;
	if (count > 1 && is_array_of(words[1], block->bytes, 16))
		head |= GRAPH_COUNT_16;
	if (count > 0 && words[0] >> 12 && words[0] >> 48 == 0 &&
	    graph_module(graph->view, words[0]))
		head |= GRAPH_VTABLE;
	graph->heads[number] |= head;
	if (block->site < graph->view->sites->count)
		note_table(&graph->tables[block->site], head, words, count);
}

/* ------------------------------------------------------------------- reading */

struct piece {
	uint64_t start;
	uint64_t end;
	uint8_t *bytes;
	graph_look *look; /* NULL: edges are made */
	void *arg;
};

/* Fill it; what cannot be read is zero. */
static void read_piece(struct graph *graph, struct piece *piece)
{
	const struct target *target = graph->target;
	uint64_t at = piece->start;

	while (at < piece->end) {
		uint8_t *to = piece->bytes + (at - piece->start);
		size_t n = target->read(target->arg, at, to, piece->end - at);
		uint64_t hole;

		at += n;
		if (at >= piece->end)
			break;
		hole = (at | (PAGE - 1)) + 1;
		if (hole > piece->end)
			hole = piece->end;
		memset(piece->bytes + (at - piece->start), 0, hole - at);
		graph->unread += hole - at;
		at = hole;
	}
}

/* Words of @number that lie in the piece, from @start to @end. */
static int scan_words(struct graph *graph, const struct piece *piece, uint32_t number,
		      uint64_t start, uint64_t end)
{
	const struct block *block = &graph->blocks.at[number];
	uint64_t lo = start > piece->start ? start : piece->start;
	uint64_t hi = end < piece->end ? end : piece->end;
	int r = 0;

	lo = (lo + 7) & ~7ull;
	if (lo >= hi)
		return 0;
	if (piece->look)
		return piece->look(piece->arg, number, piece->bytes + (lo - piece->start), hi - lo,
				   lo - block->addr);
	const uint64_t *words = (const void *)(piece->bytes + (lo - piece->start));
	size_t count = (hi - lo) / 8;

	if (lo == block->addr)
		look_at_head(graph, number, words, count);
	for (size_t i = 0; i < count && likely(r == 0); i++)
		r = add_edge(graph, words[i], lo + i * 8 - block->addr);
	return r;
}

static uint64_t end_of(const struct block *block)
{
	return block->addr + block->bytes;
}

/* All edges of the blocks that do not hold others. */
static int scan_inner(struct graph *graph, struct piece *piece)
{
	const struct blocks *blocks = &graph->blocks;
	uint32_t next = 0;  /* not read to its end */
	uint32_t first = 0; /* its edges have not begun */
	int r = 0;

	while (next < blocks->inner && r == 0) {
		uint32_t last = next;

		if (next >= first || piece->end < blocks->at[next].addr)
			piece->start = blocks->at[next].addr & ~7ull;
		else
			piece->start = piece->end;
		piece->end = piece->start + PIECE_BYTES;
		/* Not over gaps, nor beyond the last block. */
		while (last + 1 < blocks->inner && blocks->at[last + 1].addr < piece->end &&
		       blocks->at[last + 1].addr - end_of(&blocks->at[last]) < GAP_BYTES)
			last++;
		if (end_of(&blocks->at[last]) < piece->end)
			piece->end = end_of(&blocks->at[last]);
		if (piece->end > piece->start)
			read_piece(graph, piece);

		for (; next <= last && r == 0; next++) {
			const struct block *block = &blocks->at[next];

			if (next >= first && piece->look) {
				first = next + 1;
			} else if (next >= first) {
				graph->first[next] = graph->edges.count;
				first = next + 1;
				if (blocks->outer && blocks->outer[next] != BLOCKS_NONE)
					r = vec_push(&graph->edges,
						     ((struct graph_edge){ blocks->outer[next],
									   UINT32_MAX }));
			}
			if (r == 0)
				r = scan_words(graph, piece, next, block->addr, end_of(block));
			if (end_of(block) > piece->end)
				break;
		}
	}
	return r;
}

/* A block that holds others: only what is not theirs. */
static int scan_outer(struct graph *graph, struct piece *piece, uint32_t number)
{
	const struct blocks *blocks = &graph->blocks;
	const struct block *block = &blocks->at[number];
	uint32_t low = 0, high = blocks->inner;
	int r = 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (blocks->at[middle].addr < block->addr)
			low = middle + 1;
		else
			high = middle;
	}
	/* An arena of the interpreter: what is free in it still points everywhere. */
	if (low < blocks->inner && blocks->at[low].addr < end_of(block) &&
	    graph->heads[low] & GRAPH_PYTHON)
		return 0;
	for (uint64_t at = block->addr; at < end_of(block) && r == 0;) {
		uint64_t gap = low < blocks->inner && blocks->at[low].addr < end_of(block)
				       ? blocks->at[low].addr
				       : end_of(block);

		while (at < gap && r == 0) {
			piece->start = at & ~7ull;
			piece->end = gap - piece->start < PIECE_BYTES ? gap
								      : piece->start + PIECE_BYTES;
			read_piece(graph, piece);
			r = scan_words(graph, piece, number, at, piece->end);
			at = piece->end;
		}
		if (low < blocks->inner && gap < end_of(block)) {
			at = end_of(&blocks->at[low]);
			low++;
		} else {
			break;
		}
	}
	return r;
}

/* ---------------------------------------------------------------------- all */

static int scan_all(struct graph *graph, struct piece *piece)
{
	const struct blocks *blocks = &graph->blocks;
	int r;

	piece->bytes = malloc(PIECE_BYTES + 8);
	r = piece->bytes ? scan_inner(graph, piece) : -ENOMEM;
	for (uint32_t i = blocks->inner; i < blocks->count && r == 0; i++) {
		if (!piece->look)
			graph->first[i] = graph->edges.count;
		r = scan_outer(graph, piece, i);
	}
	free(piece->bytes);
	return r;
}

int graph_each(struct graph *graph, graph_look *look, void *arg)
{
	struct piece piece = { .look = look, .arg = arg };
	uint64_t unread = graph->unread;
	int r = scan_all(graph, &piece);

	graph->unread = unread;
	return r;
}

int graph_init(struct graph *graph, const struct session_view *view, const struct target *target)
{
	struct piece piece = { .bytes = NULL };
	const struct blocks *blocks = &graph->blocks;
	int r;

	*graph = (struct graph){ .view = view, .target = target };
	r = blocks_init(&graph->blocks, view);
	if (r < 0)
		return r;
	graph->low = UINT64_MAX;
	for (uint32_t i = 0; i < blocks->count; i++) {
		const struct block *block = &blocks->at[i];

		if (block->addr < graph->low)
			graph->low = block->addr;
		if (end_of(block) >= graph->high)
			graph->high = end_of(block) + 1;
	}
	if (!blocks->count)
		graph->low = 0;
	graph->first = calloc((size_t)blocks->count + 1, sizeof(*graph->first));
	graph->heads = calloc((size_t)blocks->count + 1, sizeof(*graph->heads));
	graph->tables = calloc((size_t)view->sites->count + 1, sizeof(*graph->tables));
	r = graph->first && graph->heads && graph->tables ? graph_owners(graph) : -ENOMEM;
	if (r == 0)
		r = scan_all(graph, &piece);
	if (r == 0)
		graph->first[blocks->count] = graph->edges.count;
	return r;
}

int graph_join(struct graph *graph, const struct graph_join *joins, size_t count)
{
	size_t all = graph->edges.count + count;
	struct graph_edge *edges = malloc(all * sizeof(*edges));
	size_t to = 0, join = 0, inside = 0;

	if (!edges)
		return -ENOMEM;
	for (uint32_t i = 0; i < graph->blocks.count; i++) {
		uint64_t begin = graph->first[i], end = graph->first[i + 1];

		/* Numbers of edges grow by what was put before them. */
		for (; inside < graph->insides.count; inside++) {
			struct graph_inside *at = &graph->insides.at[inside];

			if (at->is_root)
				continue;
			if (at->at >= end)
				break;
			at->at += join;
		}
		graph->first[i] = to;
		if (end > begin)
			memcpy(edges + to, graph->edges.at + begin, (end - begin) * sizeof(*edges));
		to += end - begin;
		for (; join < count && joins[join].block == i; join++)
			edges[to++] = joins[join].edge;
	}
	graph->first[graph->blocks.count] = to;
	free(graph->edges.at);
	graph->edges.at = edges;
	graph->edges.count = graph->edges.space = all;
	return 0;
}

void graph_fini(struct graph *graph)
{
	blocks_fini(&graph->blocks);
	vec_fini(&graph->edges);
	vec_fini(&graph->roots);
	vec_fini(&graph->insides);
	vec_fini(&graph->holders);
	free(graph->first);
	free(graph->heads);
	free(graph->tables);
}
