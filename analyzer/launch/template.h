/* SPDX-License-Identifier: Apache-2.0 */
/* Names of output files with parts that are known only at run time. */
#ifndef LAUNCH_TEMPLATE_H
#define LAUNCH_TEMPLATE_H

#include <stdint.h>

#include "base/attr.h"

/**
 * struct template_values - what the parts stand for
 * @program: %e, its last path component is taken
 * @pid:     %p
 */
struct template_values {
	const char *program;
	uint32_t pid;
};

/**
 * template_check() - is this a template that template_expand() understands?
 * @ret_bad: where it goes wrong, borrowed from @text
 *
 * Return: 0 or -EINVAL.
 */
attr_nodiscard int template_check(const char *text, const char **ret_bad);

/**
 * template_expand() - the file name that @text stands for now
 * @text: %p process, %e program, %t local time, %h host, %n the smallest
 *        number from 1 that makes a name of no existing file, %q{NAME} the
 *        environment variable NAME, %% a per cent sign
 *
 * Slashes in what is put in become underscores, so that a value cannot choose
 * the directory.
 *
 * Return: 0 and a name, owned by the caller; -EINVAL; -ENOMEM; -EEXIST when
 * there are too many files for %n.
 */
attr_nodiscard int template_expand(const char *text, const struct template_values *values,
				   char **ret_name);

#endif /* LAUNCH_TEMPLATE_H */
