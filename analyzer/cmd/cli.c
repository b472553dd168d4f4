/* SPDX-License-Identifier: Apache-2.0 */
/* Option tables to getopt_long, and from there into the commands' variables. */
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/units.h"

#include "cli.h"

#define CLI_OPTIONS_MAX 64
#define CLI_FIRST_ID	256 /* above all letters */

static const char *const color_values[] = { "auto", "always", "never", NULL };

struct cli_global cli_global;

const struct cli_option cli_global_options[] = {
	{ "help", 'h', CLI_FLAG, NULL, NULL, "General", "show this help", &cli_global.help },
	{ "version", 0, CLI_FLAG, NULL, NULL, "General", "show the version", &cli_global.version },
	{ "quiet", 'q', CLI_FLAG, NULL, NULL, "General", "say nothing but errors",
	  &cli_global.quiet },
	{ "verbose", 'v', CLI_FLAG, NULL, NULL, "General", "say what is being done",
	  &cli_global.verbose },
	{ "color", 0, CLI_CHOICE, NULL, color_values, "General",
	  "colour the text; auto, the default, does it on a terminal unless NO_COLOR is set",
	  &cli_global.color },
};

const size_t cli_global_options_count = ARRAY_SIZE(cli_global_options);

/* The options of one command line, as getopt_long() wants them. */
struct parser {
	const struct cli_command *command;
	const struct cli_option *options[CLI_OPTIONS_MAX];
	struct option long_options[CLI_OPTIONS_MAX + 1];
	char letters[2 * CLI_OPTIONS_MAX + 3];
	size_t count;
};

static bool takes_argument(const struct cli_option *option)
{
	return option->type != CLI_FLAG;
}

static int has_argument(const struct cli_option *option)
{
	if (option->type == CLI_MAYBE)
		return optional_argument;
	return takes_argument(option) ? required_argument : no_argument;
}

static void add_options(struct parser *parser, const struct cli_option *options, size_t count)
{
	char *letter = parser->letters + strlen(parser->letters);

	for (size_t i = 0; i < count && parser->count < CLI_OPTIONS_MAX; i++) {
		size_t n = parser->count++;

		parser->options[n] = &options[i];
		parser->long_options[n] = (struct option){
			.name = options[i].name,
			.has_arg = has_argument(&options[i]),
			.val = CLI_FIRST_ID + (int)n,
		};
		if (options[i].letter) {
			*letter++ = options[i].letter;
			if (takes_argument(&options[i]))
				*letter++ = ':';
		}
	}
	*letter = '\0';
}

static const struct cli_option *find_letter(const struct parser *parser, int letter)
{
	for (size_t i = 0; i < parser->count; i++) {
		if (parser->options[i]->letter == letter)
			return parser->options[i];
	}
	return NULL;
}

static int refuse(const struct parser *parser, const struct cli_option *option, const char *value,
		  const char *wanted)
{
	log_error("invalid value '%s' for option '--%s': %s", value, option->name, wanted);
	log_hint("tenure %s --help", parser->command->name);
	return -EINVAL;
}

static int store_choice(const struct parser *parser, const struct cli_option *option,
			const char *value)
{
	char wanted[256] = "it must be ";

	for (unsigned int i = 0; option->values[i]; i++) {
		size_t used = strlen(wanted);

		if (strcmp(option->values[i], value) == 0) {
			*(unsigned int *)option->to = i;
			return 0;
		}
		(void)snprintf(wanted + used, sizeof(wanted) - used, "%s'%s'",
			       i == 0		       ? ""
			       : option->values[i + 1] ? ", "
						       : " or ",
			       option->values[i]);
	}

	return refuse(parser, option, value, wanted);
}

static int store(const struct parser *parser, const struct cli_option *option, const char *value)
{
	int r = 0;

	switch (option->type) {
	case CLI_FLAG:
		*(bool *)option->to = true;
		return 0;
	case CLI_FILE:
		if (!*value)
			return refuse(parser, option, value, "it must name a file");
		*(const char **)option->to = value;
		return 0;
	case CLI_TEXT:
		*(const char **)option->to = value;
		return 0;
	case CLI_BYTES:
		r = units_parse_bytes(value, (uint64_t *)option->to);
		if (r < 0)
			return refuse(parser, option, value,
				      r == -ERANGE ? "it is too large"
						   : "it must be a size such as 4096 or 64KiB");
		return 0;
	case CLI_COUNT:
		r = units_parse_count(value, (uint64_t *)option->to);
		if (r < 0)
			return refuse(parser, option, value,
				      r == -ERANGE ? "it is too large" : "it must be a number");
		return 0;
	case CLI_MAYBE:
		*(const char **)option->to = value ? value : "";
		return 0;
	case CLI_CHOICE:
		return store_choice(parser, option, value);
	}
	return -EINVAL;
}

