/* SPDX-License-Identifier: Apache-2.0 */
/* pymalloc's arenas: hundreds, in no order. */
#include "arenas.h"

#include <errno.h>

void arenas_fini(struct arenas *arenas)
{
	vec_fini(&arenas->ranges);
	*arenas = (struct arenas){ 0 };
}

static void remove_range(struct arenas *arenas, uint64_t addr)
{
	for (size_t i = arenas->ranges.count; i-- > 0;) {
		if (arenas->ranges.at[i].addr != addr)
			continue;
		arenas->now.arenas--;
		arenas->now.arena_bytes -= arenas->ranges.at[i].bytes;
		arenas->ranges.at[i] = arenas->ranges.at[--arenas->ranges.count];
		return;
	}
}

int arenas_feed(struct arenas *arenas, uint64_t addr, uint64_t bytes, uint64_t peak_number)
{
	const struct arenas_range range = { addr, bytes };

	arenas_touch(arenas, peak_number);
	if (!bytes) {
		remove_range(arenas, addr);
		return 0;
	}
	if (vec_push(&arenas->ranges, range) < 0)
		return -ENOMEM;
	arenas->seen = true;
	arenas->now.arenas++;
	arenas->now.arena_bytes += bytes;
	if (arenas->now.arena_bytes > arenas->result.most_bytes)
		arenas->result.most_bytes = arenas->now.arena_bytes;
	return 0;
}

const struct result_arenas *arenas_finish(struct arenas *arenas, uint64_t peak_number)
{
	if (!arenas->seen)
		return NULL;
	arenas_touch(arenas, peak_number);
	arenas->result.end = arenas->now;
	return &arenas->result;
}
