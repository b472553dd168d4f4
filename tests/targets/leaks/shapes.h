/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaks of known classes, one shape for each argument.  A shape says what it
 * has left behind: blocks and bytes by class, on descriptor 3.
 *
 * Not optimized, so that what a shape keeps nowhere lies nowhere; its own
 * frame is gone when the program ends.
 */
#ifndef TARGETS_SHAPES_H
#define TARGETS_SHAPES_H

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../native/truth.h"

struct shape {
	const char *name;
	void (*run)(void);
};

/** make() - a block of zeros */
attr_site __attribute__((unused)) static void *make(size_t bytes)
{
	void *block = calloc(1, bytes);

	must(block);
	return block;
}

/** say() - so much of a class is left; counts of one class add up */
static inline void say(const char *class_, size_t blocks, size_t bytes)
{
	truth("{\"pid\": %d, \"class\": \"%s\", \"blocks\": %zu, \"bytes\": %zu}\n", (int)getpid(),
	      class_, blocks, bytes);
}

/** say_at_least() - as say(), where it is the C library's business how much it is */
static inline void say_at_least(const char *class_, size_t blocks, size_t bytes)
{
	truth("{\"pid\": %d, \"class\": \"%s\", \"at_least\": true, \"blocks\": %zu, "
	      "\"bytes\": %zu}\n",
	      (int)getpid(), class_, blocks, bytes);
}

/** say_unseen() - as say(), of what no tool can tell from @seen_as */
static inline void say_unseen(const char *class_, const char *seen_as, size_t blocks, size_t bytes)
{
	truth("{\"pid\": %d, \"class\": \"%s\", \"seen_as\": \"%s\", \"blocks\": %zu, "
	      "\"bytes\": %zu}\n",
	      (int)getpid(), class_, seen_as, blocks, bytes);
}

/**
 * shapes_run() - the one that is named first
 *
 * With "hidden" after it, from a process that does not let itself be looked
 * into; "--list" prints all names.
 */
static inline void shapes_run(const struct shape *shapes, size_t count, int argc, char *argv[])
{
	size_t i = 0;

	must(argc > 1);
	if (strcmp(argv[1], "--list") == 0) {
		for (; i < count; i++)
			truth_to(STDOUT_FILENO, "%s\n", shapes[i].name);
		return;
	}
	if (argc > 2)
		must(strcmp(argv[2], "hidden") == 0 && prctl(PR_SET_DUMPABLE, 0) == 0);
	while (i < count && strcmp(argv[1], shapes[i].name) != 0)
		i++;
	must(i < count);
	shapes[i].run();
}

#define SHAPES_RUN(shapes_, argc_, argv_) \
	shapes_run(shapes_, sizeof(shapes_) / sizeof((shapes_)[0]), argc_, argv_)

#endif /* TARGETS_SHAPES_H */
