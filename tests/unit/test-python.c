/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "model/python.h"
#include "test.h"

static uint8_t payload[4096];

static int feed(struct python *python, uint64_t stamp, uint32_t ext, const void *head, size_t bytes,
		const char *tail)
{
	struct event event = { .stamp = stamp, .kind = EVENT_EXT, .ext = ext };

	memcpy(payload, head, bytes);
	memcpy(payload + bytes, tail, strlen(tail));
	event.payload = payload;
	event.bytes = bytes + strlen(tail);
	return python_feed(python, &event);
}

static void begin(struct python *python)
{
	struct tenure_py_runtime runtime = { .major = 3, .minor = 12 };

	CHECK_EQ(feed(python, 1, TENURE_PY_RUNTIME, &runtime, sizeof(runtime), "3.12.1 (main)"), 0);
}

TEST(without_an_interpreter_there_is_no_result)
{
	struct python *python = python_new();

	CHECK_EQ(python_finish(python), NULL);
	python_free(python);
}

TEST(a_code_object_is_put_together_from_its_pieces)
{
	struct python *python = python_new();
	struct tenure_py_code head = {
		.id = 3, .firstlineno = 7, .table_bytes = 5, .name_bytes = 3, .file_bytes = 4
	};
	uint32_t piece[2] = { 3, 0 };
	const struct result_python *result;

	begin(python);
	CHECK_EQ(feed(python, 2, TENURE_PY_CODE, &head, sizeof(head), "A.ff.py"), 0);
	CHECK_EQ(feed(python, 2, TENURE_PY_CODE_TABLE, piece, sizeof(piece), "abc"), 0);
	piece[1] = 3;
	CHECK_EQ(feed(python, 2, TENURE_PY_CODE_TABLE, piece, sizeof(piece), "de"), 0);
	CHECK(feed(python, 2, TENURE_PY_CODE_TABLE, piece, sizeof(piece), "def") < 0);

	result = python_finish(python);
	CHECK_STR(result->version, "3.12.1 (main)");
	CHECK_EQ(result->codes_count, 4);
	CHECK_EQ(result->codes[1].name, NULL);
	CHECK_STR(result->codes[3].name, "A.f");
	CHECK_STR(result->codes[3].file, "f.py");
	CHECK_EQ(result->codes[3].table_bytes, 5);
	CHECK_MEM(result->codes[3].table, "abcde", 5);
	python_free(python);
}

TEST(a_collection_has_a_beginning_an_end_and_what_it_freed)
{
	struct python *python = python_new();
	struct tenure_py_gc gc = { .generation = 2 };
	const struct result_python *result;
	uint64_t blocks, bytes;

	begin(python);
	CHECK_EQ(python_freed(python, 0, 5, 10, 1), 0);
	CHECK_EQ(feed(python, 100, TENURE_PY_GC_START, &gc, sizeof(gc), ""), 0);
	CHECK(python_collecting(python));
	CHECK_EQ(python_freed(python, 0, 5, 10, 1), 1);
	CHECK_EQ(python_freed(python, 1, 5, 10, 1), 0);
	gc.collected = 5;
	gc.uncollectable = 1;
	CHECK_EQ(feed(python, 150, TENURE_PY_GC_STOP, &gc, sizeof(gc), ""), 0);
	python_heap(python, 4000, 40);
	CHECK_EQ(python_freed(python, 0, 5, 10, 1), 0);
	python_collected(python, 5, &blocks, &bytes);
	CHECK_EQ(blocks, 1);
	CHECK_EQ(bytes, 10);
	python_collected(python, 6, &blocks, &bytes);
	CHECK_EQ(blocks, 0);

	result = python_finish(python);
	CHECK_EQ(result->collections_count, 1);
	CHECK_EQ(result->collections[0].start, 100);
	CHECK_EQ(result->collections[0].stop, 150);
	CHECK_EQ(result->collections[0].freed_blocks, 1);
	CHECK_EQ(result->collections[0].freed_bytes, 10);
	CHECK_EQ(result->collections[0].heap_bytes, 4000);
	CHECK_EQ(result->runs[2], 1);
	CHECK_EQ(result->run_ticks[2], 50);
	CHECK_EQ(result->collected, 5);
	CHECK_EQ(result->uncollectable, 1);
	python_free(python);
}

TEST(the_newest_collections_are_kept_and_all_are_counted)
{
	struct python *python = python_new();
	struct tenure_py_gc gc = { 0 };
	const struct result_python *result;
	uint64_t runs = RESULT_COLLECTIONS_MAX + 10;

	begin(python);
	for (uint64_t i = 0; i < runs; i++) {
		(void)feed(python, 2 * i, TENURE_PY_GC_START, &gc, sizeof(gc), "");
		(void)feed(python, 2 * i + 1, TENURE_PY_GC_STOP, &gc, sizeof(gc), "");
		python_heap(python, i, i);
	}
	result = python_finish(python);
	CHECK_EQ(result->runs[0], runs);
	CHECK_EQ(result->collections_count, RESULT_COLLECTIONS_MAX);
	for (size_t i = 0; i < result->collections_count; i++)
		CHECK_EQ(result->collections[i].heap_bytes, 10 + i);
	python_free(python);
}

TEST(malformed_records_are_refused)
{
	struct python *python = python_new();
	struct tenure_py_code code = { .id = 1, .name_bytes = 100 };
	struct tenure_py_gc gc = { .generation = 3 };
	uint32_t piece[2] = { 9, 0 };
	uint32_t none = 0;

	CHECK(feed(python, 1, TENURE_PY_CODE, &code, sizeof(code), "short") < 0);
	CHECK(feed(python, 1, TENURE_PY_CODE, &code, 3, "") < 0);
	CHECK(feed(python, 1, TENURE_PY_GC_START, &gc, sizeof(gc), "") < 0);
	CHECK(feed(python, 1, TENURE_PY_CODE_TABLE, piece, sizeof(piece), "x") < 0);
	CHECK(feed(python, 1, TENURE_PY_TYPE, &none, sizeof(none), "x") < 0);
	python_free(python);
}
