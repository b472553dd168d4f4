/* SPDX-License-Identifier: Apache-2.0 */
/* A queue of the units that are younger than the generation. */
#include <stddef.h>

#include "ages.h"

void age_init(struct age *age, uint64_t bytes)
{
	unsigned int bits = 64 - (unsigned int)__builtin_clzll(bytes);

	*age = (struct age){ .shift = bits > 9 ? bits - 9 : 0 };
	age->units = ((bytes - 1) >> age->shift) + 1;
}

uint64_t age_move(struct age *age, uint64_t clock, uint64_t moment)
{
	uint64_t now = clock >> age->shift;
	const struct age_unit *last =
		age->count ? &age->ring[(age->first + age->count - 1) % AGES_UNITS] : NULL;

	/* What is as old as the generation leaves; there is room for all that is not. */
	while (age->count && now - age->ring[age->first].number >= age->units) {
		age->first = (age->first + 1) % AGES_UNITS;
		age->count--;
	}
	if (!last || last->number < now) {
		age->ring[(age->first + age->count) % AGES_UNITS] =
			(struct age_unit){ .number = now, .moment = moment };
		age->count++;
	}
	age->begin = age->ring[age->first].moment;
	return (now + 1) << age->shift;
}
