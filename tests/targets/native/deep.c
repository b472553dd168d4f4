/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocates at the bottom of a deep recursion and on the way back.  The whole
 * stack is there, down to main.
 */
#include "truth.h"

#define DEPTH 3000

static void *volatile kept;

attr_site static void deepest(void)
{
	kept = malloc(77);
}

attr_site static void on_the_way_back(void)
{
	free(malloc(5));
}

__attribute__((noinline)) static void down(int depth)
{
	volatile char frame[64];

	frame[depth % 64] = 1;
	if (depth == 0)
		deepest();
	else
		down(depth - 1);
	if (frame[depth % 64] == 1 && depth % 10 == 0)
		on_the_way_back();
}

int main(void)
{
	down(DEPTH);
	truth("{\"sites\": {\"deepest\": {\"live_bytes\": 77}, \"on_the_way_back\":"
	      " {\"allocations\": %d}}, \"stacks\": {\"deepest\": {\"frames_min\": %d,"
	      " \"through\": [\"deepest\", \"down\", \"main\"]}}}\n",
	      DEPTH / 10 + 1, DEPTH);
	return EXIT_SUCCESS;
}
