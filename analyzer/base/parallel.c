/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that share a counter. */
#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

struct crew {
	parallel_work *work;
	void *arg;
	size_t count;
	size_t next;
	int err;
};

struct hand {
	struct crew *crew;
	unsigned int number;
	pthread_t thread;
};

unsigned int parallel_workers(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	if (count < 1)
		return 1;
	return (unsigned int)count < PARALLEL_MAX ? (unsigned int)count : PARALLEL_MAX;
}

static void *take_part(void *arg)
{
	struct hand *hand = arg;
	struct crew *crew = hand->crew;

	while (__atomic_load_n(&crew->err, __ATOMIC_RELAXED) == 0) {
		size_t index = __atomic_fetch_add(&crew->next, 1, __ATOMIC_RELAXED);
		int r;

		if (index >= crew->count)
			break;
		r = crew->work(crew->arg, hand->number, index);
		if (r < 0)
			__atomic_store_n(&crew->err, r, __ATOMIC_RELAXED);
	}
	return NULL;
}

int parallel_each(size_t count, unsigned int workers, parallel_work *work, void *arg)
{
	struct crew crew = { .work = work, .arg = arg, .count = count };
	struct hand hands[PARALLEL_MAX];
	unsigned int started = 1;
	sigset_t all, before;

	if (workers > PARALLEL_MAX)
		workers = PARALLEL_MAX;
	if (workers > count)
		workers = (unsigned int)count;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; started < workers; started++) {
		hands[started] = (struct hand){ .crew = &crew, .number = started };
		if (pthread_create(&hands[started].thread, NULL, take_part, &hands[started]) != 0)
			break;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	hands[0] = (struct hand){ .crew = &crew };
	(void)take_part(&hands[0]);
	while (--started > 0)
		(void)pthread_join(hands[started].thread, NULL);
	return crew.err;
}
