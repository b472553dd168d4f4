/* SPDX-License-Identifier: Apache-2.0 */
/* The biggest containers of a Python process to the document. */
#include "base/err.h"
#include "model/result-python.h"
#include "report/build.h"
#include "report/report.h"

static const char *type_of(const struct build *build, const struct result_site *site)
{
	const struct result_python *python = build->result->python;
	const char *name = NULL;

	if (python && site->type && site->type < python->types_count)
		name = python->types[site->type];
	return name ? name : "";
}

static int add_container(struct build *build, const struct result_container *from,
			 struct report_containers *containers)
{
	const struct result_site *sites = build->result->sites;
	struct report_container container = {
		.stack = REPORT_NONE,
		.side_stack = REPORT_NONE,
		.bytes = from->bytes,
		.length = from->length,
	};
	int r;

	container.type = report_text(build->report, type_of(build, &sites[from->site]));
	if (!container.type)
		return -ENOMEM;
	r = build_stack(build, &sites[from->site], &container.stack);
	if (r == 0 && from->side_site != RESULT_SITE_NONE)
		r = build_stack(build, &sites[from->side_site], &container.side_stack);
	return r == 0 ? vec_push(&containers->items, container) : r;
}

int build_containers(struct build *build)
{
	const struct result_process *result = build->result;
	struct report_python *python = &build->process->python;
	int r = 0;

	for (size_t i = 0; i < result->containers_count && r == 0; i++) {
		const struct result_containers *from = &result->containers[i];
		struct report_containers containers = {
			.heap_bytes = from->heap_bytes,
			.is_end = from->is_end,
			.partial = from->partial,
		};

		if (from->stamp > result->start_stamp)
			containers.time_ns = build_ns(build, from->stamp - result->start_stamp);
		r = vec_push(&python->containers, containers);
		for (uint32_t n = 0; n < from->count && r == 0; n++)
			r = add_container(build, &from->items[n],
					  &python->containers.at[python->containers.count - 1]);
	}
	return r;
}
