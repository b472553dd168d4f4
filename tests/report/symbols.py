#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Names of addresses are those that addr2line gives, in every way debug information comes.

    symbols.py SYMBOLIZE
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

C_SOURCE = r"""
#include <stdlib.h>
#include <string.h>
static inline __attribute__((always_inline)) void *innermost(size_t n)
{
	return malloc(n);
}
static inline __attribute__((always_inline)) void *middle(size_t n)
{
	void *p = innermost(n + 1);
	if (p)
		memset(p, 0, n);
	return p;
}
__attribute__((noinline)) void *outer(size_t n)
{
	void *a = middle(n);
	void *b = middle(n * 2);
	free(a);
	return b;
}
static __attribute__((noinline)) int hidden(int x)
{
	volatile int y = x;
	return y * 3;
}
int exported(int x)
{
	return hidden(x) + hidden(x + 1);
}
int main(int argc, char **argv)
{
	(void)argv;
	free(outer((size_t)argc));
	return exported(argc) == 77;
}
"""

CXX_SOURCE = r"""
#include <map>
#include <memory>
#include <string>
#include <vector>
namespace work {
namespace {
__attribute__((noinline)) int quiet(int x)
{
	volatile int y = x;
	return y + 1;
}
}
template <class T> class Box {
public:
	__attribute__((noinline)) void put(T value)
	{
		items.push_back(value);
	}
	std::vector<T> items;
};
struct Tree {
	std::map<std::string, std::unique_ptr<Tree>> children;
	__attribute__((noinline)) Tree &add(const std::string &name)
	{
		auto &child = children[name];
		if (!child)
			child = std::make_unique<Tree>();
		return *child;
	}
	bool operator<(const Tree &other) const __attribute__((noinline))
	{
		return children.size() < other.children.size();
	}
};
}
int main(int argc, char **)
{
	work::Box<std::string> box;
	work::Tree tree;
	auto each = [&](int n) __attribute__((noinline)) {
		for (int i = 0; i < n; i++)
			box.put("some text that is too long to be stored inline");
	};
	each(argc);
	tree.add("a").add("b");
	return work::quiet(argc) + (tree < tree.add("c"));
}
"""

RUST_SOURCE = r"""
use std::collections::HashMap;
mod work {
    pub struct Pile<T> { pub items: Vec<T> }
    impl<T: Clone> Pile<T> {
        #[inline(never)]
        pub fn put(&mut self, value: &T) { self.items.push(value.clone()); }
    }
}
fn main() {
    let mut pile = work::Pile { items: Vec::new() };
    let mut map: HashMap<String, usize> = HashMap::new();
    for argument in std::env::args() {
        pile.put(&argument);
        map.insert(argument.clone(), argument.len());
    }
    println!("{} {}", pile.items.len(), map.len());
}
"""

problems = []


def check(condition, text):
    if not condition:
        problems.append(text)


def run(*command, check=True, **kwargs):
    return subprocess.run([str(c) for c in command], check=check, capture_output=True, text=True,
                          **kwargs).stdout


def build_id(path):
    found = re.search(r"Build ID: ([0-9a-f]+)", run("readelf", "-n", path))
    return found.group(1) if found else ""


def functions(path, pattern):
    """Yields address and size of the functions whose names match."""
    for line in run("nm", "-S", "--defined-only", path).splitlines():
        words = line.split()
        if len(words) == 4 and words[2] in "tTwW" and re.search(pattern, words[3]):
            yield int(words[0], 16), int(words[1], 16)


def instructions(path, pattern):
    """Addresses of all instructions of those functions."""
    result = []
    for start, size in functions(path, pattern):
        text = run("objdump", "-d", "--no-show-raw-insn", f"--start-address={start}",
                   f"--stop-address={start + size}", path)
        result += [int(m.group(1), 16) for m in re.finditer(r"^ +([0-9a-f]+):\t", text, re.M)]
    return result


def last_part(name):
    """The function's own name: no qualifiers, parameters, template arguments, return type."""
    name = re.sub(r" \[clone .*", "", name)
    found = re.search(r"\boperator *([-<>=()!+*/%&|^~\[\],]+|new|delete|\w+)", name)
    if found:
        return "operator" + found.group(1)[:1]  # "operator<<int>" is less-than
    while True:
        shorter = re.sub(r"<[^<>]*>|\([^()]*\)|\{[^{}]*\}|\[[^]]*\]", "", name)
        if shorter == name:
            break
        name = shorter
    name = re.sub(r"\bconst\b", "", name).strip()
    return re.split(r"::| ", name)[-1].lstrip("~")


class Tool:
    def __init__(self, program):
        self.program = program

    def __call__(self, path, addresses, identity=None, sysroot=""):
        identity = build_id(path) if identity is None else identity
        text = run(self.program, path, identity, sysroot,
                   input="\n".join(f"{a:x}" for a in addresses))
        result = []
        for line in text.splitlines():
            words = line.split("\t")
            result.append(list(zip(words[::2], words[1::2])))
        return result


