/* SPDX-License-Identifier: Apache-2.0 */
/* tenure help: the list of commands, or the help of one. */
#include "base/log.h"
#include "base/nearest.h"

#include "cmd.h"

static int run(int argc, char *argv[])
{
	const struct cli_command *command;
	const char *best = NULL;
	size_t distance = 0;

	if (argc == 0) {
		cli_print_overview(stdout, cmd_all);
		return cmd_finish_stdout(CMD_OK);
	}

	command = cmd_find(argv[0]);
	if (!command || argc > 1) {
		if (argc > 1)
			log_error("cannot help with more than one command at a time");
		else
			log_error("unknown command '%s'", argv[0]);
		for (size_t i = 0; argc == 1 && cmd_all[i]; i++)
			nearest_feed(argv[0], cmd_all[i]->name, &best, &distance);
		log_hint("tenure help%s%s", best ? " " : "", best ? best : "");
		return CMD_USAGE;
	}

	cli_print_help(stdout, command);
	return cmd_finish_stdout(CMD_OK);
}

const struct cli_command cmd_help = {
	.name = "help",
	.summary = "show how to use tenure, or one of its commands",
	.usage = "[COMMAND]",
	.about = "Shows the list of commands or, with COMMAND, how to use that one.",
	.operand = CLI_COMMANDS,
	.usage_status = CMD_USAGE,
	.run = run,
};
