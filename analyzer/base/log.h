/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place that writes messages to stderr.
 *
 * A message is one line, written by one write(2), so that it cannot be mixed
 * with the output of the program that runs.  Its form: what could not be
 * done, the object in single quotes, the reason, no full stop; what can be
 * done about it goes into log_hint().
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/attr.h"

enum log_level {
	LOG_SILENT, /* nothing at all: stderr is not ours */
	LOG_ERRORS, /* only what went wrong (--quiet) */
	LOG_NOTES,  /* and what the user should know */
	LOG_DETAIL, /* and what tenure is doing (--verbose) */
};

void log_set_level(enum log_level level);

/** log_error() - "tenure: MESSAGE", always shown */
void log_error(const char *format, ...) attr_printf(1, 2);

/** log_hint() - "tenure: try: MESSAGE", after an error */
void log_hint(const char *format, ...) attr_printf(1, 2);

/** log_note() - "tenure: MESSAGE", not with --quiet */
void log_note(const char *format, ...) attr_printf(1, 2);

/** log_detail() - "tenure: MESSAGE", only with --verbose */
void log_detail(const char *format, ...) attr_printf(1, 2);

/**
 * log_progress() - a line that the next message overwrites
 *
 * Shown on a terminal only, and not with --quiet.
 */
void log_progress(const char *format, ...) attr_printf(1, 2);

/** log_progress_end() - take that line away again */
void log_progress_end(void);

/**
 * log_reason() - what an error number means, beginning in lower case
 * @err: an errno, negative or positive
 *
 * Return: borrowed, valid until the next call.
 */
const char *log_reason(int err);

#endif /* BASE_LOG_H */
