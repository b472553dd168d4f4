/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of /proc/PID/pagemap: what is not zero there is a page, or was one. */
#include "pagemap.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#define ENTRIES	   1024u
#define SOFT_DIRTY (UINT64_C(1) << 55) /* also of what is new and was never touched */

void pagemap_open(struct pagemap *pagemap, uint32_t pid)
{
	long page = sysconf(_SC_PAGESIZE);
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%u/pagemap", pid);
	pagemap->page = page > 0 ? (uint64_t)page : 0;
	pagemap->fd = page > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

void pagemap_close(struct pagemap *pagemap)
{
	if (pagemap->fd >= 0)
		(void)close(pagemap->fd);
	pagemap->fd = -1;
}

bool pagemap_is_untouched(const struct pagemap *pagemap, uint64_t addr, uint64_t bytes)
{
	uint64_t entries[ENTRIES];
	uint64_t at, end;

	if (pagemap->fd < 0 || !bytes)
		return false;
	at = addr / pagemap->page;
	end = (addr + bytes - 1) / pagemap->page + 1;
	while (at < end) {
		size_t count = end - at < ENTRIES ? (size_t)(end - at) : ENTRIES;
		size_t want = count * sizeof(*entries);

		if (pread(pagemap->fd, entries, want, (off_t)(at * sizeof(*entries))) !=
		    (ssize_t)want)
			return false;
		for (size_t i = 0; i < count; i++)
			if (entries[i] & ~SOFT_DIRTY)
				return false;
		at += count;
	}
	return true;
}
