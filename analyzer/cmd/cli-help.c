/* SPDX-License-Identifier: Apache-2.0 */
/* Help for people, from the same tables that parse. */
#include <string.h>

#include "base/attr.h"

#include "cli.h"

#define HELP_WIDTH	 80
#define HELP_TEXT_COLUMN 26 /* where the text of an option begins */

/* Prints @text from @column on, continued at @indent; ends the line. */
static void print_wrapped(FILE *out, const char *text, int column, int indent)
{
	while (*text) {
		int word = (int)strcspn(text, " \n");
		bool paragraph = text[word] == '\n';

		if (column > indent && column + 1 + word > HELP_WIDTH) {
			(void)fprintf(out, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			(void)fputc(' ', out);
			column++;
		}
		(void)fprintf(out, "%.*s", word, text);
		column += word;
		text += word + (text[word] != '\0');
		if (paragraph) {
			(void)fprintf(out, "\n%*s", indent, "");
			column = indent;
		}
	}
	(void)fputc('\n', out);
}

static const char *argument_name(const struct cli_option *option)
{
	switch (option->type) {
	case CLI_FLAG:
		return NULL;
	case CLI_CHOICE:
		return "WORD";
	case CLI_TEXT:
	case CLI_FILE:
	case CLI_BYTES:
	case CLI_COUNT:
	case CLI_MAYBE:
		break;
	}
	return option->arg;
}

static void print_option(FILE *out, const struct cli_option *option)
{
	const char *arg = argument_name(option);
	bool maybe = option->type == CLI_MAYBE;
	char head[8] = "", left[64], text[1024];
	int length, used;

	if (option->letter)
		(void)snprintf(head, sizeof(head), "-%c,", option->letter);
	length = snprintf(left, sizeof(left), "  %-3s --%s%s%s%s%s", head, option->name,
			  maybe ? "[" : "", arg ? "=" : "", arg ? arg : "", maybe ? "]" : "");

	used = snprintf(text, sizeof(text), "%s", option->text);
	for (size_t i = 0; option->type == CLI_CHOICE && option->values[i]; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "%s%s", i ? ", " : " (",
				 option->values[i]);
	if (option->type == CLI_CHOICE)
		(void)snprintf(text + used, sizeof(text) - (size_t)used, ")");

	(void)fputs(left, out);
	if (length > HELP_TEXT_COLUMN - 2)
		(void)fprintf(out, "\n%*s", HELP_TEXT_COLUMN, "");
	else
		(void)fprintf(out, "%*s", HELP_TEXT_COLUMN - length, "");
	print_wrapped(out, text, HELP_TEXT_COLUMN, HELP_TEXT_COLUMN);
}

static void print_options(FILE *out, const struct cli_option *options, size_t count)
{
	const char *group = "";

	for (size_t i = 0; i < count; i++) {
		if (strcmp(group, options[i].group) != 0) {
			group = options[i].group;
			(void)fprintf(out, "\n%s:\n", group);
		}
		print_option(out, &options[i]);
	}
}

void cli_print_help(FILE *out, const struct cli_command *command)
{
	(void)fprintf(out, "usage: tenure %s%s%s\n\n", command->name, *command->usage ? " " : "",
		      command->usage);
	print_wrapped(out, command->about, 0, 0);
	print_options(out, command->options, command->options_count);
	print_options(out, cli_global_options, cli_global_options_count);
}

void cli_print_overview(FILE *out, const struct cli_command *const *commands)
{
	(void)fputs(
		"usage: tenure [OPTION]... PROGRAM [ARG]...\n"
		"       tenure COMMAND [OPTION]... [ARG]...\n"
		"\n"
		"Shows where a program's memory goes: what made the peak, what is still\n"
		"allocated at the end, what survives and what is only temporary, by call stack.\n"
		"\n"
		"Commands:\n",
		out);
	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->internal)
			continue;
		(void)fprintf(out, "  %-10s", commands[i]->name);
		print_wrapped(out, commands[i]->summary, 12, 12);
	}
	(void)fputs("\n"
		    "'tenure PROGRAM' is short for 'tenure run PROGRAM'.\n"
		    "'tenure COMMAND --help' lists the options of a command.\n",
		    out);
}
