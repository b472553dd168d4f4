/* SPDX-License-Identifier: Apache-2.0 */
/* Sites of the model to sites of the document: their stacks, names and signatures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "report/build.h"
#include "report/report.h"
#include "report/sig.h"

static bool is_shim(const char *module)
{
	const char *slash = module ? strrchr(module, '/') : NULL;

	return slash && strncmp(slash + 1, "libtenure.so", 12) == 0;
}

/*
 * Whether @node has a caller to go to.  A caller's number is smaller, so a
 * walk ends even in a damaged table.
 */
static bool has_caller(const struct build *build, uint32_t node)
{
	return node != 0 && node < build->result->nodes_count &&
	       TENURE_NODE_KIND(build->result->nodes[node].word) != TENURE_NODE_ROOT;
}

static uint32_t caller_of(const struct build *build, uint32_t node)
{
	uint32_t parent = build->result->nodes[node].parent;

	return parent < node ? parent : 0;
}

/* The document's stack for a node, with all its callers. */
static int stack_of_node(struct build *build, uint32_t node, uint32_t *ret_stack)
{
	uint32_t stack = REPORT_NONE;
	uint32_t generation = 1;
	uint32_t at = node;
	int r;

	vec_clear(&build->path);
	for (; has_caller(build, at) && !build->stack_of[at]; at = caller_of(build, at)) {
		r = vec_push(&build->path, at);
		if (r < 0)
			return r;
	}
	if (has_caller(build, at))
		stack = build->stack_of[at] == 1 ? REPORT_NONE : build->stack_of[at] - 2;
	while (build->path.count > 0 && has_caller(build, at))
		at = caller_of(build, at);
	if (at != 0 && at < build->result->nodes_count)
		generation = (uint32_t)TENURE_NODE_PC(build->result->nodes[at].word);

	while (build->path.count-- > 0) {
		at = build->path.at[build->path.count];
		r = build_push_node(build, at, generation, &stack);
		if (r < 0)
			return r;
		build->stack_of[at] = stack == REPORT_NONE ? 1 : stack + 2;
	}
	vec_clear(&build->path);
	*ret_stack = stack;
	return 0;
}

/* For pysplice: is the function at this node the interpreter's loop, or a part of it? */
static bool is_eval(void *arg, uint32_t node, uint32_t generation)
{
	static const char name[] = "_PyEval_EvalFrameDefault";
	struct build *build = arg;
	const struct resolve_frame *frames;
	int count =
		resolve_node(build->resolve, build->result->nodes[node].word, generation, &frames);

	/* The outermost of inlined functions is the one that has the code. */
	return count > 0 && strncmp(frames[count - 1].function, name, sizeof(name) - 1) == 0;
}

/* The document's stack for a pair of a native stack and a Python stack. */
static int stack_of_pair(struct build *build, uint32_t node, uint32_t *ret_stack)
{
	struct pysplice *splice = &build->splice;
	uint32_t stack = REPORT_NONE;
	int64_t generation;

	if (build->stack_of[node]) {
		*ret_stack = build->stack_of[node] == 1 ? REPORT_NONE : build->stack_of[node] - 2;
		return 0;
	}
	splice->process = build->result;
	splice->is_eval = is_eval;
	splice->arg = build;
	generation = pysplice_stack(splice, node);
	if (generation < 0)
		return (int)generation;
	if (splice->outside > 1)
		stack = splice->outside - 2;
	for (size_t i = splice->nodes.count; i-- > 0;) {
		int r = build_push_node(build, splice->nodes.at[i], (uint32_t)generation, &stack);

		if (r == 0)
			r = pysplice_learn(splice, i, stack == REPORT_NONE ? 1 : stack + 2);
		if (r < 0)
			return r;
	}
	build->stack_of[node] = stack == REPORT_NONE ? 1 : stack + 2;
	*ret_stack = stack;
	return 0;
}

/* Frames of our own that a capture may begin with are nobody's business. */
static uint32_t without_shim(const struct report *report, uint32_t stack)
{
	while (stack != REPORT_NONE) {
		uint32_t module = report->frames.at[report->stacks.at[stack].frame].module;

		if (module == REPORT_NONE || !is_shim(intern_get(&report->strings, module)))
			break;
		stack = report->stacks.at[stack].caller;
	}
	return stack;
}

static uint64_t add_error(uint64_t a, uint64_t b)
{
	return (uint64_t)(hypot((double)a, (double)b) + 0.5);
}

