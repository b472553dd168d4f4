/* SPDX-License-Identifier: Apache-2.0 */
/* Leaks of several functions, of which the program itself declares one as known. */
#include "shapes.h"

const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "# of the program itself\nleak:known_to_the_program\n";
}

attr_site static void known_to_the_program(void)
{
	(void)make(1000);
}

attr_site static void lose_much(void)
{
	(void)make(300);
}

attr_site static void lose_little(void)
{
	void *volatile *block = make(40);

	block[0] = make(10);
}

int main(void)
{
	known_to_the_program();
	lose_much();
	lose_little();
	return 0;
}
