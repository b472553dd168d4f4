/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All pointers between blocks.
 *
 * Blocks are dealt out to several threads, in chunks in order of addresses.
 * Memory is read in pieces that the cache holds; words that may be pointers are
 * put aside first and looked up afterwards, so that the index has time to come
 * from memory.  What the chunks have found is put together in their order.  A
 * tag in the three low bits of a pointer is passed over.
 */
#include "edges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/huge.h"
#include "base/parallel.h"
#include "heads.h"
#include "hidden.h"

#define CHUNK_BYTES  (4u << 20)
#define CHUNK_BLOCKS 65536u
#define PIECE_BYTES  (256u << 10)
#define GAP_BYTES    16384u /* that are read along rather than skipped */
#define PAGE	     4096u
#define WORDS	     2048u /* that are put aside */
#define AHEAD	     16u

/*
 * @block, @stop:  the blocks from one to before the other
 * @start, @end:   of the first one, what lies between; all others whole
 * @next:          the first whose pointers have not begun
 */
struct chunk {
	uint32_t block;
	uint32_t stop;
	uint64_t start;
	uint64_t end;
	uint32_t next;
	VEC(struct graph_edge) edges;
	VEC(struct graph_inside) insides;
};

/* A word that may be a pointer. */
struct word {
	uint64_t word;
	uint32_t block;
	uint32_t from;
};

/* What one thread works with. */
struct reader {
	uint8_t *bytes;
	struct word *words;
	size_t words_count;
	struct heads *heads;
	uint64_t unread;
};

/* @start: a multiple of 8; @end: of what is looked at; @seen: of what has been read */
struct piece {
	uint64_t start;
	uint64_t end;
	uint64_t seen;
};

struct pass {
	struct graph *graph;
	struct reader readers[PARALLEL_MAX];
	VEC(struct chunk) chunks;
	size_t *firsts; /* by chunk: the number of its first edge */
};

static inline uint64_t end_of(const struct block *block)
{
	return block->addr + block->bytes;
}

/* -------------------------------------------------------------------- chunks */

/* A block that is too large for one. */
static int add_parts(struct pass *pass, uint32_t block)
{
	const struct block *at = &pass->graph->blocks.at[block];
	uint64_t start = at->addr;
	int r = 0;

	while (start < end_of(at) && r == 0) {
		uint64_t end = (start & ~7ull) + CHUNK_BYTES;

		end = end < end_of(at) ? end : end_of(at);
		r = vec_push(&pass->chunks,
			     ((struct chunk){ .block = block,
					      .stop = block + 1,
					      .start = start,
					      .end = end,
					      .next = start == at->addr ? block : block + 1 }));
		start = end;
	}
	return r;
}

static int make_chunks(struct pass *pass)
{
	const struct blocks *blocks = &pass->graph->blocks;
	int r = 0;

	for (uint32_t i = 0; i < blocks->count && r == 0;) {
		struct chunk chunk = { .block = i, .start = blocks->at[i].addr, .next = i };
		uint64_t bytes = 0;

		if (blocks->at[i].bytes > CHUNK_BYTES) {
			r = add_parts(pass, i++);
			continue;
		}
		chunk.end = end_of(&blocks->at[i]);
		/* Those that hold others are read one by one. */
		do {
			bytes += blocks->at[i++].bytes;
		} while (i < blocks->inner && bytes + blocks->at[i].bytes <= CHUNK_BYTES &&
			 i - chunk.block < CHUNK_BLOCKS);
		chunk.stop = i;
		r = vec_push(&pass->chunks, chunk);
	}
	return r;
}

/* ------------------------------------------------------------------- reading */

/* Fill it; what cannot be read is zero. */
static void read_piece(const struct pass *pass, struct reader *reader, const struct piece *piece)
{
	const struct target *target = pass->graph->target;
	uint64_t at = piece->start;

	while (at < piece->seen) {
		uint8_t *to = reader->bytes + (at - piece->start);
		size_t n = target->read(target->arg, at, to, piece->seen - at);
		uint64_t hole;

		at += n;
		if (at >= piece->seen)
			break;
		hole = (at | (PAGE - 1)) + 1;
		if (hole > piece->seen)
			hole = piece->seen;
		memset(reader->bytes + (at - piece->start), 0, hole - at);
		reader->unread += hole - at;
		at = hole;
	}
	memset(reader->bytes + (piece->seen - piece->start), 0, HIDDEN_AHEAD);
}

