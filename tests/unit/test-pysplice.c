/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "model/result-python.h"
#include "symbol/pysplice.h"
#include "test.h"

#define EVAL 0x1000 /* the loop: 0x1000 to 0x10ff; its object: 0x1000 to 0x1fff */
#define COLD 0x1800

static const struct result_python python = {
	.start = 0x1000,
	.end = 0x2000,
	.eval = EVAL,
	.eval_bytes = 0x100,
};

static struct tenure_node nodes[64];
static uint32_t count;
static struct result_process process = { .nodes = nodes, .python = &python };

static uint32_t add(uint32_t parent, unsigned int kind, uint64_t pc, unsigned int flags)
{
	nodes[count] = (struct tenure_node){
		.word = TENURE_NODE_WORD(kind, pc) | (uint64_t)flags << 48,
		.parent = parent,
	};
	process.nodes_count = count + 1;
	return count++;
}

/* One letter per frame, outermost first: E a run of the loop, C its cold part,
 * other letters foreign code, ! a cut. */
static uint32_t native(const char *frames)
{
	uint32_t at;

	count = 1;
	at = add(0, TENURE_NODE_ROOT, 7, 0);
	for (; *frames; frames++) {
		unsigned int kind = *frames == '!' ? TENURE_NODE_CUT : TENURE_NODE_CALL;

		at = add(at, kind,
			 *frames == 'E'	  ? EVAL + 16
			 : *frames == 'C' ? COLD
					  : 0x10000u + (unsigned char)*frames,
			 0);
	}
	return at;
}

/* One digit per Python frame, outermost first; | before those that begin a run; * before
 * those that have a run without frames next to them, inwards. */
static uint32_t with_python(uint32_t under, const char *frames)
{
	uint32_t at = 0;
	unsigned int flags = 0;

	for (; *frames; frames++) {
		if (*frames == '|') {
			flags |= TENURE_PY_NODE_OUTER;
			continue;
		}
		if (*frames == '*') {
			flags += 2;
			continue;
		}
		at = add(at, TENURE_NODE_PYTHON, (uint64_t)(*frames - '0') << 20, flags);
		flags = 0;
	}
	return add(under, TENURE_NODE_PAIR, at, 0);
}

/* The result in the same letters, outermost first. */
static const char *letters(const struct pysplice *splice)
{
	static char text[64];
	size_t n = splice->nodes.count;

	for (size_t i = 0; i < n; i++) {
		uint64_t word = nodes[splice->nodes.at[i]].word;
		uint64_t pc = TENURE_NODE_PC(word);
		char c = (char)(pc & 0xff);

		if (TENURE_NODE_KIND(word) == TENURE_NODE_PYTHON)
			c = (char)('0' + (pc >> 20));
		else if (TENURE_NODE_KIND(word) == TENURE_NODE_CUT)
			c = '!';
		else if (pc < 0x2000)
			c = pc == COLD ? 'C' : 'E';
		text[n - 1 - i] = c;
	}
	text[n] = '\0';
	return text;
}

static bool is_cold(void *arg, uint32_t node, uint32_t generation)
{
	(void)arg;
	CHECK_EQ(generation, 7);
	return TENURE_NODE_PC(nodes[node].word) == COLD;
}

static const char *splice(const char *native_frames, const char *python_frames)
{
	static struct pysplice result;
	uint32_t pair = with_python(native(native_frames), python_frames);

	pysplice_fini(&result);
	result = (struct pysplice){ .process = &process, .is_eval = is_cold };
	CHECK(pysplice_is_pair(&process, pair));
	CHECK_EQ(pysplice_stack(&result, pair), 7);
	return letters(&result);
}

TEST(each_run_of_the_loop_becomes_its_python_frame)
{
	CHECK_STR(splice("mExEd", "|1|2"), "m1x2d");
}

TEST(frames_that_share_a_run_stand_together)
{
	CHECK_STR(splice("mExEd", "|12|345"), "m12x345d");
}

TEST(a_run_in_the_loops_cold_part_is_told_by_its_name)
{
	CHECK_STR(splice("mExCd", "|1|2"), "m1x2d");
	CHECK_STR(splice("mCxEd", "|1|2"), "m1x2d");
}

