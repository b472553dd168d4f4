/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing arrays of values.
 *
 *	VEC(struct thing) things = { 0 };
 *
 *	if (vec_push(&things, thing) < 0)
 *		return -ENOMEM;
 *	for (size_t i = 0; i < things.count; i++)
 *		use(&things.at[i]);
 *	vec_fini(&things);
 */
#ifndef ANALYZER_BASE_VEC_H
#define ANALYZER_BASE_VEC_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/attr.h"

/** VEC() - type of a growing array; all zero is an empty one */
#define VEC(type)             \
	struct {              \
		type *at;     \
		size_t count; \
		size_t space; \
	}

/**
 * vec_grow_() - room for @need elements of @each bytes
 *
 * Return: 0, or -ENOMEM with the array as it was.
 */
attr_nodiscard static inline int vec_grow_(void *at_pointer, size_t *space, size_t need,
					   size_t each)
{
	void **at = at_pointer;
	size_t want = *space < 8 ? 8 : *space + *space / 2;
	size_t bytes;
	void *grown;

	if (want < need)
		want = need;
	if (__builtin_mul_overflow(want, each, &bytes) || bytes > PTRDIFF_MAX)
		return -ENOMEM;
	grown = realloc(*at, bytes);
	if (!grown)
		return -ENOMEM;

	*at = grown;
	*space = want;
	return 0;
}

/** vec_reserve() - room for @need elements in all; 0 or -ENOMEM */
#define vec_reserve(v, need) \
	((need) <= (v)->space ? 0 : vec_grow_(&(v)->at, &(v)->space, (need), sizeof(*(v)->at)))

/** vec_push() - append one value; 0 or -ENOMEM */
#define vec_push(v, ...)                                     \
	({                                                   \
		__typeof__(v) v_ = (v);                      \
		int err_ = vec_reserve(v_, v_->count + 1);   \
                                                             \
		if (!err_)                                   \
			v_->at[v_->count++] = (__VA_ARGS__); \
		err_;                                        \
	})

/** vec_clear() - empty it, keep the memory */
#define vec_clear(v) ((void)((v)->count = 0))

/** vec_fini() - empty it and give the memory back */
#define vec_fini(v)                        \
	({                                 \
		__typeof__(v) v_ = (v);    \
                                           \
		free(v_->at);              \
		v_->at = NULL;             \
		v_->count = v_->space = 0; \
	})

#endif /* ANALYZER_BASE_VEC_H */
