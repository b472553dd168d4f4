/* SPDX-License-Identifier: Apache-2.0 */
/* base/units: what people read, and what they may write. */
#include "base/units.h"

#include <errno.h>

#include "test.h"

TEST(sizes_have_three_digits_and_binary_units)
{
	CHECK_STR(units_bytes(0).s, "0 B");
	CHECK_STR(units_bytes(999).s, "999 B");
	CHECK_STR(units_bytes(1000).s, "0.98 KiB");
	CHECK_STR(units_bytes(1024).s, "1.00 KiB");
	CHECK_STR(units_bytes(10240).s, "10.0 KiB");
	CHECK_STR(units_bytes(102400).s, "100 KiB");
	CHECK_STR(units_bytes(3ull << 30).s, "3.00 GiB");
	CHECK_STR(units_bytes(UINT64_MAX).s, "16.0 EiB");
}

TEST(rounding_never_makes_a_fourth_digit)
{
	CHECK_STR(units_bytes(1023488).s, "0.98 MiB"); /* 999.5 KiB */
	CHECK_STR(units_bytes(1023487).s, "999 KiB");
	CHECK_STR(units_bytes(10234).s, "9.99 KiB");
	CHECK_STR(units_bytes(10235).s, "10.0 KiB"); /* 9.995 */
	CHECK_STR(units_short_count(999499).s, "999 k");
	CHECK_STR(units_short_count(999500).s, "1.00 M");
}

TEST(counts_are_written_in_groups)
{
	CHECK_STR(units_count(0).s, "0");
	CHECK_STR(units_count(999).s, "999");
	CHECK_STR(units_count(1000).s, "1,000");
	CHECK_STR(units_count(1234567).s, "1,234,567");
	CHECK_STR(units_count(UINT64_MAX).s, "18,446,744,073,709,551,615");
	CHECK_STR(units_short_count(999).s, "999");
	CHECK_STR(units_short_count(1234567).s, "1.23 M");
}

TEST(times_fit_their_length)
{
	CHECK_STR(units_time(0).s, "0 s");
	CHECK_STR(units_time(12).s, "12 ns");
	CHECK_STR(units_time(1230000).s, "1.23 ms");
	CHECK_STR(units_time(119000000000).s, "119 s");
	CHECK_STR(units_time(125000000000).s, "2 min 05 s");
	CHECK_STR(units_time(12000000000000).s, "3 h 20 min");
}

TEST(a_share_that_is_not_zero_does_not_look_like_zero)
{
	CHECK_STR(units_share(0, 100).s, "0.0 %");
	CHECK_STR(units_share(1, 1000000).s, "<0.1 %");
	CHECK_STR(units_share(1, 3).s, "33.3 %");
	CHECK_STR(units_share(3, 3).s, "100 %");
	CHECK_STR(units_share(1, 0).s, "-");
}

TEST(sizes_are_read_with_binary_and_decimal_units)
{
	uint64_t bytes = 0;

	CHECK_EQ(units_parse_bytes("4096", &bytes), 0);
	CHECK_EQ(bytes, 4096);
	CHECK_EQ(units_parse_bytes("64KiB", &bytes), 0);
	CHECK_EQ(bytes, 65536);
	CHECK_EQ(units_parse_bytes("64 K", &bytes), 0);
	CHECK_EQ(bytes, 65536);
	CHECK_EQ(units_parse_bytes("2MB", &bytes), 0);
	CHECK_EQ(bytes, 2000000);
	CHECK_EQ(units_parse_bytes("15T", &bytes), 0);
	CHECK_EQ(bytes, 15ull << 40);
}

TEST(times_are_read_with_their_unit)
{
	uint64_t ns = 0;

	CHECK_EQ(units_parse_time("20ms", &ns), 0);
	CHECK_EQ(ns, 20000000);
	CHECK_EQ(units_parse_time("3 s", &ns), 0);
	CHECK_EQ(ns, 3000000000);
	CHECK_EQ(units_parse_time("0", &ns), 0);
	CHECK_EQ(ns, 0);
	CHECK_EQ(units_parse_time("20", &ns), -EINVAL);
	CHECK_EQ(units_parse_time("1m", &ns), -EINVAL);
	CHECK_EQ(units_parse_time("99999999999999s", &ns), -ERANGE);
}

TEST(what_is_no_size_is_refused)
{
	uint64_t bytes = 42;

	CHECK_EQ(units_parse_bytes("", &bytes), -EINVAL);
	CHECK_EQ(units_parse_bytes("-1", &bytes), -EINVAL);
	CHECK_EQ(units_parse_bytes("1.5M", &bytes), -EINVAL);
	CHECK_EQ(units_parse_bytes("64kib", &bytes), -EINVAL);
	CHECK_EQ(units_parse_bytes("KiB", &bytes), -EINVAL);
	CHECK_EQ(units_parse_bytes("18446744073709551616", &bytes), -ERANGE);
	CHECK_EQ(units_parse_bytes("16777216T", &bytes), -ERANGE);
	CHECK_EQ(units_parse_count("12x", &bytes), -EINVAL);
	CHECK_EQ(bytes, 42);
}
