/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into real programs: loses ten blocks of 4321 bytes. */
#include <stdlib.h>

static __attribute__((noinline)) void lose(void)
{
	volatile char *volatile block = malloc(4321);

	block[0] = 1;
	block = NULL;
}

__attribute__((constructor)) static void plant(void)
{
	for (int i = 0; i < 10; i++)
		lose();
}
