/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What blocks are, by their first words.
 */
#ifndef ANALYSIS_HEADS_H
#define ANALYSIS_HEADS_H

#include "graph.h"

/** heads_new() - for one thread.  Return: NULL without memory */
struct heads *heads_new(const struct graph *graph);
struct heads *heads_free(struct heads *heads);

/** heads_look() - add to graph->heads of @block by its first @count words */
void heads_look(struct heads *heads, uint32_t block, const uint64_t *words, size_t count);

/** heads_merge() - what two threads know by site, into the first; @from is freed */
void heads_merge(struct heads *heads, struct heads *from);

/** heads_tables() - write what is known by site */
void heads_tables(const struct heads *heads, struct leaks_table *ret_tables);

#endif /* ANALYSIS_HEADS_H */
