/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private memory straight from the kernel, never from malloc.
 */
#include <stdbool.h>
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

enum wipe {
	WIPE_UNTRIED = 0,
	WIPE_BY_KERNEL,
	WIPE_BY_HAND,
};

struct wipe_range {
	void *start;
	size_t bytes;
};

static struct wipe_range wipe_ranges[WIPE_RANGES_MAX];
static uint32_t wipe_support; /* enum wipe */

/* Return: false when there is no room to, or when the kernel has wiped others before. */
static bool remember(void *pages, size_t bytes)
{
	for (uint32_t i = 0; i < WIPE_RANGES_MAX; i++) {
		void *none = NULL;

		if (!__atomic_compare_exchange_n(&wipe_ranges[i].start, &none, pages, false,
						 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		__atomic_store_n(&wipe_ranges[i].bytes, bytes, __ATOMIC_RELAXED);
		return true;
	}
	return false;
}

/* Whoever gets these addresses next keeps what is there. */
static void forget(const void *pages)
{
	for (uint32_t i = 0; i < WIPE_RANGES_MAX; i++) {
		if (__atomic_load_n(&wipe_ranges[i].start, __ATOMIC_RELAXED) != pages)
			continue;
		__atomic_store_n(&wipe_ranges[i].bytes, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&wipe_ranges[i].start, NULL, __ATOMIC_RELAXED);
	}
}

/*
 * Have @pages wiped in a child.  The first attempt of a process tells whether
 * the kernel can; one that fails later has failed for want of memory.
 */
static bool wipe_on_fork(void *pages, size_t bytes)
{
	uint32_t before = __atomic_load_n(&wipe_support, __ATOMIC_RELAXED);

	if (before != WIPE_BY_HAND && sys_madvise(pages, bytes, MADV_WIPEONFORK) == 0) {
		__atomic_store_n(&wipe_support, WIPE_BY_KERNEL, __ATOMIC_RELAXED);
		return true;
	}
	if (before == WIPE_BY_KERNEL)
		return false;
	__atomic_store_n(&wipe_support, WIPE_BY_HAND, __ATOMIC_RELAXED);
	return remember(pages, bytes);
}

int pages_wipe_unsupported(void)
{
	return __atomic_load_n(&wipe_support, __ATOMIC_RELAXED) == WIPE_BY_HAND;
}

void *pages_map(size_t bytes, unsigned int flags)
{
	size_t whole = ALIGN_UP(bytes, (size_t)PAGE_BYTES);
	long addr =
		sys_mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (addr < 0 && addr > -4096)
		return NULL;

	if ((flags & PAGES_WIPE) && !wipe_on_fork((void *)addr, whole)) {
		(void)sys_munmap((void *)addr, whole);
		return NULL;
	}
	return (void *)addr;
}

void pages_unmap(void *pages, size_t bytes)
{
	if (!pages)
		return;
	if (unlikely(pages_wipe_unsupported()))
		forget(pages);
	(void)sys_munmap(pages, ALIGN_UP(bytes, (size_t)PAGE_BYTES));
}

void pages_wipe(void)
{
	for (uint32_t i = 0; i < WIPE_RANGES_MAX; i++)
		if (wipe_ranges[i].start)
			__builtin_memset(wipe_ranges[i].start, 0, wipe_ranges[i].bytes);
}
