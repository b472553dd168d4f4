/* SPDX-License-Identifier: Apache-2.0 */
/* tenure doctor: what would work here, and what would not. */
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

#include "cmd.h"
#include "doctor.h"

static bool found_bad;

void doctor_say(enum doctor_state state, const char *what, const char *format, ...)
{
	static const char *const words[] = {
		[DOCTOR_OK] = "ok",
		[DOCTOR_NOTE] = "note",
		[DOCTOR_BAD] = "BAD",
	};
	static const char *const colors[] = {
		[DOCTOR_OK] = "\033[32m",
		[DOCTOR_NOTE] = "\033[33m",
		[DOCTOR_BAD] = "\033[1;31m",
	};
	bool color = cli_use_color(stdout);
	va_list args;

	found_bad |= state == DOCTOR_BAD;
	if (state == DOCTOR_OK && cli_global.quiet)
		return;

	(void)printf("%s%-4s%s  %-12s  ", color ? colors[state] : "", words[state],
		     color ? "\033[0m" : "", what);
	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
	(void)putchar('\n');
}

static int run(int argc, char *argv[])
{
	if (argc > 1)
		log_detail("only '%s' is looked at, not its arguments", argv[0]);

	doctor_system();
	if (argc > 0)
		doctor_program(argv[0]);
	return cmd_finish_stdout(found_bad ? CMD_FAILED : CMD_OK);
}

const struct cli_command cmd_doctor = {
	.name = "doctor",
	.summary = "check what can be profiled here",
	.usage = "[OPTION]... [--] [PROGRAM [ARG]...]",
	.about =
		"Checks this installation by recording a small program, then what the kernel "
		"offers; and, with PROGRAM, whether that can be profiled and whether its functions "
		"have names.  PROGRAM is not started.",
	.operand = CLI_PROGRAM,
	.usage_status = CMD_USAGE,
	.run = run,
};