def addr2line(program, path, addresses):
    """Frames per address, as the tool gives them."""
    text = run(program, "-e", path, "-i", "-f", "-C", "-a",
               *[f"{a:#x}" for a in addresses], check=program == "addr2line").splitlines()
    result = []
    for line in text:
        if re.fullmatch(r"0x[0-9a-f]+", line):
            result.append([])
        elif not result[-1] or len(result[-1][-1]) == 2:
            result[-1].append((re.sub(r" inlined at .*", "", line),))
        else:
            result[-1][-1] += (line,)
    return result


def llvm_symbolizer(program, path, addresses):
    text = run(program, f"--obj={path}", "--output-style=GNU", "--inlines", "--demangle", "-a",
               *[f"{a:#x}" for a in addresses])
    result = []
    for line in text.splitlines():
        if re.fullmatch(r"0x[0-9a-f]+", line):
            result.append([])
        elif line and (not result[-1] or len(result[-1][-1]) == 2):
            result[-1].append((line,))
        elif line:
            result[-1][-1] += (line,)
    return result


# Each of them is wrong somewhere: the first where the ranges of a call have holes, the second
# where there is no linkage name.  What none of them says is wrong.
REFERENCES = [("addr2line", addr2line), ("eu-addr2line", addr2line),
              ("llvm-symbolizer", llvm_symbolizer)]


def place(text):
    """The last part of a path and its line."""
    found = re.match(r"(.*?):(\d+|\?)", text)
    return (os.path.basename(found.group(1)), found.group(2)) if found else ("?", "0")


def agrees(ours, theirs):
    if len(ours) != len(theirs):
        return False
    for (function, where), (their_function, their_where) in zip(ours, theirs):
        if place(where) != place(their_where):
            return False
        if last_part(function) != last_part(their_function):
            return False
    return True


def compare(tool, path, pattern, floor):
    """All instructions of the functions have the frames that addr2line gives them."""
    addresses = instructions(path, pattern)
    check(len(addresses) > 20, f"{path}: only {len(addresses)} instructions of {pattern}")
    ours = tool(path, addresses)
    theirs = [read(program, path, addresses) for program, read in REFERENCES
              if shutil.which(program)]
    bad = [(hex(a), o, t) for a, o, *t in zip(addresses, ours, *theirs)
           if not any(agrees(o, each) for each in t)]
    share = 1 - len(bad) / max(1, len(addresses))
    print(f"# {os.path.basename(path)}: {len(addresses)} instructions, "
          f"{max(map(len, ours))} frames at most, {share:.1%} as others say")
    check(share >= floor, f"{path}: {len(bad)} of {len(addresses)} differ, such as {bad[:3]}")
    return addresses, ours


def check_c(tool, top, compiler, flags):
    path = f"{top}/c-{compiler}{''.join(flags).replace('/', '')}"
    source = f"{top}/c.c"
    with open(source, "w", encoding="ascii") as f:
        f.write(C_SOURCE)
    run(compiler, "-O2", *flags, source, "-o", path)
    addresses, ours = compare(tool, path, r"^(outer|main|exported|hidden)", 1.0)
    chains = [[f for f, _ in frames] for frames in ours]
    check(["innermost", "middle", "outer"] in chains, f"{path}: no chain of inlined calls")
    malloc_line = 1 + C_SOURCE[:C_SOURCE.index("return malloc")].count("\n")
    check(any(frames[0] == ("innermost", f"{source}:{malloc_line}") for frames in ours),
          f"{path}: no line {malloc_line} in innermost()")
    return path, addresses, ours


def check_stripped(tool, top, path, addresses, ours):
    """The same names from a file of its own, by its link, by its build id, by a sysroot."""
    stripped, debug = f"{top}/linked/prog", f"{top}/linked/.debug/prog.debug"
    os.makedirs(os.path.dirname(debug))
    run("objcopy", "--only-keep-debug", path, debug)
    run("objcopy", "--strip-all", f"--add-gnu-debuglink={debug}", path, stripped)
    check(tool(stripped, addresses) == ours, "names differ through .gnu_debuglink")

    identity = build_id(path)
    alone, root = f"{top}/alone", f"{top}/root"
    run("objcopy", "--strip-all", path, alone)
    kept = f"{root}/usr/lib/debug/.build-id/{identity[:2]}"
    os.makedirs(kept)
    shutil.copy(debug, f"{kept}/{identity[2:]}.debug")
    check(tool(alone, addresses, sysroot=root) == ours, "names differ through the build id")

    inner = root + os.path.dirname(path)
    os.makedirs(inner)
    shutil.copy(path, inner)
    check(tool(path, addresses, sysroot=root) == ours, "names differ out of a sysroot")
    # The object is gone, but a server of debug files keeps what has its addresses.
    check(tool(f"{top}/gone", addresses, identity=identity, sysroot=root) == ours,
          "names differ for a lost file whose debug file is kept")


