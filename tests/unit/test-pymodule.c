/* SPDX-License-Identifier: Apache-2.0 */
/* From a Python source file to its module. */
#include "report/pymodule.h"
#include "report/report.h"

#include "test.h"

static struct report *report;
static struct report_process process;
static struct strbuf text;

static const char *name_of(const char *file, bool package)
{
	strbuf_clear(&text);
	pymodule_name(&text, report, &process, file, package);
	return strbuf_get(&text);
}

/* A process that was started as `python3 @script @argument` in /home/me. */
static void start(const char *script, const char *argument)
{
	static const char *const command[] = { "python3", NULL };
	const struct report_session session = { .command = command, .cwd = "/home/me" };

	report = report_new("0");
	CHECK(report);
	CHECK_EQ(report_set_session(report, &session), 0);
	CHECK_EQ(vec_push(&process.command, "python3"), 0);
	CHECK_EQ(vec_push(&process.command, script), 0);
	CHECK_EQ(vec_push(&process.command, argument), 0);
}

static void stop(void)
{
	report = report_free(report);
	vec_fini(&process.command);
	strbuf_fini(&text);
}

TEST(installed_modules_are_named_as_imported)
{
	start("app.py", "x");
	CHECK_STR(name_of("/usr/lib/python3/dist-packages/numpy/core/fromnumeric.py", false),
		  "numpy.core.fromnumeric");
	CHECK_STR(name_of("/usr/lib/python3/dist-packages/numpy/core/fromnumeric.py", true),
		  "numpy");
	CHECK_STR(name_of("/v/lib/python3.12/site-packages/six.py", true), "six");
	CHECK_STR(name_of("/usr/lib/python3.11/json/__init__.py", false), "json");
	CHECK_STR(name_of("/usr/lib/python3.11/json/decoder.py", false), "json.decoder");
	CHECK_STR(name_of("/usr/lib/python3.11/functools.py", true), "functools");
	CHECK_STR(name_of("<frozen importlib._bootstrap>", false), "importlib._bootstrap");
	CHECK_STR(name_of("<frozen importlib._bootstrap>", true), "importlib");
	stop();
}

TEST(the_programs_own_are_looked_for_where_import_does)
{
	start("tools/run.py", "x");
	CHECK_STR(name_of("tools/run.py", false), "run");
	CHECK_STR(name_of("/home/me/tools/lib/cache.py", false), "lib.cache");
	CHECK_STR(name_of("/home/me/tools/lib/cache.py", true), "lib");
	CHECK_STR(name_of("/home/me/web/views.py", false), "web.views");
	CHECK_STR(name_of("./web/views.py", true), "web");
	CHECK_STR(name_of("/home/men/web/views.py", false), "/home/men/web/views.py");
	CHECK_STR(name_of("/home/men/web/views.py", true), "/home/men/web");
	stop();

	start("/opt/tools/run.py", "x");
	CHECK_STR(name_of("/opt/tools/lib/cache.py", false), "lib.cache");
	stop();

	/* What follows -m is no script, whatever it is called. */
	start("-m", "/opt/run.py");
	CHECK_STR(name_of("/opt/lib/cache.py", false), "/opt/lib/cache.py");
	stop();
}

TEST(what_is_no_file_keeps_its_name)
{
	start("app.py", "x");
	CHECK_STR(name_of("<string>", false), "<string>");
	CHECK_STR(name_of("<string>", true), "<string>");
	CHECK_STR(name_of("", false), "[no file]");
	CHECK_STR(name_of("app", false), "app");
	stop();
}
