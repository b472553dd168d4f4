/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last attempt before a block is called lost: its address at any byte, or
 * under 16 bits of something else; or its distance from the place where that is
 * written, if all blocks of that kind have such a distance there.
 *
 * Only beginnings count: of the numbers in memory hardly one is that of a lost
 * block by chance.  For distances, which are small numbers, this does not hold:
 * a place is out as soon as one block of the site has another number there.
 */
#include "hidden.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/parallel.h"
#include "model/sites.h"

#define FOUND_MAX     (1u << 20) /* and as many as there are blocks */
#define HABIT_BLOCKS  4u	 /* so many make a habit */
#define HABITS_MAX    64u
#define PLACES_MAX    8192u /* of a site, words */
#define ADDRESS_BITS  48
#define NEAR_BYTES    (INT64_C(1) << 36)
#define FILTERS_MAX   8u
#define FILTER_SPLITS 3u
#define FILTER_NEAR   4u
#define REGION_SHIFT  22u

/* A pointer to the beginning of a block; @whose: the block it lies in. */
struct word {
	uint32_t whose;
	uint32_t from;
	uint32_t to;
};

/* A word in a block that is the distance from itself to the beginning of another. */
struct distance {
	uint32_t site;
	uint32_t from;
	uint32_t whose;
	uint32_t to;
};

/* What one thread has found. */
struct found {
	VEC(struct word) words;
	VEC(struct distance) distances;
};

/* Addresses of blocks: the byte number @at is from @low to @low + @span, those above are 0. */
struct filter {
	unsigned int at;
	uint8_t low;
	uint8_t span;
};

/*
 * @places: by site: the first of its places in @out, one more at the end
 * @out:    by place: a number lies there that is no distance
 */
struct hidden {
	const struct graph *graph;
	struct filter filters[FILTERS_MAX];
	unsigned int filters_count;
	uint64_t *places;
	uint8_t *out;
	size_t limit;
	struct found found[PARALLEL_MAX];
	VEC(struct graph_root) roots;
};

/* ------------------------------------------------------------------- filters */

static void add_to_filters(struct hidden *hidden, uint64_t addr)
{
	unsigned int at = addr ? (63u - (unsigned int)__builtin_clzll(addr)) / 8 : 1;
	struct filter *filter = NULL;
	uint8_t byte;

	at = at < 1 ? 1 : at > 6 ? 6 : at;
	byte = (uint8_t)(addr >> (8 * at));
	/* Blocks come in order of addresses: it can only be above the last one. */
	if (hidden->filters_count)
		filter = &hidden->filters[hidden->filters_count - 1];
	if (filter &&
	    (filter->at != at || (hidden->filters_count < FILTER_SPLITS &&
				  (unsigned int)(byte - filter->low) > filter->span + FILTER_NEAR)))
		filter = NULL;
	if (!filter && hidden->filters_count < FILTERS_MAX) {
		filter = &hidden->filters[hidden->filters_count++];
		*filter = (struct filter){ .at = at, .low = byte };
	}
	if (filter)
		filter->span = (uint8_t)(byte - filter->low);
}

static void make_filters(struct hidden *hidden)
{
	const struct blocks *blocks = &hidden->graph->blocks;
	uint64_t last = UINT64_MAX;

	for (uint32_t i = 0; i < blocks->inner; i++) {
		if (blocks->at[i].addr >> REGION_SHIFT == last)
			continue;
		last = blocks->at[i].addr >> REGION_SHIFT;
		add_to_filters(hidden, blocks->at[i].addr);
	}
}

/* -------------------------------------------------------------------- places */

/* So many words of each site as its largest block has, if it has enough blocks. */
static int make_places(struct hidden *hidden)
{
	const struct blocks *blocks = &hidden->graph->blocks;
	const struct sites *sites = hidden->graph->view->sites;
	uint64_t count = 0;

	hidden->places = calloc((size_t)sites->count + 1, sizeof(*hidden->places));
	if (!hidden->places)
		return -ENOMEM;
	for (uint32_t i = 0; i < blocks->count; i++) {
		const struct block *block = &blocks->at[i];
		uint64_t words = block->bytes / 8 < PLACES_MAX ? block->bytes / 8 : PLACES_MAX;

		if (block->site < sites->count && words > hidden->places[block->site])
			hidden->places[block->site] = words;
	}
	for (uint32_t i = 0; i <= sites->count; i++) {
		uint64_t words = hidden->places[i];

		hidden->places[i] = count;
		if (i < sites->count && sites->at[i].live_blocks >= HABIT_BLOCKS)
			count += words;
	}
	hidden->out = calloc((size_t)count + 1, 1);
	return hidden->out ? 0 : -ENOMEM;
}

struct hidden *hidden_new(const struct graph *graph)
{
	struct hidden *hidden = calloc(1, sizeof(*hidden));

	if (!hidden)
		return NULL;
	hidden->graph = graph;
	hidden->limit = (size_t)graph->blocks.count + FOUND_MAX;
	make_filters(hidden);
	return make_places(hidden) < 0 ? hidden_free(hidden) : hidden;
}