TEST(a_run_without_frames_yet_stays_native)
{
	CHECK_STR(splice("mExEd", "|1"), "mEx1d");
}

TEST(a_run_without_frames_any_more_stays_native)
{
	CHECK_STR(splice("mExEyEd", "|1|*2"), "m1x2yEd");
	CHECK_STR(splice("mExEyEd", "|*1|2"), "m1xEy2d");
	CHECK_STR(splice("mExEd", "|1*2"), "m12xEd");
	CHECK_STR(splice("mExEyEd", "|**1"), "m1xEyEd");
}

TEST(when_the_native_stack_is_cut_the_innermost_frames_match)
{
	CHECK_STR(splice("!ExEd", "|1|2|3"), "1!2x3d");
}

TEST(groups_without_a_run_follow_the_last_one)
{
	CHECK_STR(splice("mEd", "|1|2"), "m12d");
}

TEST(python_frames_survive_without_any_native_run)
{
	CHECK_STR(splice("md", "|1|2"), "12md");
}

/* The stack of @pair, of which only what is new is told: each node's stack is a text. */
static const char *grown(struct pysplice *splice, uint32_t pair)
{
	static char texts[32][64];
	static uint32_t taken;
	const char *outside;
	char *text;

	CHECK_EQ(pysplice_stack(splice, pair), 7);
	outside = splice->outside ? texts[splice->outside] : "";
	for (size_t i = splice->nodes.count; i-- > 0;) {
		text = texts[++taken];
		CHECK(taken < 31);
		(void)snprintf(text, sizeof(texts[0]), "%s%s", outside,
			       letters(splice) + splice->nodes.count - 1 - i);
		text[strlen(outside) + 1] = '\0';
		CHECK_EQ(pysplice_learn(splice, i, taken), 0);
		outside = text;
	}
	return outside;
}

TEST(of_a_deeper_stack_only_what_is_new_is_told)
{
	struct pysplice splice = { .process = &process };
	uint32_t under = native("mExE"), deeper, frames, other, pairs[3];

	frames = add(0, TENURE_NODE_PYTHON, 1u << 20, TENURE_PY_NODE_OUTER);
	frames = add(frames, TENURE_NODE_PYTHON, 2u << 20, TENURE_PY_NODE_OUTER);
	other = add(frames, TENURE_NODE_PYTHON, 3u << 20, 0);
	pairs[0] = add(under, TENURE_NODE_PAIR, frames, 0);
	deeper = add(under, TENURE_NODE_CALL, 0x10000u + 'y', 0);
	deeper = add(deeper, TENURE_NODE_CALL, EVAL + 16, 0);
	frames = add(other, TENURE_NODE_PYTHON, 4u << 20, TENURE_PY_NODE_OUTER);
	pairs[1] = add(under, TENURE_NODE_PAIR, other, 0);
	pairs[2] = add(deeper, TENURE_NODE_PAIR, frames, 0);

	CHECK_STR(grown(&splice, pairs[0]), "m1x2");
	CHECK_EQ(splice.nodes.count, 4);
	/* The same run executes one frame more. */
	CHECK_STR(grown(&splice, pairs[1]), "m1x23");
	CHECK_EQ(splice.nodes.count, 1);
	CHECK_STR(grown(&splice, pairs[2]), "m1x23y4");
	CHECK_EQ(splice.nodes.count, 2);
	/* Native code inside of the last run goes deeper, too. */
	deeper = add(deeper, TENURE_NODE_CALL, 0x10000u + 'a', 0);
	CHECK_STR(grown(&splice, add(deeper, TENURE_NODE_PAIR, frames, 0)), "m1x23y4a");
	CHECK_EQ(splice.nodes.count, 1);
	deeper = add(deeper, TENURE_NODE_CALL, 0x10000u + 'b', 0);
	CHECK_STR(grown(&splice, add(deeper, TENURE_NODE_PAIR, frames, 0)), "m1x23y4ab");
	CHECK_EQ(splice.nodes.count, 1);
	pysplice_fini(&splice);
}
