/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memfd shared with the analyzer, mapped piece by piece.
 */
#include "shared.h"

#include <errno.h>
#include <sys/mman.h>

#include "image.h"
#include "sink.h"
#include "sys.h"

struct tenure_shared *shared;

void *shared_map(void *at, uint64_t offset, size_t bytes)
{
	long addr;

	if (!sink_fd_is_ours(&image->memory) && sink_reconnect() < 0)
		return NULL;
	addr = sys_mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | (at ? MAP_FIXED : 0),
			image->memory.fd, offset);
	if (addr < 0 && addr > -4096)
		return NULL;
	/* A child must not write into its parent's slots; if the kernel refuses, it just could. */
	(void)sys_madvise((void *)addr, bytes, MADV_DONTFORK);
	return (void *)addr;
}

int shared_init(void)
{
	struct tenure_shared *page = shared_map(NULL, 0, 4096);

	if (!page)
		return -ENOMEM;
	if (page->magic != TENURE_SHARED_MAGIC || page->version != TENURE_WIRE_VERSION) {
		(void)sys_munmap(page, 4096);
		return -EPROTO;
	}
	shared = page;
	return 0;
}
