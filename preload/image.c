/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process image: coming up, connected, switched off.
 */
#include "image.h"

#include <errno.h>
#include <string.h>

#include "config.h"
#include "fork.h"
#include "hello.h"
#include "modules.h"
#include "nodes.h"
#include "off.h"
#include "pages.h"
#include "provider.h"
#include "record.h"
#include "sample.h"
#include "scan.h"
#include "shared.h"
#include "spawn.h"
#include "sys.h"
#include "thread.h"
#include "walk.h"

#define COMMAND_BYTES 2048
#define PATH_BYTES    1024

#ifndef SYS_membarrier
#error "membarrier is needed"
#endif
#define MEMBARRIER_REGISTER_GLOBAL_EXPEDITED (1 << 2)

struct image *image;

/* Events lost while there was no image to count them in, by cause. */
static uint64_t early_lost[TENURE_LOST_COUNT];

/* An image of this process, or of the one it was forked from, has come up before. */
static bool had_image;

void image_lost(enum tenure_lost cause, uint64_t events)
{
	enum image_state state = image_state();
	bool up = shared && (state == IMAGE_ON || state == IMAGE_OFF);

	__atomic_fetch_add(up ? &shared->lost[cause] : &early_lost[cause], events,
			   __ATOMIC_RELAXED);
}

/* The process's own page, wiped by fork.  Return: false without memory. */
static bool have_page(void)
{
	struct image *none = NULL;
	struct image *page;

	if (__atomic_load_n(&image, __ATOMIC_ACQUIRE))
		return true;
	page = pages_map(sizeof(*page), PAGES_WIPE);
	if (!page)
		return false;
	if (!__atomic_compare_exchange_n(&image, &none, page, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		pages_unmap(page, sizeof(*page));
	return true;
}

static int connect_analyzer(void)
{
	uint32_t flags = had_image ? TENURE_HELLO_FORKED : 0;
	struct tenure_welcome welcome;
	int fd, err;

	if (config.socket[0]) {
		fd = hello_connect(config.socket);
	} else {
		fd = spawn_collector();
		flags |= TENURE_HELLO_SPAWNED;
	}
	if (fd < 0)
		return fd;

	err = hello_exchange(fd, flags, 0, &welcome, &image->pipe, &image->memory);
	if (err)
		return err;
	image->number = welcome.image;
	image->flags = welcome.flags;
	image->max_depth = welcome.max_depth;
	image->sample_bytes = welcome.sample_bytes;
	image->paused = (welcome.flags & TENURE_WELCOME_PAUSED) ? IMAGE_PAUSED : IMAGE_RECORDING;
	return 0;
}

static void count_early(void)
{
	for (int i = 0; i < TENURE_LOST_COUNT; i++) {
		shared->lost[i] += early_lost[i];
		early_lost[i] = 0;
	}
}

static int come_up(void)
{
	int err = connect_analyzer();

	if (err)
		return err;
	err = shared_init();
	if (!err)
		err = nodes_init();
	if (!err)
		err = walk_init();
	if (!err)
		err = sample_init();
	if (err) {
		(void)sys_close(image->pipe.fd);
		(void)sys_close(image->memory.fd);
		return err;
	}
	walk_depth(image->max_depth);
	scan_init();
	count_early();
	thread_reset();
	/* Lets the analyzer order its reads against every thread's guard; without, it copes. */
	(void)SYS_CALL3(SYS_membarrier, MEMBARRIER_REGISTER_GLOBAL_EXPEDITED, 0, 0);
	return 0;
}

bool image_start(void)
{
	uint32_t none = IMAGE_NONE;

	if (!have_page() || !__atomic_compare_exchange_n(&image->state, &none, IMAGE_STARTING,
							 false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return false;

	shared = NULL;
	image->pid = sys_getpid();
	image->forked = had_image;
	image->pipe.fd = -1;
	image->memory.fd = -1;
	if (!had_image) {
		config_init();
		thread_init();
		fork_init();
	} else {
		memset(early_lost, 0, sizeof(early_lost));
	}
	if (config.refused || come_up() < 0) {
		had_image = true;
		shim_off("no memory for the table of stacks");
		return false;
	}
	__atomic_store_n(&image->state, IMAGE_ON, __ATOMIC_SEQ_CST);
	return true;
}

static void describe_command(struct thread *thread)
{
	char text[COMMAND_BYTES];
	long fd = sys_open("/proc/self/cmdline", O_RDONLY);
	long n;

	if (fd < 0)
		return;
	n = sys_read((int)fd, text, sizeof(text));
	(void)sys_close((int)fd);
	if (n > 0)
		record_ext(thread, TENURE_EXT_COMMAND, text, (size_t)n, NULL, 0);
}

void image_clock(struct thread *thread)
{
	uint64_t now_ns;

	if (sys_clock_ns(CLOCK_MONOTONIC, &now_ns) == 0)
		record_ext(thread, TENURE_EXT_CLOCK, &now_ns, sizeof(now_ns), NULL, 0);
}

void image_describe(struct thread *thread)
{
	char path[PATH_BYTES];
	long n = sys_readlink("/proc/self/exe", path, sizeof(path));

	image_clock(thread);
	if (n > 0)
		record_ext(thread, TENURE_EXT_EXE, path, (size_t)n, NULL, 0);
	describe_command(thread);
	modules_describe(thread, had_image);
	if (had_image && provider_ops)
		provider_ops->forked(thread);
	else
		provider_watch(thread);
	had_image = true;
}
