/* SPDX-License-Identifier: Apache-2.0 */
/* Sandboxes for targets: filters of system calls. */
#ifndef TARGETS_LEAKS_CONFINE_H
#define TARGETS_LEAKS_CONFINE_H

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>

#define CONFINE_MAX 32

/**
 * confine() - system calls fail with EPERM from here on
 * @calls: @count numbers
 * @others: those that are not among @calls, else those that are
 *
 * Return: 0, -1 where there is no such thing.
 */
static inline int confine(const int *calls, size_t count, int others)
{
	struct sock_filter filter[CONFINE_MAX + 3] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	const uint32_t deny = SECCOMP_RET_ERRNO | EPERM;
	struct sock_fprog program = { (unsigned short)(count + 3), filter };

	if (count > CONFINE_MAX)
		return -1;
	for (size_t i = 0; i < count; i++)
		filter[i + 1] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], (uint8_t)(count - i), 0);
	filter[count + 1] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, others ? deny : SECCOMP_RET_ALLOW);
	filter[count + 2] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, others ? SECCOMP_RET_ALLOW : deny);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#endif /* TARGETS_LEAKS_CONFINE_H */
