/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The age of blocks in bytes allocated since their birth, without a clock in
 * each block: what is kept instead are the moments at which the allocation
 * clock began a new unit.  So an age in generations is a comparison with the
 * moment that the generation begins at now.
 *
 * A unit is 1/512 to 1/256 of a generation's age.
 */
#ifndef MODEL_AGES_H
#define MODEL_AGES_H

#include <stdint.h>

#include "base/attr.h"

#define AGES_UNITS 512u

/** struct age_unit - @moment of the first birth in unit @number of the clock */
struct age_unit {
	uint64_t number;
	uint64_t moment;
};

/**
 * struct age - one generation
 * @shift: of the clock, gives the number of a unit
 * @units: age in units at which a block enters it
 * @begin: blocks born before this moment are in it
 * @first, @count: of @ring
 */
struct age {
	unsigned int shift;
	uint64_t units;
	uint64_t begin;
	uint32_t first;
	uint32_t count;
	struct age_unit ring[AGES_UNITS];
};

/** age_init() - @bytes of age, not 0 */
void age_init(struct age *age, uint64_t bytes);

/**
 * age_move() - the clock has come to @clock with the block born at @moment
 *
 * Return: the clock at which this has to be called next.
 */
uint64_t age_move(struct age *age, uint64_t clock, uint64_t moment);

#endif /* MODEL_AGES_H */
