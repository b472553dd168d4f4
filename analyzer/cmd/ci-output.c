/* SPDX-License-Identifier: Apache-2.0 */
/* What `tenure check` leaves for CI systems. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "export/export.h"

#include "ci-output.h"
#include "output.h"

enum ci_system {
	CI_AUTO,
	CI_GITHUB,
	CI_GITLAB,
	CI_NONE,
};

const char *const ci_output_names[] = { "auto", "github", "gitlab", "none", NULL };

struct ci_job {
	struct export_job job;
	const struct export_format *format;
	int r; /* the first error */
};

static bool is_true(const char *variable)
{
	const char *value = getenv(variable);

	return value && strcmp(value, "true") == 0;
}

static enum ci_system system_of(const struct ci_output *options)
{
	if (options->ci != CI_AUTO)
		return (enum ci_system)options->ci;
	return is_true("GITHUB_ACTIONS") ? CI_GITHUB : is_true("GITLAB_CI") ? CI_GITLAB : CI_NONE;
}

static int write_format(const void *arg, FILE *file)
{
	const struct ci_job *ci = arg;

	return ci->format->write(&ci->job, file);
}

static void failed(struct ci_job *ci, const char *path, int r)
{
	output_refuse(path, r);
	if (ci->r == 0)
		ci->r = r;
}

static void write_file(struct ci_job *ci, const char *format, const char *path)
{
	const struct output_writer writer = { write_format, ci };
	int r;

	if (!path)
		return;
	ci->format = export_find(format);
	r = output_file(&writer, path, true);
	if (r < 0)
		failed(ci, path, r);
}

/* The runner reads commands from both streams; stdout may be the program's. */
static void tell_github(struct ci_job *ci)
{
	const char *summary = getenv("GITHUB_STEP_SUMMARY");
	FILE *file;
	int r;

	ci->format = export_find("annotations");
	r = ci->format->write(&ci->job, stderr);
	if (r < 0)
		failed(ci, "standard error", r);
	if (!summary || !*summary)
		return;
	file = fopen(summary, "ae"); /* other steps have written to it, or will */
	r = file ? 0 : neg_errno();
	if (file) {
		ci->format = export_find("markdown");
		r = ci->format->write(&ci->job, file);
		if (fclose(file) != 0 && r == 0)
			r = neg_errno();
	}
	if (r < 0)
		failed(ci, summary, r);
}

/* The top of the sources, as the CI system names it. */
static const char *root_of(enum ci_system system)
{
	const char *root = system == CI_GITHUB	 ? getenv("GITHUB_WORKSPACE")
			   : system == CI_GITLAB ? getenv("CI_PROJECT_DIR")
						 : NULL;

	return root && *root == '/' ? root : NULL;
}

int ci_output_write(const struct ci_output *options, const struct report *report)
{
	enum ci_system system = system_of(options);
	struct ci_job ci = { .job = { .report = report, .root = root_of(system) } };

	write_file(&ci, "sarif", options->sarif);
	write_file(&ci, "junit", options->junit);
	write_file(&ci, "markdown", options->markdown);
	write_file(&ci, "gitlab", options->gitlab);
	write_file(&ci, "openmetrics", options->openmetrics);
	if (system == CI_GITHUB)
		tell_github(&ci);
	if (system == CI_GITLAB && !options->gitlab)
		write_file(&ci, "gitlab", "tenure-codequality.json");
	if (system == CI_GITLAB && !options->openmetrics)
		write_file(&ci, "openmetrics", "tenure-metrics.txt");
	return ci.r;
}
