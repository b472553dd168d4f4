/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there was of a CPython program when its code had run and the
 * interpreter had yet to take itself apart.
 */
#ifndef MODEL_PYTHON_END_H
#define MODEL_PYTHON_END_H

#include <stdint.h>

#include "base/attr.h"
#include "base/idmap.h"
#include "base/vec.h"
#include "heap.h"
#include "input/event.h"
#include "python-native.h"
#include "result-python.h"
#include "result.h"
#include "sites.h"

/**
 * struct python_end_doubt - an object of a leak to which native memory may refer
 * @leak: index into struct python_end.leaks
 */
struct python_end_doubt {
	uint64_t object;
	uint64_t bytes;
	uint32_t leak;
	uint32_t references;
};

/**
 * struct python_end - all zero is: user code is not over
 * @by_site: kind and site to index into @leaks
 */
struct python_end {
	struct result_python_end result;
	VEC(struct result_python_leak) leaks;
	VEC(struct python_end_doubt) doubts;
	struct python_native native;
	struct idmap by_site;
	bool seen;
};

void python_end_fini(struct python_end *end);

/**
 * python_end_leaks() - a record TENURE_PY_LEAKS
 *
 * Objects whose blocks are not known are passed over: they were there before
 * recording began, or are part of a loaded object.
 *
 * Return: 0; -EINVAL when the record is malformed; -ENOMEM.
 */
attr_nodiscard int python_end_leaks(struct python_end *end, const struct event *event,
				    const struct python_native_memory *memory);

/** python_end_reached() - a record TENURE_PY_RUNTIME_END.  Return: 0 or -ENOMEM */
attr_nodiscard int python_end_reached(struct python_end *end, const struct sites *sites,
				      uint64_t stamp);

/**
 * python_end_finish() - take what native memory refers to out of the leaks
 *
 * Return: owned by @end; NULL when user code did not come to its end.
 */
const struct result_python_end *python_end_finish(struct python_end *end,
						  const struct python_native_memory *memory,
						  const struct python_native_code *code);

#endif /* MODEL_PYTHON_END_H */
