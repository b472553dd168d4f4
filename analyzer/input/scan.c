/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look into a process that stands still, from the question to the answer.
 *
 * The word scan of the shared page is the only one there that we write; the
 * process may write it too, when it has waited too long.
 */
#include "scan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "control.h"
#include "scan-worker.h"
#include "stop.h"
#include "ticks.h"

#define LIMIT_NS    UINT64_C(50000000000)  /* that the process stands still */
#define MORE_NS	    UINT64_C(300000000000) /* until all is known that was found */
#define PATIENCE_MS 300000
#define PART_BYTES  65536u
#define PARKED_MAX  16384u
#define UNREADABLE  "the kernel lets nobody read its memory"
#define NO_PROCESS  "no process could be started to do it"
#define TOO_MANY    "it was looked at 100 marks, which is enough"
#define RESULT_MAX  (UINT64_C(1) << 30)
#define MARKS_MAX   100u /* looks at marks of one image: whoever wants more, has marked a loop */

/**
 * struct scan - one look
 * @asked:    the process waits for it; else it was stopped by us alone
 * @released: it goes on
 * @worker:   0: none
 * @pipe:     from the worker: a byte when the process may go on, then the result
 * @client:   who is told, -1
 */
struct scan {
	struct scan_job job;
	bool asked;
	bool released;
	pid_t worker;
	int pipe;
	int client;
	uint64_t begin_ns;
	struct strbuf result;
};

