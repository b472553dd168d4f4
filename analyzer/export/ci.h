/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats for CI systems share: where a violation is, and how it is said. */
#ifndef EXPORT_CI_H
#define EXPORT_CI_H

#include <stdint.h>

#include "base/strbuf.h"
#include "export/export.h"

/* Where people look when a violation has no place in the sources: what sets the limits. */
#define CI_NOWHERE ".tenure"

/**
 * ci_path() - append where @frame is, relative to the top of the sources
 *
 * Return: its line, at least 1; 0 and nothing appended when it is elsewhere.
 */
uint32_t ci_path(const struct export_job *job, const struct report_frame *frame,
		 struct strbuf *path);

/**
 * ci_place() - append the file that is to blame, from the culprit up
 *
 * Return: the line in it, 1 for CI_NOWHERE.
 */
uint32_t ci_place(const struct export_job *job, const struct gate_violation *violation,
		  struct strbuf *path);

/** ci_amount() - append @value with its unit */
void ci_amount(struct strbuf *out, enum gate_unit unit, uint64_t value);

/** ci_message() - append the sentence, with what was got and allowed, and where */
void ci_message(struct strbuf *out, const struct gate_violation *violation);

/** ci_fingerprint() - append 16 hexadecimal digits, the same in every build */
void ci_fingerprint(struct strbuf *out, const struct gate_violation *violation);

#endif /* EXPORT_CI_H */
