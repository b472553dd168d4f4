/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the report document that tells of a CPython; see document.h. */
#ifndef REPORT_DOCUMENT_PYTHON_H
#define REPORT_DOCUMENT_PYTHON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "model/result-python.h"
#include "model/result.h"

/** struct report_collection - see struct result_collection; times from the process's start */
struct report_collection {
	uint64_t time_ns;
	uint64_t duration_ns;
	uint32_t interpreter;
	uint32_t generation;
	uint64_t collected;
	uint64_t uncollectable;
	uint64_t freed_blocks;
	uint64_t freed_bytes;
	uint64_t heap_bytes;
	uint64_t heap_blocks;
};

/** struct report_container - see struct result_container; @type is "" when it is not known */
struct report_container {
	const char *type;
	uint32_t stack;
	uint32_t side_stack;
	uint64_t bytes;
	uint64_t length;
};

/** struct report_containers - see struct result_containers; time from the process's start */
struct report_containers {
	uint64_t time_ns;
	uint64_t heap_bytes;
	bool is_end;
	bool partial;
	VEC(struct report_container) items;
};

/** struct report_python - see struct result_python; @version is NULL when there is none */
struct report_python {
	const char *version;
	bool no_generations;
	uint64_t runs[RESULT_GENERATIONS];
	uint64_t run_ns[RESULT_GENERATIONS];
	uint64_t collected;
	uint64_t uncollectable;
	bool has_arenas;
	struct result_arenas arenas;
	VEC(struct report_containers) containers;
	VEC(struct report_collection) collections;
};

#endif /* REPORT_DOCUMENT_PYTHON_H */
