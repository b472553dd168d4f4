/* SPDX-License-Identifier: Apache-2.0 */
/* Words of native memory that are addresses of Python objects. */
#include "py-native.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>

#include "pages.h"
#include "py-body.h"
#include "py-explain.h"
#include "sys.h"

#define CHUNK	  65536u
#define LINE_MAX  128u /* as much of a line of maps as is read: longer ones have a file's name */
#define BYTES_MAX (1ull << 30)
#define WORDS_MAX 65536u

/**
 * struct look - one look through the memory
 * @low, @high:  the objects lie there
 * @bytes_left:  that may be looked at
 * @words_left:  that may be told
 * @chunk:       a copy of what is being looked at
 * @line, @used: what has been read of the line of maps
 */
struct look {
	const struct py_native *native;
	uintptr_t low;
	uintptr_t high;
	uint64_t bytes_left;
	uint32_t words_left;
	uint8_t *chunk;
	char line[LINE_MAX];
	size_t used;
};

static bool is_known(const struct look *look, uintptr_t at)
{
	for (const struct py_native_area *area = look->native->known; area->bytes; area++)
		if (at - (uintptr_t)area->at < area->bytes)
			return true;
	return false;
}

/* @bytes at @at, of which @look has a copy. */
static void look_at(struct look *look, uintptr_t at, size_t bytes)
{
	const uintptr_t *words = (const void *)look->chunk;

	for (size_t i = 0; i < bytes / sizeof(*words); i++) {
		const struct py_graph_node *node;
		uintptr_t place = at + i * sizeof(*words);

		if (words[i] - look->low > look->high - look->low)
			continue;
		node = py_explain_at(look->native->graph, &words[i]);
		if (!node || is_known(look, place) || !look->words_left)
			continue;
		look->words_left--;
		look->native->held(look->native->arg, node->object, (const void *)place);
	}
}

static void look_through(struct look *look, uintptr_t start, uintptr_t end)
{
	for (uintptr_t at = start; at < end && look->words_left; at += CHUNK) {
		size_t bytes = end - at < CHUNK ? end - at : CHUNK;

		if (bytes > look->bytes_left) {
			look->bytes_left = 0;
			return;
		}
		look->bytes_left -= bytes;
		if (py_read_safely((const void *)at, look->chunk, bytes))
			look_at(look, at, bytes);
	}
}

/* Return: the hexadecimal number at *@at, which is moved behind it. */
static uintptr_t take_hex(const char **at)
{
	uintptr_t value = 0;

	for (;; (*at)++) {
		char c = **at;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uintptr_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uintptr_t)(c - 'a' + 10);
		else
			return value;
	}
}

/* "start-end rw-p offset device inode  name", a 0 behind it. */
static void take_line(struct look *look)
{
	const char *at = look->line;
	uintptr_t start = take_hex(&at), end;

	if (*at != '-')
		return;
	at++;
	end = take_hex(&at);
	if (at[0] != ' ' || at[1] != 'r' || at[2] != 'w' || at[4] != 'p')
		return;
	/* Behind the offset and the device. */
	at += 5;
	for (int blanks = 0; *at && blanks < 3; at++)
		blanks += *at == ' ';
	if (at[0] != '0' || (at[1] != ' ' && at[1] != '\0'))
		return;
	for (at++; *at == ' '; at++)
		;
	/* The program's stack was looked at where it matters. */
	if (at[0] == '[' && at[1] == 's')
		return;
	look_through(look, start, end);
}

static bool read_maps(struct look *look)
{
	char buffer[1024];
	long fd = sys_open("/proc/self/maps", O_RDONLY), count;

	if (fd < 0)
		return false;
	while ((count = sys_read((int)fd, buffer, sizeof(buffer))) > 0) {
		for (long i = 0; i < count; i++) {
			if (buffer[i] != '\n') {
				if (look->used < LINE_MAX - 1)
					look->line[look->used++] = buffer[i];
				continue;
			}
			look->line[look->used] = '\0';
			look->used = 0;
			take_line(look);
		}
	}
	(void)sys_close((int)fd);
	return count == 0;
}

/* Return: is there anything to look for? */
static bool find_limits(struct look *look)
{
	const struct py_graph_node *node;

	look->low = UINTPTR_MAX;
	py_graph_each (node, look->native->graph) {
		uintptr_t object = (uintptr_t)node->object;

		if (node->refs <= 0 || node->refs >= PY_IMMORTAL)
			continue;
		look->low = object < look->low ? object : look->low;
		look->high = object > look->high ? object : look->high;
	}
	return look->high != 0;
}

const char *py_native_find(const struct py_native *native)
{
	struct look look = {
		.native = native,
		.bytes_left = BYTES_MAX,
		.words_left = WORDS_MAX,
	};
	bool is_read;

	if (!find_limits(&look))
		return NULL;
	look.chunk = pages_map(CHUNK, 0);
	if (!look.chunk)
		return "there is no memory";
	is_read = read_maps(&look);
	pages_unmap(look.chunk, CHUNK);
	if (!is_read)
		return "/proc/self/maps cannot be read";
	return look.bytes_left && look.words_left ? NULL : "there is too much of it";
}
