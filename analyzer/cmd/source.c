/* SPDX-License-Identifier: Apache-2.0 */
/* Reports from files. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/log.h"
#include "input/capture.h"
#include "report/report-load.h"

#include "collector.h"
#include "output.h"
#include "source.h"

static int replay(const char *path, const char *generations, struct report **ret_report)
{
	struct collector collector = { .follow = COLLECTOR_BOTH };
	struct capture_outcome outcome;
	int r = collector_set_generations(&collector, generations);

	if (r < 0)
		return r;

	log_progress("reading '%s'", path);
	r = capture_replay(path, &collector_ops, &collector, &outcome);
	if (r == 0 && outcome.cut)
		log_note("'%s' is cut or damaged after %llu bytes; reporting what comes before",
			 path, (unsigned long long)outcome.offset);
	if (r == 0)
		r = collector_report(&collector, ret_report);
	log_progress_end();
	if (r < 0)
		log_error("cannot read '%s': %s", path,
			  r == -EPROTONOSUPPORT ? "it was recorded by another version of tenure"
						: log_reason(r));
	collector_fini(&collector);
	return r;
}

int source_load(const char *path, const char *generations, struct report **ret_report)
{
	int r;

	if (strcmp(path, "-") != 0 && capture_is_capture(path))
		return replay(path, generations, ret_report);

	r = report_load(path, ret_report);
	if (r < 0)
		log_error("cannot read '%s': %s", path,
			  *report_error_text() ? report_error_text() : log_reason(r));
	return r;
}

static const char *newest(const glob_t *found)
{
	struct timespec last = { 0 };
	const char *path = NULL;

	for (size_t i = 0; i < found->gl_pathc; i++) {
		struct stat st;

		if (stat(found->gl_pathv[i], &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (path &&
		    (st.st_mtim.tv_sec < last.tv_sec ||
		     (st.st_mtim.tv_sec == last.tv_sec && st.st_mtim.tv_nsec <= last.tv_nsec)))
			continue;
		last = st.st_mtim;
		path = found->gl_pathv[i];
	}
	return path;
}

int source_last(char **ret_path)
{
	glob_t found = { 0 };
	int failed = glob(OUTPUT_DEFAULT_GLOB, GLOB_NOSORT, NULL, &found);
	const char *path = failed ? NULL : newest(&found);
	char *copy = path ? strdup(path) : NULL;

	globfree(&found);
	if (!path && failed != GLOB_NOSPACE) {
		log_error("no file given, and no '%s' is here", OUTPUT_DEFAULT_GLOB);
		return -ENOENT;
	}
	if (!copy)
		return -ENOMEM;
	log_note("the last run here is '%s'", copy);
	*ret_path = copy;
	return 0;
}
