/* SPDX-License-Identifier: Apache-2.0 */
/* Dominators of random graphs, against what is left when each block is taken away. */
#include <stdlib.h>
#include <string.h>

#include "analysis/dominators.h"

#include "test.h"

#define BLOCKS 40u
#define ROUNDS 300u

static uint64_t state = 1;

static uint32_t below(uint32_t limit)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33) % limit;
}

static void make_graph(struct graph *graph, unsigned int edges)
{
	*graph = (struct graph){ .blocks.count = BLOCKS };
	graph->first = calloc(BLOCKS + 1, sizeof(*graph->first));
	CHECK(graph->first);
	for (uint32_t b = 0; b < BLOCKS; b++) {
		graph->first[b] = graph->edges.count;
		for (unsigned int e = below(2 * edges + 1); e > 0; e--)
			CHECK_EQ(vec_push(&graph->edges, ((struct graph_edge){ below(BLOCKS), 0 })),
				 0);
	}
	graph->first[BLOCKS] = graph->edges.count;
}

/* What the roots lead to when nobody can go through @without. */
static void reach(const struct graph *graph, const uint32_t *roots, size_t count, uint32_t without,
		  bool seen[BLOCKS])
{
	uint32_t front[BLOCKS];
	size_t left = 0;

	memset(seen, 0, BLOCKS * sizeof(*seen));
	for (size_t i = 0; i < count; i++)
		if (roots[i] != without && !seen[roots[i]]) {
			seen[roots[i]] = true;
			front[left++] = roots[i];
		}
	while (left) {
		uint32_t block = front[--left];

		for (uint64_t e = graph->first[block]; e < graph->first[block + 1]; e++) {
			uint32_t to = graph->edges.at[e].to & ~GRAPH_INSIDE;

			if (to != without && !seen[to]) {
				seen[to] = true;
				front[left++] = to;
			}
		}
	}
}

static bool dominates(const struct dominators *dominators, uint32_t above, uint32_t v)
{
	while (v > above)
		v = dominators->above[v];
	return v == above;
}

TEST(whoever_is_taken_away_takes_along_what_it_dominates)
{
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct dominators dominators = { 0 };
		uint32_t roots[3] = { below(BLOCKS), below(BLOCKS), below(BLOCKS) };
		bool all[BLOCKS], left[BLOCKS];
		size_t reached = 0;
		uint64_t bits = 0;
		struct graph graph;

		make_graph(&graph, round % 3 + 1);
		for (size_t i = 0; i < 3; i++)
			bits |= UINT64_C(1) << roots[i];
		CHECK_EQ(dominators_find(&dominators, &graph, &bits), 0);
		reach(&graph, roots, 3, BLOCKS, all);
		for (uint32_t b = 0; b < BLOCKS; b++)
			reached += all[b];
		CHECK_EQ(dominators.count, reached + 1);
		for (uint32_t u = 2; u <= dominators.count; u++) {
			reach(&graph, roots, 3, dominators.block[u], left);
			for (uint32_t v = 2; v <= dominators.count; v++)
				CHECK_EQ(dominates(&dominators, u, v), !left[dominators.block[v]]);
		}
		dominators_fini(&dominators);
		vec_fini(&graph.edges);
		free(graph.first);
	}
}

TEST(nothing_is_dominated_when_nothing_is_held)
{
	struct dominators dominators = { 0 };
	struct graph graph;

	make_graph(&graph, 1);
	CHECK_EQ(dominators_find(&dominators, &graph, &(uint64_t){ 0 }), 0);
	CHECK_EQ(dominators.count, DOMINATORS_ROOT);
	dominators_fini(&dominators);
	vec_fini(&graph.edges);
	free(graph.first);
}
