/* SPDX-License-Identifier: Apache-2.0 */
/* The words that stand for enumerators in the JSON report, both ways. */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/** struct words - a list of words; index is the value */
struct words {
	const char *const *at;
	size_t count;
};

extern const struct words words_end;	     /* enum result_end */
extern const struct words words_frame;	     /* enum resolve_kind */
extern const struct words words_lost;	     /* enum tenure_lost, those that have a cause */
extern const struct words words_mark;	     /* enum tenure_mark_kind */
extern const struct words words_source;	     /* enum resolve_source */
extern const struct words words_fn;	     /* enum tenure_fn */
extern const struct words words_series;	     /* enum result_series_kind */
extern const struct words words_verdict;     /* enum gate_verdict */
extern const struct words words_rule;	     /* enum gate_rule */
extern const struct words words_unit;	     /* enum gate_unit */
extern const struct words words_leak;	     /* enum leaks_class */
extern const struct words words_holder;	     /* enum leaks_holder_kind */
extern const struct words words_moment;	     /* enum tenure_moment */
extern const struct words words_suppression; /* enum report_suppression_source */

extern const struct words words_origin;	     /* enum report_origin, the first one is none */
extern const struct words words_python_leak; /* enum tenure_py_leak_kind */

/** words_get() - the word for @value; "unknown" when there is none */
const char *words_get(const struct words *words, uint32_t value);

/** words_find() - the value of @word.  Return: 0 or -ENOENT */
attr_nodiscard int words_find(const struct words *words, const char *word, uint32_t *ret_value);

#endif /* REPORT_WORDS_H */
