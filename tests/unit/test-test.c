/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The harness itself: a check that cannot fail would make every other test
 * worthless, so failing checks are run in a child and must fail there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static int order;

/* Runs this program again for one test that fails on purpose. */
static int run_self(const char *name)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		setenv("TEST_TEST_FAIL", "1", 1);
		if (!freopen("/dev/null", "w", stdout))
			_exit(99);
		execl("/proc/self/exe", "test-test", name, (char *)NULL);
		_exit(99);
	}

	CHECK(pid > 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void only_on_purpose(void)
{
	if (!getenv("TEST_TEST_FAIL"))
		SKIP("fails on purpose, run by %s", "failing_checks_fail");
}

TEST(tests_run_in_the_order_of_the_file)
{
	CHECK_EQ(order++, 0);
}

TEST(the_second_test_runs_second)
{
	CHECK_EQ(order++, 1);
}

TEST(equal_values_pass)
{
	static const char text[] = "text";
	char copy[] = "text";

	CHECK_EQ(-EBADMSG, -EBADMSG);
	CHECK_EQ((size_t)2, 2);
	CHECK_EQ(copy, &copy[0]);
	CHECK_STR(text, copy);
	CHECK_STR(NULL, NULL);
	CHECK_MEM(text, copy, sizeof(text));
	CHECK_MEM("abX", "abY", 2);
}

TEST(fail_check)
{
	only_on_purpose();
	CHECK(order == -1);
}

TEST(fail_check_eq)
{
	only_on_purpose();
	CHECK_EQ(-1, UINT32_MAX);
}

TEST(fail_check_str)
{
	only_on_purpose();
	CHECK_STR("a", NULL);
}

TEST(fail_check_mem)
{
	only_on_purpose();
	CHECK_MEM("abX", "abY", 3);
}

TEST(failing_checks_fail)
{
	CHECK_EQ(run_self("fail_check"), EXIT_FAILURE);
	CHECK_EQ(run_self("fail_check_eq"), EXIT_FAILURE);
	CHECK_EQ(run_self("fail_check_str"), EXIT_FAILURE);
	CHECK_EQ(run_self("fail_check_mem"), EXIT_FAILURE);
	CHECK_EQ(run_self("equal_values_pass"), EXIT_SUCCESS);
}

TEST(a_name_that_no_test_has_is_a_failure)
{
	CHECK_EQ(run_self("no_such_test"), EXIT_FAILURE);
}
