/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An independent count of what a program allocates: a preload library that
 * shares no line with the shim.
 *
 * Each process image counts into a file of its own in $COUNTER_DIRECTORY,
 * through a shared map, so that the figures are there however it ends
 * (integration/counter.py reads them).  When the library stands before the
 * shim, calls that the shim itself makes are told apart: they are nested in a
 * call of the program, or return into libtenure.so.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define TLS    static _Thread_local __attribute__((tls_model("initial-exec")))

enum fn {
	FN_MALLOC,
	FN_CALLOC,
	FN_REALLOC,
	FN_POSIX_MEMALIGN,
	FN_ALIGNED_ALLOC,
	FN_MEMALIGN,
	FN_VALLOC,
	FN_PVALLOC,
	FN_COUNT,
};

/* Layout known to integration/counter.py. */
struct figures {
	uint64_t pid;
	uint64_t forked;
	_Atomic uint64_t calls[FN_COUNT];
	_Atomic uint64_t bytes[FN_COUNT];
	_Atomic uint64_t frees;	   /* not of NULL; the free half of a realloc is one */
	_Atomic uint64_t reallocs; /* of a block, that made a block */
	_Atomic uint64_t inner;	   /* calls left out */
	char exe[256];
};

static struct {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void (*free)(void *);
	int (*posix_memalign)(void **, size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	void *(*memalign)(size_t, size_t);
	void *(*valloc)(size_t);
	void *(*pvalloc)(size_t);
} next;

/* A page that a forked child finds zeroed: NULL there means "begin again". */
static struct figures **current;
static uintptr_t shim_start, shim_end;
static bool came_up, was_up;

TLS int depth;
TLS bool looking; /* for the next functions, which may allocate */

/* dlsym() may call calloc before next.calloc is known. */
static char early[65536];
static size_t early_used;

static void *early_alloc(size_t bytes)
{
	void *block = early + early_used;

	early_used += (bytes + 63) & ~(size_t)63;
	if (early_used > sizeof(early))
		abort();
	return block;
}

static bool is_early(const void *block)
{
	return (const char *)block >= early && (const char *)block < early + sizeof(early);
}

static int find_shim(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	if (!info->dlpi_name || !strstr(info->dlpi_name, "/libtenure.so"))
		return 0;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t end =
			info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;

		if (info->dlpi_phdr[i].p_type == PT_LOAD && end > shim_end)
			shim_end = end;
	}
	shim_start = info->dlpi_addr;
	return 1;
}

static struct figures *open_figures(void)
{
	const char *directory = getenv("COUNTER_DIRECTORY");
	struct figures *figures;
	char path[512];
	ssize_t bytes;
	int fd = -1;

	for (int i = 0; directory && fd < 0 && i < 1000; i++) {
		snprintf(path, sizeof(path), "%s/%d.%03d", directory, (int)getpid(), i);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd < 0 && errno != EEXIST)
			return NULL;
	}
	if (fd < 0 || ftruncate(fd, sizeof(*figures)) < 0)
		return NULL;

	figures = mmap(NULL, sizeof(*figures), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (figures == MAP_FAILED)
		return NULL;

	figures->pid = (uint64_t)getpid();
	figures->forked = was_up;
	bytes = readlink("/proc/self/exe", figures->exe, sizeof(figures->exe) - 1);
	if (bytes < 0)
		figures->exe[0] = '\0';
	was_up = true;
	return figures;
}

static void come_up(void)
{
	looking = true;
	dl_iterate_phdr(find_shim, NULL);
	*(void **)&next.calloc = dlsym(RTLD_NEXT, "calloc");
	*(void **)&next.malloc = dlsym(RTLD_NEXT, "malloc");
	*(void **)&next.realloc = dlsym(RTLD_NEXT, "realloc");
	*(void **)&next.free = dlsym(RTLD_NEXT, "free");
	*(void **)&next.posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
	*(void **)&next.aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
	*(void **)&next.memalign = dlsym(RTLD_NEXT, "memalign");
	*(void **)&next.valloc = dlsym(RTLD_NEXT, "valloc");
	*(void **)&next.pvalloc = dlsym(RTLD_NEXT, "pvalloc");
	looking = false;
}

/* Where this call is to be counted, or NULL; ends with leave(). */
static struct figures *enter(const void *caller)
{
	struct figures *figures;
	int saved = errno;

