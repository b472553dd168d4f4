/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forks again and again while other threads allocate; each child allocates,
 * gives back what it inherited, and says what it did.  Argument: how many.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "../targets/native/truth.h"

#define THREADS 3
#define AT_ONCE 8

static atomic_bool ending;

attr_site static void *block(size_t bytes)
{
	return malloc(bytes);
}

attr_site static void *busy(size_t bytes)
{
	return malloc(bytes);
}

static void *run(void *unused)
{
	(void)unused;
	for (size_t i = 0; !atomic_load(&ending); i++)
		free(realloc(busy(i % 3000), i % 5000 + 1));
	return NULL;
}

static void child(void *inherited, int number)
{
	for (int i = 0; i < 100; i++)
		free(block((size_t)i));
	free(inherited);
	must(block((size_t)number));
	truth("{\"pid\": %d, \"sites\": {\"block\": {\"allocations\": 101, \"live_blocks\": 1,"
	      " \"live_bytes\": %d}}, \"totals\": {\"inherited_frees\": 1}}\n",
	      (int)getpid(), number);
	_exit(number % 100);
}

int main(int argc, char *argv[])
{
	pthread_t threads[THREADS];
	long count = argc == 2 ? strtol(argv[1], NULL, 10) : 100;
	long forked = 0, ended = 0, status_sum = 0, truth_sum = 0;

	for (size_t i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, run, NULL) == 0);

	while (ended < count) {
		int status;

		while (forked < count && forked - ended < AT_ONCE) {
			void *inherited = block(10);
			pid_t pid = fork();

			must(pid >= 0);
			if (pid == 0)
				child(inherited, (int)forked);
			free(inherited);
			truth_sum += forked++ % 100;
		}
		must(wait(&status) > 0);
		must(WIFEXITED(status));
		status_sum += WEXITSTATUS(status);
		ended++;
	}
	must(status_sum == truth_sum);

	atomic_store(&ending, true);
	for (size_t i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0);

	truth("{\"pid\": %d, \"processes\": %ld, \"sites\": {\"block\": {\"allocations\": %ld,"
	      " \"live_blocks\": 0}, \"busy\": {\"live_blocks\": 0}, \"run\": {\"live_blocks\": 0}}}\n",
	      (int)getpid(), count + 1, count);
	return EXIT_SUCCESS;
}
