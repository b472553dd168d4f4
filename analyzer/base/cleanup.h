/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope cleanup: what a variable owns is given back when it goes out of scope.
 */
#ifndef ANALYZER_BASE_CLEANUP_H
#define ANALYZER_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/attr.h"

static inline void cleanup_free_(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close_(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void cleanup_fclose_(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

#define cleanup_free   attr_cleanup(cleanup_free_)
#define cleanup_close  attr_cleanup(cleanup_close_)
#define cleanup_fclose attr_cleanup(cleanup_fclose_)

/** take_ptr() - hand the pointer on and forget it, so that its cleanup does nothing */
#define take_ptr(p)                         \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

/** take_fd() - likewise for a descriptor */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif /* ANALYZER_BASE_CLEANUP_H */