/* ------------------------------------------------------------------- looking */

/* The pointers of all blocks up to @last begin now, if they have not. */
static int begin_blocks(struct graph *graph, struct chunk *chunk, uint32_t last)
{
	const uint32_t *outer = graph->blocks.outer;
	int r = 0;

	for (; chunk->next <= last && r == 0; chunk->next++) {
		graph->first[chunk->next] = (uint32_t)chunk->edges.count;
		if (outer && chunk->next < graph->blocks.inner && outer[chunk->next] != BLOCKS_NONE)
			r = vec_push(&chunk->edges,
				     ((struct graph_edge){ outer[chunk->next], UINT32_MAX }));
	}
	return r;
}

static inline int add_edge(struct graph *graph, struct chunk *chunk, const struct word *word)
{
	uint64_t offset;
	uint32_t to = graph_find(graph, word->word, &offset);
	int r = 0;

	if (to == BLOCKS_NONE)
		return 0;
	if (chunk->next <= word->block)
		r = begin_blocks(graph, chunk, word->block);
	if (graph_is_inside(graph, to, offset) && r == 0) {
		r = vec_push(&chunk->insides,
			     ((struct graph_inside){ .at = chunk->edges.count, .offset = offset }));
		to |= GRAPH_INSIDE;
	}
	if (r < 0)
		return r;
	return vec_push(&chunk->edges, ((struct graph_edge){ to, word->from }));
}

/* Look up what was put aside. */
static int look_up(struct graph *graph, struct chunk *chunk, struct reader *reader)
{
	const struct word *words = reader->words;
	size_t count = reader->words_count;
	int r = 0;

	for (size_t i = 0; i < count + 2 * AHEAD && r == 0; i++) {
		if (i < count)
			blocks_fetch(&graph->blocks, words[i].word);
		if (i >= AHEAD && i - AHEAD < count)
			blocks_fetch_block(&graph->blocks, words[i - AHEAD].word);
		if (i >= 2 * AHEAD)
			r = add_edge(graph, chunk, &words[i - 2 * AHEAD]);
	}
	reader->words_count = 0;
	return r;
}

/* The words of @number from @start to @end that lie in the piece. */
static int look_at(struct pass *pass, unsigned int worker, struct chunk *chunk,
		   const struct piece *piece, uint32_t number, uint64_t start, uint64_t end)
{
	struct graph *graph = pass->graph;
	struct reader *reader = &pass->readers[worker];
	const struct block *block = &graph->blocks.at[number];
	uint64_t lo = ((start > piece->start ? start : piece->start) + 7) & ~7ull;
	uint64_t hi = end < piece->end ? end : piece->end;
	uint64_t seen = end_of(block) < piece->seen ? end_of(block) : piece->seen;
	uint64_t from = lo - block->addr;
	struct pyheap_words known;
	bool is_known = graph->python && pyheap_words(graph->python, number, &known);
	int r = 0;

	if (lo >= hi)
		return 0;
	const uint8_t *bytes = reader->bytes + (lo - piece->start);
	const uint64_t *words = (const void *)bytes;
	size_t count = (hi - lo) / 8;

	if (lo == block->addr)
		heads_look(reader->heads, number, words, count);
	for (size_t i = 0; i < count; i++) {
		if (likely(words[i] - graph->low >= graph->high - graph->low))
			continue;
		if (unlikely(is_known) && !pyheap_is_reference(&known, from + 8 * i))
			continue;
		if (reader->words_count == WORDS)
			r = look_up(graph, chunk, reader);
		if (r < 0)
			return r;
		reader->words[reader->words_count++] = (struct word){
			.word = words[i],
			.block = number,
			.from = from + 8 * i < UINT32_MAX ? (uint32_t)(from + 8 * i) : UINT32_MAX,
		};
	}
	/* Where references are known to be, there are no other ones. */
	if (is_known && known.to > known.from)
		return 0;
	return hidden_look(graph->hidden, worker, number, bytes, from, hi - lo, seen - lo);
}

/*
 * Memory that was reserved, and that nobody has written to yet: to read it would take
 * longer than all the rest.  Where a block begins, its first words say what it is.
 */
