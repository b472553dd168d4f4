/* SPDX-License-Identifier: Apache-2.0 */
/* What goes from step to step while one process is added to the document. */
#ifndef REPORT_BUILD_H
#define REPORT_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "report/document.h"
#include "report/origin.h"
#include "symbol/members.h"
#include "symbol/pysplice.h"
#include "symbol/resolve.h"
#include "symbol/variables.h"

/**
 * struct build - one process being added
 * @stack_of:  per node: 0 not known yet, 1 no stack, else number of the stack + 2
 * @frames_of: per node: 0 not known yet, else where its frames begin in @frames, + 1
 * @frames:    of each node: how many, and their numbers, the outermost first
 * @sig_of:    per site of the heap its signature, for what comes after the sites
 * @path:      nodes on the way to the root
 * @splice:    for stacks with Python frames
 * @variables: names of data; @members: of members of classes
 * @origins:   of the document's stacks, when there is an interpreter
 * @end_of:    per site of the heap what it held at the end of user code; or NULL
 * @leaks:     the look that is being added; or NULL
 */
struct build {
	struct report *report;
	struct report_process *process;
	const struct result_process *result;
	struct resolve *resolve;
	uint32_t *stack_of;
	uint32_t *frames_of;
	VEC(uint32_t) frames;
	uint64_t *sig_of;
	VEC(uint32_t) path;
	struct pysplice splice;
	struct variables variables;
	struct members members;
	struct origins origins;
	struct result_level *end_of;
	const struct result_leaks *leaks;
};

static inline uint64_t build_ns(const struct build *build, uint64_t ticks)
{
	return (uint64_t)((double)ticks * build->result->ns_per_tick);
}

/**
 * build_push_node() - put the functions behind a stack node on top of a stack
 * @node:       number of the node, below nodes_count
 * @generation: module generation, of the stack's root
 * @stack:      number of a stack of the document, or REPORT_NONE; changed
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int build_push_node(struct build *build, uint32_t node, uint32_t generation,
				   uint32_t *stack);

/**
 * build_sites() - sites of the model to sites of the document, the heaviest first
 * @from:  @count sites of the model
 * @kind:  goes into their signatures
 * @sites: empty
 * @sigs:  NULL, or room for the signature of each of @from
 *
 * Sites whose stacks look the same become one.
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int build_sites(struct build *build, const struct result_site *from, size_t count,
			       const char *kind, report_sites *sites, uint64_t *sigs);

/** build_containers() - the biggest containers; after the sites.  Return: 0 or -ENOMEM */
attr_nodiscard int build_containers(struct build *build);
/**
 * build_end_levels() - what each site held at the end of user code, into @build->end_of
 *
 * Before the sites.  Return: 0 or -ENOMEM.
 */
attr_nodiscard int build_end_levels(struct build *build);

/** build_python_end() - what was wrong then; after the sites.  Return: 0 or -ENOMEM */
attr_nodiscard int build_python_end(struct build *build);

/** build_series() - the checkpoints; after the sites.  Return: 0 or -ENOMEM */
attr_nodiscard int build_series(struct build *build);

/** build_stack() - the document's stack for a site of the model.  Return: 0 or -ENOMEM */
attr_nodiscard int build_stack(struct build *build, const struct result_site *from,
			       uint32_t *ret_stack);

/** build_cycles() - those of Python objects, the heaviest first.  Return: 0 or -ENOMEM */
attr_nodiscard int build_cycles(struct build *build);

/**
 * build_type() - of the blocks of site @site, by the table they begin with
 * @ret_type: "" when nothing says so
 * @ret_uses: of a std::shared_ptr's block its use count, else 0
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int build_type(struct build *build, uint32_t site, const char **ret_type,
			      uint32_t *ret_uses);

/**
 * build_member() - of an object of @type the member that @offset of its block belongs to
 * @type: as build_type() gave it, or the plain name of a class
 * @ret_member: "" when nothing says so
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int build_member(struct build *build, const char *type, uint64_t offset,
				const char **ret_member);

/** build_held() - how what is alive is held; after the leaks.  Return: 0 or -ENOMEM */
attr_nodiscard int build_held(struct build *build);

/** build_leaks() - what was found lost, the heaviest first; also at marks.  Return: 0 or -ENOMEM */
attr_nodiscard int build_leaks(struct build *build);

#endif /* REPORT_BUILD_H */
