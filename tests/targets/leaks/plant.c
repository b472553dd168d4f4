/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into real programs: loses ten blocks of 4321 bytes. */
#include <stdlib.h>

static __attribute__((noinline)) void lose(void)
{
	volatile char *volatile block = malloc(4321);

	block[0] = 1;
	block = NULL;
}

/* Where the program's own stack will be, in which not every word is written. */
static __attribute__((noinline)) void wipe(void)
{
	volatile char room[16384];

	for (unsigned int i = 0; i < sizeof(room); i++)
		room[i] = 0;
}

__attribute__((constructor)) static void plant(void)
{
	for (int i = 0; i < 10; i++)
		lose();
	wipe();
}
