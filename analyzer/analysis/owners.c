/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a block is, by the modules in its stack: the program's, the runtime's
 * own, or one of an interpreter's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "graph.h"
#include "model/sites.h"

#define DEPTH_MAX 64 /* of a stack that is nobody's but the runtime's */

const struct result_module *graph_module(const struct session_view *view, uint64_t addr)
{
	for (size_t i = 0; i < view->modules_count; i++) {
		const struct result_module *module = &view->modules[i];

		if (!module->gone && addr - module->start < module->end - module->start)
			return module;
	}
	return NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool has_name(const struct result_module *module, const char *const *names, size_t count)
{
	const char *name = base_name(module->path);

	for (size_t i = 0; i < count; i++)
		if (strncmp(name, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

bool graph_is_allocator(const struct result_module *module)
{
	static const char *const names[] = { "libtenure.so", "libjemalloc", "libtcmalloc",
					     "libmimalloc" };

	return has_name(module, names, ARRAY_SIZE(names));
}

bool graph_is_libc(const struct result_module *module)
{
	static const char *const names[] = { "libc.so", "libc-2." };

	return has_name(module, names, ARRAY_SIZE(names));
}

bool graph_is_linker(const struct result_module *module)
{
	static const char *const names[] = { "ld-linux", "ld-2." };

	return has_name(module, names, ARRAY_SIZE(names));
}

static bool is_runtime(const struct result_module *module)
{
	static const char *const names[] = {
		"libstdc++.so", "libgcc_s", "libpthread", "libdl",
		"libm.so",	"libm-2.",  "libc++.so",  "libc++abi"
	};

	return graph_is_libc(module) || graph_is_linker(module) || graph_is_allocator(module) ||
	       has_name(module, names, ARRAY_SIZE(names));
}

/*
 * Does the dynamic linker call the allocator here, or nobody but the runtime,
 * as when a library of its own starts up?
 */
static bool is_runtimes(const struct graph *graph, uint32_t stack)
{
	const struct target *target = graph->target;
	bool is_first = true;

	for (int depth = 0; depth < DEPTH_MAX && stack && stack < target->nodes_count; depth++) {
		struct tenure_node node = target->nodes[stack];
		const struct result_module *module;

		if (TENURE_NODE_KIND(node.word) == TENURE_NODE_ROOT)
			return !is_first;
		if (TENURE_NODE_KIND(node.word) == TENURE_NODE_CALL) {
			module = graph_module(graph->view, TENURE_NODE_PC(node.word) - 1);
			if (!module || !is_runtime(module))
				return false;
			if (is_first && graph_is_linker(module))
				return true;
			is_first &= graph_is_allocator(module);
		} else if (TENURE_NODE_KIND(node.word) != TENURE_NODE_PAIR) {
			return false;
		}
		if (node.parent >= stack)
			return false;
		stack = node.parent;
	}
	return false;
}

int graph_owners(struct graph *graph)
{
	const struct sites *sites = graph->view->sites;
	uint8_t *heads = calloc((size_t)sites->count + 1, sizeof(*heads));

	if (!heads)
		return -ENOMEM;
	for (uint32_t i = 0; i < sites->count; i++) {
		const struct site *site = &sites->at[i];

		if (!site->live_blocks)
			continue;
		if (site->fn == TENURE_FN_PY_OBJ || site->fn == TENURE_FN_PY_MEM)
			heads[i] = GRAPH_PYTHON;
		else if (is_runtimes(graph, site->stack))
			heads[i] = GRAPH_RUNTIME;
	}
	for (uint32_t i = 0; i < graph->blocks.count; i++)
		if (graph->blocks.at[i].site < sites->count)
			graph->heads[i] = heads[graph->blocks.at[i].site];
	free(heads);
	return 0;
}
