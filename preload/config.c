/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the environment asks of the shim, read once.
 */
#include "config.h"

#include <gnu/libc-version.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "base/attr.h"
#include "pages.h"
#include "sys.h"

#define ENVIRON_BYTES_MAX (1u << 20)
#define ENVIRON_COUNT_MAX 8192u

struct config config;

/* Absent in other libcs, whose insides the shim does not know. */
extern __typeof__(gnu_get_libc_version) gnu_get_libc_version __attribute__((weak));

/* Value of @entry if it is "@name=value", else NULL. */
static const char *value_of(const char *entry, const char *name)
{
	size_t n = strlen(name);

	return strncmp(entry, name, n) == 0 && entry[n] == '=' ? entry + n + 1 : NULL;
}

static void copy(char *to, size_t bytes, const char *from)
{
	size_t n = strlen(from);

	if (n >= bytes)
		return; /* a path that does not fit cannot be used: as if unset */
	memcpy(to, from, n + 1);
}

static void look_at(const char *entry)
{
	const char *value;

	if (entry[0] != 'T')
		return;
	if ((value = value_of(entry, "TENURE_SOCKET")))
		copy(config.socket, sizeof(config.socket), value);
	else if ((value = value_of(entry, "TENURE_COLLECT")))
		copy(config.collect, sizeof(config.collect), value);
}

/*
 * The initial environment as one block of NUL-terminated strings, in fresh
 * pages that are never given back: the program may overwrite its own
 * (setproctitle) before a forked child has to start a collector.
 */
static char *read_block(size_t *ret_bytes)
{
	char *block = pages_map(ENVIRON_BYTES_MAX, 0);
	size_t fill = 0;
	long fd, n;

	if (!block)
		return NULL;
	fd = sys_open("/proc/self/environ", O_RDONLY);
	if (fd >= 0) {
		while (fill < ENVIRON_BYTES_MAX - 1 &&
		       (n = sys_read((int)fd, block + fill, ENVIRON_BYTES_MAX - 1 - fill)) > 0)
			fill += (size_t)n;
		(void)sys_close((int)fd);
	}
	for (char **e = environ; !fill && e && *e; e++) {
		size_t bytes = strlen(*e) + 1;

		if (fill + bytes >= ENVIRON_BYTES_MAX)
			break;
		memcpy(block + fill, *e, bytes);
		fill += bytes;
	}
	*ret_bytes = fill;
	return block;
}

static void keep_environ(char *block, size_t bytes)
{
	char **list = pages_map(ENVIRON_COUNT_MAX * sizeof(*list), 0);
	size_t count = 0;

	if (!list)
		return;
	for (char *p = block; p < block + bytes && count < ENVIRON_COUNT_MAX - 1;
	     p += strlen(p) + 1)
		if (*p && !value_of(p, "LD_PRELOAD") && !value_of(p, "LD_AUDIT"))
			list[count++] = p;
	config.environ = list;
}

void config_init(void)
{
	size_t bytes = 0;
	char *block;

	if (getauxval(AT_SECURE) || !gnu_get_libc_version) {
		config.refused = true;
		return;
	}

	block = read_block(&bytes);
	if (!block)
		return;
	for (char *p = block; p < block + bytes; p += strlen(p) + 1)
		look_at(p);
	if (config.socket[0])
		pages_unmap(block, ENVIRON_BYTES_MAX);
	else
		keep_environ(block, bytes);
}
