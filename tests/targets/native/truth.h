/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a target says what is true about it: JSON objects, one a line, on
 * descriptor 3 (../../README.md lists the keys).  Allocates nothing, so that
 * a target can know its own totals exactly.
 */
#ifndef TARGETS_TRUTH_H
#define TARGETS_TRUTH_H

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TRUTH_FD 3

/* A function that must appear in stacks under its own name. */
#define attr_site __attribute__((noinline, noclone, noipa))

/** truth_to() - as truth(), on another descriptor */
__attribute__((format(printf, 2, 3))) static inline void truth_to(int fd, const char *format, ...)
{
	char line[4000];
	va_list args;
	int bytes;

	va_start(args, format);
	bytes = vsnprintf(line, sizeof(line), format, args);
	va_end(args);

	if (bytes < 0 || (size_t)bytes >= sizeof(line) || write(fd, line, (size_t)bytes) != bytes)
		abort();
}

/** truth() - write one line: a printf format that makes a JSON object and its newline */
#define truth(...) truth_to(TRUTH_FD, __VA_ARGS__)

/**
 * truth_reopen() - get descriptor 3 back after it was closed
 *
 * The runner names the file in TRUTH_PATH.
 */
static inline void truth_reopen(void)
{
	int fd = open(getenv("TRUTH_PATH"), O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0 || (fd != TRUTH_FD && dup2(fd, TRUTH_FD) < 0))
		abort();
	if (fd != TRUTH_FD)
		(void)close(fd);
}

/** must() - end the target when it cannot do what it is for */
#define must(cond_)                                                                         \
	do {                                                                                \
		if (!(cond_)) {                                                             \
			truth_to(STDERR_FILENO, "%s:%d: %s\n", __FILE__, __LINE__, #cond_); \
			_exit(99);                                                          \
		}                                                                           \
	} while (0)

#endif /* TARGETS_TRUTH_H */
