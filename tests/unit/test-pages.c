/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that a forked child finds clear: by the kernel, or by hand where a
 * sandbox refuses.
 */
#include "pages.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define WIPEONFORK 18

/* From now on madvise(MADV_WIPEONFORK) is refused as by an old kernel. */
static int refuse(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WIPEONFORK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

/* Return: 0, or what went wrong, 77 for no filters here. */
static int by_hand(void)
{
	char *kept, *other;

	if (refuse() != 0)
		return 77;
	kept = pages_map(100, PAGES_WIPE);
	other = pages_map(100, PAGES_WIPE);
	if (!kept || !other || !pages_wipe_unsupported())
		return 1;
	kept[0] = 'k';
	pages_unmap(other, 100);
	/* The place is the program's now. */
	if (mmap(other, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) != other)
		return 2;
	other[0] = 'p';
	pages_wipe();
	if (kept[0] != 0)
		return 3;
	return other[0] == 'p' ? 0 : 4;
}

TEST(what_was_given_back_is_not_wiped_by_hand)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(by_hand());
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		SKIP("no seccomp filters here");
	CHECK_EQ(WEXITSTATUS(status), 0);
}

TEST(the_kernel_wipes_in_a_child)
{
	char *wiped = pages_map(100, PAGES_WIPE);
	char *kept = pages_map(100, 0);
	pid_t child;
	int status;

	CHECK(wiped && kept);
	wiped[0] = kept[0] = 'x';
	if (pages_wipe_unsupported())
		SKIP("an old kernel");
	child = fork();
	if (child == 0)
		_exit(wiped[0] == 0 && kept[0] == 'x' ? 0 : 1);
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	pages_unmap(wiped, 100);
	pages_unmap(kept, 100);
}

static bool is_own(const void *pages)
{
	for (size_t i = 0; i < PAGES_OWN_MAX; i++)
		if (pages_own[i].start == (uint64_t)pages && pages_own[i].bytes == 8192)
			return true;
	return false;
}

TEST(what_is_mapped_is_listed_until_it_is_given_back)
{
	void *pages = pages_map(5000, 0);

	CHECK(pages);
	CHECK(is_own(pages));
	pages_unmap(pages, 5000);
	CHECK(!is_own(pages));
}
