/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closes descriptors it does not know, and uses their numbers for files of
 * its own.  Nobody else may write into those, and no event may be lost.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "truth.h"

#define FIRST  3
#define LAST   1100
#define ROUNDS 5000

static size_t made;

attr_site static void *block(void)
{
	return malloc(64);
}

/* Enough to fill and flush some buffers. */
static void work(void)
{
	for (size_t i = 0; i < ROUNDS; i++)
		free(block());
	must(block());
	made += ROUNDS + 1;
}

static int own_file(void)
{
	int fd = memfd_create("own", MFD_CLOEXEC);

	must(fd >= 0);
	must(write(fd, "mine", 4) == 4);
	return fd;
}

static void check_own(int fd)
{
	char text[8] = "";
	struct stat st;

	must(fstat(fd, &st) == 0);
	must(st.st_size == 4);
	must(pread(fd, text, sizeof(text), 0) == 4);
	must(strcmp(text, "mine") == 0);
}

/* One by one, as daemons do; then all at once. */
static void by_close(void)
{
	work();
	for (int fd = FIRST; fd <= LAST; fd++)
		(void)close(fd);
	work();
	closefrom(FIRST);
	work();
}

/* The numbers are taken again before anybody could notice. */
static void by_reopen(void)
{
	work();
	closefrom(FIRST);
	for (int fd = FIRST; fd <= LAST; fd++)
		must(own_file() == fd);
	work();
	work();
	for (int fd = FIRST; fd <= LAST; fd++)
		check_own(fd);
	closefrom(FIRST);
	work();
}

/* Over whatever is there. */
static void by_dup2(void)
{
	int own = own_file();

	work();
	for (int fd = LAST; fd > own; fd--)
		must(dup2(own, fd) == fd);
	work();
	check_own(own);
	work();
	check_own(LAST);
}

/* The limit is below the numbers the shim likes. */
static void by_limit(void)
{
	work();
	must(setrlimit(RLIMIT_NOFILE, &(const struct rlimit){ 20, 20 }) == 0);
	work();
	closefrom(FIRST);
	work();
}

/* A daemon: two forks, a session, no descriptors. */
static void by_daemon(void)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid > 0)
		_exit(0);
	must(setsid() > 0);
	pid = fork();
	must(pid >= 0);
	if (pid > 0)
		_exit(0);
	must(chdir("/") == 0);
	closefrom(0);
	must(open("/dev/null", O_RDWR) == 0 && dup(0) == 1 && dup(0) == 2);
	work();
}

static void by_libc_daemon(void)
{
	must(daemon(0, 0) == 0);
	work();
}

/* What the program sees of us: nothing below 700 but what it was given. */
static void by_look(void)
{
	work();
	for (int fd = 3; fd < 700; fd++)
		must(fd == TRUTH_FD || (fcntl(fd, F_GETFD) == -1 && errno == EBADF));
	for (int fd = 700; fd <= LAST; fd++)
		must(fcntl(fd, F_GETFD) == -1 || fcntl(fd, F_GETFD) == FD_CLOEXEC);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "close", by_close },
	{ "reopen", by_reopen },
	{ "dup2", by_dup2 },
	{ "limit", by_limit },
	{ "daemon", by_daemon },
	{ "look", by_look },
	{ "libc-daemon", by_libc_daemon },
};

int main(int argc, char *argv[])
{
	struct rlimit limit;

	must(argc == 2);
	must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, argv[1]) == 0)
			cases[i].run();
	}
	must(made > 0);

	truth_reopen();
	truth("{\"pid\": %d, \"sites\": {\"block\": {\"allocations\": %zu, \"live_blocks\": %zu}}}\n",
	      (int)getpid(), made, made / (ROUNDS + 1));
	return EXIT_SUCCESS;
}
