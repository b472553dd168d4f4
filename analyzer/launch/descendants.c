/* SPDX-License-Identifier: Apache-2.0 */
/* Looks through /proc for the processes of a run. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "launch/descendants.h"
#include "launch/shim.h"

#define ENVIRON_MAX (256 * 1024) /* of an environment, this much is looked at */

/* Reads the whole of a file in /proc; -1, or how many bytes are in @buf, which ends with NUL. */
static ssize_t read_file(const char *pid, const char *name, char *buf, size_t size)
{
	char path[64];
	size_t used = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%.16s/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (used < size - 1) {
		ssize_t n = read(fd, buf + used, size - 1 - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	(void)close(fd);
	buf[used] = '\0';
	return (ssize_t)used;
}

static bool is_ours(const char *pid, const char *variable, size_t length, char *buf)
{
	ssize_t n = read_file(pid, "environ", buf, ENVIRON_MAX);

	return n > 0 && memmem(buf, (size_t)n, variable, length);
}

static bool has_shim(const char *pid, char *buf)
{
	ssize_t n = read_file(pid, "maps", buf, ENVIRON_MAX);

	return n > 0 && memmem(buf, (size_t)n, "/" SHIM_NAME "\n", sizeof(SHIM_NAME) + 1);
}

uint64_t descendants_clock(void)
{
	unsigned long long last = 0;
	FILE *file = fopen("/proc/loadavg", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%*f %*f %*f %*u/%*u %llu", &last) != 1)
		last = 0;
	(void)fclose(file);
	return last;
}

void descendants_each(const char *socket,
		      bool (*each)(void *arg, const struct descendant *descendant), void *arg)
{
	char *variable = NULL, *buf = malloc(ENVIRON_MAX);
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int length = asprintf(&variable, "TENURE_SOCKET=%s", socket);

	while (proc && buf && length > 0 && (entry = readdir(proc))) {
		struct descendant found;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		/* With its NUL, so that one path cannot be the beginning of another. */
		if (!is_ours(entry->d_name, variable, (size_t)length + 1, buf))
			continue;
		found.pid = (pid_t)strtoul(entry->d_name, NULL, 10);
		found.has_shim = has_shim(entry->d_name, buf);
		if (!each(arg, &found))
			break;
	}

	if (proc)
		(void)closedir(proc);
	if (length >= 0)
		free(variable);
	free(buf);
}
