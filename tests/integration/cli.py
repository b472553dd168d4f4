#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line: help, man pages and completions agree with the tables of
options; errors, exit statuses, names of files, signals are as documented.

usage: cli.py --tenure TENURE --docs BUILD/docs [TEST...]
"""
import argparse
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
import unittest
from pathlib import Path

TIMEOUT = 60
TENURE = None
DOCS = None


def call(*argv, stdin=b"", env=None, cwd=None, check=None):
    environ = {**os.environ, **(env or {})}
    for name in ("LD_LIBRARY_PATH", "NO_COLOR", "CLICOLOR_FORCE"):
        environ.pop(name, None)
    done = subprocess.run([str(word) for word in argv], input=stdin, env=environ, cwd=cwd,
                          capture_output=True, timeout=TIMEOUT, check=False)
    done.out = done.stdout.decode(errors="replace")
    done.err = done.stderr.decode(errors="replace")
    if check is not None and done.returncode != check:
        raise AssertionError(f"{argv}: status {done.returncode}, not {check}: {done.err}")
    return done


class Case(unittest.TestCase):
    """A test with a directory of its own."""

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix="tenure-cli-"))
        self.addCleanup(shutil.rmtree, self.directory)

    def tenure(self, *argv, **options):
        return call(TENURE, *argv, **{"cwd": self.directory, **options})

    def report(self, *argv, **options):
        """The report of a quiet run, and what the run was."""
        path = self.directory / "report.json"
        done = self.tenure("run", "-q", "-f", "-o", path, *argv, **options)
        return json.loads(path.read_text()), done

    def files(self):
        return sorted(path.name for path in self.directory.iterdir())


class Tables(Case):
    """Everything that is made from the tables of options."""

    def setUp(self):
        super().setUp()
        self.cli = json.loads(self.tenure("--dump-cli", check=0).out)

    def tables(self):
        """(name, help, all options) of all commands."""
        for command in self.cli["commands"]:
            yield command, self.tenure("help", command["name"], check=0).out, \
                command["options"] + self.cli["options"]

    def test_the_overview_lists_the_commands(self):
        out = self.tenure("help", check=0).out
        for command in self.cli["commands"]:
            listed = re.search(rf"^  {command['name']} ", out, re.MULTILINE)
            self.assertEqual(bool(listed), not command["internal"], command["name"])
        self.assertEqual(out, self.tenure("--help", check=0).out)
        self.assertEqual(out, self.tenure(check=0).out)

    def test_help_fits_80_columns_and_names_all_options(self):
        for command, text, options in self.tables():
            for line in text.splitlines():
                self.assertLessEqual(len(line), 80, line)
            for option in options:
                self.assertRegex(text, rf"--{option['name']}\b")
                if "letter" in option:
                    self.assertRegex(text, rf"-{option['letter']}, --{option['name']}\b")
                for value in option.get("values", []):
                    self.assertIn(value, text)
            if command["name"] != "help":
                same = self.tenure(command["name"], "--help", check=0).out
                self.assertEqual(text, same)

    def test_no_two_options_of_a_command_are_the_same(self):
        for command, _, options in self.tables():
            names = [o["name"] for o in options]
            letters = [o["letter"] for o in options if "letter" in o]
            self.assertEqual(len(names), len(set(names)), command["name"])
            self.assertEqual(len(letters), len(set(letters)), command["name"])

    def test_man_pages_name_all_options_and_statuses(self):
        if not (DOCS / "tenure.1").exists():
            self.skipTest("man pages are not built")
        for command, _, options in self.tables():
            page = DOCS / f"tenure-{command['name']}.1"
            if command["name"] in ("help", "version"):
                continue
            text = page.read_text().replace("\\-", "-")
            for option in options:
                self.assertIn(f"--{option['name']}", text, page)
            self.assertIn("EXIT STATUS", text, page)
            self.assertNotIn("@", re.sub(r"^\.\\\".*$", "", text, flags=re.MULTILINE), page)

    def complete(self, *words):
        """What bash offers for the last of @words."""
        script = f"""
            source /usr/share/bash-completion/bash_completion
            source '{DOCS}/tenure'
            COMP_WORDS=({' '.join(f"'{word}'" for word in words)})
            COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
            COMP_LINE="${{COMP_WORDS[*]}}" COMP_POINT=${{#COMP_LINE}}
            _tenure 2>/dev/null
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        done = call("bash", "--norc", "-c", script, cwd=self.directory, check=0)
        return [word.strip() for word in done.out.splitlines() if word.strip()]

    def test_bash_completes_commands_options_and_values(self):
        if not Path("/usr/share/bash-completion/bash_completion").exists():
            self.skipTest("no bash-completion")
        self.assertEqual(self.complete("tenure", "repo"), ["report"])
        for command, _, options in self.tables():
            if command["internal"]:
                continue
            offered = self.complete("tenure", command["name"], "--")
            expected = ["--" + o["name"] + ("" if o["type"] in ("flag", "maybe") else "=")
                        for o in options]
            self.assertEqual(sorted(offered), sorted(expected), command["name"])
        self.assertEqual(self.complete("tenure", "run", "--follow", "f"), ["fork"])
        (self.directory / "one.json").touch()
        self.assertEqual(self.complete("tenure", "report", "on"), ["one.json"])

    def test_bash_completes_the_program_behind_the_options(self):
        if not Path("/usr/share/bash-completion/bash_completion").exists():
            self.skipTest("no bash-completion")
        (self.directory / "file-of-mine").touch()
        for words in (["run", "-o", "x", "cat"], ["run", "--", "cat"], ["run", "-f", "cat"], ["cat"]):
            self.assertEqual(self.complete("tenure", *words, "file-o"), ["file-of-mine"], words)

    def test_zsh_and_fish_can_read_their_completions(self):
        found = False
        for shell, name in (("zsh", "_tenure"), ("fish", "tenure.fish")):
            text = (DOCS / name).read_text()
            for command, _, options in self.tables():
                for option in options:
                    if not command["internal"]:
                        self.assertIn(option["name"], text)
            if shutil.which(shell):
                found = True
                call(shell, "-n", DOCS / name, check=0)
        if shutil.which("fish"):
            done = call("fish", "-c", f"source {DOCS}/tenure.fish; complete -C 'tenure run --fol'", check=0)
            self.assertIn("--follow", done.out)
        if not found:
            self.skipTest("neither zsh nor fish is here")


class Errors(Case):
    """What tenure says when it is used in the wrong way."""

    def assert_refused(self, status, pattern, *argv, **options):
        done = self.tenure(*argv, **options)
        self.assertEqual(done.returncode, status, done.err)
        self.assertRegex(done.err, pattern)
        self.assertEqual(done.out, "", "nothing goes to standard output")
        self.assertNotIn("usage:", done.err, "help is not an error message")
        self.assertLessEqual(len(done.err.splitlines()), 2, done.err)
        for line in done.err.splitlines():
            self.assertRegex(line, r"^tenure: (try: .*|[a-z'].*[^.])$")
        return done

    def test_a_misspelt_option_is_answered_with_the_nearest(self):
        self.assert_refused(125, r"unknown option '--recrod' of 'tenure run'\ntenure: try: --record\n",
                            "run", "--recrod=x", "true")
        self.assert_refused(2, r"unknown option '--srot'(.|\n)*try: --sort", "report", "--srot", "x")
        self.assert_refused(125, r"unknown option '-x'", "run", "-x", "true")
        self.assert_refused(125, r"unknown option '--zzzzzz' of 'tenure run'\n.*--help", "--zzzzzz", "true")

    def test_an_abbreviation_works_if_it_is_not_ambiguous(self):
        self.tenure("run", "--no-out", "--quie", "--anyw", "--record=/dev/null", "true", check=0)
        self.assert_refused(125, r"ambiguous option '--no'", "run", "--no", "true")

    def test_a_misspelt_command_is_answered_with_the_nearest(self):
        self.assert_refused(127, r"cannot run 'reprot'.*\n.*tenure report", "reprot", "x.json")
        self.assert_refused(2, r"unknown command 'reprot'\n.*tenure help report", "help", "reprot")

    def test_a_hint_is_given_only_for_what_is_near(self):
        self.assert_refused(2, r"unknown format 'htlm'\n.*tenure export html", "export", "htlm", "x")
        self.assert_refused(2, r"unknown format 'foo'\n.*tenure export --help", "export", "foo", "x")
        self.assert_refused(125, r"unknown option '--foo'.*\n.*tenure run --help", "run", "--foo", "true")

    def test_values_are_checked(self):
        self.assert_refused(125, r"'x' for option '--top': it must be a number", "run", "--top=x", "true")
        self.assert_refused(125, r"'x' for option '--follow': it must be 'both', 'fork', 'exec' or 'none'",
                            "run", "--follow=x", "true")
        self.assert_refused(125, r"'--generations'", "run", "--generations=2M,1M", "true")
        self.assert_refused(125, r"cannot understand '%z'", "run", "-o", "a%z", "true")
        self.assert_refused(125, r"option '--record' needs a value\n.*--record=FILE", "run", "--record")
        self.assert_refused(125, r"option '--quiet' takes no value", "run", "--quiet=1", "true")
        self.assert_refused(2, r"'sometimes' for option '--color'", "version", "--color=sometimes")

    def test_what_is_missing_is_said(self):
        self.assert_refused(125, r"no program given", "run")
        self.assert_refused(2, r"no file given", "report")
        self.assert_refused(2, r"cannot read 'nothing.json': no such file", "report", "nothing.json")
        self.assert_refused(2, r"cannot read 'nothing.tnr': no such file", "dump", "nothing.tnr")
        self.assert_refused(2, r"by itself", "collect")

    def test_a_file_that_is_something_else_is_refused(self):
        (self.directory / "x").write_text("hello\n")
        for argv in (["report", "x"], ["export", "html", "x"], ["diff", "x", "x"]):
            self.assert_refused(2, r"cannot read 'x': it is neither a report nor a capture", *argv)
        self.assert_refused(2, r"cannot read '/': is a directory", "report", "/")
        self.assert_refused(2, r"cannot read '/dev/null': it is empty", "report", "/dev/null")
        (self.directory / "x").write_text('{"schema":\n')
        self.assert_refused(2, r"cannot read 'x': it ends in the middle, in line 2", "report", "x")
        (self.directory / "x").write_text("hello\n")
        self.assert_refused(2, r"cannot read 'x': it is not a capture", "dump", "x")

    def test_programs_that_cannot_be_run(self):
        self.assert_refused(127, r"cannot run 'no-such-program': no such file", "run", "no-such-program")
        self.assert_refused(127, r"cannot run './no': no such file", "run", "./no")
        self.assert_refused(126, r"cannot run '/etc/passwd': permission denied", "run", "/etc/passwd")
        self.assert_refused(126, r"cannot run '/': is a directory", "run", "/")
        self.assertEqual(self.files(), [], "nothing was written")
        shutil.copy("/bin/true", self.directory / "here")
        self.assert_refused(127, r"cannot run 'here': no such file.*\n.*tenure run \./here", "run", "here")

    def test_a_static_program_is_refused_before_it_starts(self):
        source = self.directory / "x.c"
        source.write_text('#include <unistd.h>\nint main(void) { return write(1, "ran\\n", 4) != 4; }\n')
        for compiler, flag, why in (("cc", "-static", "statically linked"), ("musl-gcc", "-Os", "musl")):
            if not shutil.which(compiler) or call(compiler, flag, source, "-o",
                                                  self.directory / "x").returncode != 0:
                continue
            self.assert_refused(125, why, "run", "./x")
        if not (self.directory / "x").exists():
            self.skipTest("no static program can be built here")
        call("cc", "-static", source, "-o", self.directory / "x", check=0)
        done = self.tenure("run", "--anyway", "./x", check=125)
        self.assertEqual(done.out, "ran\n")
        self.assertIn("nothing was recorded", done.err)

    def test_a_setuid_program_is_refused_before_it_starts(self):
        if os.geteuid() != 0:
            self.skipTest("only root can make a setuid program of another user")
        program = self.directory / "x"
        shutil.copy("/bin/true", program)
        os.chown(program, 1, 1)
        program.chmod(0o4755)
        self.assert_refused(125, r"setuid", "run", program)
        program.chmod(0o2755)
        self.assert_refused(125, r"setgid", "run", program)
        program.chmod(0o755)
        self.tenure("run", "-q", program, check=0)

    def test_a_script_without_its_interpreter_is_refused(self):
        script = self.directory / "x"
        script.write_text("#!/no/such/interpreter\n")
        script.chmod(0o755)
        self.assert_refused(125, r"interpreter is not there", "run", script)


class Running(Case):
    """The program does not notice tenure."""

    def test_the_status_is_the_programs(self):
        for script, status in (("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -15 $$", 143)):
            self.tenure("run", "-q", "-f", "-o", "x", "sh", "-c", script, check=status)

    def test_input_and_output_are_the_programs(self):
        data = os.urandom(1 << 20)
        self.assertEqual(self.tenure("run", "-q", "cat", stdin=data, check=0).stdout, data)
        done = self.tenure("sh", "-c", "echo out; echo err >&2", check=0)
        self.assertEqual(done.out, "out\n")
        self.assertTrue(done.err.startswith("err\n"))

    def test_options_of_the_program_are_its_own(self):
        done = self.tenure("run", "-q", "echo", "-q", "--version", "--", check=0)
        self.assertEqual(done.out, "-q --version --\n")
        done = self.tenure("-q", "--", "sh", "-c", 'echo "$1"', "-", "--help", check=0)
        self.assertEqual(done.out, "--help\n")

    def test_the_environment_is_the_programs_but_for_two_variables(self):
        def environ(*argv):
            out = call(*argv, cwd=self.directory, env={"LD_PRELOAD": ""}, check=0).out
            return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)

        plain, under = environ("env"), environ(TENURE, "run", "-q", "env")
        changed = {name for name in plain.keys() | under.keys() if plain.get(name) != under.get(name)}
        self.assertEqual(changed, {"LD_PRELOAD", "TENURE_SOCKET"})

    def test_what_was_preloaded_still_is(self):
        done = self.tenure("run", "-q", "sh", "-c", "echo $LD_PRELOAD", env={"LD_PRELOAD": "libc.so.6"}, check=0)
        self.assertRegex(done.out, r"^/.*/libtenure\.so:libc\.so\.6\n$")

    def test_descriptors_are_the_programs(self):
        plain = call("ls", "/proc/self/fd").out.split()
        under = self.tenure("run", "-q", "ls", "/proc/self/fd", check=0).out.split()
        self.assertEqual([fd for fd in under if int(fd) < 700], plain)

    def test_limits_are_the_programs(self):
        script = "ulimit -Sn 900; exec \"$@\""
        plain = call("sh", "-c", script, "-", "sh", "-c", "ulimit -Sn; ulimit -Hn").out
        under = call("sh", "-c", script, "-", TENURE, "run", "-q", "sh", "-c", "ulimit -Sn; ulimit -Hn",
                     cwd=self.directory).out
        self.assertEqual(under, plain)

    def test_no_directory_is_left_behind(self):
        directory = self.directory / "tmp"
        directory.mkdir()
        environ = {"TMPDIR": str(directory), "XDG_RUNTIME_DIR": str(directory)}
        self.tenure("run", "-q", "true", env=environ, check=0)
        self.tenure("run", "-q", "-o", "/no/such/directory", "true", env=environ, check=125)
        self.assertEqual(list(directory.iterdir()), [])

    def test_follow_chooses_the_processes(self):
        # A fork that allocates, and a program that is started.
        script = [sys.executable, "-c", "import os, subprocess\n"
                  "if os.fork() == 0:\n x = [b'x' * 1000 for i in range(1000)]; os._exit(0)\n"
                  "os.wait(); subprocess.run(['awk', 'BEGIN { print 1 }'], stdout=subprocess.DEVNULL)"]
        exes = {}
        for follow in ("both", "fork", "exec", "none"):
            document, _ = self.report(f"--follow={follow}", *script)
            exes[follow] = [(p["forked"], Path(p["exe"]).name[:3]) for p in document["processes"]]
            self.assertFalse(exes[follow][0][0])
        self.assertTrue(any(forked for forked, _ in exes["fork"]))
        self.assertEqual([p for p in exes["fork"][1:] if not p[0]], [])
        self.assertFalse(any(forked for forked, _ in exes["exec"]))
        self.assertGreater(len(exes["exec"]), 1)
        self.assertEqual(len(exes["none"]), 1)
        self.assertGreater(len(exes["both"]), len(exes["exec"]))

    def test_max_depth_cuts_stacks(self):
        def deepest(*options):
            document, _ = self.report("--no-python", *options, sys.executable, "-c", "pass")
            depths = []
            for caller in document["stacks"]:
                depth = 0 if document["frames"][caller[0]].get("inlined") else 1
                depths.append(depth + (depths[caller[1]] if len(caller) > 1 else 0))
            return max(depths), document["trust"]

        depth, trust = deepest()
        self.assertGreater(depth, 10)
        depth, trust = deepest("--max-depth=2")
        self.assertEqual(depth, 3, "two frames and a sign that there were more")
        self.assertTrue(trust["complete"], "asked for is not lost")


class Signals(Case):
    """Who gets which signal."""

    def start(self, *argv, **options):
        process = subprocess.Popen([str(TENURE), *map(str, argv)], cwd=self.directory,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def test_a_signal_to_tenure_goes_to_the_program(self):
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1,
                       signal.SIGUSR2):
            name = number.name[3:]
            process = self.start("run", "-q", "-f", "-o", "x.json", "sh", "-c",
                                 f"trap 'echo got {name}; exit 9' {name}; echo ready; while :; do sleep 0.05; done")
            self.assertEqual(process.stdout.readline(), b"ready\n")
            process.send_signal(number)
            self.assertEqual(process.stdout.readline(), f"got {name}\n".encode())
            self.assertEqual(process.wait(TIMEOUT), 9)
            document = json.loads((self.directory / "x.json").read_text())
            self.assertEqual(document["processes"][0]["end"], {"how": "exit", "status": 9})

    def test_the_interrupt_key_is_the_programs_and_the_report_is_made(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.directory)
            os.execv(TENURE, [str(TENURE), "run", "-o", "x.json", "sh", "-c",
                              "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.05; done"])
        text = b""
        try:
            while b"ready" not in text:
                text += os.read(terminal, 4096)
            os.write(terminal, b"\x03")
            while True:
                more = os.read(terminal, 4096)
                if not more:
                    break
                text += more
        except OSError:
            pass  # the other side is gone
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(status), 5, text)
        self.assertIn(b"caught", text)
        self.assertIn(b"peak heap", text)
        self.assertTrue((self.directory / "x.json").exists())

    def background(self, *options):
        """A program that leaves a process behind, which waits for a line from the fifo."""
        fifo = self.directory / "fifo"
        os.mkfifo(fifo)
        process = self.start("run", "-o", "x.json", *options, "sh", "-c",
                             "awk 'BEGIN { getline < \"fifo\"; print }' & exit 3")
        return process, fifo

    def ends(self):
        document = json.loads((self.directory / "x.json").read_text())
        return {Path(p["exe"]).name: p["end"]["how"] for p in document["processes"]}

    def test_what_outlives_the_program_is_waited_for(self):
        process, fifo = self.background()
        self.assertIn(b"still recording", process.stderr.readline())
        fifo.write_text("line\n")
        self.assertEqual(process.wait(TIMEOUT), 3)
        self.assertEqual(process.stdout.read(), b"line\n")
        self.assertNotIn("running", self.ends().values())

    def test_an_interrupt_reports_at_once(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process, fifo = self.background()
            self.assertIn(b"still recording", process.stderr.readline())
            process.send_signal(number)
            self.assertEqual(process.wait(TIMEOUT), 3)
            self.assertIn("running", self.ends().values())
            fifo.write_text("line\n")
            self.assertEqual(process.stdout.read(), b"line\n", "it goes on unharmed")
            fifo.unlink()
            (self.directory / "x.json").unlink()

    def test_no_wait_does_not_wait(self):
        process, fifo = self.background("--no-wait", "--quiet")
        self.assertEqual(process.wait(TIMEOUT), 3)
        fifo.write_text("line\n")
        self.assertEqual(process.stdout.read(), b"line\n")

    def test_the_program_outlives_tenure(self):
        process = self.start("run", "sh", "-c", "echo ready; read x; echo went on; ls >/dev/null; echo done",
                             stdin=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        process.kill()
        process.wait()
        process.stdin.write(b"x\n")
        process.stdin.close()
        self.assertEqual(process.stdout.read(), b"went on\ndone\n")


class Files(Case):
    """Reports, captures, and their names."""

    def test_the_default_name_is_program_and_pid(self):
        done = self.tenure("sh", "-c", "echo $$", check=0)
        self.assertEqual(self.files(), [f"tenure-sh.{done.out.strip()}.json"])
        self.assertIn(self.files()[0], done.err, "the summary says where it is")

    def test_templates(self):
        for text, pattern in (("%e-%p", r"^sh-\d+$"), ("%n.json", r"^1\.json$"), ("%q{WORD}%%", r"^a_b%$"),
                              ("%h", rf"^{re.escape(os.uname().nodename)}$"), ("%t", r"^\d{8}T\d{6}$")):
            self.tenure("run", "-q", "-o", text, "sh", "-c", ":", env={"WORD": "a/b"}, check=0)
            files = self.files()
            self.assertEqual(len(files), 1, files)
            self.assertRegex(files[0], pattern)
            (self.directory / files[0]).unlink()
        for _ in range(3):
            self.tenure("run", "-q", "-o", "%n", "true", check=0)
        self.assertEqual(self.files(), ["1", "2", "3"])

    def test_existing_files_are_replaced_only_by_force(self):
        (self.directory / "x").write_text("precious")
        for option in ("-o", "--record"):
            done = self.tenure("run", option, "x", "sh", "-c", "echo ran")
            self.assertEqual((done.returncode, done.out), (125, ""), "it does not even start")
            self.assertRegex(done.err, r"cannot write 'x': file exists\ntenure: try: --force")
        self.assertEqual((self.directory / "x").read_text(), "precious")
        self.tenure("run", "-q", "-f", "-o", "x", "true", check=0)
        json.loads((self.directory / "x").read_text())

    def test_standard_output_gets_the_report_only_when_asked(self):
        done = self.tenure("run", "-q", "-o", "-", "true", check=0)
        self.assertEqual(json.loads(done.out)["schema"], "tenure.report/1")
        self.assertEqual(self.files(), [])
        self.assertEqual(self.tenure("true", check=0).out, "")

    def test_no_output_writes_nothing(self):
        done = self.tenure("run", "--no-output", "true", check=0)
        self.assertEqual(self.files(), [])
        self.assertIn("allocated ", done.err)

    def test_a_full_disk_does_not_change_the_status(self):
        done = self.tenure("run", "-o", "/dev/full", "sh", "-c", "exit 4", check=4)
        self.assertIn("cannot write '/dev/full': no space left on device", done.err)
        self.assertIn("peak heap", done.err)
        self.tenure("run", "-o", "/dev/full", "true", check=0)
        # Nothing at all was delivered, and nobody would hear of it otherwise.
        self.tenure("run", "-q", "-o", "/dev/full", "true", check=125)
        self.tenure("run", "-q", "-o", "/dev/full", "sh", "-c", "exit 4", check=4)

    def test_a_directory_that_is_not_there_is_noticed_before(self):
        done = self.tenure("run", "-o", "no/x", "sh", "-c", "echo ran", check=125)
        self.assertEqual(done.out, "")
        self.assertIn("cannot write 'no/x'", done.err)

    def test_a_place_where_nothing_can_be_written_leaves_the_summary(self):
        done = self.tenure("sh", "-c", "echo ran; exit 6", cwd="/proc", check=6)
        self.assertEqual(done.out, "ran\n")
        self.assertIn("cannot write 'tenure-", done.err)
        self.assertIn("peak heap", done.err)

    def test_a_report_can_be_shown_again(self):
        summary = self.tenure("run", "-o", "x.json", sys.executable, "-c", "pass", check=0).err
        self.assertEqual(self.tenure("report", "x.json", check=0).out, summary)
        again = self.tenure("report", "x.json", "-o", "-", check=0).out
        self.assertEqual(again, (self.directory / "x.json").read_text())
        piped = self.tenure("report", "-", stdin=again.encode(), check=0).out
        self.assertIn("peak heap", piped)
        self.tenure("report", "x.json", "--process=1", check=2)
        self.tenure("report", "x.json", "-o", "x.json", check=1)
        self.assertEqual(self.tenure("report", "x.json", "--json=/dev/full").returncode, 1)

    def test_a_capture_gives_the_same_report(self):
        self.tenure("run", "-q", "-o", "live.json", "--record=x.tnr", "sh", "-c", "ls / >/dev/null; exit 3", check=3)
        self.tenure("report", "x.tnr", "-o", "again.json", check=0)
        live = json.loads((self.directory / "live.json").read_text())
        again = json.loads((self.directory / "again.json").read_text())
        self.assertEqual(again, live)

    def test_dump_has_a_line_for_each_allocation(self):
        self.tenure("run", "-q", "-o", "x.json", "--record=x.tnr", sys.executable, "-c", "pass", check=0)
        lines = self.tenure("dump", "x.tnr", check=0).out.splitlines()
        totals = [p["totals"] for p in json.loads((self.directory / "x.json").read_text())["processes"]]
        allocs = [line for line in lines if re.match(r"\d+ \d+\.\d+ slot \d+ alloc 0x[0-9a-f]+ bytes \d+ stack", line)]
        self.assertEqual(len(allocs), sum(t["allocations"] for t in totals))
        self.assertEqual(self.tenure("dump", "-", stdin=(self.directory / "x.tnr").read_bytes()).out.splitlines(), lines)

    def test_a_cut_capture_is_read_as_far_as_it_goes(self):
        self.tenure("run", "-q", "-o", "x.json", "--record=x.tnr", sys.executable, "-c",
                    "x = [str(i) for i in range(100000)]", check=0)
        whole = (self.directory / "x.tnr").read_bytes()
        (self.directory / "x.tnr").write_bytes(whole[:len(whole) * 2 // 3])
        done = self.tenure("report", "x.tnr", check=0)
        self.assertRegex(done.err, r"'x.tnr' is cut or damaged after \d+ bytes")
        self.assertIn("peak heap", done.out)
        self.tenure("dump", "x.tnr", check=1)


class Others(Case):
    """version, doctor."""

    def test_version(self):
        out = self.tenure("version", check=0).out
        self.assertRegex(out, r"^tenure \d+\.\d+\.\d+\n$")
        self.assertEqual(self.tenure("--version", check=0).out, out)
        self.assertIn("libtenure.so: /", self.tenure("version", "--verbose", check=0).out)

    def test_doctor_records_a_program(self):
        done = self.tenure("doctor", "sh")
        self.assertEqual(done.returncode, 0, done.out)
        self.assertIn("'true' was recorded", done.out)
        self.assertNotIn("BAD", done.out)
        self.assertEqual(self.files(), [])

    def test_doctor_finds_what_is_wrong(self):
        self.assertRegex(self.tenure("doctor", "no-such-program", check=1).out, r"BAD +program")
        done = self.tenure("doctor", env={"TENURE_LIB": "/no/such/lib.so"}, check=1)
        self.assertRegex(done.out, r"BAD +library.*TENURE_LIB")
        done = self.tenure("run", "true", env={"TENURE_LIB": "/no/such/lib.so"}, check=125)
        self.assertRegex(done.err, r"no such file or directory at the path in TENURE_LIB")

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "wb") as full:
            for argv in (["version"], ["help"], ["--dump-cli"]):
                done = subprocess.run([TENURE, *argv], stdout=full, stderr=subprocess.PIPE, check=False)
                self.assertEqual(done.returncode, 1, argv)
                self.assertIn(b"no space left", done.stderr)


class Tap(unittest.TestResult):
    """Prints results as TAP."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def say(self, word, test, more=""):
        self.count += 1
        print(f"{word} {self.count} - {test.id().split('.')[-1][5:]}{more}", flush=True)

    def addSuccess(self, test):
        self.say("ok", test)

    def addSkip(self, test, reason):
        self.say("ok", test, f" # SKIP {reason}")

    def failed(self, test, err):
        self.say("not ok", test)
        print("# " + "".join(traceback.format_exception(*err)).replace("\n", "\n# "), flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.failed(test, err)

    addError = addFailure


def main():
    global TENURE, DOCS
    parser = argparse.ArgumentParser()
    parser.add_argument("--tenure", required=True, type=Path)
    parser.add_argument("--docs", required=True, type=Path)
    parser.add_argument("tests", nargs="*")
    args = parser.parse_args()
    TENURE, DOCS = args.tenure.resolve(), args.docs.resolve()
    # Tests of what the environment does set it themselves.
    for name in ("LD_PRELOAD", "TENURE_SOCKET", "TENURE_LIB", "TENURE_OUTPUT", "COLUMNS"):
        os.environ.pop(name, None)

    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    tests = [test for group in suite for test in group
             if not args.tests or any(word in test.id() for word in args.tests)]
    print(f"1..{len(tests)}")
    result = Tap()
    unittest.TestSuite(tests).run(result)
    return 0 if result.wasSuccessful() and result.count == len(tests) else 1


if __name__ == "__main__":
    sys.exit(main())
