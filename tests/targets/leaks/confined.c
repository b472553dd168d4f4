/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts a program where nobody may look into another process, as in containers
 * of some kinds and where yama says so: confined PROGRAM [ARG]...
 */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"

int main(int argc, char *argv[])
{
	static const int calls[] = { SYS_ptrace, SYS_process_vm_readv };

	if (argc < 2 || confine(calls, sizeof(calls) / sizeof(calls[0]), 0) < 0) {
		perror("confined");
		return 77;
	}
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
