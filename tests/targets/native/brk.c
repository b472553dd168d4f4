/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves the program break by itself, beside the C library's own use of it.
 */
#include <stdint.h>

#include "truth.h"

int main(void)
{
	char *before = sbrk(0);

	must(sbrk(2000003) == before);
	before[2000002] = 1;
	must(sbrk(-1000000) == before + 2000003);
	must(brk(before + 500000) == 0);
	must(sbrk(0) == before + 500000);
	must(sbrk(INTPTR_MAX) == (void *)-1);

	truth("{\"totals\": {\"allocations\": 0, \"break_bytes\": 500000}}\n");
	return EXIT_SUCCESS;
}
