/* SPDX-License-Identifier: Apache-2.0 */
/* What tenure doctor looks at, and how it says it. */
#ifndef CMD_DOCTOR_H
#define CMD_DOCTOR_H

#include "base/attr.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_NOTE, /* works, but the user may want to know */
	DOCTOR_BAD,  /* does not work */
};

/** doctor_say() - one line of the findings: what was looked at, and what was found */
void doctor_say(enum doctor_state state, const char *what, const char *format, ...)
	attr_printf(3, 4);

/** doctor_system() - this machine and this installation */
void doctor_system(void);

/** doctor_program() - the program that @name would run */
void doctor_program(const char *name);

#endif /* CMD_DOCTOR_H */
