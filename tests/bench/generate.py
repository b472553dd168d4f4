# SPDX-License-Identifier: Apache-2.0
"""Makes the programs' input, the same bytes on every machine."""

import shutil
import subprocess


def sql(rows):
    return f"""\
CREATE TABLE word(id INTEGER PRIMARY KEY, name TEXT, weight INTEGER);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
INSERT INTO word SELECT i, 'name' || (i * 7919 % 1000003), i * 31 % 977 FROM n;
CREATE INDEX word_name ON word(name);
SELECT count(*), sum(weight), max(name) FROM word;
SELECT weight, count(*), min(name) FROM word GROUP BY weight ORDER BY 2 DESC, 1 LIMIT 5;
"""


JSON_SCRIPT = """\
import json
import sys


def record(i):
    return {"id": i, "name": f"user {i}", "tags": [f"t{i % 7}", f"t{i % 11}", None],
            "at": {"x": i * 0.5, "y": -i, "path": ["a" * (i % 40), "b"]}, "ok": i % 3 == 0}


total = 0
for turn in range(int(sys.argv[1])):
    text = json.dumps([record(turn * 1000 + i) for i in range(500)])
    total += sum(entry["at"]["y"] for entry in json.loads(text))
print(total)
"""

PERL_SCRIPT = """\
my ($n, $x, %seen) = ($ARGV[0], 1);
for my $i (1 .. $n) {
    $x = ($x * 1103515245 + 12345) % 2147483648;
    my $word = "word" . ($x >> 9) % 200000;
    push @{$seen{$word}}, "line $i";
    shift @{$seen{$word}} if @{$seen{$word}} > 3;
}
my $sum = 0;
$sum += scalar @{$seen{$_}} for sort keys %seen;
print "$sum\\n";
"""


def c_source(functions):
    """Return a C file of loops, switches and structs that needs no header."""
    parts = ["struct item { int key; double weight; struct item *next; };\n"]
    for i in range(functions):
        cases = "\n".join(
            f"\t\tcase {c}: sum += list->key * {c + i % 17} + (sum >> {c % 5}); break;"
            for c in range(3 + i % 9))
        call = f"f{i - 1}(list->next, n - 1)" if i else "0"
        parts.append(f"""
int f{i}(struct item *list, int n)
{{
	int sum = {i};
	double weight[{4 + i % 13}];

	for (int k = 0; k < {4 + i % 13}; k++)
		weight[k] = k * {i % 7}.25 + n;
	for (; list && n > 0; list = list->next, n--) {{
		switch (list->key % {5 + i % 11}) {{
{cases}
		default: sum += (int)(list->weight * weight[n % {4 + i % 13}]);
		}}
		if (sum > {1000 + i})
			sum -= {call};
	}}
	return sum;
}}
""")
    return "".join(parts)


def repository(path, commits):
    """Make a bare git repository with @commits commits that each change three of 60 files."""
    shutil.rmtree(path, ignore_errors=True)
    subprocess.run(["git", "init", "-q", "--bare", path], check=True, capture_output=True)
    files = {n: [f"file {n} line {k}" for k in range(120)] for n in range(60)}
    stream, state = [], 1
    for commit in range(1, commits + 1):
        message = f"change {commit}\n"
        stream.append(f"commit refs/heads/main\ncommitter bench <bench@localhost> "
                      f"{1_600_000_000 + commit} +0000\ndata {len(message)}\n{message}")
        for _ in range(3):
            state = (state * 1103515245 + 12345) % 2**31
            number = (state >> 8) % 60
            lines = files[number]
            lines[state % 120] = f"line changed by {commit} to {state}"
            text = "\n".join(lines) + "\n"
            stream.append(f"M 100644 inline dir{number % 6}/file{number}.txt\n"
                          f"data {len(text)}\n{text}")
    subprocess.run(["git", "--git-dir", path, "fast-import", "--quiet"], input="\n".join(stream),
                   text=True, check=True, capture_output=True)
    head = path / "HEAD"
    head.write_text("ref: refs/heads/main\n")
