/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line as tables.
 *
 * Each command describes itself and its options in a const struct; parsing,
 * --help, the man pages' option lists and the shell completions are all made
 * from it (the last two through --dump-cli), so that they cannot differ.
 */
#ifndef CMD_CLI_H
#define CMD_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/attr.h"

/* What an option stores, and where: the type of *cli_option.to. */
enum cli_type {
	CLI_FLAG,   /* bool, set to true */
	CLI_TEXT,   /* const char *, the argument itself */
	CLI_FILE,   /* likewise, a file name */
	CLI_BYTES,  /* uint64_t, a size with a unit */
	CLI_COUNT,  /* uint64_t, digits */
	CLI_CHOICE, /* unsigned int, index into .values */
	CLI_MAYBE,  /* const char *, the argument, which may be left out: "" */
};

/**
 * struct cli_option - one option of one command
 * @name:   long name, without dashes
 * @letter: short name, 0 when it has none
 * @type:   what the argument is, and what @to points to
 * @arg:    its name in the help; NULL for CLI_FLAG and CLI_CHOICE
 * @values: words allowed (CLI_CHOICE), ended by NULL
 * @group:  heading it stands under; options of one group are neighbours
 * @text:   what it does, lower case, no full stop at the end
 * @to:     where the value goes
 */
struct cli_option {
	const char *name;
	char letter;
	enum cli_type type;
	const char *arg;
	const char *const *values;
	const char *group;
	const char *text;
	void *to;
};

/* What a command takes after its options; for completions. */
enum cli_operand {
	CLI_NOTHING,
	CLI_PROGRAM, /* a program and its arguments: options end where it begins */
	CLI_FILES,
	CLI_COMMANDS, /* names of commands */
};

/**
 * struct cli_command - one subcommand
 * @summary: one line for the list of commands
 * @usage:   what follows "tenure NAME" in the usage line
 * @about:   a paragraph or two for --help, separated by empty lines
 * @usage_status: exit status for a wrong command line
 * @internal: not listed in `tenure help`; started by tenure itself
 * @run:     does the work; @argv holds the operands.  Returns the exit status
 */
struct cli_command {
	const char *name;
	const char *summary;
	const char *usage;
	const char *about;
	enum cli_operand operand;
	const struct cli_option *options;
	size_t options_count;
	int usage_status;
	bool internal;
	int (*run)(int argc, char *argv[]);
};

enum cli_color {
	CLI_COLOR_AUTO,
	CLI_COLOR_ALWAYS,
	CLI_COLOR_NEVER,
};

/** struct cli_global - the options that all commands share */
struct cli_global {
	bool help;
	bool version;
	bool quiet;
	bool verbose;
	unsigned int color; /* enum cli_color */
};

extern struct cli_global cli_global;
extern const struct cli_option cli_global_options[];
extern const size_t cli_global_options_count;

/**
 * cli_parse() - read the options of a command line
 * @command: the command
 * @argv:    argv[0] is skipped
 *
 * Reports what is wrong with it on stderr.
 *
 * Return: index of the first operand, -EINVAL for a wrong command line.
 */
attr_nodiscard int cli_parse(const struct cli_command *command, int argc, char *argv[]);

/**
 * cli_find_global() - is this word a complete global option?
 *
 * Return: the option, or NULL; also NULL for one whose argument is a word of its own.
 */
const struct cli_option *cli_find_global(const char *word);

/** cli_use_color() - whether to colour what goes to @stream */
bool cli_use_color(FILE *stream);

/** cli_print_help() - the help of one command, at most 80 columns */
void cli_print_help(FILE *out, const struct cli_command *command);

/** cli_print_overview() - what tenure is, and the list of commands */
void cli_print_overview(FILE *out, const struct cli_command *const *commands);

/** cli_print_json() - all commands and options as JSON; @commands ends with NULL */
void cli_print_json(FILE *out, const struct cli_command *const *commands);

#endif /* CMD_CLI_H */
