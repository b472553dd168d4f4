/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands, one per file cmd-NAME.c, and their exit statuses.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "cli.h"

/* Exit statuses of every command but `run`. */
enum cmd_status {
	CMD_OK = 0,
	CMD_FAILED = 1, /* it could not be done, or was found wanting (doctor) */
	CMD_USAGE = 2,	/* wrong command line, or input that cannot be used */
};

/* Exit statuses of `run`, where they are not the program's own (as env and timeout). */
enum cmd_run_status {
	CMD_RUN_FAILED = 125,	 /* tenure itself failed */
	CMD_RUN_CANNOT = 126,	 /* the program cannot be executed, or not be profiled */
	CMD_RUN_NOT_FOUND = 127, /* there is no such program */
	CMD_RUN_SIGNAL = 128,	 /* plus the signal that ended the program */
};

/* Exit statuses of `check`, beside the program's own. */
enum cmd_check_status {
	CMD_CHECK_VIOLATION = 23,
	CMD_CHECK_INCONCLUSIVE = 24,
	CMD_CHECK_FILE_INCONCLUSIVE = 3, /* of files; else as enum cmd_status */
};

/* All commands, in the order of the overview; ended by NULL. */
extern const struct cli_command *const cmd_all[];

extern const struct cli_command cmd_annotate;
extern const struct cli_command cmd_why;
extern const struct cli_command cmd_baseline;
extern const struct cli_command cmd_check;
extern const struct cli_command cmd_collect;
extern const struct cli_command cmd_diff;
extern const struct cli_command cmd_doctor;
extern const struct cli_command cmd_dump;
extern const struct cli_command cmd_export;
extern const struct cli_command cmd_help;
extern const struct cli_command cmd_mark;
extern const struct cli_command cmd_snapshot;
extern const struct cli_command cmd_report;
extern const struct cli_command cmd_run;
extern const struct cli_command cmd_version;

/** cmd_find() - the command with this name, or NULL */
const struct cli_command *cmd_find(const char *name);

/**
 * cmd_finish_stdout() - the status to exit with, once all output is written
 *
 * Reports when stdout could not be written, as to a full disk.
 */
int cmd_finish_stdout(int status);

#endif /* CMD_CMD_H */
