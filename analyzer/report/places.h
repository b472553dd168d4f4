/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sites brought together by the place in the program that is to answer for
 * them: the first function from the leaf that is neither an allocator's
 * wrapper nor a run-time library's.
 */
#ifndef REPORT_PLACES_H
#define REPORT_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"
#include "report/document.h"
#include "report/report-text.h"

/* What a frame has to do with the memory that was asked for. */
enum places_class {
	PLACES_OWN,	 /* the program's and its libraries' */
	PLACES_SYSTEM,	 /* the run-time libraries' and the interpreter's */
	PLACES_PLUMBING, /* allocation functions and their wrappers */
	PLACES_ENTRY,	 /* on every stack */
};

/** struct places_view - what is known of the frames of a document, for many lists */
struct places_view {
	const struct report *report;
	enum report_frames frames;
	uint32_t origin;  /* REPORT_ORIGIN_NONE: all, else only sites of this one */
	bool python;	  /* it has Python frames, and they are shown */
	uint8_t *classes; /* per frame: enum places_class */
	uint32_t *inner;  /* per stack: its innermost part whose leaf is Python that answers */
	uint32_t *labels; /* per frame: equal for frames that are printed alike */
};

/**
 * struct place - a function at a line, and all sites that it answers for
 * @stack:  a stack with it as its leaf
 * @weight: what the list is ordered by
 * @blocks: the number that stands beside it
 * @whole:  allocations ever, for shares
 * @sites:  how many stacks lead here
 * @first:  index of the first of its members
 * @error:  variance of @weight, when it is estimated
 */
struct place {
	uint32_t stack;
	uint64_t weight;
	uint64_t blocks;
	uint64_t whole;
	size_t sites;
	size_t first;
	double error;
};

/* A site on its way up from a place. */
struct place_member {
	uint32_t label; /* of the place; members of a place stand together */
	uint32_t leaf;	/* the site's stack */
	uint32_t stack; /* of the place's frame */
	uint64_t weight;
	uint64_t blocks;
	uint64_t whole;
	double error; /* variance of weight */
};

/** struct places - the heaviest first; places without weight are left out */
struct places {
	VEC(struct place) items;
	VEC(struct place_member) members;
	uint64_t weight;
	uint64_t blocks;
};

/**
 * struct place_caller - who called a place, and for how much of its weight
 * @depth: 0 for callers of the place, 1 for callers of the caller before it, …
 */
struct place_caller {
	uint32_t frame;
	uint32_t depth;
	uint64_t weight;
};

/**
 * places_view_init() - look at all frames and sites of @report
 *
 * A function without a name through which many others allocate is taken for a
 * wrapper: in a stripped program that is the only sign of one.
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int places_view_init(struct places_view *view, const struct report *report,
				    enum report_frames frames);

/** places_view_fini() - give the memory back */
void places_view_fini(struct places_view *view);

/** places_shows() - is @site of the origin that is wanted? */
static inline bool places_shows(const struct places_view *view, const struct report_site *site)
{
	return !view->origin || site->origin == view->origin;
}

/** places_culprit() - the part of @stack whose leaf answers for what is allocated there */
uint32_t places_culprit(const struct places_view *view, uint32_t stack);

/**
 * places_init() - bring @sites together, for a list ordered by @sort
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int places_init(struct places *places, const struct places_view *view,
			       const report_sites *sites, enum report_sort sort);

/**
 * places_callers() - the heaviest way up from a place
 * @callers: room for @most; the caller, its caller, …  Where none of several
 *           callers accounts for half of the place, the heaviest of them, and
 *           nothing above
 * @ret_count: how many there are
 *
 * Library functions and repeated ones are passed over.  Return: 0 or -ENOMEM.
 */
attr_nodiscard int places_callers(const struct places *places, const struct places_view *view,
				  const struct place *place, struct place_caller *callers,
				  size_t most, size_t *ret_count);

/**
 * places_inner() - the function below a Python frame that asked for the memory
 * @ret_inner: the heaviest of them; weight 0 when there is none.  A frame without a name stands
 *	       for all of its module
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int places_inner(const struct places *places, const struct places_view *view,
				const struct place *place, struct place_caller *ret_inner);

/** places_fini() - give the memory back */
void places_fini(struct places *places);

#endif /* REPORT_PLACES_H */
