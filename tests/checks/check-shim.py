#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The shim imports only what is allowed (docs/style.md 8), exports what its map says, needs
nothing but the C library, and is bound at load time and never unloaded.

    check-shim.py LIBTENURE VERSION_SCRIPT
"""
import re
import subprocess
import sys

ALLOWED = {
    # the dynamic linker
    "_dl_find_object", "dl_iterate_phdr", "dladdr", "dlclose", "dlopen", "dlsym", "dlvsym",
    "dlinfo", "__libc_stack_end",
    # plain memory and strings, no locale, no allocation
    "memchr", "memcmp", "memcpy", "memmove", "memset", "strchr", "strcmp", "strlen", "strncmp",
    "strrchr", "strstr", "bcmp", "strnlen", "mempcpy",
    # the environment and the auxiliary vector, at start-up
    "environ", "__environ", "getauxval", "__libc_enable_secure", "program_invocation_name",
    # weak: present in glibc only; elsewhere the shim stays off
    "gnu_get_libc_version",
    # threads: a key for the end of each, one fork handler
    "__register_atfork", "pthread_atfork", "pthread_key_create", "pthread_key_delete",
    "pthread_setspecific",
    "pthread_getspecific", "pthread_self", "__libc_single_threaded", "__cxa_thread_atexit_impl",
    # the kernel, through sys.h only
    "syscall",
    # compiler and C runtime
    "__errno_location", "__stack_chk_fail", "__cxa_finalize", "__gmon_start__",
    "_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable", "__cxa_atexit", "on_exit",
    "__cxa_at_quick_exit",
    "_GLOBAL_OFFSET_TABLE_",
}
NEEDED_ALLOWED = {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libdl.so.2",
                  "libpthread.so.0"}
GLIBC_MAX = (2, 36)


def output(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def symbols(lib, which):
    found = {}
    for line in output("nm", "-D", which, lib).splitlines():
        name, _, version = line.split()[-1].partition("@")
        found[name] = version.lstrip("@")
    return found


def check_symbols(lib, version_script):
    with open(version_script, encoding="utf-8") as f:
        text = re.sub(r"/\*.*?\*/|#[^\n]*", "", f.read(), flags=re.S)
    promised = set(re.findall(r"\b([A-Za-z_]\w*);", text.split("local:")[0]))
    imported = symbols(lib, "--undefined-only")
    exported = set(symbols(lib, "--defined-only"))
    exported -= {name for name in exported if re.fullmatch(r"(LIB)?TENURE_[\d.]+", name)}

    # What the map promises is interposed, and may be called through its real symbol only.
    for name in sorted(set(imported) - ALLOWED):
        yield f"imports {name}, which is not on the list"
    for name, version in sorted(imported.items()):
        numbers = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(\.\d+)?", version)
        if numbers and (int(numbers[1]), int(numbers[2])) > GLIBC_MAX:
            yield f"imports {name}@{version}: newer than the oldest C library supported"
    for name in sorted(exported - promised):
        yield f"exports {name}, which is not in the map"
    for name in sorted(promised - exported):
        yield f"does not export {name}"


def check_dynamic(lib):
    dynamic = output("readelf", "-dW", lib)
    for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
        if name not in NEEDED_ALLOWED:
            yield f"needs {name}"
    if not re.search(r"BIND_NOW|FLAGS_1\).*\bNOW\b", dynamic):
        yield "is not linked with -z now"
    if "NODELETE" not in dynamic:
        yield "is not linked with -z nodelete"
    if "TEXTREL" in dynamic:
        yield "has text relocations"
    if re.search(r"\(R(UN)?PATH\)", dynamic):
        yield "has a run path"

    relocations = output("readelf", "-rW", lib)
    for kind in ("R_X86_64_DTPMOD64", "R_X86_64_TLSDESC", "R_AARCH64_TLSDESC"):
        if kind in relocations:
            yield f"has dynamic thread-local storage ({kind})"

    segments = output("readelf", "-lW", lib)
    if re.search(r"GNU_STACK.*RWE", segments):
        yield "wants an executable stack"
    tls = re.search(r"^\s*TLS\s+\S+\s+\S+\s+\S+\s+\S+\s+(0x\w+)", segments, re.M)
    if tls and int(tls[1], 16) > 64:
        yield f"takes {int(tls[1], 16)} bytes of static thread-local storage, which is scarce"


def main(lib, version_script):
    problems = [*check_symbols(lib, version_script), *check_dynamic(lib)]
    for problem in problems:
        print(f"{lib}: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
