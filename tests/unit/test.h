/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit test harness: tests register themselves, main() runs them in the
 * order of the file and prints TAP.
 *
 *	TEST(the_peak_outlives_the_blocks)
 *	{
 *		CHECK(heap);
 *		CHECK_EQ(heap_peak(heap), 300);
 *	}
 *
 * A failed check ends its test, not the program.  With arguments only the
 * tests they name are run.
 */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/**
 * struct test - one test, static, made by TEST()
 * @name: a sentence about behaviour, words joined by underscores
 * @file: where it stands
 * @run:  its body
 * @next: the test below it in the file
 */
struct test {
	const char *name;
	const char *file;
	void (*run)(void);
	struct test *next;
};

/** test_add() - append @test to the list that main() runs */
void test_add(struct test *test);

/* What a check macro passes on: where it stands and what it says. */
struct test_place {
	const char *file;
	int line;
	const char *text;
};

#define TEST_PLACE(text_) (&(const struct test_place){ __FILE__, __LINE__, text_ })

_Noreturn void test_fail(const struct test_place *at);
_Noreturn void test_skip(const char *reason, ...) attr_printf(1, 2);
void test_check_eq(const struct test_place *at, uintmax_t a, uintmax_t b);
void test_check_str(const struct test_place *at, const char *a, const char *b);
void test_check_mem(const struct test_place *at, const void *a, const void *b, size_t bytes);

/** TEST() - define and register a test */
#define TEST(name_)                                                                            \
	static void name_(void);                                                               \
	__attribute__((constructor)) static void test_add_##name_(void)                        \
	{                                                                                      \
		static struct test test_ = { .name = #name_, .file = __FILE__, .run = name_ }; \
		test_add(&test_);                                                              \
	}                                                                                      \
	static void name_(void)

/** CHECK() - @cond_ holds */
#define CHECK(cond_)                                   \
	do {                                           \
		if (!(cond_))                          \
			test_fail(TEST_PLACE(#cond_)); \
	} while (0)

/** CHECK_EQ() - two integers or pointers are equal; prints both when not */
#define CHECK_EQ(a_, b_) test_check_eq(TEST_PLACE(#a_ " == " #b_), (uintmax_t)(a_), (uintmax_t)(b_))

/** CHECK_STR() - two strings are equal; NULL is equal to NULL only */
#define CHECK_STR(a_, b_) test_check_str(TEST_PLACE(#a_ " == " #b_), (a_), (b_))

/** CHECK_MEM() - @bytes_ bytes at both places are equal */
#define CHECK_MEM(a_, b_, bytes_) test_check_mem(TEST_PLACE(#a_ " == " #b_), (a_), (b_), (bytes_))

/** SKIP() - leave the test as not applicable here; the reason is a printf format */
#define SKIP(...) test_skip(__VA_ARGS__)

#endif /* TESTS_UNIT_TEST_H */
