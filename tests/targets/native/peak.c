/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What made the peak, in cases where a guess goes wrong.  The argument is the
 * case.  The truth is computed beside the calls, not from them.
 */
#include <string.h>

#include "truth.h"

attr_site static void *site_a(size_t bytes)
{
	return malloc(bytes);
}

attr_site static void *site_b(size_t bytes)
{
	return malloc(bytes);
}

attr_site static void *site_c(size_t bytes)
{
	return malloc(bytes);
}

static void say(size_t peak, size_t blocks, size_t a, size_t b, size_t c, size_t live)
{
	truth("{\"totals\": {\"peak_bytes\": %zu, \"peak_blocks\": %zu, \"live_bytes\": %zu},"
	      " \"sites\": {\"site_a\": {\"peak_bytes\": %zu}, \"site_b\": {\"peak_bytes\": %zu},"
	      " \"site_c\": {\"peak_bytes\": %zu}}}\n",
	      peak, blocks, live, a, b, c);
}

/* Given back before the peak: not in it. */
static void freed_before(void)
{
	free(site_a(900));
	site_b(600);
	site_c(500);
	say(1100, 2, 0, 600, 500, 1100);
}

/* Given back after the peak: in it. */
static void freed_after(void)
{
	void *a = site_a(900);
	void *b = site_b(600);

	free(a);
	free(b);
	site_c(100);
	say(1500, 2, 900, 600, 0, 100);
}

/* Several moments are equally high: the first one counts. */
static void equal_peaks(void)
{
	free(site_a(1000));
	free(site_b(1000));
	free(site_c(1000));
	say(1000, 1, 1000, 0, 0, 0);
}

/* The last allocation of all is the peak. */
static void last_is_peak(void)
{
	free(site_a(1000));
	site_b(700);
	site_c(301);
	say(1001, 2, 0, 700, 301, 1001);
}

/* Up and down, each top higher than the one before, the last one counts. */
static void spiky(void)
{
	void *kept = site_a(10);

	for (size_t i = 1; i <= 1000; i++) {
		void *b = site_b(i);
		void *c = site_c(2 * i);

		free(b);
		free(c);
	}
	free(kept);
	say(3010, 3, 10, 1000, 2000, 0);
}

/* A realloc at the top: the old block is gone when the new one arrives. */
static void by_realloc(void)
{
	void *a = site_a(1000);
	void *b = site_b(500);

	a = realloc(a, 1200);
	free(a);
	free(b);
	truth("{\"totals\": {\"peak_bytes\": 1700, \"peak_blocks\": 2, \"live_bytes\": 0},"
	      " \"sites\": {\"site_a\": {\"peak_bytes\": 0}, \"site_b\": {\"peak_bytes\": 500}}}\n");
}

/* Many sites change after the peak and before a new one. */
static void two_risings(void)
{
	void *a = site_a(400);
	void *b = site_b(400);

	free(a);	 /* 400 */
	a = site_a(300); /* 700, below the peak of 800 */
	free(b);	 /* 300 */
	site_c(500);	 /* 800: equal, not higher */
	site_b(1);	 /* 801 */
	free(a);
	say(801, 3, 300, 1, 500, 501);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "freed-before", freed_before },
	{ "freed-after", freed_after },
	{ "equal", equal_peaks },
	{ "last", last_is_peak },
	{ "spiky", spiky },
	{ "realloc", by_realloc },
	{ "two-risings", two_risings },
};

int main(int argc, char *argv[])
{
	must(argc == 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, argv[1]) == 0) {
			cases[i].run();
			return EXIT_SUCCESS;
		}
	}
	return EXIT_FAILURE;
}
