/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For a thread that Python calls with the GIL released, and that goes on to
 * allocate when the interpreter has ended without it.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static atomic_ulong made;
static atomic_bool is_held, is_waiting, is_over;

/* Until the other one has seen enough. */
void work(void)
{
	while (!is_over) {
		is_waiting = is_held;
		if (is_held) {
			sched_yield();
			continue;
		}
		void *volatile block = malloc(40 + made % 1000);

		free(block);
		made++;
	}
}

/* Memory that the interpreter has given back becomes something else, and @work goes on for a while.
 */
void end(void)
{
	unsigned long before;

	for (size_t bytes = 200; bytes < 3000; bytes += 8)
		for (int i = 0; i < 8; i++)
			memset(malloc(bytes), 0x55, bytes);
	before = made;
	is_held = false;
	while (made < before + 2000)
		sched_yield();
	is_over = true;
}

/* Until @work has begun; from then on it rests, until @end. */
void await(void)
{
	while (made < 1000)
		sched_yield();
	is_held = true;
	while (!is_waiting)
		sched_yield();
}