/* @word is a long option that getopt_long() refused: why? */
static void explain_long(const struct parser *parser, const char *word)
{
	const char *name = word + 2;
	size_t length = strcspn(name, "=");
	size_t distance = 0, matches = 0;
	const char *best = NULL;
	char typed[64];

	(void)snprintf(typed, sizeof(typed), "%.*s", (int)(length < 63 ? length : 63), name);
	for (size_t i = 0; i < parser->count; i++) {
		const char *known = parser->options[i]->name;

		if (strcmp(known, typed) == 0) {
			log_error("option '--%s' takes no value", known);
			return;
		}
		matches += strncmp(known, typed, strlen(typed)) == 0;
		nearest_feed(typed, known, &best, &distance);
	}

	log_error("%s option '--%s' of 'tenure %s'", matches > 1 ? "ambiguous" : "unknown", typed,
		  parser->command->name);
	if (best)
		log_hint("--%s", best);
	else
		log_hint("tenure %s --help", parser->command->name);
}

static void explain(const struct parser *parser, int got, const char *word)
{
	const struct cli_option *option = optopt ? find_letter(parser, optopt) : NULL;

	if (got == ':') {
		if (!option && optopt >= CLI_FIRST_ID)
			option = parser->options[optopt - CLI_FIRST_ID];
		log_error("option '%s' needs a value", word);
		if (option && option->arg)
			log_hint("--%s=%s", option->name, option->arg);
	} else if (optopt > 0 && optopt < CLI_FIRST_ID) {
		log_error("unknown option '-%c' of 'tenure %s'", optopt, parser->command->name);
		log_hint("tenure %s --help", parser->command->name);
	} else {
		explain_long(parser, word);
	}
}

int cli_parse(const struct cli_command *command, int argc, char *argv[])
{
	struct parser parser = { .command = command };

	/* "+": options end at the first operand; ":": tell a missing value from the rest. */
	(void)snprintf(parser.letters, sizeof(parser.letters), "%s",
		       command->operand == CLI_PROGRAM ? "+:" : ":");
	add_options(&parser, command->options, command->options_count);
	add_options(&parser, cli_global_options, cli_global_options_count);

	optind = 0;
	opterr = 0;
	for (;;) {
		const struct cli_option *option;
		int got;

		optopt = 0;
		got = getopt_long(argc, argv, parser.letters, parser.long_options, NULL);
		if (got == -1)
			break;
		if (got == '?' || got == ':') {
			explain(&parser, got, argv[optind - 1]);
			return -EINVAL;
		}

		option = got >= CLI_FIRST_ID ? parser.options[got - CLI_FIRST_ID]
					     : find_letter(&parser, got);
		if (store(&parser, option, optarg) < 0)
			return -EINVAL;
	}

	return optind;
}

const struct cli_option *cli_find_global(const char *word)
{
	for (size_t i = 0; i < cli_global_options_count; i++) {
		const struct cli_option *option = &cli_global_options[i];
		size_t length = strlen(option->name);

		if (option->letter && word[0] == '-' && word[1] == option->letter && !word[2])
			return option;
		if (strncmp(word, "--", 2) == 0 && strncmp(word + 2, option->name, length) == 0 &&
		    word[2 + length] == (takes_argument(option) ? '=' : '\0'))
			return option;
	}
	return NULL;
}

bool cli_use_color(FILE *stream)
{
	const char *no_color = getenv("NO_COLOR");
	const char *force = getenv("CLICOLOR_FORCE");
	const char *term = getenv("TERM");

	if (cli_global.color != CLI_COLOR_AUTO)
		return cli_global.color == CLI_COLOR_ALWAYS;
	if (no_color && *no_color)
		return false;
	if (force && *force && strcmp(force, "0") != 0)
		return true;
	return isatty(fileno(stream)) && (!term || strcmp(term, "dumb") != 0);
}