static bool is_untouched(const struct pass *pass, uint32_t block, uint64_t start, uint64_t end)
{
	const struct target *target = pass->graph->target;

	return start > pass->graph->blocks.at[block].addr && end - start >= PIECE_BYTES &&
	       target->is_untouched(target->arg, start, end - start);
}

/* Several blocks that lie near each other, or one, as much as is in @start to @end. */
static int scan_blocks(struct pass *pass, unsigned int worker, struct chunk *chunk, uint32_t first,
		       uint32_t stop, uint64_t start, uint64_t end)
{
	const struct block *at = pass->graph->blocks.at;
	uint64_t limit = first < pass->graph->blocks.inner ? end_of(&at[stop - 1]) : end;
	struct piece piece = { .end = start & ~7ull };
	int r = 0;

	while (piece.end < end && r == 0) {
		piece.start = piece.end;
		piece.end = end - piece.start < PIECE_BYTES ? end : piece.start + PIECE_BYTES;
		/* What lies across is seen here. */
		piece.seen = limit - piece.end < 8 ? limit : piece.end + 8;
		if (stop == first + 1 && is_untouched(pass, first, piece.start, piece.end))
			continue;
		read_piece(pass, &pass->readers[worker], &piece);
		for (uint32_t i = first; i < stop && r == 0; i++)
			r = look_at(pass, worker, chunk, &piece, i,
				    at[i].addr > start ? at[i].addr : start,
				    end_of(&at[i]) < end ? end_of(&at[i]) : end);
	}
	return r;
}

static int scan_inner(struct pass *pass, unsigned int worker, struct chunk *chunk)
{
	const struct block *at = pass->graph->blocks.at;
	uint64_t start = chunk->start;
	int r = 0;

	for (uint32_t first = chunk->block, next; first < chunk->stop && r == 0; first = next) {
		uint64_t end = first == chunk->block ? chunk->end : end_of(&at[first]);

		next = first + 1;
		while (next < chunk->stop && at[next].addr - end < GAP_BYTES &&
		       end_of(&at[next]) - start <= PIECE_BYTES - 8)
			end = end_of(&at[next++]);
		r = scan_blocks(pass, worker, chunk, first, next, start, end);
		if (next < chunk->stop)
			start = at[next].addr;
	}
	return r;
}

