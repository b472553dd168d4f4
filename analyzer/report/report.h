/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the report document: from the model's results by report_add(), or from
 * a file by report_load() (report-load.h).
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdint.h>

#include "base/attr.h"
#include "report/document.h"
#include "symbol/resolve.h"

/**
 * struct report_session - what only the one who ran the program knows
 * @command:       argument vector, ended by NULL
 * @cwd, @host:    or NULL
 * @hash_seed:     PYTHONHASHSEED, or NULL
 * @start_unix_ns: wall clock, CLOCK_REALTIME
 * @end:           of the program itself
 */
struct report_session {
	const char *const *command;
	const char *cwd;
	const char *host;
	const char *hash_seed;
	uint64_t start_unix_ns;
	uint64_t duration_ns;
	struct report_end end;
};

/** report_new() - an empty document, made by this version.  Return: NULL for out of memory */
struct report *report_new(const char *version);

/** report_set_session() - copies all of @session.  Return: 0 or -ENOMEM */
attr_nodiscard int report_set_session(struct report *report, const struct report_session *session);

/**
 * report_add() - append a process image, with names
 * @report:  the document, its session set
 * @process: not needed any longer afterwards
 * @resolve: one for all processes
 *
 * Return: 0 or -ENOMEM, after which the document can only be freed.
 */
attr_nodiscard int report_add(struct report *report, const struct result_process *process,
			      struct resolve *resolve);

/** report_sum() - bring processes in order of their start and add them up, when all are there */
void report_sum(struct report *report);

/**
 * report_choose() - the process that somebody means
 * @pid: of the process; 0: the one with the largest peak
 *
 * Return: NULL when there is none.
 */
const struct report_process *report_choose(const struct report *report, uint32_t pid);

/** report_free() - @report may be NULL.  Return: NULL */
struct report *report_free(struct report *report);

/**
 * report_text() - a copy of @text that lives as long as @report
 *
 * Bytes that are not UTF-8 become U+FFFD.  Return: NULL for out of memory.
 */
const char *report_text(struct report *report, const char *text);

/** report_string() - number of a string of the document.  Return: 0 or -ENOMEM */
attr_nodiscard int report_string(struct report *report, const char *text, uint32_t *ret_id);

/** report_add_frame() - number of @frame, the same for equal ones.  Return: 0 or -ENOMEM */
attr_nodiscard int report_add_frame(struct report *report, const struct report_frame *frame,
				    uint32_t *ret_id);

/** report_add_stack() - number of @frame called from @caller.  Return: 0 or -ENOMEM */
attr_nodiscard int report_add_stack(struct report *report, uint32_t caller, uint32_t frame,
				    uint32_t *ret_id);

#endif /* REPORT_REPORT_H */
