/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A streaming writer of JSON: no tree, a buffer of fixed size.
 *
 * Errors stick: emit_finish() tells of the first one.  A container is written
 * with one child per line (EMIT_LINES) or all in one line (EMIT_FLAT); inside
 * a flat container everything is flat.
 */
#ifndef BASE_EMIT_H
#define BASE_EMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"

#define EMIT_BUFFER    65536u
#define EMIT_DEPTH_MAX 16

enum emit_layout {
	EMIT_LINES,
	EMIT_FLAT,
};

struct emit {
	FILE *file;
	int error; /* negative errno, 0 so far */
	unsigned int depth;
	unsigned int used;
	struct {
		bool flat;
		bool any;
		char close;
	} levels[EMIT_DEPTH_MAX];
	char buffer[EMIT_BUFFER];
};

/** emit_init() - write to @file, which the caller closes after emit_finish() */
void emit_init(struct emit *emit, FILE *file);

/** emit_object() - begin an object; @key is NULL inside arrays and at the top */
void emit_object(struct emit *emit, const char *key, enum emit_layout layout);

/** emit_array() - begin an array */
void emit_array(struct emit *emit, const char *key, enum emit_layout layout);

/** emit_end() - end the innermost container */
void emit_end(struct emit *emit);

void emit_uint(struct emit *emit, const char *key, uint64_t value);
void emit_int(struct emit *emit, const char *key, int64_t value);
void emit_bool(struct emit *emit, const char *key, bool value);

/** emit_hash() - a string of 16 hexadecimal digits */
void emit_hash(struct emit *emit, const char *key, uint64_t hash);

/** emit_text() - a string; bytes that are not UTF-8 become U+FFFD */
void emit_text(struct emit *emit, const char *key, const char *text);

/**
 * emit_finish() - a last newline; everything handed to the file
 *
 * Return: 0, or the first error as a negative errno.
 */
attr_nodiscard int emit_finish(struct emit *emit);

#endif /* BASE_EMIT_H */
