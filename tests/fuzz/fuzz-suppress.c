/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of suppressions in both syntaxes, and the patterns in them. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "fuzz.h"
#include "report/suppress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const texts[] = { "", "malloc", "std::vector::push_back",
					     "/usr/lib/libc.so.6" };
	struct suppress suppress = { .rules = { 0 } };
	struct suppress_error error = { 0 };
	int r = suppress_parse(&suppress, (const char *)data, size, "list", 0, &error);

	if (r == -EINVAL && (!error.what || !error.line))
		abort();
	for (size_t i = 0; i < suppress.rules.count; i++) {
		const struct suppress_rule *rule = &suppress.rules.at[i];

		if (!rule->name || !rule->frames.count)
			abort();
		for (size_t k = 0; k < rule->frames.count; k++)
			for (size_t t = 0; t < ARRAY_SIZE(texts); t++)
				(void)suppress_glob(rule->frames.at[k].pattern, texts[t], true);
	}
	suppress_fini(&suppress);
	return 0;
}
