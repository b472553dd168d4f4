/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds Python objects, as far as references and reference counts tell.
 */
#ifndef ANALYSIS_PYROOTS_H
#define ANALYSIS_PYROOTS_H

#include "base/attr.h"
#include "classify.h"
#include "graph.h"

/**
 * pyroots_settle() - forget words that look like references to objects and are none
 *
 * If objects that are laid out in a known way hold as many references to an
 * object as it counts, then what else looks like one is borrowed or left over.
 * After graph_explain().  Return: 0 or -ENOMEM.
 */
attr_nodiscard int pyroots_settle(struct graph *graph);

/**
 * pyroots_add() - modules are where people look from; and what nobody seems to hold, is
 * held by what is not known
 * @classify: as classify_reach() left it; brought up to date
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int pyroots_add(struct graph *graph, struct classify *classify);

#endif /* ANALYSIS_PYROOTS_H */
