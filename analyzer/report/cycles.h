/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference cycles of Python objects, as the document has them: a part of
 * struct report_process.
 */
#ifndef REPORT_CYCLES_H
#define REPORT_CYCLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "base/vec.h"
#include "model/result-cycles.h"

/**
 * struct report_cycle_member - see struct cycles_member; @type may be ""
 * @sig:   of its stack; not loaded, as @place is not
 * @place: a hash of its Python frames with their lines, or the stack if it has none
 */
struct report_cycle_member {
	const char *type;
	uint64_t sig;
	uint64_t place;
	uint32_t stack;
	uint32_t fn;
	uint64_t objects;
	uint64_t bytes;
	uint64_t least;
	uint64_t most;
	bool finalizer;
	bool weakrefs;
	bool weakable;
};

/**
 * struct report_shape - see struct cycles_shape
 * @sig: the same for the same types, places and names, in every run and on every machine
 */
struct report_shape {
	uint64_t sig;
	uint64_t cycles[CYCLES_FATE_COUNT];
	uint64_t objects;
	uint64_t bytes;
	uint64_t held_objects;
	uint64_t held_bytes;
	uint64_t least;
	uint64_t most;
	uint64_t generations[3];
	uint64_t first_ns;
	uint64_t last_ns;
	bool cut;
	VEC(struct report_cycle_member) members;
	VEC(struct cycles_edge) edges;
};

/** struct report_cycles - see struct result_cycles; @looked: there was a collection to look into */
struct report_cycles {
	bool looked;
	uint64_t outcomes[3][TENURE_PY_GRAPH_OUTCOMES];
	uint64_t examined;
	uint64_t unreachable;
	uint64_t kept;
	uint64_t ns;
	uint64_t dropped;
	VEC(struct report_shape) shapes;
};

/** cycles_label() - append what an edge is called: ".next", "['parent']", "[0]", " local e" */
void cycles_label(struct strbuf *line, const struct cycles_edge *edge);

/** cycles_count() - of a shape, whatever became of them */
static inline uint64_t cycles_count(const struct report_shape *shape)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < CYCLES_FATE_COUNT; i++)
		sum += shape->cycles[i];
	return sum;
}

/** cycles_skipped() - collections that were not looked into, for whatever reason */
uint64_t cycles_skipped(const struct report_cycles *cycles);

/** cycles_fini() - give the memory of all shapes back */
void cycles_fini(struct report_cycles *cycles);

#endif /* REPORT_CYCLES_H */
