/* SPDX-License-Identifier: Apache-2.0 */
/* The tables as JSON: what man pages and completions are made from. */
#include "base/attr.h"

#include "cli.h"

static void print_string(FILE *out, const char *text)
{
	(void)fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			(void)fprintf(out, "\\%c", *text);
		else if (*text == '\n')
			(void)fputs("\\n", out);
		else
			(void)fputc(*text, out);
	}
	(void)fputc('"', out);
}

static void print_member(FILE *out, const char *name, const char *text, const char *end)
{
	print_string(out, name);
	(void)fputs(": ", out);
	print_string(out, text);
	(void)fputs(end, out);
}

static void print_option(FILE *out, const struct cli_option *option)
{
	static const char *const types[] = {
		[CLI_FLAG] = "flag",   [CLI_TEXT] = "text",   [CLI_FILE] = "file",
		[CLI_BYTES] = "bytes", [CLI_COUNT] = "count", [CLI_CHOICE] = "choice",
		[CLI_MAYBE] = "maybe",
	};
	char letter[2] = { option->letter, '\0' };

	(void)fputs("        {", out);
	print_member(out, "name", option->name, ", ");
	if (option->letter)
		print_member(out, "letter", letter, ", ");
	print_member(out, "type", types[option->type], ", ");
	if (option->arg)
		print_member(out, "arg", option->arg, ", ");
	if (option->values) {
		(void)fputs("\"values\": [", out);
		for (size_t i = 0; option->values[i]; i++) {
			(void)fputs(i ? ", " : "", out);
			print_string(out, option->values[i]);
		}
		(void)fputs("], ", out);
	}
	print_member(out, "group", option->group, ", ");
	print_member(out, "text", option->text, "}");
}

static void print_options(FILE *out, const struct cli_option *options, size_t count)
{
	(void)fputs("\"options\": [", out);
	for (size_t i = 0; i < count; i++) {
		(void)fputs(i ? ",\n" : "\n", out);
		print_option(out, &options[i]);
	}
	(void)fputs("]", out);
}

void cli_print_json(FILE *out, const struct cli_command *const *commands)
{
	static const char *const operands[] = {
		[CLI_NOTHING] = "nothing",
		[CLI_PROGRAM] = "program",
		[CLI_FILES] = "files",
		[CLI_COMMANDS] = "commands",
	};

	(void)fputs("{", out);
	print_options(out, cli_global_options, cli_global_options_count);
	(void)fputs(",\n\"commands\": [", out);
	for (size_t i = 0; commands[i]; i++) {
		const struct cli_command *command = commands[i];

		(void)fputs(i ? ",\n    {" : "\n    {", out);
		print_member(out, "name", command->name, ",\n     ");
		print_member(out, "summary", command->summary, ",\n     ");
		print_member(out, "usage", command->usage, ",\n     ");
		print_member(out, "about", command->about, ",\n     ");
		print_member(out, "operand", operands[command->operand], ",\n     ");
		(void)fprintf(out, "\"internal\": %s,\n     ",
			      command->internal ? "true" : "false");
		print_options(out, command->options, command->options_count);
		(void)fputs("}", out);
	}
	(void)fputs("]}\n", out);
}
