/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaks three blocks of 100 bytes, and gives a larger one back.
 */
#include "truth.h"

static void *volatile kept[3];

attr_site static void leak(void)
{
	for (int i = 0; i < 3; i++)
		kept[i] = malloc(100);
}

int main(void)
{
	leak();
	free(malloc(4000));

	truth("{\"totals\": {\"allocations\": 4, \"allocated_bytes\": 4300, \"frees\": 1,"
	      " \"live_blocks\": 3, \"live_bytes\": 300, \"peak_bytes\": 4300, \"peak_blocks\": 4},"
	      " \"sites\": {\"leak\": {\"allocations\": 3, \"live_blocks\": 3, \"live_bytes\": 300,"
	      " \"peak_bytes\": 300}, \"main\": {\"allocations\": 4, \"live_bytes\": 300,"
	      " \"peak_bytes\": 4300}}}\n");
	return EXIT_SUCCESS;
}
