/* SPDX-License-Identifier: Apache-2.0 */
/* What each line of one source file has to do with a process's memory. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/idmap.h"
#include "base/nearest.h"
#include "base/strbuf.h"
#include "report/annotate.h"
#include "report/names.h"

/* --------------------------------------------------------------- the file */

/* Takes "." and ".." out of @path, which is absolute. */
static void straighten(char *path)
{
	char *to = path, *at = path;

	while (*at) {
		size_t length;

		while (*at == '/')
			at++;
		length = strcspn(at, "/");
		if (length == 2 && strncmp(at, "..", 2) == 0) {
			while (to > path && *--to != '/')
				;
		} else if (length && !(length == 1 && *at == '.')) {
			*to++ = '/';
			memmove(to, at, length);
			to += length;
		}
		at += length;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

/* Return: @path from the root, owned by the caller; NULL for out of memory. */
static char *absolute(const char *path, const char *cwd)
{
	struct strbuf text = { 0 };
	char *whole;

	if (*path != '/' && *cwd) {
		strbuf_adds(&text, cwd);
		strbuf_addc(&text, '/');
	}
	strbuf_adds(&text, path);
	whole = strbuf_take(&text);
	if (whole && *whole == '/')
		straighten(whole);
	return whole;
}

static bool is_same_file(const char *a, const char *b)
{
	char real_a[PATH_MAX], real_b[PATH_MAX];

	return realpath(a, real_a) && realpath(b, real_b) && strcmp(real_a, real_b) == 0;
}

/* Whether @part is the end of @path, from a slash on. */
static bool is_end(const char *path, const char *part)
{
	size_t path_length = strlen(path), length = strlen(part);

	while (strncmp(part, "./", 2) == 0) {
		part += 2;
		length -= 2;
	}
	return path_length > length && path[path_length - length - 1] == '/' &&
	       strcmp(path + path_length - length, part) == 0;
}

/* Looking for the strings that name the file. */
struct search {
	const struct report *report;
	uint8_t *is_file; /* per string: it is the file of a frame; 2: of the one that is meant */
	const char *path;
	char *whole;
	char *found; /* absolute */
	const char *other;
};

static int search_init(struct search *search, const struct report *report, const char *path,
		       const char *cwd)
{
	*search = (struct search){ .report = report, .path = path };
	search->is_file = calloc(report->strings.strings.count + 1, 1);
	search->whole = absolute(path, cwd);
	if (!search->is_file || !search->whole)
		return -ENOMEM;
	for (size_t i = 0; i < report->frames.count; i++) {
		if (report->frames.at[i].file != REPORT_NONE)
			search->is_file[report->frames.at[i].file] = 1;
	}
	return 0;
}

static void search_fini(struct search *search)
{
	free(search->is_file);
	free(search->whole);
	free(search->found);
}

/* Marks all names of the file; @by_end: the last parts of its path are enough. */
static int mark(struct search *search, bool by_end)
{
	const struct report *report = search->report;

	for (size_t i = 0; i < report->strings.strings.count; i++) {
		const char *name = intern_get(&report->strings, (uint32_t)i);
		cleanup_free char *whole = NULL;

		if (!search->is_file[i])
			continue;
		whole = absolute(name, report->cwd);
		if (!whole)
			return -ENOMEM;
		if (by_end ? !is_end(whole, search->path)
			   : strcmp(whole, search->whole) != 0 && strcmp(name, search->path) != 0 &&
				     !is_same_file(whole, search->whole))
			continue;
		if (search->found && strcmp(search->found, whole) != 0 &&
		    !is_same_file(search->found, whole)) {
			search->other = name;
			return -EEXIST;
		}
		search->is_file[i] = 2;
		if (!search->found) {
			search->found = whole;
			whole = NULL;
		}
	}
	return search->found ? 0 : -ENOENT;
}

/* The name that is most like the one asked for. */
static const char *nearest_file(const struct search *search)
{
	const struct report *report = search->report;
	const char *best = NULL, *path = NULL;
	size_t distance = 0;

	for (size_t i = 0; i < report->strings.strings.count; i++) {
		const char *name = intern_get(&report->strings, (uint32_t)i);
		const char *before = best;

		if (!search->is_file[i])
			continue;
		nearest_feed(names_base(search->path), names_base(name), &best, &distance);
		if (best != before)
			path = name;
	}
	return path;
}

/* -------------------------------------------------------------- the figures */

struct sums_of {
	struct annotate *annotate;
	const struct search *search;
	struct idmap lines;
	struct idmap functions;
	VEC(uint64_t) seen; /* lines and functions of this stack: key, and which */
};

static int add_line(struct sums_of *sums, uint32_t line, const struct report_site *site)
{
	struct annotate *annotate = sums->annotate;
	uint32_t index;
	int r = idmap_add(&sums->lines, line, (uint32_t)annotate->lines.count, &index);

	if (r == 1)
		r = vec_push(&annotate->lines, (struct annotate_line){ .line = line });
	if (r < 0)
		return r;
	table_add(&annotate->lines.at[index].sums, site);
	return 0;
}

static int add_function(struct sums_of *sums, const struct report_frame *frame,
			const struct report_site *site)
{
	struct annotate *annotate = sums->annotate;
	struct annotate_function fresh = { .function = frame->function, .line = frame->line };
	uint32_t index;
	int r = idmap_add(&sums->functions, frame->function, (uint32_t)annotate->functions.count,
			  &index);

	if (r == 1)
		r = vec_push(&annotate->functions, fresh);
	if (r < 0)
		return r;
	if (frame->line && frame->line < annotate->functions.at[index].line)
		annotate->functions.at[index].line = frame->line;
	table_add(&annotate->functions.at[index].sums, site);
	return 0;
}

/* Return: 1 if this stack has come through here already, 0 if not, or -ENOMEM. */
static int see(struct sums_of *sums, uint64_t key)
{
	for (size_t i = 0; i < sums->seen.count; i++) {
		if (sums->seen.at[i] == key)
			return 1;
	}
	return vec_push(&sums->seen, key);
}

static int add_site(struct sums_of *sums, const struct report_site *site, bool cumulative)
{
	const struct report *report = sums->search->report;
	int r = 0;

	vec_clear(&sums->seen);
	for (uint32_t at = site->stack; at != REPORT_NONE && r >= 0;
	     at = report->stacks.at[at].caller) {
		const struct report_frame *frame = &report->frames.at[report->stacks.at[at].frame];

		if (frame->file == REPORT_NONE || sums->search->is_file[frame->file] != 2)
			continue;
		if (!sums->seen.count)
			table_add(&sums->annotate->total, site);
		r = see(sums, idmap_pair(0, frame->line));
		if (r == 0)
			r = add_line(sums, frame->line, site);
		if (r >= 0)
			r = see(sums, idmap_pair(1, frame->function));
		if (r == 0)
			r = add_function(sums, frame, site);
		if (!cumulative)
			break;
	}
	return r < 0 ? r : 0;
}

static int by_line(const void *a, const void *b)
{
	const struct annotate_line *x = a, *y = b;

	return x->line < y->line ? -1 : x->line > y->line;
}

static int by_peak(const void *a, const void *b)
{
	const struct annotate_function *x = a, *y = b;

	if (x->sums.peak.bytes != y->sums.peak.bytes)
		return x->sums.peak.bytes > y->sums.peak.bytes ? -1 : 1;
	if (x->sums.allocated.bytes != y->sums.allocated.bytes)
		return x->sums.allocated.bytes > y->sums.allocated.bytes ? -1 : 1;
	return x->function < y->function ? -1 : x->function > y->function;
}

static int add_up(struct annotate *annotate, const struct search *search,
		  const struct annotate_options *options)
{
	struct sums_of sums = { .annotate = annotate, .search = search };
	const report_sites *sites = &options->process->sites;
	int r = 0;

	for (size_t i = 0; i < sites->count && r == 0; i++)
		r = add_site(&sums, &sites->at[i], options->cumulative);
	idmap_fini(&sums.lines);
	idmap_fini(&sums.functions);
	vec_fini(&sums.seen);
	if (r < 0)
		return r;
	if (!annotate->lines.count)
		return -ENOENT;
	qsort(annotate->lines.at, annotate->lines.count, sizeof(*annotate->lines.at), by_line);
	qsort(annotate->functions.at, annotate->functions.count, sizeof(*annotate->functions.at),
	      by_peak);
	return 0;
}

int annotate_init(struct annotate *annotate, const struct report *report, const char *path,
		  const struct annotate_options *options, const char **ret_hint)
{
	struct search search;
	int r = search_init(&search, report, path, options->cwd);

	*annotate = (struct annotate){ 0 };
	*ret_hint = NULL;
	if (r == 0)
		r = mark(&search, false);
	if (r == -ENOENT)
		r = mark(&search, true);
	if (r == 0)
		r = add_up(annotate, &search, options);
	else if (r == -EEXIST)
		*ret_hint = search.other;
	else if (r == -ENOENT)
		*ret_hint = nearest_file(&search);
	if (r == 0) {
		annotate->path = search.found;
		search.found = NULL;
	} else {
		annotate_fini(annotate);
	}
	search_fini(&search);
	return r;
}

void annotate_fini(struct annotate *annotate)
{
	free(annotate->path);
	vec_fini(&annotate->lines);
	vec_fini(&annotate->functions);
	*annotate = (struct annotate){ 0 };
}

uint32_t annotate_last(const struct annotate *annotate)
{
	return annotate->lines.count ? annotate->lines.at[annotate->lines.count - 1].line : 0;
}
