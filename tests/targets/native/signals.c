/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A storm of signals whose handler maps memory and allocates.  With "idle"
 * nothing else happens, so every event of the handler is in the report.  With
 * "busy" it interrupts allocation itself; there it calls malloc only when the
 * interrupted code was not inside (the C library's would deadlock), but mmap
 * always, so each of its events is either in the report or counted as lost.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "truth.h"

#define SIGNALS 500

static volatile sig_atomic_t seen, made;
static volatile sig_atomic_t inside; /* the C library's malloc */

attr_site static void *in_handler(size_t bytes)
{
	return calloc(1, bytes);
}

attr_site static void *in_loop(size_t bytes)
{
	void *block;

	inside = 1;
	block = malloc(bytes);
	inside = 0;
	return block;
}

static void give_back(void *block)
{
	inside = 1;
	free(block);
	inside = 0;
}

static void handle(int signal)
{
	int saved = errno;
	void *map;

	(void)signal;
	seen++;
	map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(map != MAP_FAILED);
	must(munmap(map, 4096) == 0);
	if (!inside) {
		free(in_handler(50));
		made++;
	}
	errno = saved;
}

static void storm(long microseconds)
{
	const struct itimerval timer = { { 0, microseconds }, { 0, microseconds } };

	must(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

int main(int argc, char *argv[])
{
	const struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };
	size_t loops = 0;

	must(argc == 2);
	must(sigaction(SIGALRM, &action, NULL) == 0);

	if (strcmp(argv[1], "idle") == 0) {
		sigset_t none, alarm;

		sigemptyset(&none);
		sigemptyset(&alarm);
		sigaddset(&alarm, SIGALRM);
		must(sigprocmask(SIG_BLOCK, &alarm, NULL) == 0);
		storm(100);
		while (seen < SIGNALS)
			sigsuspend(&none);
		storm(0);
		must(made == seen);
		truth("{\"sites\": {\"in_handler\": {\"allocations\": %d, \"live_blocks\": 0}}}\n",
		      (int)made);
		return EXIT_SUCCESS;
	}

	storm(100);
	while (seen < SIGNALS) {
		void *a = in_loop(loops % 500);
		void *b = in_loop(loops % 300);

		give_back(a);
		give_back(b);
		loops++;
	}
	storm(0);
	truth("{\"maps_or_lost\": %d, \"sites\": {\"in_handler\": {\"allocations\": %d},"
	      " \"main\": {\"live_blocks\": 0}}, \"by_function\": {\"malloc\": %zu}}\n",
	      2 * (int)seen, (int)made, 2 * loops);
	return EXIT_SUCCESS;
}
