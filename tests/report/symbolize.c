/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what the analyzer says of addresses: for symbols.py.
 *
 *	symbolize FILE BUILD-ID SYSROOT < addresses
 *
 * Per address one line: "function<TAB>file:line" for each frame, innermost
 * first, joined by tabs.  BUILD-ID and SYSROOT may be "".
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/result.h"
#include "symbol/resolve.h"

static int print_address(struct resolve *resolve, uint64_t addr)
{
	const struct resolve_frame *frames;
	int count = resolve_node(resolve, TENURE_NODE_WORD(TENURE_NODE_EXACT, addr), 1, &frames);

	for (int i = 0; i < count; i++) {
		printf("%s%s\t%s:%" PRIu32, i ? "\t" : "", frames[i].function,
		       frames[i].file ? frames[i].file : "?", frames[i].line);
	}
	putchar('\n');
	return count < 0 ? count : 0;
}

int main(int argc, char **argv)
{
	struct result_module module = { .end = UINT64_MAX, .generation = 1 };
	struct result_process process = { .modules = &module, .modules_count = 1 };
	struct resolve *resolve;
	uint64_t addr;
	int r = argc == 4 ? 0 : -1;

	if (r < 0) {
		fputs("usage: symbolize FILE BUILD-ID SYSROOT\n", stderr);
		return 2;
	}
	module.path = argv[1];
	module.build_id = argv[2];
	resolve = resolve_new(*argv[3] ? argv[3] : NULL);
	r = resolve ? resolve_process(resolve, &process) : -1;
	while (r == 0 && scanf("%" SCNx64, &addr) == 1)
		r = print_address(resolve, addr);
	resolve_free(resolve);
	return r < 0;
}
