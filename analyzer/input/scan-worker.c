/* SPDX-License-Identifier: Apache-2.0 */
/* The process that reads the memory of another one. */
#include "scan-worker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/err.h"
#include "pagemap.h"
#include "ticks.h"

#define OWN_MAX 65536u

struct worker {
	struct scan_job *job;
	struct pagemap pagemap;
	int to;
	bool released;
	bool gone;
};

static size_t read_target(void *arg, uint64_t addr, void *to, size_t bytes)
{
	const struct worker *worker = arg;

	return worker->released ? 0 : memory_read(&worker->job->memory, addr, to, bytes);
}

/* The mapping of @addr, or NULL; they are in order. */
static const struct target_map *find_map(const memory_maps *maps, uint64_t addr)
{
	size_t low = 0, high = maps->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (maps->at[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < maps->count && maps->at[low].start <= addr ? &maps->at[low] : NULL;
}

static bool is_untouched(void *arg, uint64_t addr, uint64_t bytes)
{
	const struct worker *worker = arg;
	const struct target_map *map = find_map(&worker->job->maps, addr);

	/* Behind a page of a file, or of memory that is shared, there may be something all the
	 * same. */
	return !worker->released && map && !map->file && !map->shared && bytes <= map->end - addr &&
	       pagemap_is_untouched(&worker->pagemap, addr, bytes);
}

/* Does the process still stand where it was? */
static bool is_waiting(const struct worker *worker)
{
	const struct tenure_shared *page = worker->job->live->page;

	return !worker->job->asked ||
	       __atomic_load_n(&page->scan, __ATOMIC_ACQUIRE) == TENURE_SCAN_WORKING;
}

static void release(void *arg)
{
	struct worker *worker = arg;
	const char go = 'g';

	if (worker->released)
		return;
	worker->gone = !is_waiting(worker);
	worker->released = true;
	(void)!write(worker->to, &go, 1);
}

static bool is_gone(void *arg)
{
	const struct worker *worker = arg;

	return worker->released ? worker->gone : !is_waiting(worker);
}

/* What is not known of it yet stays unknown: pipes are for one reader. */
static void finish(void *arg)
{
	const struct worker *worker = arg;
	const struct stream_end end = {
		.how = IMAGE_RUNNING,
		.end_stamp = ticks_now(),
		.ns_per_tick = worker->job->ns_per_tick,
	};

	live_end_here(worker->job->live, &end);
}

static bool has_lost(const struct tenure_shared *page)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < TENURE_LOST_COUNT; i++)
		lost += i == TENURE_LOST_MODULES ? 0 : page->lost[i];
	return lost > 0;
}

/* Without it, what lies there looks as if the program held it. */
static void read_own(struct scan_job *job)
{
	const struct tenure_scan_area *area = live_scan_area(job->live);
	uint64_t said = __atomic_load_n(&area->own_count, __ATOMIC_RELAXED);
	size_t count = said < OWN_MAX ? said : OWN_MAX;

	if (!count || vec_reserve(&job->own, count) < 0)
		return;
	count *= sizeof(*job->own.at);
	job->own.count = memory_read(&job->memory, area->own, job->own.at, count);
	job->own.count /= sizeof(*job->own.at);
}

static void work(struct worker *worker)
{
	struct scan_job *job = worker->job;
	struct live *live = job->live;
	struct target target;

	read_own(job);
	pagemap_open(&worker->pagemap, job->memory.pid);
	target = (struct target){
		.read = read_target,
		.is_untouched = is_untouched,
		.release = release,
		.is_gone = is_gone,
		.finish = finish,
		.arg = worker,
		.since_ns = job->since_ns,
		.direct = job->memory.direct,
		.lossy = has_lost(live_shared(live)) || job->area.busy,
		.moment = job->moment,
		.stack = job->area.stack,
		.signal = job->area.signal,
		.name = job->area.name,
		.stamp = job->area.stamp,
		.threads = job->threads.at,
		.threads_count = job->threads.count,
		.maps = job->maps.at,
		.maps_count = job->maps.count,
		.own = job->own.at,
		.own_count = job->own.count,
		.result = worker->to,
		.report = job->out,
	};
	job->area.name[TENURE_SCAN_NAME - 1] = '\0';
	for (size_t i = 0; i < job->threads.count; i++)
		target.lossy |= job->threads.at[i].in_hook;
	target.nodes = live_nodes(live, &target.nodes_count);
	live->stream->ops->scan(live->stream->image, &target);
	release(worker);
	pagemap_close(&worker->pagemap);
}

int scan_worker_start(struct scan_job *job, int to, pid_t *ret_worker)
{
	struct worker worker = { .job = job, .to = to };
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return neg_errno();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)fcntl(to, F_SETFL, 0);
		if (getppid() == parent)
			work(&worker);
		_exit(0);
	}
	*ret_worker = pid;
	return 0;
}

void scan_job_fini(struct scan_job *job)
{
	vec_fini(&job->threads);
	vec_fini(&job->maps);
	vec_fini(&job->own);
}
