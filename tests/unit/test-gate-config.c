/* SPDX-License-Identifier: Apache-2.0 */
/* The budget file: what it says, and what is wrong with it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gate/config.h"

#include "test.h"

static int parse(struct gate_config *config, const char *text)
{
	CHECK_EQ(config_init(config), 0);
	return config_parse(config, text, strlen(text));
}

static void refused(const char *text, const char *error)
{
	struct gate_config config;

	CHECK_EQ(parse(&config, text), -EINVAL);
	CHECK_STR(config.error, error);
	config_fini(&config);
}

static struct limits_value value(const char *text, enum limits_metric metric)
{
	struct limits_value read = { 0 };

	CHECK_EQ(limits_parse(text, metric, &read), 0);
	return read;
}

TEST(a_whole_file_is_read)
{
	struct gate_config config;
	const struct limit *limit;

	CHECK_EQ(parse(&config, "# comment\n[gate]\n\tgrowth = 64 ; bytes\n\tpeak = 5% | 1MiB\r\n"
				"warmup=3\ninconclusive = pass\n"
				"[budget]\n\tpeak = 200MiB\n"
				"[budget \"dso:lib\\\"foo*.so\"] ; comment\n\tlive = 4 KiB\n"
				"\tallocations = 12\n"
				"[suppress \"one\"]\n match = function:a*b\n reason = \"a ; b\"\n"
				" until = 2027-06-30\n max = 2MB\n"
				"[baseline]\n file = b.json"),
		 0);
	limit = config_find(&config, "process", LIMITS_GROWTH, false);
	CHECK_EQ(limit->value.bytes, 64);
	CHECK_EQ(limit->line, 3);
	limit = config_find(&config, "process", LIMITS_PEAK, true);
	CHECK_EQ(limit->value.percent, 500);
	CHECK_EQ(limit->value.bytes, 1 << 20);
	limit = config_find(&config, "process", LIMITS_PEAK, false);
	CHECK_EQ(limit->value.bytes, 200 << 20);
	limit = config_find(&config, "dso:lib\"foo*.so", LIMITS_LIVE, false);
	CHECK_EQ(limit->value.bytes, 4096);
	limit = config_find(&config, "dso:lib\"foo*.so", LIMITS_ALLOCATIONS, false);
	CHECK_EQ(limit->value.bytes, 12);
	CHECK_EQ(config.warmup, 3);
	CHECK(config.inconclusive_passes);
	CHECK(config.growth_asked);
	CHECK_STR(config.baseline, "b.json");
	CHECK_EQ(config.suppressions.count, 1);
	CHECK_STR(config.suppressions.at[0].match, "function:a*b");
	CHECK_STR(config.suppressions.at[0].reason, "a ; b");
	CHECK_EQ(config.suppressions.at[0].until, 20270630);
	CHECK_EQ(config.suppressions.at[0].max, 2000000);
	config_fini(&config);
}

TEST(mistakes_are_named_with_their_line)
{
	refused("[gate]\n\npeek = 5%\n", "line 3: unknown key 'peek'; did you mean 'peak'?");
	refused("[gates]\n", "line 1: unknown section 'gates'; did you mean 'gate'?");
	refused("[budget]\npeak = 5%\n", "line 2: a budget is absolute; '5%' belongs in [gate]");
	refused("[budget]\npeak = 5 MBit\n",
		"line 2: invalid value '5 MBit' for 'peak': it must be a size, such as 200MiB, or "
		"off");
	refused("[budget]\ngrowth = 5\n", "line 2: 'growth' belongs in [gate]");
	refused("peak = 5\n", "line 1: 'peak' stands before the first section");
	refused("[gate]\nnonsense\n", "line 2: this is neither [section] nor key = value");
	refused("[gate]\npeak = \n", "line 2: 'peak' has no value");
	refused("[gate]\npeak = \"5%\n", "line 2: a quote does not end");
	refused("[gate\n", "line 1: a section is written [name] or [name \"more\"]");
	refused("[suppress]\n", "line 1: [suppress] needs a name: [suppress \"NAME\"]");
	refused("[gate]\n[suppress \"x\"]\nmatch = sig:*\n",
		"line 2: [suppress \"x\"] has no 'reason'");
	refused("[suppress \"x\"]\nreason = y\n[gate]\n",
		"line 1: [suppress \"x\"] has no 'match'");
	refused("[suppress \"x\"]\nuntil = 2027-13-01\n",
		"line 2: invalid value '2027-13-01' for 'until': it must be a day, such as "
		"2027-06-30");
	refused("[budget \"pakage:x\"]\n",
		"line 1: unknown scope 'pakage:x': it must be process, dso:, package:, function:, "
		"type:, sig:, phase:, test: or mark: and a name");
	refused("[budget \"type:x\"]\ngc-pause = 1s\n",
		"line 2: there is no figure 'gc-pause' of 'type:x'");
	refused("[gate]\ncollected = 5\n",
		"line 2: 'collected' has no baseline: it belongs in [budget]");
	refused("[budget]\ngc-pause = 5\n",
		"line 2: invalid value '5' for 'gc-pause': it must be a time, such as 20ms, or off");
	refused("[budget \"phase:x\"]\nallocations = 1\n",
		"line 2: there is no figure 'allocations' of 'phase:x'");
}

TEST(limits_have_exact_units)
{
	CHECK_EQ(value("1MB", LIMITS_PEAK).bytes, 1000000);
	CHECK_EQ(value("1MiB", LIMITS_PEAK).bytes, 1 << 20);
	CHECK_EQ(value("17", LIMITS_PEAK).bytes, 17);
	CHECK_EQ(value("0.25%", LIMITS_PEAK).percent, 25);
	CHECK_EQ(value("1MiB|5%", LIMITS_PEAK).percent, 500);
	CHECK(value("off", LIMITS_PEAK).off);
	CHECK(!value("5", LIMITS_PEAK).relative);
	CHECK(value("5%", LIMITS_PEAK).relative);
	for (const char *const *bad =
		     (const char *const[]){ "", "%", "5%%", "5%|5%", "1|2", "-1", "1.5.1%", "|",
					    "5%|", "MiB", "1e9", "99999999999999999999", NULL };
	     *bad; bad++) {
		struct limits_value read;

		CHECK(limits_parse(*bad, LIMITS_PEAK, &read) < 0);
	}
	CHECK_EQ(value("20ms", LIMITS_GC_PAUSE).bytes, 20000000);
	CHECK_EQ(value("12", LIMITS_COLLECTED).bytes, 12);
	CHECK(limits_parse("20", LIMITS_GC_PAUSE, &(struct limits_value){ 0 }) < 0);
	CHECK(limits_parse("5%", LIMITS_COLLECTED, &(struct limits_value){ 0 }) < 0);
	CHECK(limits_parse("1KiB", LIMITS_ALLOCATIONS, &(struct limits_value){ 0 }) < 0);
	CHECK(limits_parse("5%", LIMITS_GROWTH, &(struct limits_value){ 0 }) < 0);
}

TEST(both_floors_must_be_exceeded)
{
	struct limits_value both = value("5%|1MiB", LIMITS_PEAK);

	CHECK_EQ(limits_allowed(&both, 1000), 1000 + (1 << 20));
	CHECK_EQ(limits_allowed(&both, 100 << 20), 105 << 20);
	CHECK_EQ(limits_allowed(&both, UINT64_MAX), UINT64_MAX);
	both = value("7", LIMITS_PEAK);
	CHECK_EQ(limits_allowed(&both, 1000), 7);
}

TEST(limits_of_the_command_line_replace)
{
	struct gate_config config;

	CHECK_EQ(parse(&config, "[budget]\npeak = 1\n"), 0);
	CHECK_EQ(config_limits(&config, "peak=2MiB,live=off,package:a.b/live=5,growth=1"), 0);
	CHECK_EQ(config_find(&config, "process", LIMITS_PEAK, false)->value.bytes, 2 << 20);
	CHECK(config_find(&config, "process", LIMITS_LIVE, true)->value.off);
	CHECK_EQ(config_find(&config, "package:a.b", LIMITS_LIVE, false)->value.bytes, 5);
	CHECK_EQ(config_limits(&config, "peek=1"), -EINVAL);
	CHECK_STR(config.error, "unknown figure 'peek'; did you mean 'peak'?");
	CHECK_EQ(config_limits(&config, "peak"), -EINVAL);
	CHECK_EQ(config_limits(&config, "dso:x/live=5%"), -EINVAL);
	config_fini(&config);
}

/* Whatever is in the file, there is an answer, and an explanation if it is no. */
TEST(random_files_do_no_harm)
{
	static const char *const pieces[] = {
		"[gate]",  "[budget \"", "\"]",	    "[suppress \"a\"]",
		"\n",	   " = ",	 "peak",    "match",
		"reason",  "sig:*",	 "5%|1MiB", "200MiB",
		"until",   "2027-06-30", ";",	    "\\",
		"\"",	   "[",		 "]",	    "\r\n",
		"process", "dso:x",	 "\x80",    "growth",
		"off",	   "[baseline]", "file",    " "
	};

	srandom(1);
	for (unsigned int turn = 0; turn < 20000; turn++) {
		struct gate_config config;
		char text[2048] = "";
		size_t used = 0;
		int r;

		for (unsigned int i = 0; i < 30; i++) {
			const char *piece =
				pieces[(size_t)random() % (sizeof(pieces) / sizeof(*pieces))];

			memcpy(text + used, piece, strlen(piece));
			used += strlen(piece);
			if (random() % 20 == 0)
				text[used++] = (char)random();
		}
		text[used] = '\0';
		CHECK_EQ(config_init(&config), 0);
		r = config_parse(&config, text, used);
		CHECK(r == 0 || r == -EINVAL);
		CHECK((r == 0) == (config.error[0] == '\0'));
		r = config_limits(&config, text + random() % 10);
		CHECK(r == 0 || r == -EINVAL);
		config_fini(&config);
	}
}
