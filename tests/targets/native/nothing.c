/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocates nothing at all: the report is empty and valid.
 */
#include "truth.h"

int main(void)
{
	truth("{\"totals\": {\"allocations\": 0, \"allocated_bytes\": 0, \"frees\": 0,"
	      " \"live_blocks\": 0, \"live_bytes\": 0, \"peak_bytes\": 0, \"peak_blocks\": 0}}\n");
	return EXIT_SUCCESS;
}
