#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need, builds tenure and runs the suites that take
# some minutes: unit, integration, checks, fuzz.  The last line it prints is
# "tenure: N passed, N failed, N skipped".
#
#   BUILD_DIR  where to build, default build-test
#   CI         when set, programs that start services are installed too
#   TENURE_TEST_PYTHONS  Python interpreters to test with, separated by colons
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD_DIR:-$top/build-test}
# shellcheck source=scripts/packages.sh
. "$top/scripts/packages.sh"

# Without root the tests run with what there is, and say what they skip.
if ! install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"; then
    [ -z "${CI:-}" ] || exit 1
    echo "tenure: going on with the packages that are installed" >&2
fi
if [ -n "${CI:-}" ]; then
    install_if_known "${CI_PACKAGES[@]}" ||
        echo "tenure: some programs to test with are missing" >&2
fi

"$top/scripts/pythons.sh"

reconfigure=()
[ ! -f "$build/build.ninja" ] || reconfigure=(--reconfigure)
meson setup "${reconfigure[@]}" --werror "$build" "$top"
ninja -C "$build"

rm -f "$build/meson-logs/testlog.json"
status=0
meson test -C "$build" --no-rebuild --print-errorlogs \
    --suite unit --suite integration --suite checks --suite fuzz </dev/null || status=$?
exec python3 "$top/scripts/count-tests.py" "$build/meson-logs/testlog.json" "$status"
