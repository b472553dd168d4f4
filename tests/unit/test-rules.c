/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules are made of unwind tables.  The functions below are never run: their
 * tables are written by hand, one shape each.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cfi.h"
#include "rules.h"
#include "segment.h"
#include "test.h"
#include "walk-fake.h"

static attr_noinline int is_covered(uintptr_t pc)
{
	struct cfi_row row;

	return cfi_find(pc, &row) == 0;
}

#ifdef __x86_64__

extern const char shapes_plain[], shapes_pushed[], shapes_framed[], shapes_leaving[],
	shapes_restored[];
extern const char shapes_realigned[], shapes_root[], shapes_register[], shapes_plt[],
	shapes_plt_late[], shapes_far[], shapes_odd[], shapes_uncovered[], shapes_moved[];

__asm__(".pushsection .text\n"
	".balign 16\n"
	"shapes_function:\n"
	".cfi_startproc\n"
	"shapes_plain: nop\n"
	".cfi_def_cfa_offset 16\n"
	".cfi_offset 6, -16\n"
	"shapes_pushed: nop\n"
	".cfi_def_cfa_register 6\n"
	"shapes_framed: nop\n"
	".cfi_remember_state\n"
	".cfi_restore 6\n"
	".cfi_def_cfa 7, 8\n"
	"shapes_leaving: nop\n"
	".cfi_restore_state\n"
	"shapes_restored: nop\n"
	".cfi_endproc\n"
	/* CFA = *(rbp - 8), rbp saved at rbp: what gcc writes for realigned frames. */
	"shapes_drap_function:\n"
	".cfi_startproc\n"
	".cfi_escape 0x0f, 3, 0x76, 0x78, 0x06\n"
	".cfi_escape 0x10, 6, 2, 0x76, 0\n"
	"shapes_realigned: nop\n"
	".cfi_endproc\n"
	"shapes_root_function:\n"
	".cfi_startproc\n"
	".cfi_undefined 16\n"
	"shapes_root: nop\n"
	".cfi_endproc\n"
	/* CFA = r10: known, but not by a rule. */
	"shapes_register_function:\n"
	".cfi_startproc\n"
	".cfi_def_cfa 10, 0\n"
	"shapes_register: nop\n"
	".cfi_endproc\n"
	/* CFA = rsp + 8 + ((rip & 15) >= 11 ? 8 : 0): what the linker writes for the PLT. */
	".balign 16\n"
	"shapes_plt_function:\n"
	".cfi_startproc\n"
	".cfi_escape 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22\n"
	"shapes_plt: nop\n"
	".skip 10, 0x90\n"
	"shapes_plt_late: nop\n"
	".cfi_endproc\n"
	"shapes_far_function:\n"
	".cfi_startproc\n"
	".cfi_def_cfa_offset 0x1000000\n"
	"shapes_far: nop\n"
	".cfi_def_cfa_offset 12\n"
	"shapes_odd: nop\n"
	".cfi_endproc\n"
	/* The return address is not below the CFA. */
	"shapes_moved_function:\n"
	".cfi_startproc\n"
	".cfi_offset 16, -24\n"
	"shapes_moved: nop\n"
	".cfi_endproc\n"
	".skip 64, 0x90\n"
	"shapes_uncovered: nop\n"
	".skip 64, 0x90\n"
	".popsection\n");

#define SHAPE(name_) rules_make((uintptr_t)shapes_##name_)

TEST(a_plain_frame_is_an_offset_from_the_stack_pointer)
{
	uint32_t rule = SHAPE(plain);

	CHECK_EQ(RULE_KIND(rule), RULE_SP);
	CHECK_EQ(RULE_OFFSET(rule), 8);
	CHECK_EQ(RULE_SAVE(rule), 0);
}

TEST(a_saved_frame_pointer_is_part_of_the_rule)
{
	uint32_t rule = SHAPE(pushed);

	CHECK_EQ(RULE_KIND(rule), RULE_SP);
	CHECK_EQ(RULE_OFFSET(rule), 16);
	CHECK_EQ(RULE_SAVE(rule), 16);
}

TEST(a_frame_pointer_frame_is_an_offset_from_it)
{
	uint32_t rule = SHAPE(framed);

	CHECK_EQ(RULE_KIND(rule), RULE_FP);
	CHECK_EQ(RULE_OFFSET(rule), 16);
	CHECK_EQ(RULE_SAVE(rule), 16);
}

TEST(remembered_states_come_back)
{
	CHECK_EQ(SHAPE(leaving), SHAPE(plain));
	CHECK_EQ(SHAPE(restored), SHAPE(framed));
}

TEST(a_realigned_frame_reads_its_cfa_from_memory)
{
	uint32_t rule = SHAPE(realigned);

	CHECK_EQ(RULE_KIND(rule), RULE_DRAP);
	CHECK_EQ(RULE_DRAP_OFFSET(rule), -8);
	CHECK_EQ(RULE_DRAP_SAVE(rule), 0);
}

TEST(an_undefined_return_address_ends_the_stack)
{
	CHECK_EQ(RULE_KIND(SHAPE(root)), RULE_END);
}

TEST(an_expression_of_the_address_is_a_constant)
{
	uint32_t early = SHAPE(plt);
	uint32_t late = SHAPE(plt_late);

	CHECK_EQ(RULE_KIND(early), RULE_SP);
	CHECK_EQ(RULE_OFFSET(early), 8);
	CHECK_EQ(RULE_KIND(late), RULE_SP);
	CHECK_EQ(RULE_OFFSET(late), 16);
}

