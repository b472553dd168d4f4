/* SPDX-License-Identifier: Apache-2.0 */
/* Reads lists of known leaks, and says what is wrong with them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "symbol/default-suppressions.h"

#include "suppressions.h"

#define FILE_MAX     (16u << 20)
#define UNUSED_SHOWN 10u

static int read_file(const char *path, char **ret_text, size_t *ret_bytes)
{
	FILE *file = fopen(path, "re");
	char *text = malloc(FILE_MAX + 1);
	int r = 0;

	if (!file) {
		r = neg_errno();
	} else if (!text) {
		r = -ENOMEM;
	} else {
		*ret_bytes = fread(text, 1, FILE_MAX + 1, file);
		if (ferror(file))
			r = neg_errno();
		else if (*ret_bytes > FILE_MAX)
			r = -EFBIG;
	}
	if (file)
		(void)fclose(file);
	if (r < 0)
		free(text);
	else
		*ret_text = text;
	return r;
}

int suppressions_read(struct suppress *suppress, const char *path)
{
	cleanup_free char *text = NULL;
	struct suppress_error error;
	size_t bytes = 0;
	int r;

	if (!path)
		return 0;
	r = read_file(path, &text, &bytes);
	if (r < 0) {
		log_error("cannot read '%s': %s", path, log_reason(r));
		return r;
	}
	r = suppress_parse(suppress, text, bytes, path, REPORT_SUPPRESSION_FILE, &error);
	if (r == -EINVAL) {
		log_error("cannot use '%s': line %u: %s", path, error.line, error.what);
		log_hint(
			"lines such as 'leak:PATTERN', or entries as 'valgrind --gen-suppressions' "
			"prints them");
	} else if (r < 0) {
		log_error("cannot use '%s': %s", path, log_reason(r));
	}
	return r;
}

static bool is_first(const struct report *report, size_t number)
{
	for (size_t i = 0; i < number; i++)
		if (strcmp(report->processes.at[i].exe, report->processes.at[number].exe) == 0)
			return false;
	return true;
}

/* What the programs themselves ask for. */
static int add_defaults(struct suppress *suppress, const struct report *report)
{
	int r = 0;

	for (size_t i = 0; i < report->processes.count && r == 0; i++) {
		const struct report_process *process = &report->processes.at[i];
		cleanup_free char *text = NULL;
		struct suppress_error error;

		if ((!process->leaks.count && !process->looks.count) || !is_first(report, i))
			continue;
		switch (default_suppressions_read(process->exe, &text)) {
		case 0:
			r = suppress_parse(suppress, text, strlen(text), process->exe,
					   REPORT_SUPPRESSION_PROGRAM, &error);
			if (r != -EINVAL)
				break;
			log_note("cannot use __lsan_default_suppressions() of '%s': line %u: %s",
				 process->exe, error.line, error.what);
			r = 0;
			break;
		case -ENOTSUP:
			log_note("cannot use __lsan_default_suppressions() of '%s': it does more "
				 "than return a text; write it to a file for --suppressions",
				 process->exe);
			break;
		default:
			break;
		}
	}
	return r;
}

static void name_unused(const struct report *report)
{
	size_t unused = 0;

	for (size_t i = 0; i < report->suppressions.count; i++) {
		const struct report_suppression *entry = &report->suppressions.at[i];

		if (entry->used || entry->source != REPORT_SUPPRESSION_FILE)
			continue;
		if (++unused <= UNUSED_SHOWN)
			log_note("suppression '%s' (%s:%u) matches no leak", entry->name,
				 entry->file, entry->line);
	}
	if (unused > UNUSED_SHOWN)
		log_note("%zu more suppressions match no leak", unused - UNUSED_SHOWN);
}

int suppressions_apply(struct suppress *suppress, struct report *report)
{
	int r = add_defaults(suppress, report);

	if (r == 0)
		r = suppress_builtin(suppress);
	if (r == 0)
		r = suppress_apply(suppress, report);
	if (r == 0)
		name_unused(report);
	return r;
}