struct hidden *hidden_free(struct hidden *hidden)
{
	if (!hidden)
		return NULL;
	for (size_t i = 0; i < PARALLEL_MAX; i++) {
		vec_fini(&hidden->found[i].words);
		vec_fini(&hidden->found[i].distances);
	}
	vec_fini(&hidden->roots);
	free(hidden->places);
	free(hidden->out);
	free(hidden);
	return NULL;
}

/* ------------------------------------------------------------------- looking */

/* Where it is looked, and for whom. */
struct place {
	struct found *found; /* NULL: not in a block */
	uint32_t whose;
	uint64_t from;
};

/* The block that begins there, or BLOCKS_NONE. */
static uint32_t find_start(const struct graph *graph, uint64_t word)
{
	uint64_t offset;
	uint32_t to;

	if (word - graph->low >= graph->high - graph->low)
		return BLOCKS_NONE;
	to = blocks_find(&graph->blocks, word, &offset);
	return to != BLOCKS_NONE && offset == 0 ? to : BLOCKS_NONE;
}

static int note(struct hidden *hidden, const struct place *place, uint64_t from, uint64_t word)
{
	uint32_t to = find_start(hidden->graph, word);

	if (to == BLOCKS_NONE)
		return 0;
	if (!place->found)
		return vec_push(&hidden->roots, ((struct graph_root){ to, place->whose, from }));
	if (place->found->words.count >= hidden->limit || from >= UINT32_MAX)
		return 0;
	return vec_push(&place->found->words, ((struct word){ place->whose, (uint32_t)from, to }));
}

/* At any byte but those where pointers should lie: the windows of 8 bytes that pass a filter. */
static int look_between(struct hidden *hidden, const struct place *place,
			const struct filter *filter, const uint8_t *bytes, size_t count,
			size_t seen)
{
	typedef uint8_t vector __attribute__((vector_size(16)));
	static const vector between = { 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1 };
	const vector low = between * 0 + filter->low;
	const vector span = between * 0 + filter->span;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i += sizeof(vector)) {
		vector top, below, above, part, passed;
		uint64_t halves[2];

		memcpy(&top, bytes + i + filter->at, sizeof(top));
		memcpy(&below, bytes + i + filter->at - 1, sizeof(below));
		memcpy(&above, bytes + i + 7, sizeof(above));
		for (unsigned int k = filter->at + 1; k < 7; k++) {
			memcpy(&part, bytes + i + k, sizeof(part));
			above |= part;
		}
		passed = (vector)(above == 0) & (vector)((vector)(top - low) <= span) &
			 (vector)((top | below) != 0) & between;
		memcpy(halves, &passed, sizeof(halves));
		if (likely(!(halves[0] | halves[1])))
			continue;
		for (size_t k = i; k < i + sizeof(vector) && k < count && r == 0; k++) {
			uint64_t word;

			if (!(halves[(k - i) / 8] >> (k - i) % 8 * 8 & 1) || k + 8 > seen)
				continue;
			memcpy(&word, bytes + k, sizeof(word));
			r = note(hidden, place, place->from + k, word);
		}
	}
	return r;
}

/* Return: 0 or -ENOMEM.  @out: of the place. */
static int note_distance(struct hidden *hidden, const struct place *place, uint64_t from,
			 uint64_t distance, uint8_t *out)
{
	const struct block *block = &hidden->graph->blocks.at[place->whose];
	uint32_t to = find_start(hidden->graph, block->addr + from + distance);

	if (to == BLOCKS_NONE) {
		__atomic_store_n(out, 1, __ATOMIC_RELAXED);
		return 0;
	}
	if (place->found->distances.count >= hidden->limit)
		return 0;
	return vec_push(
		&place->found->distances,
		((struct distance){ (uint32_t)block->site, (uint32_t)from, place->whose, to }));
}

static inline bool is_near(uint64_t word)
{
	return word + NEAR_BYTES < 2 * NEAR_BYTES;
}

/* Where pointers should lie.  @out: of the places of these words; @places of them count. */
static int look_at_words(struct hidden *hidden, const struct place *place, const uint64_t *words,
			 size_t count, uint8_t *out, size_t places)
{
	int r = 0;

	for (size_t i = 0; i < count && likely(r == 0); i++) {
		uint64_t word = words[i];

		if (!word)
			continue;
		if (i < places && !__atomic_load_n(&out[i], __ATOMIC_RELAXED)) {
			if (is_near(word))
				r = note_distance(hidden, place, place->from + 8 * i, word,
						  &out[i]);
			else
				__atomic_store_n(&out[i], 1, __ATOMIC_RELAXED);
		}
		if (unlikely(word >> ADDRESS_BITS) && r == 0)
			r = note(hidden, place, place->from + 8 * i,
				 word & ((UINT64_C(1) << ADDRESS_BITS) - 1) & ~7ull);
	}
	return r;
}

