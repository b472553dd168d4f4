/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ordered ranges in two levels: an array of leaves, each an array of ranges.
 * Leaves are never empty, ranges never overlap.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "maps.h"

#define LEAF_RANGES 64u

/* No address space reaches beyond. */
#define ADDR_END (UINT64_C(1) << 57)

struct maps_leaf {
	uint32_t count;
	struct maps_range ranges[LEAF_RANGES];
};

/* Where a range is, or would be. */
struct place {
	size_t leaf;
	uint32_t i;
};

void maps_fini(struct maps *maps)
{
	for (size_t i = 0; i < maps->leaves_count; i++)
		free(maps->leaves[i]);
	free(maps->leaves);
	sites_fini(&maps->sites);
	*maps = (struct maps){ 0 };
}

/* The first range that ends above @addr; .leaf is leaves_count when there is none. */
static struct place find(const struct maps *maps, uint64_t addr)
{
	struct place place = { 0 };
	size_t end = maps->leaves_count;

	while (place.leaf < end) {
		size_t middle = place.leaf + (end - place.leaf) / 2;
		const struct maps_leaf *leaf = maps->leaves[middle];

		if (leaf->ranges[leaf->count - 1].end > addr)
			end = middle;
		else
			place.leaf = middle + 1;
	}
	if (place.leaf < maps->leaves_count)
		while (maps->leaves[place.leaf]->ranges[place.i].end <= addr)
			place.i++;
	return place;
}

static struct maps_range *range_at(const struct maps *maps, struct place place)
{
	return place.leaf < maps->leaves_count ? &maps->leaves[place.leaf]->ranges[place.i] : NULL;
}

const struct maps_range *maps_next(const struct maps *maps, uint64_t addr)
{
	return range_at(maps, find(maps, addr));
}

/* A new leaf at index @at. */
static struct maps_leaf *add_leaf(struct maps *maps, size_t at)
{
	struct maps_leaf *leaf;

	if (maps->leaves_count == maps->leaves_space) {
		size_t space = maps->leaves_space ? maps->leaves_space * 2 : 16;
		struct maps_leaf **leaves = realloc(maps->leaves, space * sizeof(*leaves));

		if (!leaves)
			return NULL;
		maps->leaves = leaves;
		maps->leaves_space = space;
	}
	leaf = calloc(1, sizeof(*leaf));
	if (!leaf)
		return NULL;
	memmove(maps->leaves + at + 1, maps->leaves + at,
		(maps->leaves_count - at) * sizeof(*maps->leaves));
	maps->leaves[at] = leaf;
	maps->leaves_count++;
	return leaf;
}

/* Put a range where nothing is. */
static int insert(struct maps *maps, const struct maps_range *range)
{
	struct place place = find(maps, range->start);
	struct maps_leaf *leaf;

	if (place.leaf == maps->leaves_count) {
		if (place.leaf) { /* behind the last */
			place.leaf--;
			place.i = maps->leaves[place.leaf]->count;
		} else if (!add_leaf(maps, 0)) {
			return -ENOMEM;
		}
	}
	leaf = maps->leaves[place.leaf];
	if (leaf->count == LEAF_RANGES) {
		struct maps_leaf *right = add_leaf(maps, place.leaf + 1);

		if (!right)
			return -ENOMEM;
		leaf->count = LEAF_RANGES / 2;
		right->count = LEAF_RANGES - leaf->count;
		memcpy(right->ranges, leaf->ranges + leaf->count,
		       right->count * sizeof(*right->ranges));
		if (place.i > leaf->count) {
			place.i -= leaf->count;
			leaf = right;
		}
	}
	memmove(leaf->ranges + place.i + 1, leaf->ranges + place.i,
		(leaf->count - place.i) * sizeof(*leaf->ranges));
	leaf->ranges[place.i] = *range;
	leaf->count++;
	return 0;
}

static void erase(struct maps *maps, struct place place)
{
	struct maps_leaf *leaf = maps->leaves[place.leaf];

	leaf->count--;
	memmove(leaf->ranges + place.i, leaf->ranges + place.i + 1,
		(leaf->count - place.i) * sizeof(*leaf->ranges));
	if (leaf->count)
		return;
	free(leaf);
	maps->leaves_count--;
	memmove(maps->leaves + place.leaf, maps->leaves + place.leaf + 1,
		(maps->leaves_count - place.leaf) * sizeof(*maps->leaves));
}

/* @bytes of @range are no more; @blocks is 1 when nothing of it is left. */
static void account_gone(struct maps *maps, const struct maps_range *range, uint64_t bytes,
			 uint64_t blocks)
{
	if (range->file)
		maps->file_bytes -= bytes;
	else
		sites_shrink(&maps->sites, &maps->sites.at[range->site], bytes, blocks);
}

/* One piece more of a site, with @bytes that were not alive just before. */
static void account_piece(struct maps *maps, const struct maps_range *range, uint64_t bytes,
			  uint64_t stamp)
{
	if (range->file) {
		maps->file_bytes += bytes;
	} else {
		maps->sites.at[range->site].pieces++;
		sites_grow(&maps->sites, &maps->sites.at[range->site], bytes, 1, stamp);
	}
}

