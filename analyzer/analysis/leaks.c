/* SPDX-License-Identifier: Apache-2.0 */
/* One look at a process: the steps in their order, and what they found by site. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/huge.h"
#include "classify.h"
#include "graph.h"
#include "hidden.h"
#include "kept.h"
#include "leaks-cycles.h"
#include "leaks.h"
#include "model/heap.h"
#include "model/sites.h"
#include "pyroots.h"

static uint64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* While not all was seen, nothing is surely lost. */
static bool is_sure(const struct result_leaks *leaks, const struct target *target)
{
	return !leaks->unstopped && !(leaks->partial && !target->maps_count);
}

static uint32_t class_of(const struct classify *classify, const struct graph *graph, bool sure,
			 uint32_t block)
{
	uint32_t class = classify->class[block];

	if (graph->heads[block] & GRAPH_PYTHON)
		return LEAKS_PYTHON;
	if (graph->heads[block] & GRAPH_RUNTIME)
		return LEAKS_RUNTIME;
	return class < LEAKS_POSSIBLE && !sure ? LEAKS_POSSIBLE : class;
}

static void add(struct leaks_count *count, uint64_t bytes)
{
	count->blocks++;
	count->bytes += bytes;
}

/* Counts by class, by holder, and by site for the classes that are leaks. */
static void count_all(struct result_leaks *leaks, const struct classify *classify,
		      const struct graph *graph, struct leaks_item *table)
{
	const struct sites *sites = graph->view->sites;
	bool sure = is_sure(leaks, graph->target);

	for (uint32_t i = 0; i < graph->blocks.count; i++) {
		const struct block *block = &graph->blocks.at[i];
		uint32_t class = class_of(classify, graph, sure, i);

		if (block->site >= sites->count)
			continue;
		add(&leaks->classes[class], block->bytes);
		if (class == LEAKS_REACHABLE || class == LEAKS_POSSIBLE)
			if (classify->class[i] >= LEAKS_POSSIBLE)
				add(&leaks->holders[classify->holder[i]].held, block->bytes);
		if (class <= LEAKS_POSSIBLE && class != LEAKS_CYCLE) {
			struct leaks_item *item =
				&table[(size_t) class * sites->count + block->site];

			add(&item->own, block->bytes);
		}
	}
	leaks->classes[LEAKS_UNKNOWN].blocks += graph->blocks.crowded;
}

/* What is lost through a block that is lost itself. */
static void add_indirect(const struct result_leaks *leaks, const struct classify *classify,
			 const struct graph *graph, const struct kept *kept,
			 struct leaks_item *table)
{
	const struct dominators *dominators = &kept->dominators;
	const struct sites *sites = graph->view->sites;
	bool sure = is_sure(leaks, graph->target);

	for (uint32_t v = DOMINATORS_ROOT + 1; v <= dominators->count; v++) {
		const struct block *block = &graph->blocks.at[dominators->block[v]];
		struct leaks_item *item;

		if (dominators->above[v] != DOMINATORS_ROOT || block->site >= sites->count ||
		    class_of(classify, graph, sure, dominators->block[v]) != LEAKS_LOST)
			continue;
		item = &table[(size_t)LEAKS_LOST * sites->count + block->site];
		item->indirect.blocks += kept->blocks[v] - 1;
		item->indirect.bytes += kept->bytes[v] - block->bytes;
	}
}

static int collect(struct result_leaks *leaks, struct classify *classify, const struct graph *graph)
{
	struct kept kept = { 0 };
	uint32_t sites = graph->view->sites->count;
	size_t count = (size_t)sites * (LEAKS_POSSIBLE + 1);
	struct leaks_item *table = calloc(count + 1, sizeof(*table));
	leaks_items items = { 0 };
	int r = table ? 0 : -ENOMEM;

	leaks->holders = calloc(graph->holders.count + 1, sizeof(*leaks->holders));
	if (r == 0 && !leaks->holders)
		r = -ENOMEM;
	if (r == 0) {
		memcpy(leaks->holders, graph->holders.at,
		       graph->holders.count * sizeof(*leaks->holders));
		leaks->holders_count = graph->holders.count;
		count_all(leaks, classify, graph, table);
		/* Now memory is needed for other things. */
		classify->holder = huge_give(classify->holder);
		r = kept_init(&kept, graph, classify);
	}
	if (r == 0)
		add_indirect(leaks, classify, graph, &kept, table);
	for (size_t i = 0; i < count && r == 0; i++) {
		if (!table[i].own.blocks)
			continue;
		table[i].class = (uint32_t)(i / sites);
		table[i].site = (uint32_t)(i % sites);
		r = vec_push(&items, table[i]);
	}
	if (r == 0 && leaks->classes[LEAKS_CYCLE].blocks)
		r = leaks_cycles(classify, graph, &kept, &items);
	if (r == 0)
		r = kept_write(&kept, leaks, graph, classify);
	kept_fini(&kept);
	free(table);
	leaks->items = items.at;
	leaks->items_count = items.count;
	return r;
}

