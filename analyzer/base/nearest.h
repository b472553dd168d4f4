/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the name somebody probably meant. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/**
 * nearest_feed() - is @candidate the name that @word is probably a misspelling of?
 *
 * Feed the candidates one by one; *best starts as NULL, *distance as 0.
 */
void nearest_feed(const char *word, const char *candidate, const char **best, size_t *distance);

#endif /* BASE_NEAREST_H */
