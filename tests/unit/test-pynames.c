/* SPDX-License-Identifier: Apache-2.0 */
/* The tables are as the compilers of 3.9, 3.10 and 3.12 make them. */
#include "symbol/pynames.h"
#include "test.h"

static struct result_code code_with(unsigned int lines, const uint8_t *table, size_t bytes)
{
	return (struct result_code){
		.firstlineno = 10, .lines = lines, .table = table, .table_bytes = bytes
	};
}

TEST(lnotab_lines_begin_where_their_entry_ends)
{
	/* Line 10 at 0, 11 at 4, 9 at 8 (a step back), 209 at 10 in two steps. */
	static const uint8_t table[] = { 4, 1, 4, 0xfe, 2, 127, 0, 73 };
	struct result_code code = code_with(TENURE_PY_LINES_LNOTAB, table, sizeof(table));

	CHECK_EQ(pynames_line(&code, 0), 10);
	CHECK_EQ(pynames_line(&code, 2), 10);
	CHECK_EQ(pynames_line(&code, 4), 11);
	CHECK_EQ(pynames_line(&code, 8), 9);
	CHECK_EQ(pynames_line(&code, 10), 209);
	CHECK_EQ(pynames_line(&code, 1000), 209);
}

TEST(ranges_may_have_no_line)
{
	/* 0..3: 10, 4..5: none, 6..7: 12, 8..9: 11. */
	static const uint8_t table[] = { 4, 0, 2, 0x80, 2, 2, 2, 0xff };
	struct result_code code = code_with(TENURE_PY_LINES_RANGES, table, sizeof(table));

	CHECK_EQ(pynames_line(&code, 0), 10);
	CHECK_EQ(pynames_line(&code, 4), 0);
	CHECK_EQ(pynames_line(&code, 6), 12);
	CHECK_EQ(pynames_line(&code, 9), 11);
	CHECK_EQ(pynames_line(&code, 10), 0);
}

TEST(locations_of_all_kinds_are_understood)
{
	static const uint8_t table[] = {
		0x80 | 15 << 3,				 /* 0..1: none */
		0x80 | 11 << 3 | 1, 4,	  9,		 /* 2..5: one line on */
		0x80 | 3 << 3,	    0x12,		 /* 6..7: the same */
		0x80 | 14 << 3,	    0x44, 0x01, 0, 1, 2, /* 8..9: 34 on, as 0x44 0x01 */
		0x80 | 13 << 3 | 7, 0x43, 0x01,		 /* 10..25: 33 back */
	};
	struct result_code code = code_with(TENURE_PY_LINES_LOCATION, table, sizeof(table));

	CHECK_EQ(pynames_line(&code, 0), 0);
	CHECK_EQ(pynames_line(&code, 2), 11);
	CHECK_EQ(pynames_line(&code, 6), 11);
	CHECK_EQ(pynames_line(&code, 8), 45);
	CHECK_EQ(pynames_line(&code, 25), 12);
	CHECK_EQ(pynames_line(&code, 26), 0);
}

TEST(an_unknown_offset_stands_for_the_first_line)
{
	static const uint8_t table[] = { 0xf8 };
	struct result_code code = code_with(TENURE_PY_LINES_LOCATION, table, sizeof(table));

	CHECK_EQ(pynames_line(&code, TENURE_PY_OFFSET_NONE), 10);
}

TEST(a_cut_table_is_harmless)
{
	static const uint8_t table[] = { 0x80 | 14 << 3, 0x7f };

	for (unsigned int lines = 0; lines < 5; lines++)
		for (size_t bytes = 0; bytes <= sizeof(table); bytes++) {
			struct result_code code = code_with(lines, table, bytes);

			(void)pynames_line(&code, 4);
		}
}
