/* SPDX-License-Identifier: Apache-2.0 */
/* /proc and pidfd. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "process.h"

#define FLAG_EXITING 0x4u /* PF_EXITING */

/* Numbers of the fields in /proc/PID/stat, as proc(5) counts them. */
#define STAT_FLAGS     9
#define STAT_EXIT_CODE 52

/* From linux/pidfd.h of Linux 6.15. */
struct pidfd_info_v0 {
	uint64_t mask;
	uint64_t cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};

#define PIDFD_INFO_HAS_EXIT (1u << 3)
#define PIDFD_GET_INFO_V0   _IOWR(0xff, 11, struct pidfd_info_v0)

int process_open(uint32_t pid)
{
	long fd = syscall(SYS_pidfd_open, (pid_t)pid, 0);

	return fd < 0 ? neg_errno() : (int)fd;
}

bool process_is_dead(int pidfd)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

	return pidfd >= 0 && poll(&poll_fd, 1, 0) == 1;
}

/* A small file of /proc/PID.  Return: false when it is not there. */
static bool read_file(uint32_t pid, const char *name, char *text, size_t space)
{
	char path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	n = read(fd, text, space - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return true;
}

/* Field @number (beyond the name, which may hold anything) of /proc/PID/stat. */
static bool read_stat(uint32_t pid, int number, uint64_t *ret_value)
{
	char text[1024];
	char *p;

	if (!read_file(pid, "stat", text, sizeof(text)))
		return false;
	p = strrchr(text, ')');
	for (int field = 2; p && field < number; field++)
		p = strchr(p + 1, ' ');
	if (!p)
		return false;
	*ret_value = strtoull(p + 1, NULL, 10);
	return true;
}

bool process_is_exiting(uint32_t pid)
{
	uint64_t flags;

	return !read_stat(pid, STAT_FLAGS, &flags) || flags & FLAG_EXITING;
}

bool process_is_image_gone(int mem)
{
	char byte;

	/* 0: no address space; EIO: nothing is mapped there. */
	return mem >= 0 && pread(mem, &byte, 1, 0x1000) == 0;
}

enum image_how process_how(uint32_t pid, int pidfd, int *ret_status)
{
	struct pidfd_info_v0 info = { .mask = PIDFD_INFO_HAS_EXIT };
	uint64_t code;
	int status;

	if (ioctl(pidfd, PIDFD_GET_INFO_V0, &info) == 0 && info.mask & PIDFD_INFO_HAS_EXIT)
		status = info.exit_code;
	else if (read_stat(pid, STAT_EXIT_CODE, &code))
		status = (int)code;
	else
		return IMAGE_UNKNOWN;

	if (WIFSIGNALED(status)) {
		*ret_status = WTERMSIG(status);
		return IMAGE_SIGNALLED;
	}
	*ret_status = WEXITSTATUS(status);
	return IMAGE_EXITED;
}

uint64_t process_rss(uint32_t pid)
{
	char text[256];
	char *resident;

	if (!read_file(pid, "statm", text, sizeof(text)))
		return 0;
	resident = strchr(text, ' ');
	return resident ? strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}
