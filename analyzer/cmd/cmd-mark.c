/* SPDX-License-Identifier: Apache-2.0 */
/* tenure mark: put a named moment into the report of a process that is being recorded. */
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "tenure/wire.h"

#include "ask.h"
#include "cmd.h"

static struct {
	bool begin;
	bool end;
} options;

static const struct cli_option table[] = {
	{ "begin", 0, CLI_FLAG, NULL, NULL, "Mark", "a phase of this name begins", &options.begin },
	{ "end", 0, CLI_FLAG, NULL, NULL, "Mark", "the phase of this name ends", &options.end },
};

static int run(int argc, char *argv[])
{
	struct control_request request = { .what = CONTROL_MARK, .arg = TENURE_MARK_POINT };

	if (argc != 2 || (options.begin && options.end)) {
		log_error(argc < 2   ? "no process, or no name for the mark given"
			  : argc > 2 ? "a mark has one name"
				     : "a mark cannot be the beginning and the end of a phase");
		log_hint("tenure mark PID NAME");
		return CMD_USAGE;
	}
	request.pid = ask_pid(argv[0]);
	if (!request.pid)
		return CMD_USAGE;
	if (options.begin)
		request.arg = TENURE_MARK_PHASE_BEGIN;
	if (options.end)
		request.arg = TENURE_MARK_PHASE_END;

	request.bytes = (uint32_t)strnlen(argv[1], CONTROL_TEXT_BYTES);
	memcpy(request.text, argv[1], request.bytes);
	return ask(&request, -1, "mark") < 0 ? CMD_FAILED : CMD_OK;
}

const struct cli_command cmd_mark = {
	.name = "mark",
	.summary = "put a named mark into the report of a process that is being profiled",
	.usage = "[OPTION]... PID NAME",
	.about = "Puts a mark into the timeline of process PID, which runs under 'tenure run' or "
		 "has libtenure.so preloaded.  Marks of one name are checkpoints: what rises from "
		 "one to the next is growth.  The process itself is not touched.",
	.operand = CLI_NOTHING,
	.options = table,
	.options_count = ARRAY_SIZE(table),
	.usage_status = CMD_USAGE,
	.run = run,
};
