/* SPDX-License-Identifier: Apache-2.0 */
/* Each function that gives memory: one block of it is held, another lost. */
#include <dirent.h>
#include <malloc.h>
#include <regex.h>
#include <stdint.h>
#include <wchar.h>

#include "shapes.h"

#define LARGE (3u << 20) /* mapped by the allocator rather than cut from its heap */

static void *volatile global;

/* Twice the same, and only one is kept. */
#define BOTH(name_, bytes_, call_)           \
	static void name_(void)              \
	{                                    \
		void *block = call_;         \
                                             \
		must(block);                 \
		global = block;              \
		block = call_;               \
		must(block);                 \
		say("reachable", 1, bytes_); \
		say("lost", 1, bytes_);      \
	}

static void *from_posix_memalign(size_t align, size_t bytes)
{
	void *block;

	return posix_memalign(&block, align, bytes) == 0 ? block : NULL;
}

static void *zeros(void *block, size_t bytes)
{
	return block ? memset(block, 0, bytes) : NULL;
}

static char *from_asprintf(void)
{
	char *text;

	return asprintf(&text, "%0200d", 7) == 200 ? text : NULL;
}

static wchar_t *wide(void)
{
	return wcsdup(L"twelve chars");
}

BOTH(by_malloc, 101, zeros(malloc(101), 101))
BOTH(by_calloc, 102, calloc(6, 17))
BOTH(by_realloc, 103, zeros(realloc(NULL, 103), 103))
BOTH(by_reallocarray, 105, zeros(reallocarray(NULL, 21, 5), 105))
BOTH(by_posix_memalign, 106, zeros(from_posix_memalign(64, 106), 106))
BOTH(by_aligned_alloc, 128, zeros(aligned_alloc(128, 128), 128))
BOTH(by_memalign, 108, zeros(memalign(4096, 108), 108))
BOTH(by_valloc, 109, zeros(valloc(109), 109))
BOTH(by_pvalloc, 5000, zeros(pvalloc(5000), 5000))
BOTH(by_strdup, 24, strdup("twenty-three characters"))
BOTH(by_strndup, 7, strndup("twenty-three characters", 6))
BOTH(by_wcsdup, 13 * sizeof(wchar_t), wide())
BOTH(by_asprintf, 201, from_asprintf())
BOTH(large, LARGE, zeros(malloc(LARGE), LARGE))

/* It moves, and the old one is gone. */
static void grown(void)
{
	void *block = make(100);

	(void)make(64);
	global = realloc(block, 5000);
	must(global);
	memset(global, 0, 5000);
	block = make(200);
	(void)make(64);
	must(realloc(block, 6000));
	say("reachable", 1, 5000);
	say("lost", 3, 6128);
}

static void shrunk(void)
{
	global = realloc(make(5000), 100);
	must(global && realloc(make(5000), 104));
	say("reachable", 1, 100);
	say("lost", 1, 104);
}

static void grown_mapped(void)
{
	char *block = make(LARGE);

	global = realloc(block, 4 * LARGE);
	must(global);
	say("reachable", 1, 4 * LARGE);
}

/* What realloc() was given stays when it fails. */
static void not_grown(void)
{
	global = make(300);
	must(!realloc(global, SIZE_MAX / 4));
	say("reachable", 1, 300);
}

static void by_getline(void)
{
	char path[] = "/tmp/tenure-leaks-XXXXXX";
	int fd = mkstemp(path);
	char *line = NULL;
	size_t space = 0;
	FILE *file;

	must(fd >= 0 && write(fd, "a line\n", 7) == 7 && lseek(fd, 0, SEEK_SET) == 0);
	must(unlink(path) == 0);
	file = fdopen(fd, "r");
	must(file && getline(&line, &space, file) == 7);
	must(fclose(file) == 0);
	say("lost", 1, space);
}

static void by_open_memstream(void)
{
	char *text;
	size_t bytes;
	FILE *file = open_memstream(&text, &bytes);

	must(file && fputs("some text", file) >= 0 && fclose(file) == 0);
	global = text;
	say_at_least("reachable", 1, 10);
}

/* A stream that is not closed is in the C library's list. */
static void by_fopen(void)
{
	char letter;
	FILE *file = fopen("/proc/self/stat", "r");

	must(file && fread(&letter, 1, 1, file) == 1);
	say_at_least("reachable", 2, sizeof(FILE) + 1024);
}

static void by_opendir(void)
{
	global = opendir("/");
	must(global);
	say_at_least("reachable", 1, 1024);
}

static void by_regcomp(void)
{
	static regex_t regex;

	must(regcomp(&regex, "^a*(b|c)d+$", REG_EXTENDED) == 0);
	say_at_least("reachable", 2, 256);
}

static void by_regcomp_lost(void)
{
	regex_t *regex = make(sizeof(*regex));

	must(regcomp(regex, "x", REG_EXTENDED) == 0);
	regfree(regex);
	say("lost", 1, sizeof(*regex));
}

/* In the environment, which the C library holds. */
static void by_setenv(void)
{
	char *own = make(40);

	strcpy(own, "OWN=value");
	must(putenv(own) == 0);
	say_at_least("reachable", 1, 40);
}

static const struct shape shapes[] = {
	{ "malloc", by_malloc },
	{ "calloc", by_calloc },
	{ "realloc", by_realloc },
	{ "reallocarray", by_reallocarray },
	{ "posix-memalign", by_posix_memalign },
	{ "aligned-alloc", by_aligned_alloc },
	{ "memalign", by_memalign },
	{ "valloc", by_valloc },
	{ "pvalloc", by_pvalloc },
	{ "strdup", by_strdup },
	{ "strndup", by_strndup },
	{ "wcsdup", by_wcsdup },
	{ "asprintf", by_asprintf },
	{ "large", large },
	{ "grown", grown },
	{ "shrunk", shrunk },
	{ "grown-mapped", grown_mapped },
	{ "not-grown", not_grown },
	{ "getline", by_getline },
	{ "open-memstream", by_open_memstream },
	{ "fopen", by_fopen },
	{ "opendir", by_opendir },
	{ "regcomp", by_regcomp },
	{ "regcomp-lost", by_regcomp_lost },
	{ "putenv", by_setenv },
};

int main(int argc, char *argv[])
{
	SHAPES_RUN(shapes, argc, argv);
	return 0;
}