/* Its memory is not needed any longer; it stood still @since.  Return: -ECANCELED if it went on
 * before; else @r */
static int let_go(struct result_leaks *leaks, const struct target *target, uint64_t since, int r)
{
	target->release(target->arg);
	leaks->scan_ns = now_ns() - since;
	if (r < 0 || !target->is_gone(target->arg))
		return r;
	leaks->why = strdup("the program had waited too long and went on");
	return -ECANCELED;
}

static int look(struct result_leaks *leaks, const struct session_view *view,
		const struct target *target)
{
	uint64_t since = target->since_ns ? target->since_ns : now_ns();
	struct classify classify = { 0 };
	struct graph graph = { 0 };
	int r = graph_init(&graph, view, target);

	if (r == 0)
		r = roots_find(&graph, leaks);
	if (r == 0)
		r = graph_explain(&graph);
	/* Objects have counts and names that are read when it is known which are wanted. */
	if (!graph.python)
		r = let_go(leaks, target, since, r);
	leaks->unread = graph.unread;
	if (r == 0)
		r = pyroots_settle(&graph);
	if (r == 0)
		r = classify_reach(&classify, &graph);
	if (r == 0)
		r = pyroots_add(&graph, &classify);
	if (r == 0)
		r = hidden_find(&graph, &classify);
	vec_fini(&graph.insides);
	blocks_seal(&graph.blocks);
	if (r == 0)
		r = classify_sort(&classify, &graph);
	if (r == 0)
		r = collect(leaks, &classify, &graph);
	if (graph.python)
		r = let_go(leaks, target, since, r);
	if (r == 0) {
		if (graph.python)
			leaks->python = graph.python->count;
		leaks->tables = graph.tables;
		leaks->tables_count = view->sites->count;
		graph.tables = NULL;
	}
	leaks->done = r == 0;
	leaks->total_ns = now_ns() - since;
	classify_fini(&classify);
	graph_fini(&graph);
	return r;
}

struct result_leaks *leaks_find(const struct session_view *view, const struct target *target)
{
	struct result_leaks *leaks = calloc(1, sizeof(*leaks));
	int r;

	if (!leaks)
		return NULL;
	leaks->moment = target->moment;
	leaks->direct = target->direct;
	leaks->signal = target->signal;
	if (target->moment == TENURE_MOMENT_MARK && target->name)
		leaks->name = strdup(target->name);
	leaks->stamp = target->stamp;
	r = look(leaks, view, target);
	if (r < 0 && !leaks->why)
		leaks->why =
			strdup(r == -E2BIG ? "there are too many blocks" : "memory has run out");
	return leaks;
}

static void free_kept(struct leaks_kept *kept, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(kept[i].type);
		free(kept[i].expression);
	}
	free(kept);
}

static void free_all_kept(struct result_leaks *leaks)
{
	free_kept(leaks->kept, leaks->kept_count);
	free_kept(leaks->types, leaks->types_count);
	free_kept(leaks->objects, leaks->objects_count);
	free(leaks->steps);
}

void leaks_trim(struct result_leaks *leaks)
{
	free_all_kept(leaks);
	leaks->kept = leaks->types = leaks->objects = NULL;
	leaks->steps = NULL;
	leaks->kept_count = leaks->types_count = leaks->objects_count = leaks->steps_count = 0;
}

struct result_leaks *leaks_free(struct result_leaks *leaks)
{
	if (!leaks)
		return NULL;
	for (size_t i = 0; i < leaks->items_count; i++) {
		free((void *)(uintptr_t)leaks->items[i].members);
		free((void *)(uintptr_t)leaks->items[i].links);
	}
	free(leaks->why);
	free(leaks->name);
	free(leaks->items);
	free(leaks->holders);
	free_all_kept(leaks);
	free(leaks->tables);
	free(leaks);
	return NULL;
}
