/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands: which one is meant, and what its options are. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"

#include "cmd.h"

const struct cli_command *const cmd_all[] = {
	&cmd_run,     &cmd_report, &cmd_annotate, &cmd_why,	 &cmd_check, &cmd_baseline,
	&cmd_diff,    &cmd_export, &cmd_mark,	  &cmd_snapshot, &cmd_dump,  &cmd_doctor,
	&cmd_version, &cmd_help,   &cmd_collect,  NULL,
};

const struct cli_command *cmd_find(const char *name)
{
	for (size_t i = 0; cmd_all[i]; i++) {
		if (strcmp(cmd_all[i]->name, name) == 0)
			return cmd_all[i];
	}
	return NULL;
}

int cmd_finish_stdout(int status)
{
	int failed = ferror(stdout);

	if (fflush(stdout) == 0 && !failed)
		return status;

	log_error("cannot write to standard output: %s", log_reason(errno));
	return status == CMD_OK ? CMD_FAILED : status;
}

static int dispatch(const struct cli_command *command, int argc, char *argv[])
{
	int first = cli_parse(command, argc, argv);

	if (first < 0)
		return command->usage_status;

	log_set_level(cli_global.quiet ? LOG_ERRORS : cli_global.verbose ? LOG_DETAIL : LOG_NOTES);
	if (cli_global.version)
		return cmd_version.run(0, NULL);
	if (cli_global.help && command != &cmd_help) {
		cli_print_help(stdout, command);
		return cmd_finish_stdout(CMD_OK);
	}
	return command->run(argc - first, argv + first);
}

int main(int argc, char *argv[])
{
	const struct cli_command *command;
	int at = 1;

	(void)setlocale(LC_CTYPE, "");
	if (argc == 2 && strcmp(argv[1], "--dump-cli") == 0) {
		cli_print_json(stdout, cmd_all);
		return cmd_finish_stdout(CMD_OK);
	}

	/* Global options may stand before the name of the command. */
	while (at < argc && cli_find_global(argv[at]))
		at++;
	if (at >= argc)
		return dispatch(&cmd_help, argc, argv);

	command = cmd_find(argv[at]);
	if (!command)
		return dispatch(&cmd_run, argc, argv); /* tenure PROGRAM */

	/* The name changes places with the options before it, and stands for argv[0]. */
	memmove(argv + 1, argv, sizeof(*argv) * (size_t)at);
	return dispatch(command, argc - 1, argv + 1);
}
