/* SPDX-License-Identifier: Apache-2.0 */
/* launch/: names of files, what a program is, the private directory. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch/launch.h"
#include "launch/private-dir.h"
#include "launch/program.h"
#include "launch/template.h"

#include "test.h"

static char *expand(const char *text)
{
	const struct template_values values = { .program = "/opt/app/server", .pid = 4711 };
	char *name = NULL;

	return template_expand(text, &values, &name) == 0 ? name : NULL;
}

TEST(templates_name_the_program_and_the_process)
{
	char *name = expand("tenure-%e.%p.json");

	CHECK_STR(name, "tenure-server.4711.json");
	free(name);
	name = expand("100%%");
	CHECK_STR(name, "100%");
	free(name);
}

TEST(a_value_cannot_choose_the_directory)
{
	char *name;

	setenv("TENURE_TEST", "../../etc/x", 1);
	name = expand("out/%q{TENURE_TEST}-%q{TENURE_TEST_NOT_SET}");
	CHECK_STR(name, "out/.._.._etc_x-");
	free(name);
}

TEST(a_number_is_the_first_that_is_free)
{
	char directory[] = "/tmp/tenure-test-XXXXXX", text[64], first[64], *name;

	CHECK(mkdtemp(directory));
	snprintf(text, sizeof(text), "%s/%%n", directory);
	snprintf(first, sizeof(first), "%s/1", directory);
	name = expand(text);
	CHECK_STR(name, first);
	free(name);

	close(open(first, O_CREAT | O_WRONLY, 0600));
	name = expand(text);
	CHECK_EQ(name[strlen(name) - 1], '2');
	free(name);
	unlink(first);
	rmdir(directory);
}

TEST(a_template_that_means_nothing_is_refused)
{
	const char *bad = NULL;

	CHECK_EQ(template_check("a%z", &bad), -EINVAL);
	CHECK_STR(bad, "%z");
	CHECK_EQ(template_check("a%", &bad), -EINVAL);
	CHECK_EQ(template_check("%q{", &bad), -EINVAL);
	CHECK_EQ(template_check("%q{}", &bad), -EINVAL);
	CHECK_EQ(template_check("%qX", &bad), -EINVAL);
	CHECK_EQ(template_check("%q{HOME}%p%e%t%h%n%%", &bad), 0);
}

/* Writes @bytes to a new executable file; its name is in @path, of 32 bytes. */
static void make_program(char *path, const void *bytes, size_t count)
{
	int fd;

	snprintf(path, 32, "/tmp/tenure-test-XXXXXX");
	fd = mkstemp(path);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, bytes, count), count);
	CHECK_EQ(fchmod(fd, 0755), 0);
	close(fd);
}

static enum program_obstacle inspect(const char *text)
{
	struct program program;
	char path[32];
	int r;

	make_program(path, text, strlen(text));
	r = program_inspect(path, &program);
	unlink(path);
	CHECK_EQ(r, 0);
	program_fini(&program);
	return program.obstacle;
}

TEST(a_dynamic_program_can_be_profiled)
{
	struct program program;

	CHECK_EQ(program_inspect("sh", &program), 0);
	CHECK_EQ(program.obstacle, PROGRAM_FINE);
	CHECK_EQ(program.path[0], '/');
	CHECK(strstr(program.loader, "ld-"));
	program_fini(&program);
}

TEST(a_script_is_as_its_interpreter)
{
	struct program program;
	char path[32];

	CHECK_EQ(inspect("#!/bin/sh\n"), PROGRAM_FINE);
	CHECK_EQ(inspect("#! /bin/sh -e\n"), PROGRAM_FINE);
	CHECK_EQ(inspect("#!/usr/bin/env -S LANG=C sh -e\n"), PROGRAM_FINE);
	CHECK_EQ(inspect("#!/no/such/interpreter\n"), PROGRAM_NO_INTERPRETER);
	CHECK_EQ(inspect("#!/usr/bin/env no-such-interpreter\n"), PROGRAM_NO_INTERPRETER);
	CHECK_EQ(inspect("echo no interpreter line\n"), PROGRAM_UNKNOWN);

	make_program(path, "#!/usr/bin/env sh\n", 18);
	CHECK_EQ(program_inspect(path, &program), 0);
	unlink(path);
	CHECK_STR(program.path, path);
	CHECK(strstr(program.runs, "/sh"));
	program_fini(&program);
}

