/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaks that are known and not to be spoken of: lists in the syntax of
 * LeakSanitizer or of Valgrind, and one of our own.
 *
 *	leak:PATTERN		LeakSanitizer: a frame's function, file or module
 *
 *	{			Valgrind: the frames from the allocator outwards
 *	   name
 *	   Memcheck:Leak
 *	   match-leak-kinds: definite
 *	   fun:malloc
 *	   ...
 *	   obj:*libcrypto.so*
 *	}
 */
#ifndef REPORT_SUPPRESS_H
#define REPORT_SUPPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/vec.h"
#include "report/document.h"

enum suppress_kind {
	SUPPRESS_ANY,	   /* LeakSanitizer: function, file or module of any frame */
	SUPPRESS_FUNCTION, /* fun: */
	SUPPRESS_OBJECT,   /* obj: */
	SUPPRESS_SOURCE,   /* src: FILE or FILE:LINE */
	SUPPRESS_ELLIPSIS, /* any frames, or none */
};

struct suppress_frame {
	enum suppress_kind kind;
	const char *pattern;
};

/**
 * struct suppress_rule - one entry of a list
 * @name:    what it is called in messages
 * @file:    of the list, or NULL
 * @reason:  why it is there; of our own only, else NULL
 * @python:  only in processes with an interpreter of this version, by its beginning, or NULL
 * @classes: 1 << enum leaks_class, those it is about
 * @used:    leaks it has suppressed
 */
struct suppress_rule {
	const char *name;
	const char *file;
	const char *reason;
	const char *python;
	uint32_t line;
	uint32_t source; /* enum report_suppression_source */
	uint32_t classes;
	uint64_t used;
	struct leaks_count own;
	VEC(struct suppress_frame) frames;
};

/** struct suppress - a set of rules; all zero is an empty one */
struct suppress {
	struct arena texts;
	VEC(struct suppress_rule) rules;
};

/** struct suppress_error - where a list cannot be understood, and why */
struct suppress_error {
	uint32_t line;
	const char *what;
};

/**
 * suppress_parse() - add the rules of a list
 * @text:   either syntax, or both; need not stay
 * @file:   its name, copied, or NULL
 * @source: enum report_suppression_source
 *
 * Return: 0; -EINVAL with @ret_error; -ENOMEM.
 */
attr_nodiscard int suppress_parse(struct suppress *suppress, const char *text, size_t bytes,
				  const char *file, uint32_t source,
				  struct suppress_error *ret_error);

/** suppress_builtin() - add our own.  Return: 0 or -ENOMEM */
attr_nodiscard int suppress_builtin(struct suppress *suppress);

/**
 * suppress_apply() - mark all leaks of @report that a rule matches, and list the rules
 *
 * What has been marked before is forgotten.  Return: 0 or -ENOMEM.
 */
attr_nodiscard int suppress_apply(struct suppress *suppress, struct report *report);

/** suppress_glob() - does @pattern with * and, with @question, ? match all of @text? */
bool suppress_glob(const char *pattern, const char *text, bool question);

void suppress_fini(struct suppress *suppress);

#endif /* REPORT_SUPPRESS_H */
