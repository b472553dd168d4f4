/* SPDX-License-Identifier: Apache-2.0 */
/* From the files of Python frames to whose they are. */
#include <string.h>

#include "report/origin.h"
#include "symbol/resolve.h"

/* Of a stack: enum report_origin, and these. */
#define IS_IMPORTING 0x40u /* an import is under way, and no application's code has begun in it */
#define HAS_PYTHON   0x80u
#define ORIGIN_MASK  0x0fu

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

enum origin_file origin_of_file(const char *file)
{
	static const char *const libraries[] = {
		"/site-packages/",
		"/dist-packages/",
		"/lib/python3.",
		"/lib64/python3.",
	};

	if (begins(file, "<frozen importlib") || begins(file, "<frozen zipimport"))
		return ORIGIN_FILE_IMPORT;
	if (begins(file, "<frozen "))
		return ORIGIN_FILE_LIBRARY;
	if (*file == '<' || !*file)
		return ORIGIN_FILE_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++)
		if (strstr(file, libraries[i]))
			return ORIGIN_FILE_LIBRARY;
	return ORIGIN_FILE_APPLICATION;
}

/* Of the stack whose leaf is in a file of @class; @caller: of the rest. */
static uint8_t step(enum origin_file class, uint8_t caller)
{
	uint8_t importing = caller & IS_IMPORTING;

	switch (class) {
	case ORIGIN_FILE_IMPORT:
		return REPORT_ORIGIN_INTERPRETER | IS_IMPORTING | HAS_PYTHON;
	case ORIGIN_FILE_LIBRARY:
		return (uint8_t)(importing ? REPORT_ORIGIN_INTERPRETER : REPORT_ORIGIN_LIBRARY) |
		       importing | HAS_PYTHON;
	case ORIGIN_FILE_NONE:
		if (caller & HAS_PYTHON)
			return caller;
		break;
	case ORIGIN_FILE_APPLICATION:
	case ORIGIN_FILE_UNKNOWN:
		break;
	}
	return REPORT_ORIGIN_APPLICATION | HAS_PYTHON;
}

static enum origin_file class_of_frame(struct origins *origins, const struct report *report,
				       const struct report_frame *frame)
{
	uint8_t *class = frame->file == REPORT_NONE ? NULL : &origins->of_file.at[frame->file];

	if (!class)
		return ORIGIN_FILE_NONE;
	if (*class == ORIGIN_FILE_UNKNOWN)
		*class = (uint8_t)origin_of_file(intern_get(&report->strings, frame->file));
	return (enum origin_file) * class;
}

int origins_update(struct origins *origins, const struct report *report)
{
	while (origins->of_file.count < report->strings.strings.count)
		if (vec_push(&origins->of_file, ORIGIN_FILE_UNKNOWN) < 0)
			return -ENOMEM;

	/* A caller has a smaller number, so it is there already. */
	for (size_t i = origins->of_stack.count; i < report->stacks.count; i++) {
		const struct report_stack *stack = &report->stacks.at[i];
		const struct report_frame *frame = &report->frames.at[stack->frame];
		uint8_t caller = stack->caller < i ? origins->of_stack.at[stack->caller]
						   : REPORT_ORIGIN_INTERPRETER;

		if (frame->kind == RESOLVE_PYTHON)
			caller = step(class_of_frame(origins, report, frame), caller);
		if (vec_push(&origins->of_stack, caller) < 0)
			return -ENOMEM;
	}
	return 0;
}

enum report_origin origins_get(const struct origins *origins, uint32_t stack)
{
	if (stack >= origins->of_stack.count)
		return REPORT_ORIGIN_INTERPRETER;
	return (enum report_origin)(origins->of_stack.at[stack] & ORIGIN_MASK);
}

void origins_fini(struct origins *origins)
{
	vec_fini(&origins->of_file);
	vec_fini(&origins->of_stack);
}
