/* SPDX-License-Identifier: Apache-2.0 */
/* Words of memory outside of blocks, and the blocks they point at. */
#include "range.h"

#include <string.h>

#include "base/err.h"
#include "hidden.h"

#define PIECE_BYTES 65536u
#define PAGE	    4096u

static int look_at(struct graph *graph, const struct range *range, uint64_t addr, uint64_t word)
{
	uint64_t offset;
	uint32_t to;

	if (likely(word - graph->low >= graph->high - graph->low))
		return 0;
	if (range->initial && initial_is(range->initial, addr, word))
		return 0;
	if (range->starts_only || range->no_mapped) {
		to = blocks_find(&graph->blocks, word, &offset);
		if (to == BLOCKS_NONE || (range->starts_only && offset >= 8) ||
		    (range->no_mapped && graph->blocks.at[to].site == BLOCKS_SITE_MAPPED))
			return 0;
	}
	return graph_root(graph, word, range->holder, addr);
}

int range_scan(struct graph *graph, const struct range *range)
{
	const struct target *target = graph->target;
	uint64_t piece[(PIECE_BYTES + HIDDEN_AHEAD) / 8];
	uint64_t at = (range->start + 7) & ~7ull;
	int r = 0;

	while (at < range->end && r == 0) {
		size_t want = range->end - at < PIECE_BYTES ? range->end - at : PIECE_BYTES;
		size_t n;

		/* Reserved, and never written to. */
		if (want == PIECE_BYTES && target->is_untouched(target->arg, at, want)) {
			at += want;
			continue;
		}
		n = target->read(target->arg, at, piece, want);
		memset((uint8_t *)piece + n, 0, HIDDEN_AHEAD);
		if (range->hidden)
			r = hidden_look_root(graph->hidden, range->holder, (const uint8_t *)piece,
					     at, n);
		for (size_t i = 0; i < n / 8 && r == 0; i++)
			r = look_at(graph, range, at + 8 * i, piece[i]);
		if (n < want)
			at = ((at + n) | (PAGE - 1)) + 1;
		else
			at += n;
	}
	return r;
}
