/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the name somebody probably meant. */
#include <string.h>

#include "base/nearest.h"

#define NEAREST_MAX 40 /* longer words are not compared */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn @a into @b. */
static size_t edits(const char *a, const char *b)
{
	size_t rows[3][NEAREST_MAX + 1];
	size_t length_a = strlen(a), length_b = strlen(b);
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	if (length_a > NEAREST_MAX || length_b > NEAREST_MAX)
		return NEAREST_MAX;

	for (size_t j = 0; j <= length_b; j++)
		above[j] = j;

	for (size_t i = 1; i <= length_a; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= length_b; j++) {
			row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = smaller(row[j], above[j] + 1);
			row[j] = smaller(row[j], row[j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = spare;
	}

	return above[length_b];
}

void nearest_feed(const char *word, const char *candidate, const char **best, size_t *distance)
{
	size_t length = strlen(word);
	size_t allowed = length < 4 ? 1 : length < 6 ? 2 : 3;
	size_t found = edits(word, candidate);

	/* The beginning of a name is as good as one typing error. */
	if (length >= 3 && strncmp(word, candidate, length) == 0)
		found = smaller(found, 1);
	if (found > allowed || found >= strlen(candidate))
		return;

	if (!*best || found < *distance) {
		*best = candidate;
		*distance = found;
	}
}
