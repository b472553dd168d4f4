/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that was never touched, told from memory that was. */
#include "input/pagemap.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

#define MANY 5000u /* pages; more than are asked for at once */

TEST(what_was_written_is_told_from_what_was_not)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *at = mmap(NULL, MANY * page, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t addr = (uintptr_t)at;
	struct pagemap pagemap;

	CHECK(at != MAP_FAILED);
	(void)madvise(at, MANY * page, MADV_NOHUGEPAGE);
	pagemap_open(&pagemap, (uint32_t)getpid());
	if (pagemap.fd < 0)
		SKIP("the kernel does not tell");
	CHECK(pagemap_is_untouched(&pagemap, addr, MANY * page));
	at[(MANY - 1) * page + 7] = 1;
	CHECK(!pagemap_is_untouched(&pagemap, addr, MANY * page));
	CHECK(pagemap_is_untouched(&pagemap, addr, (MANY - 1) * page));
	CHECK(!pagemap_is_untouched(&pagemap, addr, (MANY - 1) * page + 1));
	CHECK(!pagemap_is_untouched(&pagemap, addr + MANY * page - 1, 1));
	/* A page that was there and may no longer be looked at is there still. */
	CHECK_EQ(mprotect(at, MANY * page, PROT_NONE), 0);
	CHECK(!pagemap_is_untouched(&pagemap, addr, MANY * page));
	CHECK(!pagemap_is_untouched(&pagemap, addr, 0));
	pagemap_close(&pagemap);
	CHECK(!pagemap_is_untouched(&pagemap, addr, page));
	CHECK_EQ(munmap(at, MANY * page), 0);
}

TEST(of_a_process_that_is_not_there_nothing_is_known)
{
	struct pagemap pagemap;

	pagemap_open(&pagemap, UINT32_MAX);
	CHECK_EQ(pagemap.fd, -1);
	CHECK(!pagemap_is_untouched(&pagemap, 4096, 4096));
	pagemap_close(&pagemap);
}
