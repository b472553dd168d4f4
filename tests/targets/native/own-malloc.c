/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program with an allocator linked statically into it: its calls cannot be
 * seen, and the report has to say so instead of that nothing was allocated.
 */
#include "truth.h"

int main(void)
{
	void *volatile block = malloc(1000);

	if (!block)
		return EXIT_FAILURE;
	truth("{\"complete\": false, \"losses\": {\"own_malloc\": 1}}\n");
	return EXIT_SUCCESS;
}
