/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of a JSON report share: typed access, and the place of the first error. */
#ifndef REPORT_LOAD_H
#define REPORT_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/attr.h"
#include "report/document.h"
#include "report/words.h"

/**
 * struct load - one reading; errors stick, the first one counts
 * @error: 0, -EINVAL or -ENOMEM
 * @text:  what was wrong
 */
struct load {
	struct report *report;
	int error;
	char text[256];
};

/** load_fail() - remember what is wrong, unless something was before */
void load_fail(struct load *load, int error, const char *format, ...) attr_printf(3, 4);

/*
 * A member of @object.  Absent ones have the value 0, false, "" or nothing;
 * those of another type are an error.
 */
uint64_t load_uint(struct load *load, const json_t *object, const char *key);
uint32_t load_uint32(struct load *load, const json_t *object, const char *key, uint32_t absent);
int64_t load_int(struct load *load, const json_t *object, const char *key);
bool load_bool(struct load *load, const json_t *object, const char *key, bool absent);
uint64_t load_sig(struct load *load, const json_t *object); /* "sig" */
const char *load_text(struct load *load, const json_t *object, const char *key);
uint32_t load_word(struct load *load, const json_t *object, const char *key,
		   const struct words *words);
const json_t *load_array(struct load *load, const json_t *object, const char *key);
const json_t *load_object(struct load *load, const json_t *object, const char *key);
void load_texts(struct load *load, const json_t *object, const char *key, report_texts *texts);
void load_counts(struct load *load, const json_t *object, const char *key, uint64_t *counts,
		 size_t count);
void load_end(struct load *load, const json_t *object, struct report_end *end);

/** load_process() - one element of "processes" */
void load_process(struct load *load, const json_t *object, struct report_process *process);

#endif /* REPORT_LOAD_H */
