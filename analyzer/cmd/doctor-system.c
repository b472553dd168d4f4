/* SPDX-License-Identifier: Apache-2.0 */
/* tenure doctor: is tenure itself in order, and does the kernel have what it uses? */
#include <dlfcn.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "launch/shim.h"

#include "collector.h"
#include "doctor.h"
#include "runner.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

#define UNWINDER   "libunwind.so.8"
#define DEBUGINFOD "libdebuginfod.so.1"

/* A run as any other, of the smallest program there is. */
static void check_recording(void)
{
	char name[] = "true";
	char *argv[] = { name, NULL };
	const struct server_options server = { .ops = NULL };
	struct collector collector = { .follow = COLLECTOR_BOTH };
	struct runner *runner = NULL;
	size_t images = 0;
	int r = runner_new(argv, &runner);

	if (r == 0)
		r = runner_start(runner, &server, &collector);
	if (r == 0)
		r = runner_wait(runner, true);
	images = collector.images.count;

	if (r != 0)
		doctor_say(DOCTOR_BAD, "recording", "'true' could not be run under tenure");
	else if (images == 0)
		doctor_say(DOCTOR_BAD, "recording",
			   "'true' ran, but " SHIM_NAME " did not answer; is it of this version?");
	else
		doctor_say(DOCTOR_OK, "recording", "'true' was recorded");

	collector_fini(&collector);
	runner_free(runner);
}

static void check_shim(void)
{
	char *path = NULL;
	int r = shim_find(&path);

	if (r == 0) {
		doctor_say(DOCTOR_OK, "library", "%s", path);
		check_recording();
	} else {
		doctor_say(DOCTOR_BAD, "library", SHIM_NAME ": %s%s", log_reason(r),
			   shim_given() ? " at the path in TENURE_LIB" : "");
	}
	free(path);
}

static bool has_wipe_on_fork(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool has;

	if (page == MAP_FAILED)
		return false;
	has = madvise(page, 4096, MADV_WIPEONFORK) == 0;
	(void)munmap(page, 4096);
	return has;
}

static void check_kernel(void)
{
	int memfd = memfd_create("tenure-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	long barriers = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	if (memfd < 0)
		doctor_say(DOCTOR_BAD, "kernel", "no memfd_create (Linux 3.17)");
	if (!has_wipe_on_fork())
		doctor_say(DOCTOR_BAD, "kernel", "no MADV_WIPEONFORK (Linux 4.14)");
	if (barriers < 0 || !(barriers & MEMBARRIER_CMD_GLOBAL_EXPEDITED))
		doctor_say(DOCTOR_NOTE, "kernel",
			   "no membarrier (Linux 4.16): events of threads are put in order later");
	if (pidfd < 0)
		doctor_say(DOCTOR_NOTE, "kernel",
			   "no pidfd_open (Linux 5.3): how other processes end is not known");
	if (memfd >= 0 && pidfd >= 0 && has_wipe_on_fork())
		doctor_say(DOCTOR_OK, "kernel", "memfd, wipe on fork, pidfd");

	if (memfd >= 0)
		(void)close(memfd);
	if (pidfd >= 0)
		(void)close(pidfd);
}

static bool can_load(const char *library)
{
	void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);

	if (handle)
		(void)dlclose(handle);
	return handle != NULL;
}

static void check_libraries(void)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	if (can_load(UNWINDER))
		doctor_say(DOCTOR_OK, "unwinding", UNWINDER);
	else
		doctor_say(DOCTOR_NOTE, "unwinding",
			   "no " UNWINDER ": unusual code is not unwound (package libunwind8)");

	if (!urls || !*urls)
		doctor_say(DOCTOR_NOTE, "debuginfod",
			   "off; set DEBUGINFOD_URLS to fetch missing debug information");
	else if (can_load(DEBUGINFOD))
		doctor_say(DOCTOR_OK, "debuginfod", "%s", urls);
	else
		doctor_say(DOCTOR_NOTE, "debuginfod",
			   "DEBUGINFOD_URLS is set, but there is no " DEBUGINFOD);
}

void doctor_system(void)
{
	doctor_say(DOCTOR_OK, "version", "tenure " TENURE_VERSION);
	check_shim();
	check_kernel();
	check_libraries();
}