static bool change(struct tenure_shared *page, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&page->scan, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

static void wake(struct tenure_shared *page)
{
	(void)syscall(SYS_futex, &page->scan, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static bool is_busy(void *arg, uint32_t tid)
{
	return live_is_busy(arg, tid);
}

static void drain(void *arg)
{
	live_catch_up(arg);
}

bool scan_is_asked(const struct image *image)
{
	return image->live.page && !image->scan &&
	       __atomic_load_n(&image->live.page->scan, __ATOMIC_ACQUIRE) == TENURE_SCAN_ASKED;
}

/* ------------------------------------------------------------------ its end */

static void let_go(struct image *image)
{
	struct scan *scan = image->scan;

	if (scan->released)
		return;
	scan->released = true;
	stop_release(image->pid, &scan->job.threads);
	if (scan->asked) {
		(void)change(image->live.page, TENURE_SCAN_WORKING, TENURE_SCAN_WANTED);
		wake(image->live.page);
	}
}

static void tell(struct image *image, const char *why)
{
	const struct scan *scan = image->scan;
	struct image_look look = {
		.moment = scan->job.moment,
		.stamp = scan->job.area.stamp,
		.why = why,
	};

	if (!why) {
		look.bytes = (const uint8_t *)scan->result.at + 1;
		look.count = scan->result.count - 1;
	}
	stream_looked(image->live.stream, &look);
}

/* @why: NULL if all went well. */
static void finish(struct server *server, struct image *image, const char *why)
{
	struct scan *scan = image->scan;
	struct strbuf *result = &scan->result;
	bool is_snapshot = scan->job.moment == TENURE_MOMENT_SNAPSHOT;
	int status = why ? -EIO : 0;

	let_go(image);
	if (scan->worker) {
		if (why)
			(void)kill(scan->worker, SIGKILL);
		while (waitpid(scan->worker, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (scan->pipe >= 0) {
		server_unwatch(server, scan->pipe);
		(void)close(scan->pipe);
	}
	if (scan->client >= 0) {
		control_answer(scan->client, is_snapshot ? status : 0);
		(void)close(scan->client);
	}
	if (!is_snapshot) {
		image->looked |= scan->job.moment != TENURE_MOMENT_MARK;
		if (!why && (result->failed || result->count < 2))
			why = "the analyzer's memory has run out";
		tell(image, why);
	}
	if (scan->job.out >= 0)
		(void)close(scan->job.out);
	scan_job_fini(&scan->job);
	strbuf_fini(result);
	free(scan);
	image->scan = NULL;
	if (image->ending)
		server_image_end(server, image, IMAGE_UNKNOWN);
}

/* ------------------------------------------------------------ its beginning */

/* Threads that the shim has sent to sleep itself. */
static void add_parked(struct scan *scan, const struct tenure_scan_area *area)
{
	uint32_t count = area->parked_count;

	for (uint32_t i = 0; i < count && i < PARKED_MAX; i++) {
		struct tenure_scan_parked parked;

		if (memory_read(&scan->job.memory, area->parked + i * sizeof(parked), &parked,
				sizeof(parked)) != sizeof(parked))
			return;
		for (size_t t = 0; t < scan->job.threads.count; t++) {
			struct target_thread *thread = &scan->job.threads.at[t];

			if (thread->tid != parked.tid || thread->stopped || parked.asleep != 1)
				continue;
			thread->stopped = true;
			thread->asleep = true;
			thread->sp = parked.sp;
			thread->self = parked.self;
		}
	}
}

static void add_asking(struct scan *scan, const struct tenure_scan_area *area)
{
	for (size_t i = 0; i < scan->job.threads.count; i++) {
		struct target_thread *thread = &scan->job.threads.at[i];

		if (!thread->asking)
			continue;
		thread->stopped = true;
		thread->in_hook = area->busy;
		thread->sp = area->sp;
		thread->self = area->self;
		thread->regs_count = area->regs_count < TENURE_SCAN_REGS ? area->regs_count
									 : TENURE_SCAN_REGS;
		memcpy(thread->regs, area->regs, thread->regs_count * sizeof(thread->regs[0]));
	}
}

static bool can_park(uint32_t moment)
{
	return moment != TENURE_MOMENT_MARK && moment != TENURE_MOMENT_SNAPSHOT &&
	       moment != TENURE_MOMENT_USER_END;
}

static bool is_anybody_awake(const struct scan *scan)
{
	for (size_t i = 0; i < scan->job.threads.count; i++)
		if (!scan->job.threads.at[i].stopped && !scan->job.threads.at[i].asking)
			return true;
	return false;
}

static struct scan *scan_new(const struct server *server, struct image *image, uint32_t moment,
			     bool asked)
{
	struct scan *scan = calloc(1, sizeof(*scan));

	if (!scan)
		return NULL;
	image->scan_watch = (struct watch){ .kind = WATCH_SCAN, .owner = image };
	scan->asked = asked;
	scan->pipe = -1;
	scan->client = -1;
	scan->begin_ns = ticks_clock_ns(CLOCK_MONOTONIC);
	scan->job.since_ns = scan->begin_ns;
	scan->job.live = &image->live;
	scan->job.moment = moment;
	scan->job.asked = asked;
	scan->job.out = -1;
	scan->job.ns_per_tick = server_ns_per_tick(server);
	memory_init(&scan->job.memory, image->pid, image->mem);
	image->scan = scan;
	return scan;
}

static int start_worker(struct server *server, struct image *image)
{
	struct scan *scan = image->scan;
	int ends[2];
	int r;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return neg_errno();
	scan->pipe = ends[0];
	r = server_watch(server, scan->pipe, EPOLLIN, &image->scan_watch);
	if (r == 0)
		r = scan_worker_start(&scan->job, ends[1], &scan->worker);
	(void)close(ends[1]);
	if (scan->job.out >= 0)
		(void)close(take_fd(&scan->job.out));
	return r;
}

/* A child of a process that hides from others may not even open its own. */
static bool is_readable(const struct memory *memory, uint64_t sp)
{
	uint64_t word;

	return memory_read(memory, sp & ~UINT64_C(7), &word, sizeof(word)) == sizeof(word);
}

static bool may_look_at_mark(struct image *image)
{
	if (image->marks++ < MARKS_MAX)
		return true;
	live_want_no_marks(&image->live);
	return false;
}

void scan_begin(struct server *server, struct image *image)
{
	struct tenure_shared *page = image->live.page;
	const struct tenure_scan_area *area = live_scan_area(&image->live);
	const struct stop_hook hook = {
		.start = area->code,
		.end = area->code_end > area->code ? area->code_end : area->code,
		.is_busy = is_busy,
		.drain = drain,
		.arg = &image->live,
	};
	struct scan *scan;

	if (!change(page, TENURE_SCAN_ASKED, TENURE_SCAN_WORKING))
		return;
	scan = scan_new(server, image, area->moment, true);
	if (!scan) {
		(void)change(page, TENURE_SCAN_WORKING, TENURE_SCAN_WANTED);
		wake(page);
		return;
	}
	scan->job.area = *area;
	if (area->moment == TENURE_MOMENT_MARK && !may_look_at_mark(image)) {
		finish(server, image, TOO_MANY);
		return;
	}
	if (!is_readable(&scan->job.memory, area->sp)) {
		finish(server, image, UNREADABLE);
		return;
	}
	/* It has waited since then; what it was busy with before had to be read first. */
	if (area->asked_ns && area->asked_ns < scan->begin_ns)
		scan->job.since_ns = area->asked_ns;
	if (stop_all(&scan->job.memory, area->tid, &hook, &scan->job.threads) < 0) {
		finish(server, image, "the analyzer's memory has run out");
		return;
	}
	add_parked(scan, area);
	add_asking(scan, area);
	if (is_anybody_awake(scan) && !image->parked && can_park(area->moment)) {
		/* It will ask again when it has done that itself. */
		image->parked = true;
		scan->asked = false;
		let_go(image);
		scan_job_fini(&scan->job);
		free(scan);
		image->scan = NULL;
		(void)change(page, TENURE_SCAN_WORKING, TENURE_SCAN_PARK);
		wake(page);
		return;
	}
	image->parked = false;
	/* Without the map less is known, and the listener will see that. */
	if (image->maps >= 0 && memory_maps_read(image->maps, &scan->job.maps) < 0)
		vec_clear(&scan->job.maps);
	live_settle(&image->live);
	if (start_worker(server, image) < 0)
		finish(server, image, NO_PROCESS);
}

/* Stop it although it has not asked.  @scan->job.out is the caller's until this succeeds. */
static int look_unasked(struct server *server, struct image *image)
{
	/*
	 * It goes on, so it is not held up until all threads are out of the allocator: a block
	 * of which nobody has told yet is not missed.
	 */
	const struct stop_hook hook = { .is_busy = is_busy, .drain = drain, .arg = &image->live };
	struct scan *scan = image->scan;
	int r = stop_all(&scan->job.memory, 0, &hook, &scan->job.threads);

	if (r == 0 && image->maps >= 0 && memory_maps_read(image->maps, &scan->job.maps) < 0)
		vec_clear(&scan->job.maps);
	if (r == 0) {
		live_settle(&image->live);
		r = start_worker(server, image);
	}
	return r;
}

int scan_snapshot(struct server *server, struct image *image, int out, int client)
{
	struct scan *scan;
	int r;

	if (image->scan)
		return -EBUSY;
	scan = scan_new(server, image, TENURE_MOMENT_SNAPSHOT, false);
	if (!scan)
		return -ENOMEM;
	scan->job.out = fcntl(out, F_DUPFD_CLOEXEC, 0);
	r = scan->job.out < 0 ? neg_errno() : look_unasked(server, image);
	if (r < 0) {
		finish(server, image, NO_PROCESS);
		return r;
	}
	(void)close(out);
	scan->client = client;
	return 0;
}

void scan_mark(struct server *server, struct image *image, uint64_t stamp,
	       const struct control_request *request, int client)
{
	struct image_look failed = { .moment = TENURE_MOMENT_MARK, .stamp = stamp };
	struct scan *scan = NULL;

	if (image->scan)
		failed.why = "it was being looked at already";
	else if (!may_look_at_mark(image))
		failed.why = TOO_MANY;
	else
		scan = scan_new(server, image, TENURE_MOMENT_MARK, false);
	if (!scan) {
		if (!failed.why)
			failed.why = "the analyzer's memory has run out";
		stream_looked(image->live.stream, &failed);
		control_answer(client, 0);
		(void)close(client);
		return;
	}
	scan->client = client;
	scan->job.area.stamp = stamp;
	memcpy(scan->job.area.name, request->text,
	       request->bytes < TENURE_SCAN_NAME ? request->bytes : TENURE_SCAN_NAME - 1);
	if (look_unasked(server, image) < 0)
		finish(server, image, NO_PROCESS);
}

/* ----------------------------------------------------------------- meanwhile */

/* Return: false at its end. */
static bool take_result(struct image *image)
{
	struct scan *scan = image->scan;
	char part[PART_BYTES];
	ssize_t n;

	while ((n = read(scan->pipe, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		if (scan->result.count < RESULT_MAX)
			strbuf_add(&scan->result, part, (size_t)n);
		let_go(image);
	}
	return false;
}

void scan_readable(struct server *server, struct image *image)
{
	if (!image->scan || take_result(image))
		return;
	finish(server, image,
	       image->scan->result.count ? NULL : "the analyzer failed while it looked");
}

void scan_tick(struct server *server, struct image *image)
{
	const struct scan *scan = image->scan;
	uint64_t limit = server->options.scan_limit_ns ? server->options.scan_limit_ns : LIMIT_NS;

	if (scan && scan->released)
		limit += MORE_NS;
	if (scan && ticks_clock_ns(CLOCK_MONOTONIC) - scan->begin_ns > limit)
		finish(server, image, "it would have taken too long");
}

bool scan_end(struct server *server, struct image *image, bool patient)
{
	struct scan *scan = image->scan;

	if (!scan)
		return true;
	(void)take_result(image);
	if (!scan->released) {
		finish(server, image, "the process has ended meanwhile");
		return true;
	}
	while (patient && image->scan) {
		struct pollfd fd = { .fd = scan->pipe, .events = POLLIN };

		if (poll(&fd, 1, PATIENCE_MS) <= 0)
			finish(server, image, "it would have taken too long");
		else
			scan_readable(server, image);
	}
	return !image->scan;
}