def check_symbols_only(tool, top, path, addresses, ours):
    outermost = [frames[-1][0] for frames in ours]
    bare = f"{top}/symbols-only"
    run("objcopy", "--strip-debug", path, bare)
    check([f[0][0] for f in tool(bare, addresses)] == outermost,
          "a symbol table does not give the functions")

    if shutil.which("xz"):
        mini = f"{top}/mini"
        run("objcopy", "--strip-debug", path, f"{mini}.debugdata")
        run("xz", "-f", f"{mini}.debugdata")
        run("objcopy", "--strip-all", path, mini)
        run("objcopy", "--add-section", f".gnu_debugdata={mini}.debugdata.xz", mini)
        check([f[0][0] for f in tool(mini, addresses)] == outermost,
              ".gnu_debugdata does not give the functions")


def check_nothing_claimed(tool, top, compiler):
    """In a stripped library the exported function below an address is not its function."""
    path = f"{top}/libstripped.so.1"
    run(compiler, "-O2", "-g", "-shared", "-fPIC", f"{top}/c.c", "-o", f"{path}.full")
    run("objcopy", "--strip-all", f"{path}.full", path)
    hidden = instructions(f"{path}.full", r"^hidden")
    exported = instructions(f"{path}.full", r"^exported$")
    check(hidden and exported, "no functions in the library")
    for address, frames in zip(hidden, tool(path, hidden)):
        check(frames == [(f"libstripped.so.1+{address:#x}", "?:0")],
              f"{address:#x} of a hidden function is called {frames}")
    for frames in tool(path, exported):
        check(frames[0][0] == "exported", f"an exported function is called {frames}")

    # Another build at the same place, or none: no names rather than wrong ones.
    for other, why in ((f"{path}.full", "another build"), (f"{top}/nothing", "no file")):
        for frames in tool(other, exported, identity="00" * 20):
            check("exported" not in frames[0][0], f"{why}, and still a name: {frames}")


def check_cxx(tool, top, compiler, flags):
    path = f"{top}/cxx-{compiler}{''.join(flags)}"
    with open(f"{top}/cxx.cc", "w", encoding="ascii") as f:
        f.write(CXX_SOURCE)
    run(compiler, "-O1", "-std=c++17", *flags, f"{top}/cxx.cc", "-o", path)
    _, ours = compare(tool, path, r"^main$|work", 0.95)
    names = {f for frames in ours for f, _ in frames}
    for want in ("work::(anonymous namespace)::quiet", "work::Tree::operator<",
                 "work::Tree::add"):
        check(want in names, f"{path}: no {want} in {sorted(names)[:40]}")
    check(any(re.match(r"work::Box<std::.*>::put$", n) for n in names), f"{path}: no Box::put")


def check_rust(tool, top, version):
    path = f"{top}/rust-{version}"
    with open(f"{top}/rust.rs", "w", encoding="ascii") as f:
        f.write(RUST_SOURCE)
    try:
        # The old mangling is an unstable option of the compilers that have another default.
        run("rustc", "-g", "-O", "-Z", "unstable-options", "-C",
            f"symbol-mangling-version={version}", f"{top}/rust.rs", "-o", path,
            env={**os.environ, "RUSTC_BOOTSTRAP": "1"})
    except (OSError, subprocess.CalledProcessError):
        print(f"# rustc does not work here: Rust names ({version}) not tried")
        return
    addresses = instructions(path, r"rust.*main|Pile")
    names = {f for frames in tool(path, addresses) for f, _ in frames}
    check(any(re.search(r"work::Pile<.*>::put$", n) for n in names),
          f"{path}: no Pile::put in {sorted(names)[:40]}")
    check(not any(re.search(r"_ZN|_R[A-Z]|17h[0-9a-f]{16}|::h[0-9a-f]{16}$", n) for n in names),
          f"{path}: names left mangled")


def main(program):
    tool = Tool(program)
    with tempfile.TemporaryDirectory() as top:
        path, addresses, ours = check_c(tool, top, "gcc", ["-g"])
        check_stripped(tool, top, path, addresses, ours)
        check_symbols_only(tool, top, path, addresses, ours)
        check_nothing_claimed(tool, top, "gcc")
        check_c(tool, top, "gcc", ["-g", "-gdwarf-4", "-no-pie"])
        check_c(tool, top, "gcc", ["-g", "-gz"])
        if shutil.which("llvm-symbolizer"):
            check_c(tool, top, "gcc", ["-g", "-gsplit-dwarf"])
        else:
            print("# split DWARF not compared: only llvm-symbolizer reads all of it")
        if shutil.which("clang"):
            check_c(tool, top, "clang", ["-g"])
        check_cxx(tool, top, "g++", ["-g"])
        if shutil.which("clang++"):
            check_cxx(tool, top, "clang++", ["-g"])
        for version in ("legacy", "v0"):
            check_rust(tool, top, version)
    for problem in problems:
        print(problem)
    return bool(problems)


if __name__ == "__main__":
    for needed in ("gcc", "g++", "objcopy", "objdump", "addr2line", "readelf", "nm"):
        if not shutil.which(needed):
            print(f"{needed} is not installed")
            sys.exit(77)
    sys.exit(main(*sys.argv[1:]))
