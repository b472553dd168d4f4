/* SPDX-License-Identifier: Apache-2.0 */
/* A session for each process image, and the document made from them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analysis/leaks-code.h"
#include "analysis/leaks.h"
#include "base/err.h"
#include "base/log.h"
#include "base/units.h"
#include "report/report-json.h"
#include "report/report.h"
#include "symbol/resolve.h"

#include "collector.h"

static bool is_wanted(const struct collector *collector, const struct image_info *info)
{
	bool forked = info->flags & TENURE_HELLO_FORKED;

	if (collector->images.count == 0)
		return true;

	switch ((enum collector_follow)collector->follow) {
	case COLLECTOR_FORK:
		return forked;
	case COLLECTOR_EXEC:
		return !forked;
	case COLLECTOR_NONE:
		return false;
	case COLLECTOR_BOTH:
	case COLLECTOR_FOLLOW_COUNT:
		break;
	}
	return true;
}

static void *image_begun(void *arg, const struct image_info *info)
{
	struct collector *collector = arg;
	struct collected *image;

	if (!is_wanted(collector, info)) {
		if (vec_push(&collector->declined, info->pid) < 0)
			collector->failed = true;
		return NULL;
	}

	image = calloc(1, sizeof(*image));
	if (image) {
		image->collector = collector;
		image->pid = info->pid;
		image->session = session_new(&collector->options, info);
	}
	if (!image || !image->session || vec_push(&collector->images, image) < 0) {
		collector->failed = true;
		if (image)
			session_free(image->session);
		free(image);
		return NULL;
	}

	log_detail("process %u: image %llu begins", info->pid, (unsigned long long)info->image);
	return image;
}

static void events(void *arg, const struct event *list, size_t count)
{
	struct collected *image = arg;

	session_feed(image->session, list, count);
}

static void memory(void *arg, uint64_t stamp, uint64_t rss_bytes)
{
	struct collected *image = arg;

	session_memory(image->session, stamp, rss_bytes);
}

static void image_ended(void *arg, const struct image_end *end)
{
	struct collected *image = arg;

	session_end(image->session, end);
	log_detail("process %u: image ended", image->pid);
}

/* The report of one process image, as of now. */
static void report_one(struct collected *image, int fd)
{
	struct collector one = {
		.run = image->collector->run,
		.images = { .at = &image, .count = 1 },
	};
	struct report *report;
	FILE *file = fdopen(fd, "w");

	log_set_level(LOG_SILENT);
	if (!file || collector_report(&one, &report) < 0)
		return;
	(void)!report_json_write(report, file);
	(void)fflush(file);
}

