/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The error convention: functions return 0 or a negative errno.
 *
 * neg_errno() exists because "return -errno" lets the compiler believe the
 * result could be 0, and then warn about every ret_ parameter.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <errno.h>

/**
 * neg_errno() - errno as a return value, after a libc call has failed
 *
 * Return: -errno, always negative.
 */
static inline int neg_errno(void)
{
	int e = errno;

	return e > 0 ? -e : -EIO;
}

#endif /* BASE_ERR_H */