/* The first of those in order that does not lie before @addr. */
static uint32_t find_from(const struct blocks *blocks, uint64_t addr)
{
	uint32_t low = 0, high = blocks->inner;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (end_of(&blocks->at[middle]) <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of a block that holds others only what is not theirs. */
static int scan_outer(struct pass *pass, unsigned int worker, struct chunk *chunk)
{
	const struct graph *graph = pass->graph;
	const struct blocks *blocks = &graph->blocks;
	const struct block *block = &blocks->at[chunk->block];
	uint32_t inner = find_from(blocks, block->addr);
	uint64_t at = chunk->start;
	int r = 0;

	/* An arena of the interpreter: what is free in it still points everywhere. */
	if (inner < blocks->inner && blocks->at[inner].addr < end_of(block) &&
	    graph->heads[inner] & GRAPH_PYTHON)
		return 0;
	for (inner = find_from(blocks, at); at < chunk->end && r == 0; inner++) {
		bool is_last = inner >= blocks->inner || blocks->at[inner].addr >= chunk->end;
		uint64_t gap = is_last ? chunk->end : blocks->at[inner].addr;

		if (at < gap)
			r = scan_blocks(pass, worker, chunk, chunk->block, chunk->block + 1, at,
					gap);
		if (is_last)
			break;
		if (end_of(&blocks->at[inner]) > at)
			at = end_of(&blocks->at[inner]);
	}
	return r;
}

/* ----------------------------------------------------------------------- all */

static int scan_chunk(void *arg, unsigned int worker, size_t index)
{
	struct pass *pass = arg;
	struct chunk *chunk = &pass->chunks.at[index];
	struct reader *reader = &pass->readers[worker];
	int r = 0;

	if (!is_untouched(pass, chunk->block, chunk->start, chunk->end))
		r = chunk->block < pass->graph->blocks.inner ? scan_inner(pass, worker, chunk)
							     : scan_outer(pass, worker, chunk);
	if (r == 0)
		r = look_up(pass->graph, chunk, reader);
	return r < 0 ? r : begin_blocks(pass->graph, chunk, chunk->stop - 1);
}

/* The blocks that begin in a chunk. */
static uint32_t first_of(const struct pass *pass, const struct chunk *chunk)
{
	return chunk->start == pass->graph->blocks.at[chunk->block].addr ? chunk->block
									 : chunk->stop;
}

static int take_chunk(void *arg, unsigned int worker, size_t index)
{
	struct pass *pass = arg;
	struct graph *graph = pass->graph;
	struct chunk *chunk = &pass->chunks.at[index];
	size_t first = pass->firsts[index];

	(void)worker;
	if (chunk->edges.count)
		memcpy(graph->edges.at + first, chunk->edges.at,
		       chunk->edges.count * sizeof(*chunk->edges.at));
	vec_fini(&chunk->edges);
	for (uint32_t i = first_of(pass, chunk); i < chunk->stop; i++)
		graph->first[i] += (uint32_t)first;
	for (size_t i = 0; i < chunk->insides.count; i++)
		chunk->insides.at[i].at += first;
	return 0;
}

static int take_all(struct pass *pass, unsigned int workers)
{
	struct graph *graph = pass->graph;
	size_t insides = 0, edges = 0;
	int r;

	pass->firsts = calloc(pass->chunks.count + 1, sizeof(*pass->firsts));
	if (!pass->firsts)
		return -ENOMEM;
	for (size_t i = 0; i < pass->chunks.count; i++) {
		pass->firsts[i] = edges;
		edges += pass->chunks.at[i].edges.count;
		insides += pass->chunks.at[i].insides.count;
	}
	if (edges >= UINT32_MAX)
		return -E2BIG;
	r = vec_reserve(&graph->edges, edges + 1);
	if (r == 0)
		r = vec_reserve(&graph->insides, insides + 1);
	if (r == 0) {
		huge_hint(graph->edges.at, graph->edges.space * sizeof(*graph->edges.at));
		r = parallel_each(pass->chunks.count, workers, take_chunk, pass);
	}
	if (r < 0)
		return r;
	graph->edges.count = edges;
	graph->first[graph->blocks.count] = (uint32_t)edges;
	for (size_t i = 0; i < pass->chunks.count; i++) {
		const struct chunk *chunk = &pass->chunks.at[i];

		if (chunk->insides.count)
			memcpy(graph->insides.at + graph->insides.count, chunk->insides.at,
			       chunk->insides.count * sizeof(*chunk->insides.at));
		graph->insides.count += chunk->insides.count;
	}
	return 0;
}

static int make_readers(struct pass *pass, unsigned int workers)
{
	for (unsigned int i = 0; i < workers; i++) {
		struct reader *reader = &pass->readers[i];

		reader->bytes = malloc(PIECE_BYTES + 16 + HIDDEN_AHEAD);
		reader->words = malloc(WORDS * sizeof(*reader->words));
		reader->heads = heads_new(pass->graph);
		if (!reader->bytes || !reader->words || !reader->heads)
			return -ENOMEM;
	}
	return 0;
}

int edges_find(struct graph *graph)
{
	struct pass pass = { .graph = graph };
	unsigned int workers = parallel_workers();
	int r = make_chunks(&pass);

	if (workers > pass.chunks.count)
		workers = pass.chunks.count ? (unsigned int)pass.chunks.count : 1;
	if (r == 0)
		r = make_readers(&pass, workers);
	if (r == 0)
		r = parallel_each(pass.chunks.count, workers, scan_chunk, &pass);
	if (r == 0)
		r = take_all(&pass, workers);
	for (unsigned int i = 0; i < workers; i++) {
		struct reader *reader = &pass.readers[i];

		if (i > 0 && r == 0)
			heads_merge(pass.readers[0].heads, reader->heads);
		else if (i > 0)
			heads_free(reader->heads);
		graph->unread += reader->unread;
		free(reader->bytes);
		free(reader->words);
	}
	if (r == 0)
		heads_tables(pass.readers[0].heads, graph->tables);
	heads_free(pass.readers[0].heads);
	for (size_t i = 0; i < pass.chunks.count; i++) {
		vec_fini(&pass.chunks.at[i].edges);
		vec_fini(&pass.chunks.at[i].insides);
	}
	vec_fini(&pass.chunks);
	free(pass.firsts);
	return r;
}
