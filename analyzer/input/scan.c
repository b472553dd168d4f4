/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process asks to be looked into: stop it, tell the listener, let it go.
 *
 * The word scan of the shared page is the only one there that we write; the
 * process may write it too, when it has waited too long.
 */
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"
#include "scan.h"
#include "stop.h"

struct scan {
	struct image *image;
	struct memory memory;
	stop_threads threads;
	memory_maps maps;
	bool released;
	bool gone;
};

static bool change(struct tenure_shared *page, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&page->scan, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

bool scan_is_asked(const struct image *image)
{
	return image->live.page &&
	       __atomic_load_n(&image->live.page->scan, __ATOMIC_ACQUIRE) == TENURE_SCAN_ASKED;
}

static size_t read_target(void *arg, uint64_t addr, void *to, size_t bytes)
{
	struct scan *scan = arg;

	return scan->released ? 0 : memory_read(&scan->memory, addr, to, bytes);
}

static void release(void *arg)
{
	struct scan *scan = arg;
	struct tenure_shared *page = scan->image->live.page;

	if (scan->released)
		return;
	scan->released = true;
	stop_release(&scan->threads);
	scan->gone = !change(page, TENURE_SCAN_WORKING, TENURE_SCAN_WANTED);
	(void)syscall(SYS_futex, &page->scan, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static bool is_gone(void *arg)
{
	const struct scan *scan = arg;

	return scan->released ? scan->gone
			      : __atomic_load_n(&scan->image->live.page->scan, __ATOMIC_ACQUIRE) !=
					TENURE_SCAN_WORKING;
}

/* The shim's text: where the handler that asks lies, as its stack says. */
static struct stop_code find_shim(const struct image *image)
{
	const struct stop_code code = { image->live.page->scan_code,
					image->live.page->scan_code_end };

	return code.end > code.start ? code : (struct stop_code){ 0, 0 };
}

static bool has_lost(const struct tenure_shared *page)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < TENURE_LOST_COUNT; i++)
		lost += i == TENURE_LOST_MODULES ? 0 : page->lost[i];
	return lost > 0;
}

static void tell(struct scan *scan)
{
	struct image *image = scan->image;
	const struct tenure_shared *page = image->live.page;
	struct target target = {
		.read = read_target,
		.release = release,
		.is_gone = is_gone,
		.arg = scan,
		.direct = scan->memory.direct,
		.lossy = has_lost(page),
		.moment = page->scan_moment,
		.stack = page->scan_stack,
		.threads = scan->threads.at,
		.threads_count = scan->threads.count,
		.maps = scan->maps.at,
		.maps_count = scan->maps.count,
	};

	target.nodes = live_nodes(&image->live, &target.nodes_count);
	image->live.stream->ops->scan(image->live.stream->image, &target);
}

void scan_image(struct image *image)
{
	struct scan scan = { .image = image };
	struct tenure_shared *page = image->live.page;
	struct stop_code code;

	if (!change(page, TENURE_SCAN_ASKED, TENURE_SCAN_WORKING))
		return;
	code = find_shim(image);
	memory_init(&scan.memory, image->pid, image->mem);
	if (stop_all(&scan.memory, page->scan_tid, &code, &scan.threads) == 0) {
		for (size_t i = 0; i < scan.threads.count; i++) {
			struct target_thread *thread = &scan.threads.at[i];

			if (!thread->asking)
				continue;
			thread->stopped = true;
			thread->sp = page->scan_sp;
			thread->self = page->scan_self;
		}
		/* Without the map less is known, and the listener will see that. */
		if (image->maps >= 0 && memory_maps_read(image->maps, &scan.maps) < 0)
			vec_clear(&scan.maps);
		live_settle(&image->live);
		tell(&scan);
	}
	release(&scan);
	vec_fini(&scan.threads);
	vec_fini(&scan.maps);
}