static bool is_range(uint64_t start, uint64_t bytes, uint64_t *ret_end)
{
	return bytes && !__builtin_add_overflow(start, bytes, ret_end) && *ret_end <= ADDR_END;
}

static int cut(struct maps *maps, uint64_t start, uint64_t end)
{
	struct place place;
	struct maps_range *range;

	for (;;) {
		place = find(maps, start);
		range = range_at(maps, place);
		if (!range || range->start >= end)
			return 0;

		if (range->start < start && range->end > end) {
			struct maps_range right = *range;
			int err;

			/* Both halves stay: one block more. */
			account_gone(maps, range, end - start, 0);
			range->end = start;
			right.start = end;
			err = insert(maps, &right);
			if (err) {
				account_gone(maps, &right, right.end - right.start, 0);
				return err;
			}
			account_piece(maps, &right, 0, 0);
			return 0;
		}
		if (range->start < start) {
			account_gone(maps, range, range->end - start, 0);
			range->end = start;
		} else if (range->end > end) {
			account_gone(maps, range, end - range->start, 0);
			range->start = end;
			return 0;
		} else {
			account_gone(maps, range, range->end - range->start, 1);
			erase(maps, place);
		}
	}
}

int maps_remove(struct maps *maps, uint64_t start, uint64_t bytes)
{
	uint64_t end;

	return is_range(start, bytes, &end) ? cut(maps, start, end) : -EINVAL;
}

int maps_add(struct maps *maps, const struct maps_new *new)
{
	struct maps_range range = { .start = new->start, .file = new->file };
	int err;

	if (!is_range(new->start, new->bytes, &range.end))
		return -EINVAL;
	err = cut(maps, range.start, range.end);
	if (err)
		return err;
	if (!new->file) {
		range.site = sites_get(&maps->sites, new->stack, TENURE_FN_MMAP);
		if (range.site == SITES_NONE)
			return -ENOMEM;
	}
	err = insert(maps, &range);
	if (err)
		return err;

	if (new->file) {
		maps->file_bytes += new->bytes;
	} else {
		struct site *site = &maps->sites.at[range.site];

		site->allocations++;
		site->bytes += new->bytes;
		sites_grow(&maps->sites, site, new->bytes, 1, new->stamp);
	}
	return 0;
}

struct pieces {
	VEC(struct maps_range) ranges;
};

/* Copies of what lies between @start and @end, cut to fit. */
static int copy_pieces(const struct maps *maps, uint64_t start, uint64_t end, struct pieces *pieces)
{
	for (uint64_t at = start; at < end;) {
		const struct maps_range *range = maps_next(maps, at);
		struct maps_range piece;
		int err;

		if (!range || range->start >= end)
			break;
		piece = *range;
		if (piece.start < start)
			piece.start = start;
		if (piece.end > end)
			piece.end = end;
		err = vec_push(&pieces->ranges, piece);
		if (err)
			return err;
		at = range->end;
	}
	return 0;
}

/* What a move adds behind the old bytes is a range of its own. */
static int add_rest(struct maps *maps, const struct maps_move *move, uint64_t kept, bool file)
{
	const struct maps_new rest = {
		.start = move->new_start + kept,
		.bytes = move->new_bytes - kept,
		.stack = move->stack,
		.file = file,
		.stamp = move->stamp,
	};

	return rest.bytes ? maps_add(maps, &rest) : 0;
}

static int move_pieces(struct maps *maps, const struct maps_move *move, const struct pieces *pieces,
		       uint64_t kept)
{
	size_t count = pieces->ranges.count;
	int err = move->keep ? 0 : cut(maps, move->old_start, move->old_start + move->old_bytes);

	if (!err)
		err = cut(maps, move->new_start, move->new_start + move->new_bytes);
	for (size_t i = 0; i < count && !err; i++) {
		struct maps_range piece = pieces->ranges.at[i];

		piece.start += move->new_start - move->old_start;
		piece.end += move->new_start - move->old_start;
		err = insert(maps, &piece);
		if (!err)
			account_piece(maps, &piece, piece.end - piece.start, move->stamp);
	}
	if (err)
		return err;
	/* A range nobody told of (made before recording began) is the mover's now. */
	return add_rest(maps, move, count ? kept : 0, count && pieces->ranges.at[count - 1].file);
}

int maps_move(struct maps *maps, const struct maps_move *move)
{
	uint64_t kept = move->old_bytes < move->new_bytes ? move->old_bytes : move->new_bytes;
	struct pieces pieces = { 0 };
	uint64_t old_end = move->old_start;
	uint64_t new_end;
	int err;

	if ((move->old_bytes && !is_range(move->old_start, move->old_bytes, &old_end)) ||
	    !is_range(move->new_start, move->new_bytes, &new_end))
		return -EINVAL;
	if (move->old_bytes && move->old_start == move->new_start &&
	    move->new_bytes < move->old_bytes)
		return cut(maps, new_end, old_end);

	err = copy_pieces(maps, move->old_start, move->old_start + kept, &pieces);
	if (!err && move->old_bytes && move->old_start == move->new_start)
		err = add_rest(maps, move, kept,
			       pieces.ranges.count &&
				       pieces.ranges.at[pieces.ranges.count - 1].file);
	else if (!err)
		err = move_pieces(maps, move, &pieces, kept);
	vec_fini(&pieces.ranges);
	return err;
}