int hidden_look(struct hidden *hidden, unsigned int worker, uint32_t block, const uint8_t *bytes,
		uint64_t from, size_t count, size_t seen)
{
	const struct place place = { &hidden->found[worker], block, from };
	uint64_t site = hidden->graph->blocks.at[block].site;
	uint64_t first = 0, places = 0;
	int r;

	if (site < hidden->graph->view->sites->count && from % 8 == 0) {
		first = hidden->places[site] + from / 8;
		places = first < hidden->places[site + 1] ? hidden->places[site + 1] - first : 0;
	}
	r = look_at_words(hidden, &place, (const void *)bytes, count / 8, hidden->out + first,
			  places);
	for (unsigned int i = 0; i < hidden->filters_count && r == 0; i++)
		r = look_between(hidden, &place, &hidden->filters[i], bytes, count, seen);
	return r;
}

int hidden_look_root(struct hidden *hidden, uint32_t holder, const uint8_t *bytes, uint64_t addr,
		     size_t count)
{
	const struct place place = { NULL, holder, addr };
	int r = look_at_words(hidden, &place, (const void *)bytes, count / 8, NULL, 0);

	for (unsigned int i = 0; i < hidden->filters_count && r == 0; i++)
		r = look_between(hidden, &place, &hidden->filters[i], bytes, count, count);
	return r;
}

/* -------------------------------------------------------------------- taking */

typedef VEC(struct graph_join) join_vec;
typedef VEC(struct distance) distance_vec;

static int by_place(const void *a, const void *b)
{
	const struct distance *x = a, *y = b;

	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

static int add_join(join_vec *joins, uint32_t block, uint32_t from, uint32_t to)
{
	return vec_push(joins, ((struct graph_join){ block, { .to = to, .from = from } }));
}

/* To lost blocks, from places that are not out. */
static int sift_distances(const struct hidden *hidden, const struct classify *classify,
			  distance_vec *ret_distances)
{
	int r = 0;

	for (size_t w = 0; w < PARALLEL_MAX; w++) {
		const struct found *found = &hidden->found[w];

		for (size_t i = 0; i < found->distances.count && r == 0; i++) {
			const struct distance *distance = &found->distances.at[i];
			uint64_t out = hidden->places[distance->site] + distance->from / 8;

			if (classify->class[distance->to] == CLASSIFY_UNSEEN && !hidden->out[out])
				r = vec_push(ret_distances, *distance);
		}
	}
	return r;
}

static int take_distances(const struct hidden *hidden, const struct classify *classify,
			  join_vec *joins)
{
	distance_vec all = { 0 };
	unsigned int habits = 0;
	int r = sift_distances(hidden, classify, &all);
	const struct distance *at = all.at;

	if (r == 0 && all.count)
		qsort(all.at, all.count, sizeof(*at), by_place);
	for (size_t i = 0, end; i < all.count && r == 0; i = end) {
		uint32_t targets = 1;

		for (end = i + 1;
		     end < all.count && at[end].site == at[i].site && at[end].from == at[i].from;
		     end++)
			targets += at[end].to != at[end - 1].to;
		if (targets < HABIT_BLOCKS || habits++ >= HABITS_MAX)
			continue;
		for (size_t k = i; k < end && r == 0; k++)
			r = add_join(joins, at[k].whose, at[k].from, at[k].to);
	}
	vec_fini(&all);
	return r;
}

static int take_words(const struct hidden *hidden, const struct classify *classify, join_vec *joins)
{
	int r = 0;

	for (size_t w = 0; w < PARALLEL_MAX; w++) {
		const struct found *found = &hidden->found[w];

		for (size_t i = 0; i < found->words.count && r == 0; i++) {
			const struct word *word = &found->words.at[i];

			if (classify->class[word->to] == CLASSIFY_UNSEEN)
				r = add_join(joins, word->whose, word->from, word->to);
		}
	}
	return r;
}

static int by_block(const void *a, const void *b)
{
	const struct graph_join *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return x->edge.from < y->edge.from ? -1 : x->edge.from > y->edge.from;
}

int hidden_find(struct graph *graph, struct classify *classify)
{
	struct hidden *hidden = graph->hidden;
	join_vec joins = { 0 };
	bool is_new = false;
	int r = 0;

	for (size_t i = 0; i < hidden->roots.count && r == 0; i++) {
		if (classify->class[hidden->roots.at[i].to] != CLASSIFY_UNSEEN)
			continue;
		is_new = true;
		r = vec_push(&graph->roots, hidden->roots.at[i]);
	}
	if (r == 0)
		r = take_words(hidden, classify, &joins);
	if (r == 0)
		r = take_distances(hidden, classify, &joins);
	graph->hidden = hidden_free(hidden);
	if (r == 0 && joins.count) {
		is_new = true;
		qsort(joins.at, joins.count, sizeof(*joins.at), by_block);
		r = graph_join(graph, joins.at, joins.count);
	}
	vec_fini(&joins);
	return r == 0 && is_new ? classify_reach(classify, graph) : r;
}
