/* SPDX-License-Identifier: Apache-2.0 */
/* Writes reports. */
#include <fcntl.h>
#include <langinfo.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/units.h"
#include "report/report-json.h"
#include "report/report.h"

#include "cli.h"
#include "output.h"

#define WIDTH_DEFAULT 80
#define WIDTH_MIN     60
#define WIDTH_MAX     200

int output_check_template(const char *option, const char *text)
{
	const char *bad;

	if (!text || template_check(text, &bad) == 0)
		return 0;
	log_error("invalid value '%s' for option '--%s': cannot understand '%s'", text, option,
		  bad);
	log_hint("write %%%% for a per cent sign");
	return -EINVAL;
}

int output_refuse(const char *name, int r)
{
	log_error("cannot write '%s': %s", name, log_reason(r));
	if (r == -EEXIST)
		log_hint("--force to replace it");
	return r;
}

static int check(const char *path, bool force)
{
	struct stat st;
	char copy[PATH_MAX];

	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return -EISDIR;
		if (!S_ISREG(st.st_mode)) /* a device, a pipe */
			return access(path, W_OK) < 0 ? neg_errno() : 0;
		if (!force)
			return -EEXIST;
	} else if (errno != ENOENT) {
		return neg_errno();
	}

	if (strlen(path) >= sizeof(copy))
		return -ENAMETOOLONG;
	(void)snprintf(copy, sizeof(copy), "%s", path);
	return access(dirname(copy), W_OK | X_OK) < 0 ? neg_errno() : 0;
}

int output_name(const char *text, const struct template_values *values, bool force, char **ret_name)
{
	char *name;
	int r;

	if (strcmp(text, "-") == 0) {
		*ret_name = strdup(text);
		return *ret_name ? 0 : -ENOMEM;
	}

	r = template_expand(text, values, &name);
	if (r < 0)
		return r;
	r = check(name, force);
	if (r < 0)
		free(name);
	else
		*ret_name = name;
	return r;
}

/* Flushes and closes @file; @r is the error so far. */
static int finish(FILE *file, int r)
{
	if (fflush(file) != 0 && r == 0)
		r = neg_errno();
	if (ferror(file) && r == 0)
		r = -EIO;
	if (file != stdout && fclose(file) != 0 && r == 0)
		r = neg_errno();
	return r;
}

static int write_to(const struct output_writer *writer, FILE *file)
{
	/* A reader that has seen enough must not end us: the status to pass on is the program's. */
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	int r = finish(file, writer->write(writer->arg, file));

	(void)signal(SIGPIPE, before);
	return r;
}

static int write_in_place(const struct output_writer *writer, const char *path)
{
	FILE *file = fopen(path, "we");

	return file ? write_to(writer, file) : neg_errno();
}

/* Beside @path first, and under its name when it is complete. */
static int write_and_rename(const struct output_writer *writer, const char *path, bool force)
{
	cleanup_free char *draft = NULL;
	mode_t mask = umask(0);
	FILE *file;
	int fd, r;

	(void)umask(mask);
	if (asprintf(&draft, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(draft, O_CLOEXEC);
	if (fd < 0)
		return neg_errno();
	file = fdopen(fd, "w");
	if (!file) {
		r = neg_errno();
		(void)close(fd);
		(void)unlink(draft);
		return r;
	}

	(void)fchmod(fd, 0666 & ~mask);
	r = write_to(writer, file);
	if (r == 0 && !force && link(draft, path) < 0)
		r = neg_errno();
	else if (r == 0 && force && rename(draft, path) < 0)
		r = neg_errno();
	if (r < 0 || !force)
		(void)unlink(draft);
	return r;
}

int output_file(const struct output_writer *writer, const char *path, bool force)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return write_to(writer, stdout);
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return write_in_place(writer, path);
	return write_and_rename(writer, path, force);
}

static int write_json(const void *report, FILE *file)
{
	return report_json_write(report, file);
}

int output_json(const struct report *report, const char *path, bool force)
{
	const struct output_writer writer = { write_json, report };

	return output_file(&writer, path, force);
}

struct table_writer {
	const struct report *report;
	const struct output_summary *summary;
	const struct report_process *process;
};

static int write_table(const void *arg, FILE *file)
{
	const struct table_writer *writer = arg;
	const struct output_summary *summary = writer->summary;
	struct places_view view;
	struct table table;
	int r = places_view_init(&view, writer->report, (enum report_frames)summary->frames);

	if (r < 0)
		return r;
	view.origin = summary->origin;
	r = table_init(&table, &view, writer->process, (enum table_by)summary->by,
		       (enum report_sort)summary->sort);
	if (r == 0) {
		r = table_json_write(&table, writer->report, summary->top, file);
		table_fini(&table);
	}
	places_view_fini(&view);
	return r;
}

int output_table(const struct report *report, const struct output_summary *summary,
		 const char *path, bool force)
{
	const struct table_writer table = {
		.report = report,
		.summary = summary,
		.process = report_choose(report, (uint32_t)summary->pid),
	};
	const struct output_writer writer = { write_table, &table };

	return table.process ? output_file(&writer, path, force) : -ESRCH;
}

static unsigned int width_of(FILE *out)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t width = WIDTH_DEFAULT;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		width = size.ws_col;
	else if (columns && units_parse_count(columns, &width) < 0)
		width = WIDTH_DEFAULT;

	return (unsigned int)(width < WIDTH_MIN	  ? WIDTH_MIN
			      : width > WIDTH_MAX ? WIDTH_MAX
						  : width);
}

struct report_text_options output_options(const struct output_summary *summary, FILE *out)
{
	return (struct report_text_options){
		.top = summary->top,
		.sort = (enum report_sort)summary->sort,
		.sorted = summary->sort != OUTPUT_OVERVIEW,
		.by = summary->by,
		.tabled = summary->by != OUTPUT_NO_TABLE,
		.frames = (enum report_frames)summary->frames,
		.origin = summary->origin,
		.width = width_of(out),
		.color = cli_use_color(out),
		.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
		.process = (uint32_t)summary->pid,
		.file = summary->file,
	};
}

int output_text(const struct report *report, const struct output_summary *summary, FILE *out)
{
	const struct report_text_options text = output_options(summary, out);
	int r = report_text_write(report, &text, out);

	if (fflush(out) != 0 && r == 0)
		r = neg_errno();
	return r;
}
