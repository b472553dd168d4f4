/* SPDX-License-Identifier: Apache-2.0 */
/* The end of user code in the document: what was live, by origin, and what was leaked. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "model/result-python.h"
#include "report/build.h"
#include "report/report.h"
#include "report/sig.h"

int build_end_levels(struct build *build)
{
	const struct result_python_end *from = build->result->python_end;

	if (!from || !build->result->python)
		return 0;
	build->end_of = calloc(build->result->sites_count + 1, sizeof(*build->end_of));
	if (!build->end_of)
		return -ENOMEM;
	for (size_t i = 0; i < from->levels_count; i++)
		if (from->levels[i].site < build->result->sites_count)
			build->end_of[from->levels[i].site] = from->levels[i];
	return 0;
}

static const char *type_of(const struct build *build, const struct result_site *site)
{
	const struct result_python *python = build->result->python;
	const char *name =
		site->type && site->type < python->types_count ? python->types[site->type] : NULL;

	return name ? name : "";
}

/* One that looks the same is the same. */
static struct report_python_leak *find(struct report_python_end *end,
				       const struct report_python_leak *leak)
{
	for (size_t i = 0; i < end->leaks.count; i++) {
		struct report_python_leak *at = &end->leaks.at[i];

		if (at->kind == leak->kind && at->stack == leak->stack && at->fn == leak->fn &&
		    strcmp(at->type, leak->type) == 0)
			return at;
	}
	return NULL;
}

/*
 * Lists have a free list: a block that was made while the interpreter started
 * may be anybody's by now.  The interpreter itself leaks none.
 */
static bool is_recycled(const struct build *build, const struct result_python_leak *leak)
{
	const char *type = type_of(build, &build->result->sites[leak->site]);

	return strcmp(type, "list") == 0;
}

static int add(struct build *build, const struct result_python_leak *from)
{
	struct report_python_end *end = &build->process->python.end;
	const struct result_site *site = &build->result->sites[from->site];
	struct report_python_leak leak = { .kind = from->kind, .fn = site->fn };
	struct report_python_leak *at;
	int r = build_stack(build, site, &leak.stack);

	if (r == 0)
		r = origins_update(&build->origins, build->report);
	if (r < 0)
		return r;
	leak.origin = origins_get(&build->origins, leak.stack);
	if (leak.origin == REPORT_ORIGIN_INTERPRETER) {
		if (!is_recycled(build, from)) {
			end->own_objects += from->objects;
			return 0;
		}
		leak.origin = REPORT_ORIGIN_NONE;
		leak.stack = REPORT_NONE;
	}
	leak.type = report_text(build->report, type_of(build, site));
	if (!leak.type)
		return -ENOMEM;
	at = find(end, &leak);
	if (!at) {
		r = leak.stack == REPORT_NONE ? 0
					      : sig_of_stack(build->report, build->process,
							     leak.stack, "heap", &leak.sig);
		if (r == 0)
			r = vec_push(&end->leaks, leak);
		if (r < 0)
			return r;
		at = &end->leaks.at[end->leaks.count - 1];
	}
	at->objects += from->objects;
	at->bytes += from->bytes;
	at->references += from->references;
	return 0;
}

static int by_worth(const void *a, const void *b)
{
	const struct report_python_leak *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->stack != y->stack)
		return x->stack < y->stack ? -1 : 1;
	return x->fn < y->fn ? -1 : x->fn > y->fn;
}

int build_python_end(struct build *build)
{
	const struct result_python_end *from = build->result->python_end;
	struct report_python_end *end = &build->process->python.end;
	uint64_t start = build->result->start_stamp;
	int r = 0;

	if (!from || !build->result->python)
		return 0;
	end->seen = true;
	end->held_objects = from->held_objects;
	end->time_ns = from->stamp > start ? build_ns(build, from->stamp - start) : 0;
	for (size_t i = 0; i < build->process->sites.count; i++) {
		const struct report_site *site = &build->process->sites.at[i];

		end->blocks[site->origin] += site->end_blocks;
		end->bytes[site->origin] += site->end_bytes;
	}
	for (size_t i = 0; i < from->leaks_count && r == 0; i++)
		if (from->leaks[i].site < build->result->sites_count)
			r = add(build, &from->leaks[i]);
	if (r == 0 && end->leaks.count)
		qsort(end->leaks.at, end->leaks.count, sizeof(*end->leaks.at), by_worth);
	return r;
}