/* Samples of different sites have nothing to do with each other: variances add up. */
static void add_errors(struct result_errors *sum, const struct result_errors *from)
{
	sum->allocations = add_error(sum->allocations, from->allocations);
	sum->bytes = add_error(sum->bytes, from->bytes);
	sum->live_blocks = add_error(sum->live_blocks, from->live_blocks);
	sum->live_bytes = add_error(sum->live_bytes, from->live_bytes);
	sum->peak_blocks = add_error(sum->peak_blocks, from->peak_blocks);
	sum->peak_bytes = add_error(sum->peak_bytes, from->peak_bytes);
}

static void add_up(struct report_site *site, const struct result_site *from,
		   const struct build *build)
{
	uint64_t longest = build_ns(build, from->life_max);

	site->allocations += from->allocations;
	site->bytes += from->bytes;
	site->frees += from->frees;
	site->temporary += from->temporary;
	site->live_blocks += from->live_blocks;
	site->live_bytes += from->live_bytes;
	site->peak_blocks += from->peak_blocks;
	site->peak_bytes += from->peak_bytes;
	site->max_bytes += from->max_bytes;
	site->collected_blocks += from->collected_blocks;
	site->collected_bytes += from->collected_bytes;
	if (build->end_of && from >= build->result->sites &&
	    from < build->result->sites + build->result->sites_count) {
		site->end_blocks += build->end_of[from - build->result->sites].blocks;
		site->end_bytes += build->end_of[from - build->result->sites].bytes;
	}
	site->survived_bytes += from->survived_bytes;
	for (unsigned int i = 0; i < RESULT_GENERATIONS; i++) {
		site->died[i] += from->died[i];
		site->alive[i] += from->alive[i];
		site->alive_bytes[i] += from->alive_bytes[i];
	}
	if (build->result->sample_bytes)
		add_errors(&site->errors, &from->errors);
	/* The sum, until all are there. */
	site->life_mean_ns += build_ns(build, from->life_sum);
	if (longest > site->life_max_ns)
		site->life_max_ns = longest;
}

/* By what a reader looks at first; the numbers of stacks make it a total order. */
static int by_weight(const void *a, const void *b)
{
	const struct report_site *x = a, *y = b;

	if (x->peak_bytes != y->peak_bytes)
		return x->peak_bytes > y->peak_bytes ? -1 : 1;
	if (x->live_bytes != y->live_bytes)
		return x->live_bytes > y->live_bytes ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->stack != y->stack)
		return x->stack < y->stack ? -1 : 1;
	return x->fn < y->fn ? -1 : x->fn > y->fn;
}

/* One site of the model: a new one of the document, or part of one that looks the same. */
int build_stack(struct build *build, const struct result_site *from, uint32_t *ret_stack)
{
	uint32_t stack = REPORT_NONE;
	int r = pysplice_is_pair(build->result, from->stack)
			? stack_of_pair(build, from->stack, &stack)
			: stack_of_node(build, from->stack, &stack);

	if (r == 0)
		*ret_stack = without_shim(build->report, stack);
	return r;
}

static int add_site(struct build *build, const struct result_site *from, struct idmap *ids,
		    report_sites *sites, uint32_t *ret_index)
{
	struct report_site site = { .fn = from->fn };
	uint32_t index;
	int r = build_stack(build, from, &site.stack);

	if (r < 0)
		return r;
	r = idmap_add(ids, idmap_pair(site.stack, site.fn), (uint32_t)sites->count, &index);
	if (r == 1)
		r = vec_push(sites, site);
	if (r < 0)
		return r;
	add_up(&sites->at[index], from, build);
	*ret_index = index;
	return 0;
}

int build_sites(struct build *build, const struct result_site *from, size_t count, const char *kind,
		report_sites *sites, uint64_t *sigs)
{
	struct idmap ids = { 0 };
	uint32_t index;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		r = add_site(build, &from[i], &ids, sites, &index);
		if (r == 0 && sigs)
			sigs[i] = index; /* until the signatures are known */
	}
	idmap_fini(&ids);
	if (r < 0)
		return r;

	if (build->result->python && origins_update(&build->origins, build->report) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < sites->count; i++) {
		struct report_site *site = &sites->at[i];
		uint64_t deaths = site->died[0] + site->died[1] + site->died[2];

		if (build->result->python)
			site->origin = origins_get(&build->origins, site->stack);
		site->life_mean_ns = deaths ? site->life_mean_ns / deaths : 0;
		r = sig_of_stack(build->report, build->process, site->stack, kind, &site->sig);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; sigs && i < count; i++)
		sigs[i] = sites->at[sigs[i]].sig;
	if (sites->count)
		qsort(sites->at, sites->count, sizeof(*sites->at), by_weight);
	return 0;
}
