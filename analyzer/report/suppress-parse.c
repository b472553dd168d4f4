/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of suppressions, line by line. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "report/suppress.h"
#include "symbol/demangle.h"

#define RULES_MAX  20000u
#define FRAMES_MAX 500u /* of one rule */

#define LEAKS_ALL      ((1u << (LEAKS_POSSIBLE + 1)) - 1)
#define LEAKS_DEFINITE (1u << LEAKS_LOST | 1u << LEAKS_CYCLE)

enum expected {
	OUTSIDE, /* of a block */
	NAME,	 /* of one that has begun */
	WHAT,	 /* "Memcheck:Leak" */
	FRAMES,
	PASS_OVER, /* it is not about leaks */
};

struct parser {
	struct suppress *suppress;
	const char *file;
	uint32_t source;
	uint32_t line;
	const char *problem;
	enum expected expected;
	struct suppress_rule rule;
};

/* A line without the blanks around it. */
struct words {
	const char *at;
	size_t count;
};

static bool starts(struct words words, const char *with)
{
	size_t count = strlen(with);

	return words.count >= count && memcmp(words.at, with, count) == 0;
}

static struct words behind(struct words words, size_t count)
{
	words.at += count;
	words.count -= count;
	while (words.count && isblank((unsigned char)*words.at)) {
		words.at++;
		words.count--;
	}
	return words;
}

static int fail(struct parser *parser, const char *problem)
{
	parser->problem = problem;
	return -EINVAL;
}

/* ----------------------------------------------------------------- functions */

/*
 * A linker name as people write it.  One with wildcards in it cannot be
 * demangled; what stands before the first can, as far as it is plain.
 */
static int add_plain(struct strbuf *out, const char *pattern)
{
	const char *at = pattern + (pattern[2] == 'N' ? 3 : 2);
	bool first = true;
	int r = 0;

	while (isdigit((unsigned char)*at) && r == 0) {
		char *name;
		unsigned long count = strtoul(at, &name, 10);

		if (!first)
			strbuf_adds(out, "::");
		first = false;
		for (; count && *name && *name != '*' && *name != '?'; count--)
			strbuf_addc(out, *name++);
		at = name;
	}
	strbuf_adds(out, "*");
	return r;
}

static const char *function_pattern(struct parser *parser, struct words words)
{
	char *pattern = arena_string(&parser->suppress->texts, words.at, words.count);
	const char *ret;

	if (!pattern || strncmp(pattern, "_Z", 2) != 0)
		return pattern;
	if (strpbrk(pattern, "*?")) {
		struct strbuf plain = { .at = NULL };

		(void)add_plain(&plain, pattern);
		ret = arena_string(&parser->suppress->texts, strbuf_get(&plain), plain.count);
		strbuf_fini(&plain);
	} else {
		char *plain = demangle_name(pattern);

		ret = plain ? arena_string(&parser->suppress->texts, plain, strlen(plain)) : NULL;
		free(plain);
	}
	return ret;
}

/* --------------------------------------------------------------------- rules */

static int add_frame(struct parser *parser, enum suppress_kind kind, struct words words)
{
	struct suppress_frame frame = { .kind = kind };

	if (parser->rule.frames.count >= FRAMES_MAX)
		return fail(parser, "too many frames");
	frame.pattern = kind == SUPPRESS_FUNCTION
				? function_pattern(parser, words)
				: arena_string(&parser->suppress->texts, words.at, words.count);
	return frame.pattern ? vec_push(&parser->rule.frames, frame) : -ENOMEM;
}

static int end_rule(struct parser *parser)
{
	struct suppress_rule rule = parser->rule;
	int r;

	if (!rule.frames.count)
		return fail(parser, "there is no frame to match");
	if (parser->suppress->rules.count >= RULES_MAX)
		return fail(parser, "too many entries");
	rule.file = parser->file;
	rule.source = parser->source;
	r = vec_push(&parser->suppress->rules, rule);
	if (r == 0)
		parser->rule = (struct suppress_rule){ 0 };
	return r;
}

/* A pattern that may stand anywhere in a text, unless ^ or $ say otherwise. */
static int leak_line(struct parser *parser, struct words words)
{
	struct strbuf glob = { .at = NULL };
	bool from_start = words.count && words.at[0] == '^';
	bool to_end = words.count > from_start && words.at[words.count - 1] == '$';
	int r;

	parser->rule = (struct suppress_rule){
		.name = arena_string(&parser->suppress->texts, words.at, words.count),
		.line = parser->line,
		.classes = LEAKS_ALL,
	};
	if (!parser->rule.name)
		return -ENOMEM;
	if (words.count <= (size_t)from_start + to_end)
		return fail(parser, "there is no pattern");
	if (!from_start)
		strbuf_adds(&glob, "*");
	strbuf_add(&glob, words.at + from_start, words.count - from_start - to_end);
	if (!to_end)
		strbuf_adds(&glob, "*");
	r = add_frame(parser, SUPPRESS_ANY, (struct words){ strbuf_get(&glob), glob.count });
	strbuf_fini(&glob);
	return r < 0 ? r : end_rule(parser);
}