TEST(what_does_not_fit_is_hard)
{
	CHECK_EQ(RULE_KIND(SHAPE(register)), RULE_HARD);
	CHECK_EQ(RULE_KIND(SHAPE(far)), RULE_HARD);
	CHECK_EQ(RULE_KIND(SHAPE(odd)), RULE_HARD);
	CHECK_EQ(RULE_KIND(SHAPE(moved)), RULE_HARD);
}

TEST(code_without_a_table_is_guessed)
{
	CHECK_EQ(RULE_KIND(SHAPE(uncovered)), RULE_GUESS);
}

TEST(memory_that_is_no_code_is_guessed_and_not_touched)
{
	CHECK_EQ(RULE_KIND(rules_make(8)), RULE_GUESS);
	CHECK_EQ(RULE_KIND(rules_make((uintptr_t)1 << 46)), RULE_GUESS);
	CHECK_EQ(RULE_KIND(rules_make(UINTPTR_MAX - 1)), RULE_GUESS);
}

TEST(tables_begin_and_end_with_their_function)
{
	CHECK(is_covered((uintptr_t)shapes_plain));
	CHECK(is_covered((uintptr_t)shapes_restored));
	CHECK(!is_covered((uintptr_t)shapes_uncovered));
}

#endif

TEST(the_copied_list_of_objects_finds_what_the_loader_finds)
{
	const uintptr_t around[] = { (uintptr_t)memcpy, (uintptr_t)getpid, (uintptr_t)is_covered,
				     0x1000 };

	segment_scan();
	segment_scan();
	for (size_t i = 0; i < ARRAY_SIZE(around); i++) {
		struct segment a = { 0 };
		struct segment b = { 0 };

		CHECK_EQ(segment_find(around[i], &a), segment_find_scanned(around[i], &b));
		CHECK_EQ(a.header, b.header);
		CHECK_EQ(a.header != NULL, i < 3);
	}
}

TEST(a_remembered_rule_is_the_made_one)
{
	uintptr_t pc = (uintptr_t)is_covered + 4;

	rules_forget();
	CHECK_EQ(rules_lookup(pc), RULE_NONE);
	CHECK_EQ(rules_find(pc), rules_make(pc));
	CHECK_EQ(rules_lookup(pc), rules_make(pc));
	rules_forget();
	CHECK_EQ(rules_lookup(pc), RULE_NONE);
}

TEST(rules_in_locked_memory_are_forgotten)
{
	uintptr_t pc = (uintptr_t)is_covered + 4;
	uintptr_t page = (uintptr_t)rules_words_[rules_mix(pc) >> RULES_TAG_BITS] & ~4095ul;

	(void)rules_find(pc);
	if (mlock((void *)page, 4096) != 0)
		SKIP("nothing may be locked here");
	rules_forget();
	CHECK_EQ(munlock((void *)page, 4096), 0);
	CHECK_EQ(rules_lookup(pc), RULE_NONE);
}

TEST(a_new_library_voids_only_what_had_no_table)
{
	uintptr_t covered = (uintptr_t)is_covered + 4;
	uint32_t before;

	rules_forget();
	(void)rules_find(covered);
	before = rules_find(0x1000);
	CHECK_EQ(RULE_KIND(before), RULE_GUESS);
	CHECK(rules_holds(before));
	rules_added();
	CHECK(!rules_holds(before));
	CHECK_EQ(rules_lookup(0x1000), RULE_NONE);
	CHECK(rules_lookup(covered) != RULE_NONE);
	CHECK_EQ(RULE_KIND(rules_find(0x1000)), RULE_GUESS);
	CHECK(rules_lookup(0x1000) != RULE_NONE);
}

TEST(more_addresses_than_places_are_still_answered_right)
{
	uint32_t rule = rules_make((uintptr_t)is_covered + 4);

	rules_forget();
	for (uintptr_t pc = 0x1000; pc < 0x1000 + 200000 * 16; pc += 16)
		CHECK_EQ(RULE_KIND(rules_find(pc)), RULE_GUESS);
	CHECK_EQ(rules_find((uintptr_t)is_covered + 4), rule);
	CHECK_EQ(rules_lookup((uintptr_t)is_covered + 4), rule);
}

/* Every function of the C library and of this program has a rule that can be made. */
TEST(most_of_the_code_at_hand_has_plain_rules)
{
	const uintptr_t around[] = { (uintptr_t)memcpy, (uintptr_t)getpid, (uintptr_t)is_covered };
	uint32_t kinds[8] = { 0 };
	uint32_t plain, all = 0;

	for (size_t i = 0; i < ARRAY_SIZE(around); i++) {
		for (uintptr_t pc = around[i]; pc < around[i] + 0x4000; pc += 3) {
			uint32_t kind;

			if (!is_covered(pc))
				continue;
			kind = RULE_KIND(rules_make(pc));
			kinds[kind]++;
			all++;
		}
	}
	plain = kinds[RULE_SP] + kinds[RULE_FP] + kinds[RULE_DRAP];
	CHECK(all > 1000);
	CHECK_EQ(kinds[RULE_NONE], 0);
	CHECK(plain + kinds[RULE_END] >= all - all / 50);
}
