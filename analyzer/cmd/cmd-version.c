/* SPDX-License-Identifier: Apache-2.0 */
/* tenure version: which tenure this is. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "launch/shim.h"
#include "tenure/wire.h"

#include "cmd.h"

static int run(int argc, char *argv[])
{
	char *shim = NULL;

	(void)argv;
	if (argc > 0) {
		log_error("'tenure version' takes no arguments");
		return CMD_USAGE;
	}

	(void)printf("tenure %s\n", TENURE_VERSION);
	if (cli_global.verbose) {
		(void)printf("wire format: %d\n", TENURE_WIRE_VERSION);
		if (shim_find(&shim) == 0)
			(void)printf("libtenure.so: %s\n", shim);
		free(shim);
	}
	return cmd_finish_stdout(CMD_OK);
}

const struct cli_command cmd_version = {
	.name = "version",
	.summary = "show the version",
	.usage = "",
	.about = "Shows the version; with --verbose also the version of the format that "
		 "libtenure.so and tenure speak, and where libtenure.so was found.",
	.operand = CLI_NOTHING,
	.usage_status = CMD_USAGE,
	.run = run,
};
