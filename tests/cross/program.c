/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of another processor: 10 blocks that stay, 1,000 that do not, each
 * kind from a stack of its own; and some from a second thread.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define apart __attribute__((noinline, noclone))

static void *volatile kept[10];

apart void *take(size_t bytes)
{
	char *block = malloc(bytes);

	if (block)
		memset(block, 1, bytes);
	return block;
}

apart void pass(void)
{
	void *block = take(100);

	free(block);
}

apart void keep(int i)
{
	kept[i] = take(1000);
}

static void *other(void *arg)
{
	for (int i = 0; i < 500; i++)
		pass();
	return arg;
}

int main(void)
{
	pthread_t thread;

	for (int i = 0; i < 500; i++)
		pass();
	if (pthread_create(&thread, NULL, other, NULL) || pthread_join(thread, NULL))
		return 1;
	for (int i = 0; i < 10; i++)
		keep(i);
	return 0;
}
