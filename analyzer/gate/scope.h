/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of a program's memory that have a name:
 *
 *	process           all of it
 *	dso:NAME          of an object, such as libfoo.so; the function that answers for it is there
 *	package:NAME      likewise of a Python package or module, such as app.cache
 *	function:GLOB     everything allocated on the way through these functions
 *	sig:SIGNATURE     of one signature
 *	type:NAME         of blocks whose type was named so
 *	phase:GLOB        the heap while phases of this name lasted
 *	test:GLOB         likewise of tests; short for phase:test:GLOB
 *	mark:GLOB         the heap when the program came to marks of this name
 *
 * Names are globs as of the shell.
 */
#ifndef GATE_SCOPE_H
#define GATE_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/strbuf.h"
#include "gate/limits.h"
#include "report/document.h"
#include "report/places.h"

/** scope_after() - what stands behind @prefix in @text, or NULL */
const char *scope_after(const char *text, const char *prefix);

/** scope_phase() - the glob that names of phases must match for this scope, or NULL */
const char *scope_phase(const char *scope);

/** scope_is_valid() - is it one of the above? */
bool scope_is_valid(const char *scope);

/** scope_has() - is there such a figure of a valid scope? */
bool scope_has(const char *scope, enum limits_metric metric);

/** scope_is_pattern() - can it name the sites to suppress? also "leak:TEXT", a part of a name */
bool scope_is_pattern(const char *pattern);

/** scope_matches() - is a site of this signature and stack part of what @pattern names? */
bool scope_matches(const char *pattern, const struct places_view *view, uint64_t sig,
		   uint32_t stack);

/** scope_edge() - the reference of such cycles to give up, or the first one; NULL when none is
 * known */
const struct cycles_edge *scope_edge(const struct report_shape *shape);

/** scope_reference() - append this reference: "orders.Line.basket -> orders.Basket" */
void scope_reference(struct strbuf *text, const struct report_shape *shape);

/** scope_has_shape() - is an object of such cycles part of what @scope names? */
bool scope_has_shape(const char *scope, const struct places_view *view,
		     const struct report_shape *shape);

/** scope_is_judged() - are blocks that this process left behind left over, and not just cut off? */
bool scope_is_judged(const struct report_process *process);

/**
 * scope_missing() - what did not happen that is to be measured: a mark, the end of a phase
 *
 * Return: words for it; NULL if it did, and of scopes that are neither.
 */
const char *scope_missing(const char *scope, enum limits_metric metric,
			  const struct report *report);

/** scope_has_peak() - was a phase of this scope on when the process had the most memory? */
bool scope_has_peak(const char *scope, const struct report_process *process);

/** scope_of_site() - what one site adds to a figure; 0 for figures that no site answers for */
uint64_t scope_of_site(const struct report_process *process, const struct report_site *site,
		       enum limits_metric metric);

/**
 * scope_measure() - a figure, all processes taken together
 *
 * Sums, but for peaks, phases and pauses: the largest one.
 */
uint64_t scope_measure(const struct places_view *view, const char *scope,
		       enum limits_metric metric);

/** scope_module() - append the object, or the Python file, of the function that answers */
void scope_module(struct strbuf *text, const struct places_view *view, uint32_t stack);

/** scope_where() - append that function and its place: "make  app.c:6" */
void scope_where(struct strbuf *text, const struct places_view *view, uint32_t stack);

#endif /* GATE_SCOPE_H */
