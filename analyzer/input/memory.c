/* SPDX-License-Identifier: Apache-2.0 */
/* Reading another process's memory, the fast way or the one that always works. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "memory.h"

#define PAGE 4096u

static size_t read_direct(const struct memory *memory, uint64_t addr, void *to, size_t bytes)
{
	struct iovec local = { to, bytes };
	struct iovec remote = { (void *)(uintptr_t)addr, bytes };
	ssize_t n = process_vm_readv((pid_t)memory->pid, &local, 1, &remote, 1, 0);

	return n > 0 ? (size_t)n : 0;
}

static size_t read_file(const struct memory *memory, uint64_t addr, void *to, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t n =
			pread(memory->mem, (char *)to + done, bytes - done, (off_t)(addr + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

void memory_init(struct memory *memory, uint32_t pid, int mem)
{
	char byte;

	*memory = (struct memory){ .pid = pid, .mem = mem };
	/* Nothing is mapped at 1, but who may not look is told so first. */
	memory->direct = read_direct(memory, 1, &byte, 1) == 0 && errno == EFAULT;
}

size_t memory_read(const struct memory *memory, uint64_t addr, void *to, size_t bytes)
{
	size_t done = memory->direct ? read_direct(memory, addr, to, bytes) : 0;

	/* What is left may be a page that only the descriptor gives. */
	if (done < bytes && memory->mem >= 0)
		done += read_file(memory, addr + done, (char *)to + done, bytes - done);
	return done;
}

static bool parse_line(const char *line, struct target_map *ret_map)
{
	unsigned long long start, end, offset, inode;
	unsigned int major, minor;
	char mode[5];

	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu", &start, &end, mode, &offset, &major,
		   &minor, &inode) != 7)
		return false;
	*ret_map = (struct target_map){
		.start = start,
		.end = end,
		.readable = mode[0] == 'r',
		.writable = mode[1] == 'w',
		.shared = mode[3] == 's',
		.file = inode != 0,
		.stack = strstr(line, "[stack]") != NULL,
	};
	/* [vvar], [vsyscall]: not memory of the program. */
	return !strstr(line, "[vvar") && !strstr(line, "[vsyscall");
}

int memory_maps_read(int fd, memory_maps *ret_maps)
{
	struct strbuf text = { 0 };
	char part[PAGE];
	off_t at = 0;
	ssize_t n;
	int r = 0;

	vec_clear(ret_maps);
	while ((n = pread(fd, part, sizeof(part) - 1, at)) > 0) {
		part[n] = '\0';
		strbuf_adds(&text, part);
		at += n;
	}
	if (n < 0)
		r = neg_errno();
	else if (text.failed)
		r = -ENOMEM;
	for (char *line = text.count ? text.at : NULL, *end; line && r == 0; line = end) {
		struct target_map map;

		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		if (parse_line(line, &map))
			r = vec_push(ret_maps, map);
	}
	strbuf_fini(&text);
	return r;
}
