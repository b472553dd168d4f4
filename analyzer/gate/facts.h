/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be judged of a report, or of several of the same program. */
#ifndef GATE_FACTS_H
#define GATE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/hashmap.h"
#include "base/vec.h"
#include "gate/config.h"
#include "gate/limits.h"
#include "report/document.h"
#include "report/places.h"

/** struct facts_environment - what figures depend on beside the program; all texts, "" if unknown
 */
struct facts_environment {
	const char *tenure;
	const char *loader; /* which architecture and C library */
	const char *python; /* "3.11" */
	const char *allocator;
	const char *threads; /* "one" or "several" that allocated */
	const char *sampling;
	const char *hash_seed; /* of Python: "random" or a number; "" without Python */
};

/** struct fact - what one signature holds at the end */
struct fact {
	uint64_t sig;
	uint64_t live_bytes;
	uint64_t live_blocks;
	uint32_t process;
	uint32_t stack;
	const char *module;
	const char *where;
};

/**
 * struct facts_cycle - how many reference cycles of one shape the program's own code made
 * @objects: in all of them
 * @where:   the reference that had better be weak
 */
struct facts_cycle {
	uint64_t sig;
	uint64_t count;
	uint64_t objects;
	const char *where;
};

/**
 * struct facts_growth - a signature that rose in every interval of a series
 * @slope: bytes per iteration
 */
struct facts_growth {
	uint64_t sig;
	uint64_t slope;
	uint64_t first;
	uint64_t last;
	uint64_t iterations;
	uint32_t intervals;
	uint32_t kind; /* enum result_series_kind */
	uint32_t process;
	uint32_t stack;
	const char *series;
	const char *where;
};

/**
 * struct facts - see above
 * @has_cycles: somebody looked for them
 * @skipped:    collections that were not looked into: there may be more cycles
 * @by_sig: of @live
 * @series: series that were long enough to judge growth by
 */
struct facts {
	struct facts_environment environment;
	uint64_t totals[LIMITS_COUNT];
	VEC(struct fact) live;
	VEC(struct facts_growth) growth;
	VEC(struct facts_cycle) cycles;
	bool has_cycles;
	uint64_t skipped;
	struct hashmap by_sig;
	uint64_t series;
	struct arena texts;
};

/** facts_init() - of one report.  Return: 0 or -ENOMEM; facts_fini() in any case */
attr_nodiscard int facts_init(struct facts *facts, const struct places_view *view,
			      const struct gate_config *config);

/** facts_meet() - keep what @other has too, and the smaller of both figures */
void facts_meet(struct facts *facts, const struct facts *other);

/** facts_find() - what this signature holds; or NULL */
const struct fact *facts_find(const struct facts *facts, uint64_t sig);

/** facts_find_cycle() - the cycles of this signature; or NULL */
const struct facts_cycle *facts_find_cycle(const struct facts *facts, uint64_t sig);

/** facts_add_cycles() - of all processes; a part of facts_init().  Return: 0 or -ENOMEM */
attr_nodiscard int facts_add_cycles(struct facts *facts, const struct places_view *view);

/** facts_meet_cycles() - a part of facts_meet() */
void facts_meet_cycles(struct facts *facts, const struct facts *other);

void facts_fini(struct facts *facts);

#endif /* GATE_FACTS_H */
