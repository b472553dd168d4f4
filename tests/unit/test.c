/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the registered tests and prints TAP.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

enum outcome {
	OUTCOME_PASSED,
	OUTCOME_FAILED,
	OUTCOME_SKIPPED,
};

static struct test *first;
static struct test **last = &first;

static jmp_buf leave_test;
static char reason[256];

static bool is_wanted(const struct test *test, int argc, char *argv[])
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], test->name) == 0)
			return true;
	}

	return argc < 2;
}

static enum outcome run_one(const struct test *test)
{
	switch (setjmp(leave_test)) {
	case OUTCOME_PASSED:
		test->run();
		return OUTCOME_PASSED;
	case OUTCOME_SKIPPED:
		return OUTCOME_SKIPPED;
	default:
		return OUTCOME_FAILED;
	}
}

/* Values above INT64_MAX are most often negative errnos: prints them as such too. */
static void print_value(const char *label, uintmax_t value)
{
	if (value > INT64_MAX)
		printf("#   %s %" PRIdMAX " (%#" PRIxMAX ")\n", label, (intmax_t)value, value);
	else
		printf("#   %s %" PRIuMAX " (%#" PRIxMAX ")\n", label, value, value);
}

void test_add(struct test *test)
{
	*last = test;
	last = &test->next;
}

void test_fail(const struct test_place *at)
{
	printf("# %s:%d: check failed: %s\n", at->file, at->line, at->text);
	longjmp(leave_test, OUTCOME_FAILED);
}

void test_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	longjmp(leave_test, OUTCOME_SKIPPED);
}

void test_check_eq(const struct test_place *at, uintmax_t a, uintmax_t b)
{
	if (a == b)
		return;

	print_value("left: ", a);
	print_value("right:", b);
	test_fail(at);
}

void test_check_str(const struct test_place *at, const char *a, const char *b)
{
	if (a == b || (a && b && strcmp(a, b) == 0))
		return;

	printf("#   left:  %s%s%s\n", a ? "'" : "", a ? a : "NULL", a ? "'" : "");
	printf("#   right: %s%s%s\n", b ? "'" : "", b ? b : "NULL", b ? "'" : "");
	test_fail(at);
}

void test_check_mem(const struct test_place *at, const void *a, const void *b, size_t bytes)
{
	const unsigned char *left = a;
	const unsigned char *right = b;

	for (size_t i = 0; i < bytes; i++) {
		if (left[i] == right[i])
			continue;
		printf("#   byte %zu of %zu: left %#04x, right %#04x\n", i, bytes, left[i],
		       right[i]);
		test_fail(at);
	}
}

int main(int argc, char *argv[])
{
	int count = 0, number = 0, failed = 0;

	for (const struct test *test = first; test; test = test->next)
		count += is_wanted(test, argc, argv);

	/* Line by line, so that a crash shows which test it was. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%d\n", count);

	for (const struct test *test = first; test; test = test->next) {
		enum outcome outcome;

		if (!is_wanted(test, argc, argv))
			continue;

		errno = 0;
		outcome = run_one(test);
		number++;
		failed += outcome == OUTCOME_FAILED;
		printf("%sok %d - %s%s%s\n", outcome == OUTCOME_FAILED ? "not " : "", number,
		       test->name, outcome == OUTCOME_SKIPPED ? " # SKIP " : "",
		       outcome == OUTCOME_SKIPPED ? reason : "");
	}

	return failed || number == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
