/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocates in the destructors of a thread's keys, in every round of them,
 * and in a destructor that the C++ runtime would use; names threads in all
 * ways; ends while a thread is still blocked.
 */
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>

#include "truth.h"

#define THREADS 20
#define ROUNDS	4 /* PTHREAD_DESTRUCTOR_ITERATIONS of the C library */

extern int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *dso);
extern void *__dso_handle;

static pthread_key_t early, late;
static pthread_barrier_t named;

attr_site static void *in_key_destructor(void)
{
	return malloc(10);
}

attr_site static void *in_tls_destructor(void)
{
	return malloc(20);
}

attr_site static void *in_thread(void)
{
	return malloc(30);
}

/* Sets its key again, so that all rounds are run; the last one leaks its block. */
static void destroy(void *value)
{
	free(value);
	must(pthread_setspecific(late, in_key_destructor()) == 0);
}

static void destroy_early(void *value)
{
	free(value);
	free(in_key_destructor());
}

static void destroy_object(void *object)
{
	free(object);
	free(in_tls_destructor());
}

static void *run(void *unused)
{
	(void)unused;
	must(pthread_setspecific(early, in_thread()) == 0);
	must(pthread_setspecific(late, in_thread()) == 0);
	must(__cxa_thread_atexit_impl(destroy_object, in_thread(), &__dso_handle) == 0);
	return NULL;
}

static void *run_prctl(void *unused)
{
	(void)unused;
	must(prctl(PR_SET_NAME, "by-prctl") == 0);
	for (int i = 0; i < 7; i++)
		free(in_thread());
	return NULL;
}

static void *run_setname(void *unused)
{
	(void)unused;
	for (int i = 0; i < 5; i++)
		free(in_thread());
	must(pthread_setname_np(pthread_self(), "by-setname") == 0);
	for (int i = 0; i < 6; i++)
		free(in_thread());
	return NULL;
}

static void *run_blocked(void *unused)
{
	(void)unused;
	free(in_thread());
	pthread_barrier_wait(&named);
	for (;;)
		pause();
	return NULL;
}

static void join_one(void *(*body)(void *))
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, body, NULL) == 0);
	must(pthread_join(thread, NULL) == 0);
}

int main(void)
{
	pthread_t threads[THREADS], blocked;

	must(pthread_key_create(&early, destroy_early) == 0);
	must(pthread_key_create(&late, destroy) == 0);
	must(pthread_barrier_init(&named, NULL, 2) == 0);

	for (size_t i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, run, NULL) == 0);
	for (size_t i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0);

	join_one(run_prctl);
	join_one(run_setname);
	must(pthread_create(&blocked, NULL, run_blocked, NULL) == 0);
	must(pthread_setname_np(blocked, "by-another") == 0);
	pthread_barrier_wait(&named);

	truth("{\"sites\": {\"in_key_destructor\": {\"allocations\": %d, \"live_blocks\": %d},"
	      " \"in_tls_destructor\": {\"allocations\": %d, \"live_blocks\": 0},"
	      " \"in_thread\": {\"allocations\": %d, \"live_blocks\": 0}}}\n",
	      THREADS * (ROUNDS + 1), THREADS, THREADS, 3 * THREADS + 7 + 11 + 1);
	truth("{\"threads\": {\"by-prctl\": {\"allocations\": 7},"
	      " \"by-setname\": {\"allocations\": 11}}}\n");
	return EXIT_SUCCESS;
}
