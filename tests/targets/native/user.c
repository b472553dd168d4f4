/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives up being root, as servers do, and goes on: in the same process, in a
 * child, in another program.  Nothing of it gets lost.
 */
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "truth.h"

#define NOBODY 65534
#define ROUNDS 3000

attr_site static void *block(void)
{
	return malloc(64);
}

static void work(void)
{
	for (int i = 0; i < ROUNDS; i++)
		free(block());
	must(block());
}

static void say(int times)
{
	truth("{\"pid\": %d, \"sites\": {\"block\": {\"allocations\": %d, \"live_blocks\": %d}}}\n",
	      (int)getpid(), times * (ROUNDS + 1), times);
}

static void drop(void)
{
	if (getuid() != 0)
		return;
	must(setgroups(0, NULL) == 0);
	must(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
	must(setuid(0) == -1);
}

static void wait_for(pid_t pid)
{
	int status;

	must(pid > 0);
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(int argc, char *argv[])
{
	char word[] = "plain";
	char *const args[] = { argv[0], word, NULL };
	pid_t pid;

	must(argc == 2);
	work();

	if (strcmp(argv[1], "plain") == 0) {
		say(1);
	} else if (strcmp(argv[1], "drop") == 0) {
		drop();
		work();
		/* Must find its way back to the analyzer as somebody else. */
		closefrom(TRUTH_FD + 1);
		work();
		say(3);
	} else if (strcmp(argv[1], "fork") == 0) {
		pid = fork();
		if (pid == 0) {
			drop();
			work();
			say(1);
			_exit(0);
		}
		wait_for(pid);
		say(1);
	} else if (strcmp(argv[1], "exec") == 0) {
		pid = fork();
		if (pid == 0) {
			drop();
			execv("/proc/self/exe", args);
			_exit(98);
		}
		wait_for(pid);
		say(1);
	}
	return EXIT_SUCCESS;
}