static bool has_word(struct words words, const char *word)
{
	size_t count = strlen(word);

	for (size_t i = 0; i + count <= words.count; i++)
		if (memcmp(words.at + i, word, count) == 0)
			return true;
	return false;
}

static int kinds_line(struct parser *parser, struct words words)
{
	uint32_t classes = 0;

	if (has_word(words, "all"))
		classes = LEAKS_ALL;
	if (has_word(words, "definite"))
		classes |= LEAKS_DEFINITE;
	if (has_word(words, "indirect"))
		classes |= 1u << LEAKS_LOST_THROUGH;
	if (has_word(words, "possible"))
		classes |= 1u << LEAKS_POSSIBLE;
	if (!classes && !has_word(words, "reachable") && !has_word(words, "none"))
		return fail(parser, "match-leak-kinds: takes definite, indirect, possible, "
				    "reachable, all or none");
	parser->rule.classes = classes;
	return 0;
}

/* "Memcheck:Leak", "Memcheck,Other:Leak". */
static enum expected what_line(struct words words)
{
	const char *colon = memchr(words.at, ':', words.count);
	struct words tools = { words.at, colon ? (size_t)(colon - words.at) : 0 };
	struct words what = behind(words, tools.count + (colon != NULL));

	return has_word(tools, "Memcheck") && what.count == 4 && starts(what, "Leak") ? FRAMES
										      : PASS_OVER;
}

static int frame_line(struct parser *parser, struct words words)
{
	static const struct {
		const char *word;
		enum suppress_kind kind;
	} kinds[] = {
		{ "fun:", SUPPRESS_FUNCTION },
		{ "obj:", SUPPRESS_OBJECT },
		{ "src:", SUPPRESS_SOURCE },
		{ "...", SUPPRESS_ELLIPSIS },
	};

	if (starts(words, "match-leak-kinds:"))
		return kinds_line(parser, behind(words, strlen("match-leak-kinds:")));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t count = strlen(kinds[i].word);

		if (starts(words, kinds[i].word))
			return add_frame(parser, kinds[i].kind, behind(words, count));
	}
	return fail(parser, "expected fun:, obj:, src:, ... or }");
}

static int block_line(struct parser *parser, struct words words)
{
	if (words.count == 1 && *words.at == '}') {
		enum expected expected = parser->expected;

		parser->expected = OUTSIDE;
		if (expected == FRAMES)
			return end_rule(parser);
		return expected == PASS_OVER ? 0 : fail(parser, "the block ends too early");
	}
	switch (parser->expected) {
	case NAME:
		parser->rule = (struct suppress_rule){
			.name = arena_string(&parser->suppress->texts, words.at, words.count),
			.line = parser->line - 1,
			.classes = LEAKS_ALL,
		};
		parser->expected = WHAT;
		return parser->rule.name ? 0 : -ENOMEM;
	case WHAT:
		parser->expected = what_line(words);
		return 0;
	case FRAMES:
		return frame_line(parser, words);
	case PASS_OVER:
	case OUTSIDE:
		break;
	}
	return 0;
}

static int line(struct parser *parser, struct words words)
{
	if (!words.count || *words.at == '#')
		return 0;
	if (parser->expected != OUTSIDE)
		return block_line(parser, words);
	if (words.count == 1 && *words.at == '{') {
		parser->expected = NAME;
		return 0;
	}
	if (starts(words, "leak:"))
		return leak_line(parser, behind(words, strlen("leak:")));
	return fail(parser, "expected leak:PATTERN or {");
}

int suppress_parse(struct suppress *suppress, const char *text, size_t bytes, const char *file,
		   uint32_t source, struct suppress_error *ret_error)
{
	struct parser parser = { .suppress = suppress, .source = source };
	int r = 0;

	if (file) {
		parser.file = arena_string(&suppress->texts, file, strlen(file));
		if (!parser.file)
			return -ENOMEM;
	}
	for (const char *at = text, *end = text + bytes; at < end && r == 0;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline ? newline : end;
		struct words words = behind((struct words){ at, (size_t)(next - at) }, 0);

		while (words.count && isspace((unsigned char)words.at[words.count - 1]))
			words.count--;
		parser.line++;
		r = memchr(words.at, '\0', words.count) ? fail(&parser, "a byte of zero")
							: line(&parser, words);
		at = next + 1;
	}
	if (r == 0 && parser.expected != OUTSIDE)
		r = fail(&parser, "a block has no end");
	vec_fini(&parser.rule.frames);
	if (r == -EINVAL)
		*ret_error = (struct suppress_error){ parser.line, parser.problem };
	return r;
}