/* In a process of its own, see struct input_ops. */
static void scan(void *arg, const struct target *target)
{
	struct collected *image = arg;
	struct session_view view;
	struct result_leaks *leaks;
	struct strbuf bytes = { 0 };

	session_view(image->session, &view);
	leaks = leaks_find(&view, target);
	if (!leaks)
		return;
	if (target->report >= 0) {
		session_give_leaks(image->session, leaks);
		session_give_held(image->session, NULL);
		target->finish(target->arg);
		report_one(image, target->report);
		return;
	}
	leaks_encode(leaks, &bytes);
	for (size_t at = 0; !bytes.failed && at < bytes.count;) {
		ssize_t n = write(target->result, bytes.at + at, bytes.count - at);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
}

static void looked_at_mark(struct collected *image, struct result_leaks *leaks)
{
	if (vec_push(&image->looks, leaks) < 0) {
		leaks_free(leaks);
		return;
	}
	leaks_trim(leaks);
	session_give_looks(image->session, (const struct result_leaks *const *)image->looks.at,
			   image->looks.count);
}

/* Another look follows, when the interpreter is gone. */
static void take_held(struct collected *image, struct result_leaks *held)
{
	if (!held->done) {
		leaks_free(held);
		return;
	}
	session_give_held(image->session, held);
	leaks_free(image->held);
	image->held = held;
	log_detail("process %u: looked at Python objects in %llu us", image->pid,
		   (unsigned long long)held->total_ns / 1000);
}

static void looked(void *arg, const struct image_look *look)
{
	struct collected *image = arg;
	struct result_leaks *leaks = NULL;

	if (look->why)
		leaks = leaks_failed(look->moment, look->stamp, look->why);
	else if (leaks_decode(look->bytes, look->count, &leaks) < 0)
		leaks = leaks_failed(look->moment, look->stamp, "what was found cannot be read");
	if (leaks && look->moment == TENURE_MOMENT_MARK) {
		looked_at_mark(image, leaks);
		return;
	}
	if (leaks && look->moment == TENURE_MOMENT_USER_END) {
		take_held(image, leaks);
		return;
	}
	/* A look that came to nothing is no reason to forget an earlier one. */
	if (!leaks || (!leaks->done && image->leaks && image->leaks->done)) {
		leaks_free(leaks);
		return;
	}
	session_give_leaks(image->session, leaks);
	leaks_free(image->leaks);
	image->leaks = leaks;
	log_detail("process %u: looked for leaks in %llu us", image->pid,
		   (unsigned long long)leaks->total_ns / 1000);
}

static void run(void *arg, const uint8_t *payload, size_t bytes)
{
	struct collector *collector = arg;

	run_info_fini(&collector->run);
	/* Without it, the report lacks the command line and the status, no more. */
	if (run_info_decode(payload, bytes, &collector->run) < 0)
		log_note("the capture does not say how the program was run: damaged");
}

const struct input_ops collector_ops = {
	.image_begun = image_begun,
	.events = events,
	.memory = memory,
	.image_ended = image_ended,
	.run = run,
	.scan = scan,
	.looked = looked,
};

int collector_set_generations(struct collector *collector, const char *text)
{
	uint64_t *clock = collector->options.gen_clock;
	const char *comma = text ? strchr(text, ',') : NULL;
	char first[32];

	if (!text)
		return 0;
	if (comma && comma - text < (ptrdiff_t)sizeof(first)) {
		(void)snprintf(first, sizeof(first), "%.*s", (int)(comma - text), text);
		if (units_parse_bytes(first, &clock[0]) == 0 &&
		    units_parse_bytes(comma + 1, &clock[1]) == 0 && clock[0] > 0 &&
		    clock[0] < clock[1])
			return 0;
	}

	log_error("invalid value '%s' for option '--generations': "
		  "it must be two sizes, the smaller one first",
		  text);
	return -EINVAL;
}

void collector_fini(struct collector *collector)
{
	for (size_t i = 0; i < collector->images.count; i++) {
		session_free(collector->images.at[i]->session);
		leaks_free(collector->images.at[i]->leaks);
		for (size_t k = 0; k < collector->images.at[i]->looks.count; k++)
			leaks_free(collector->images.at[i]->looks.at[k]);
		vec_fini(&collector->images.at[i]->looks);
		leaks_free(collector->images.at[i]->held);
		free(collector->images.at[i]);
	}
	vec_fini(&collector->images);
	vec_fini(&collector->declined);
	run_info_fini(&collector->run);
}

bool collector_knows(const struct collector *collector, uint32_t pid)
{
	for (size_t i = 0; i < collector->images.count; i++) {
		if (collector->images.at[i]->pid == pid)
			return true;
	}
	for (size_t i = 0; i < collector->declined.count; i++) {
		if (collector->declined.at[i] == pid)
			return true;
	}
	return false;
}

static struct report_end end_of(const struct run_info *run)
{
	struct report_end end = { .kind = RESULT_END_UNKNOWN };

	if (!run->has_status)
		return end;
	if (WIFSIGNALED(run->status))
		return (struct report_end){ RESULT_END_SIGNAL, WTERMSIG(run->status) };
	return (struct report_end){ RESULT_END_EXIT, WEXITSTATUS(run->status) };
}

static int add_image(struct report *report, struct resolve *resolve, struct collected *image,
		     const struct run_info *run)
{
	const struct result_process *process;
	int r;

	if (run->has_status && image->pid == run->pid) {
		struct report_end end = end_of(run);

		session_exited(image->session, end.kind, end.value);
	}

	process = session_finish(image->session);
	if (!process)
		return -ENOMEM;
	r = resolve_process(resolve, process);
	if (r == 0)
		r = report_add(report, process, resolve);
	image->session = session_free(image->session);
	return r;
}

int collector_report(struct collector *collector, struct report **ret_report)
{
	const struct run_info *run = &collector->run;
	const struct report_session session = {
		.command = run->argv,
		.cwd = run->cwd,
		.host = run->host,
		.hash_seed = run->hash_seed,
		.start_unix_ns = run->start_unix_ns,
		.duration_ns = run->duration_ns,
		.end = end_of(run),
	};
	struct report *report = report_new(TENURE_VERSION);
	struct resolve *resolve = resolve_new(NULL);
	int r = report && resolve ? report_set_session(report, &session) : -ENOMEM;

	for (size_t i = 0; i < collector->images.count && r == 0; i++) {
		log_progress("finding names, process %zu of %zu", i + 1, collector->images.count);
		r = add_image(report, resolve, collector->images.at[i], run);
	}
	log_progress_end();

	resolve_free(resolve);
	if (r < 0) {
		report_free(report);
		return r;
	}
	report_sum(report);
	*ret_report = report;
	return 0;
}
