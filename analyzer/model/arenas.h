/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pymalloc's arenas, and what lies in them.
 *
 * Which blocks do is told by their size: pymalloc passes on to malloc what is
 * larger than ARENAS_BLOCK_MAX, and nothing else but what has no size.
 */
#ifndef MODEL_ARENAS_H
#define MODEL_ARENAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"
#include "result-python.h"
#include "tenure/wire.h"

#define ARENAS_BLOCK_MAX 512u
#define ARENAS_ALIGN	 16u

struct arenas_range {
	uint64_t addr;
	uint64_t bytes;
};

/**
 * struct arenas - all zero: none were seen
 * @now:         what there is
 * @peak_number: as in struct site, of the peak in @result
 */
struct arenas {
	bool seen;
	struct result_arenas_level now;
	uint64_t peak_number;
	struct result_arenas result;
	VEC(struct arenas_range) ranges;
};

void arenas_fini(struct arenas *arenas);

/** arenas_touch() - to be called before something changes; @peak_number: of the heap, now */
static inline void arenas_touch(struct arenas *arenas, uint64_t peak_number)
{
	if (arenas->peak_number != peak_number) {
		arenas->peak_number = peak_number;
		arenas->result.peak = arenas->now;
	}
}

/**
 * arenas_block() - a block of @bytes has come, or gone when @blocks is "negative"
 *
 * Before the first arena is heard of, too: the block may go when there is one.
 *
 * @fn:     enum tenure_fn
 * @blocks: that it counts for
 */
static inline void arenas_block(struct arenas *arenas, uint32_t fn, uint64_t bytes, uint64_t blocks,
				uint64_t peak_number)
{
	if (likely(fn != TENURE_FN_PY_OBJ && fn != TENURE_FN_PY_MEM) ||
	    bytes - 1 >= ARENAS_BLOCK_MAX)
		return;
	arenas_touch(arenas, peak_number);
	arenas->now.blocks += blocks;
	arenas->now.bytes += bytes * blocks;
	arenas->now.rounded_bytes += ALIGN_UP(bytes, ARENAS_ALIGN) * blocks;
}

/**
 * arenas_feed() - an arena of @bytes at @addr; 0 @bytes: it is given back
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int arenas_feed(struct arenas *arenas, uint64_t addr, uint64_t bytes,
			       uint64_t peak_number);

/** arenas_finish() - what there is to know; NULL when none were seen */
const struct result_arenas *arenas_finish(struct arenas *arenas, uint64_t peak_number);

#endif /* MODEL_ARENAS_H */
