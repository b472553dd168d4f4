#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds tenure for speed and prints what it and its peers cost, side by side.
#
# usage: scripts/bench.sh [--docs] [OPTION of tests/bench/bench.py]...
#
# --docs  measure the curves and parts too, three rounds of each, and renew
#         docs/overhead.md with its plots.
# --python  kinds of Python programs instead, beside memray and tracemalloc.
#
# heaptrack is installed with apt-get when it is missing and we may; memray is
# taken from the Python that TENURE_BENCH_MEMRAY names.
set -eu

cd "$(dirname "$0")/.."
build=${TENURE_BENCH_BUILD:-build-bench}

TENURE_BENCH_COMMAND=$(echo "scripts/bench.sh $*" | sed 's/ *$//')
export TENURE_BENCH_COMMAND

if ! command -v heaptrack >/dev/null; then
	if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
		apt-get install -y -q heaptrack >/dev/null || echo "bench: cannot install heaptrack" >&2
	else
		echo "bench: heaptrack is missing; try: sudo apt-get install heaptrack" >&2
	fi
fi

if [ ! -e "$build/build.ninja" ]; then
	meson setup "$build" --buildtype=release -Db_ndebug=if-release >/dev/null
fi
ninja -C "$build" >/dev/null

if [ "${1:-}" = --docs ]; then
	shift
	set -- --curves --limits --parts --rounds 3 --markdown docs/overhead.md --plots docs/plots --json "$build/bench.json" "$@"
fi
exec python3 tests/bench/bench.py --build "$build" "$@"