TEST(a_script_that_runs_itself_comes_to_an_end)
{
	char path[] = "/tmp/tenure-test-loop";
	struct program program;
	FILE *file = fopen(path, "w");

	CHECK(file);
	fprintf(file, "#!%s\n", path);
	fclose(file);
	chmod(path, 0755);
	CHECK_EQ(program_inspect(path, &program), 0);
	unlink(path);
	program_fini(&program);
}

TEST(cut_and_foreign_elf_files_are_told_apart)
{
	char path[32], elf[64] = "\177ELF\2\1\1";
	struct program program;

	CHECK_EQ(inspect("\177ELF"), PROGRAM_UNKNOWN);

	elf[18] = 8; /* e_machine: MIPS */
	make_program(path, elf, sizeof(elf));
	CHECK_EQ(program_inspect(path, &program), 0);
	unlink(path);
	CHECK_EQ(program.obstacle, PROGRAM_OTHER_CPU);
	program_fini(&program);

	elf[4] = 1; /* ELFCLASS32 */
	make_program(path, elf, sizeof(elf));
	CHECK_EQ(program_inspect(path, &program), 0);
	unlink(path);
	CHECK_EQ(program.obstacle, PROGRAM_OTHER_CLASS);
	program_fini(&program);
}

TEST(what_cannot_be_run_is_told_as_execvp_would)
{
	char *path;

	CHECK_EQ(program_find("no-such-program-anywhere", &path), -ENOENT);
	CHECK_EQ(program_find("/etc/passwd", &path), -EACCES);
	CHECK_EQ(program_find("/", &path), -EACCES);
	CHECK_EQ(program_find("", &path), -ENOENT);
}

TEST(the_private_directory_is_for_one_user_and_goes_away)
{
	struct stat st;
	char *path, *copy;

	CHECK_EQ(private_dir_new(&path), 0);
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_uid, geteuid());
	/* Nobody else may list it or write to it; root's can be passed through. */
	CHECK_EQ(st.st_mode & 0066, 0);
	CHECK(geteuid() == 0 || (st.st_mode & 0077) == 0);

	copy = strdup(path);
	private_dir_remove(path);
	CHECK_EQ(access(copy, F_OK), -1);
	free(copy);
}

/* Runs @argv to its end; the status as from waitpid(). */
static int run(char **argv, int signal_to_send)
{
	struct launch *launch;
	bool exec_failed;
	int status = -1, r;

	CHECK_EQ(launch_new(argv, "/nowhere/libtenure.so", &launch), 0);
	r = launch_go(launch, "/nowhere/socket", &exec_failed);
	if (r == 0 && signal_to_send)
		kill(getpid(), signal_to_send);
	while (r == 0 && !launch_has_ended(launch, &status)) {
		struct pollfd fd = { .fd = launch_fd(launch), .events = POLLIN };

		poll(&fd, 1, -1);
		launch_step(launch);
	}
	launch_free(launch);
	return r < 0 ? r : status;
}

TEST(the_status_of_the_program_comes_back)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "exit 7" }, NULL };

	CHECK_EQ(WEXITSTATUS(run(argv, 0)), 7);
}

TEST(a_signal_sent_to_tenure_reaches_the_program)
{
	char *argv[] = { (char[]){ "sleep" }, (char[]){ "60" }, NULL };
	int status = run(argv, SIGTERM);

	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGTERM);
}

TEST(the_program_gets_the_signal_mask_and_dispositions_that_tenure_got)
{
	char script[] = "grep -E '^Sig(Blk|Ign)' /proc/self/status >&9";
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, script, NULL };
	char plain[256] = "", under[256] = "";
	int files[2];
	pid_t child;

	CHECK_EQ(pipe(files), 0);
	dup2(files[1], 9);
	signal(SIGCHLD, SIG_IGN);
	child = fork();
	if (child == 0)
		execvp(argv[0], argv);
	CHECK(read(files[0], plain, sizeof(plain) - 1) > 0);
	waitpid(child, NULL, 0);
	CHECK_EQ(WEXITSTATUS(run(argv, 0)), 0);
	CHECK(read(files[0], under, sizeof(under) - 1) > 0);
	signal(SIGCHLD, SIG_DFL);
	CHECK_STR(under, plain);
	close(9);
}

TEST(a_process_that_never_goes_leaves_nothing_behind)
{
	char *argv[] = { (char[]){ "true" }, NULL };
	struct launch *launch;

	CHECK_EQ(launch_new(argv, "/nowhere/libtenure.so", &launch), 0);
	launch_free(launch);
	CHECK_EQ(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_EQ(errno, ECHILD);
}