	if (depth++ > 0) {
		if (current && *current)
			(*current)->inner++;
		return NULL;
	}

	if (!current) {
		current = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);
		if (current == MAP_FAILED || madvise(current, 4096, MADV_WIPEONFORK) < 0)
			abort();
	}
	if (!*current)
		*current = open_figures();
	figures = *current;

	if (figures && (uintptr_t)caller >= shim_start && (uintptr_t)caller < shim_end) {
		figures->inner++;
		figures = NULL;
	}
	errno = saved;
	return figures;
}

static void leave(struct figures *figures, enum fn fn, const void *block, size_t bytes)
{
	depth--;
	if (figures && block) {
		figures->calls[fn]++;
		figures->bytes[fn] += bytes;
	}
}

static bool is_up(void)
{
	if (!came_up && !looking) {
		came_up = true;
		come_up();
	}
	return !looking || next.malloc;
}

/* Before a program such as xz forbids itself to open files. */
__attribute__((constructor)) static void start(void)
{
	is_up();
	leave(enter(NULL), FN_MALLOC, NULL, 0);
}

EXPORT void *malloc(size_t bytes)
{
	struct figures *figures;
	void *block;

	if (!is_up() || !next.malloc)
		return early_alloc(bytes);

	figures = enter(__builtin_return_address(0));
	block = next.malloc(bytes);
	leave(figures, FN_MALLOC, block, bytes);
	return block;
}

EXPORT void *calloc(size_t count, size_t each)
{
	struct figures *figures;
	void *block;

	if (!is_up() || !next.calloc)
		return early_alloc(count * each);

	figures = enter(__builtin_return_address(0));
	block = next.calloc(count, each);
	leave(figures, FN_CALLOC, block, count * each);
	return block;
}

static void *resize(void *old, size_t bytes, const void *caller)
{
	struct figures *figures;
	void *block;

	if (!is_up() || is_early(old))
		abort();

	figures = enter(caller);
	block = next.realloc(old, bytes);
	if (figures && old && (block || bytes == 0))
		figures->frees++;
	if (figures && old && block)
		figures->reallocs++;
	leave(figures, FN_REALLOC, block, bytes);
	return block;
}

EXPORT void *realloc(void *old, size_t bytes)
{
	return resize(old, bytes, __builtin_return_address(0));
}

EXPORT void *reallocarray(void *old, size_t count, size_t each)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, each, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return resize(old, bytes, __builtin_return_address(0));
}

EXPORT void free(void *block)
{
	struct figures *figures;

	if (!block || is_early(block) || !is_up())
		return;

	figures = enter(__builtin_return_address(0));
	if (figures)
		figures->frees++;
	next.free(block);
	depth--;
}

EXPORT int posix_memalign(void **ret_block, size_t alignment, size_t bytes)
{
	struct figures *figures;
	int r;

	if (!is_up())
		abort();

	figures = enter(__builtin_return_address(0));
	r = next.posix_memalign(ret_block, alignment, bytes);
	leave(figures, FN_POSIX_MEMALIGN, r == 0 ? *ret_block : NULL, bytes);
	return r;
}

#define ALIGNED(name_, fn_)                                   \
	EXPORT void *name_(size_t alignment, size_t bytes)    \
	{                                                     \
		struct figures *figures;                      \
		void *block;                                  \
                                                              \
		if (!is_up())                                 \
			abort();                              \
		figures = enter(__builtin_return_address(0)); \
		block = next.name_(alignment, bytes);         \
		leave(figures, fn_, block, bytes);            \
		return block;                                 \
	}

#define PAGES(name_, fn_)                                     \
	EXPORT void *name_(size_t bytes)                      \
	{                                                     \
		struct figures *figures;                      \
		void *block;                                  \
                                                              \
		if (!is_up())                                 \
			abort();                              \
		figures = enter(__builtin_return_address(0)); \
		block = next.name_(bytes);                    \
		leave(figures, fn_, block, bytes);            \
		return block;                                 \
	}

ALIGNED(aligned_alloc, FN_ALIGNED_ALLOC)
ALIGNED(memalign, FN_MEMALIGN)
PAGES(valloc, FN_VALLOC)
PAGES(pvalloc, FN_PVALLOC)
