/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private memory straight from the kernel, never from malloc.
 */
#include <stdint.h>
#include <sys/mman.h>

#include "base/attr.h"
#include "pages.h"
#include "sys.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#define PAGE_BYTES 4096u /* the unit of rounding; larger pages round further in the kernel */

/* Ranges to clear by hand after a fork; used only where the kernel cannot. */
#define WIPE_RANGES_MAX 1024u

struct wipe_range {
	void *start;
	size_t bytes;
};

static struct wipe_range wipe_ranges[WIPE_RANGES_MAX];
static uint32_t wipe_range_count;
static uint32_t wipe_unsupported;

static void remember(void *pages, size_t bytes)
{
	uint32_t i = __atomic_fetch_add(&wipe_range_count, 1, __ATOMIC_RELAXED);

	__atomic_store_n(&wipe_unsupported, 1, __ATOMIC_RELAXED);
	if (i >= WIPE_RANGES_MAX)
		return;
	wipe_ranges[i].bytes = bytes;
	wipe_ranges[i].start = pages;
}

void *pages_map(size_t bytes, unsigned int flags)
{
	size_t whole = ALIGN_UP(bytes, (size_t)PAGE_BYTES);
	long addr =
		sys_mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (addr < 0 && addr > -4096)
		return NULL;

	if ((flags & PAGES_WIPE) && sys_madvise((void *)addr, whole, MADV_WIPEONFORK) < 0)
		remember((void *)addr, whole);
	return (void *)addr;
}

void pages_unmap(void *pages, size_t bytes)
{
	if (pages)
		(void)sys_munmap(pages, ALIGN_UP(bytes, (size_t)PAGE_BYTES));
}

int pages_wipe_unsupported(void)
{
	return (int)__atomic_load_n(&wipe_unsupported, __ATOMIC_RELAXED);
}

void pages_wipe(void)
{
	uint32_t count = __atomic_load_n(&wipe_range_count, __ATOMIC_RELAXED);

	for (uint32_t i = 0; i < count && i < WIPE_RANGES_MAX; i++)
		if (wipe_ranges[i].start)
			__builtin_memset(wipe_ranges[i].start, 0, wipe_ranges[i].bytes);
}
