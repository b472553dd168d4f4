/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference cycles that Python's collector found, grouped by shape: part of
 * struct result_process, owned and valid like it.
 */
#ifndef MODEL_RESULT_CYCLES_H
#define MODEL_RESULT_CYCLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tenure/wire-python.h"

/* What became of a cycle. */
enum cycles_fate {
	CYCLES_COLLECTED,     /* the collector freed it */
	CYCLES_RESURRECTED,   /* a finalizer brought it back */
	CYCLES_UNCOLLECTABLE, /* the collector could not: gc.garbage */
	CYCLES_SAVED,	      /* the program wished it kept: gc.DEBUG_SAVEALL */
	CYCLES_FATE_COUNT,
};

/**
 * struct cycles_member - objects of a shape that are of one type, from one stack
 * @type:    name; "" when it is not known
 * @stack:   0 when their allocations were not recorded
 * @fn:      enum tenure_fn
 * @objects: in all cycles of the shape; an instance and its __dict__ are one
 * @bytes:   of their blocks, without what they refer to
 * @least, @most: of them in one cycle
 * @flags:   enum tenure_py_object_flag of any
 * @reused:  CPython keeps freed objects of this type for the next one: @stack is
 *           where the youngest block was made, and no part of what makes the shape
 */
struct cycles_member {
	const char *type;
	uint32_t stack;
	uint32_t fn;
	uint64_t objects;
	uint64_t bytes;
	uint64_t least;
	uint64_t most;
	uint32_t flags;
	bool reused;
};

/**
 * struct cycles_edge - references of one name between two members
 * @from, @to: indices into the members of the shape
 * @kind:   enum tenure_py_label
 * @number: of kind OTHER enum tenure_py_other, of OFFSET bytes, of INDEX the position
 * @name:   of ATTR, KEY, LOCAL; else ""
 * @varies: the key or index is not always this one
 * @count:  references in all cycles of the shape
 * @back:   of these, from a younger object to an older one
 * @weaken: without this one the shape is no cycle, or one less
 */
struct cycles_edge {
	uint32_t from;
	uint32_t to;
	uint32_t kind;
	uint32_t number;
	const char *name;
	bool varies;
	uint64_t count;
	uint64_t back;
	bool weaken;
};

/**
 * struct cycles_shape - cycles that look the same
 * @cycles:  how many, by fate
 * @objects: that make them up, as the collector counts
 * @bytes:   of these
 * @held_objects, @held_bytes: objects that were only kept alive by such cycles
 * @least, @most: objects in one cycle
 * @generations: cycles by the generation whose collection found them
 * @first, @last: when the first and the last was found
 * @cut:     it has more members or references than are listed
 */
struct cycles_shape {
	uint64_t cycles[CYCLES_FATE_COUNT];
	uint64_t objects;
	uint64_t bytes;
	uint64_t held_objects;
	uint64_t held_bytes;
	uint64_t least;
	uint64_t most;
	uint64_t generations[3];
	uint64_t first;
	uint64_t last;
	bool cut;
	const struct cycles_member *members;
	size_t members_count;
	const struct cycles_edge *edges;
	size_t edges_count;
};

/**
 * struct result_cycles - what was seen of cycles
 * @outcomes: collections by generation and enum tenure_py_outcome of the look into them
 * @examined: objects looked at
 * @unreachable: of these; @kept: of these, not freed after all
 * @ticks:    the program was held up for it
 * @dropped:  cycles of shapes that there was no room for
 * @shapes:   the largest first
 */
struct result_cycles {
	uint64_t outcomes[3][TENURE_PY_GRAPH_OUTCOMES];
	uint64_t examined;
	uint64_t unreachable;
	uint64_t kept;
	uint64_t ticks;
	uint64_t dropped;
	const struct cycles_shape *shapes;
	size_t shapes_count;
};

#endif /* MODEL_RESULT_CYCLES_H */
