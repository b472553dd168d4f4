/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anonymous maps: unmapped in parts, across maps, with gaps; replaced, grown,
 * shrunk and moved.  Each case runs alone in its own range and says what is
 * left of it.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "truth.h"

#define PAGE 4096ul

static size_t live, peak;

static void change(ssize_t bytes)
{
	live += (size_t)bytes;
	if (live > peak)
		peak = live;
}

attr_site static char *map(size_t pages)
{
	char *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);

	must(at != MAP_FAILED);
	memset(at, 1, pages * PAGE);
	change((ssize_t)(pages * PAGE));
	return at;
}

static void unmap(char *at, size_t pages, size_t mapped)
{
	must(munmap(at, pages * PAGE) == 0);
	change(-(ssize_t)(mapped * PAGE));
}

/* A range of @pages that nobody uses, so that neighbours are known. */
static char *reserve(size_t pages)
{
	char *at = map(pages);

	unmap(at, pages, pages);
	return at;
}

attr_site static char *map_at(char *at, size_t pages, size_t replaced)
{
	must(mmap(at, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		  -1, 0) == at);
	change((ssize_t)(pages * PAGE) - (ssize_t)(replaced * PAGE));
	return at;
}

static void whole(void)
{
	unmap(map(10), 10, 10);
}

static void at_start(void)
{
	unmap(map(10), 3, 3);
}

static void at_end(void)
{
	unmap(map(10) + 7 * PAGE, 3, 3);
}

static void in_the_middle(void)
{
	char *at = map(10);

	unmap(at + 4 * PAGE, 2, 2);
	unmap(at, 4, 4);
}

static void across_three(void)
{
	char *at = reserve(30);

	map_at(at, 10, 0);
	map_at(at + 10 * PAGE, 10, 0);
	map_at(at + 20 * PAGE, 10, 0);
	unmap(at + 5 * PAGE, 20, 20);
}

static void with_a_gap(void)
{
	char *at = reserve(30);

	map_at(at, 10, 0);
	map_at(at + 20 * PAGE, 10, 0);
	unmap(at + 5 * PAGE, 20, 10);
	unmap(at + 5 * PAGE, 20, 0); /* again: nothing there */
}

static void replaced(void)
{
	char *at = map(10);

	map_at(at + 8 * PAGE, 2, 2);
	map_at(at + 3 * PAGE, 1, 1);
	unmap(at + 2 * PAGE, 3, 3);
}

attr_site static void *remap(char *at, size_t from, size_t to)
{
	char *moved = mremap(at, from * PAGE, to * PAGE, MREMAP_MAYMOVE);

	must(moved != MAP_FAILED);
	memset(moved, 2, to * PAGE);
	change((ssize_t)(to * PAGE) - (ssize_t)(from * PAGE));
	return moved;
}

static void remapped(void)
{
	char *at = map(256);
	char *target;

	at = remap(at, 256, 1280);
	at = remap(at, 1280, 300);
	unmap(at, 300, 300);

	/* To a place where something is already. */
	at = map(4);
	target = map(8);
	must(mremap(at, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target);
	change(-(ssize_t)(4 * PAGE));
	unmap(target + 6 * PAGE, 2, 2);

	/* Only a part of a map moves. */
	at = map(10);
	target = reserve(16);
	must(mremap(at + 2 * PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) ==
	     target);
	unmap(target, 1, 1);
}

static void failing(void)
{
	char *at = map(1);

	must(mmap(at, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	must(mmap(NULL, SIZE_MAX / 2, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	must(munmap(at + 1, PAGE) == -1);
	must(mremap(at, PAGE, SIZE_MAX / 2, MREMAP_MAYMOVE) == MAP_FAILED);
	must(mremap(at, PAGE, 0, 0) == MAP_FAILED);
	must(at[0] == 1);
}

/* Files are counted apart. */
static void files(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	char *at = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	must(fd >= 0 && at != MAP_FAILED);
	must(munmap(at, PAGE) == 0);
	must(close(fd) == 0);
}

static void many(void)
{
	enum {
		COUNT = 2000
	};
	static char *at[COUNT];

	for (size_t i = 0; i < COUNT; i++)
		at[i] = map(1 + i % 3);
	for (size_t i = 0; i < COUNT; i++) {
		if (i % 100 != 0)
			unmap(at[i], 1 + i % 3, 1 + i % 3);
	}
}

int main(void)
{
	whole();
	at_start();
	at_end();
	in_the_middle();
	across_three();
	with_a_gap();
	replaced();
	remapped();
	failing();
	files();
	many();

	truth("{\"totals\": {\"allocations\": 0, \"mapped_live_bytes\": %zu,"
	      " \"mapped_peak_bytes\": %zu, \"mapped_file_bytes\": %lu}}\n",
	      live, peak, 2 * PAGE);
	return EXIT_SUCCESS;
}
