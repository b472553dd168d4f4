#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone to a first report: installs what tenure needs (Debian,
# Ubuntu), builds it in build/, and profiles one real program.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build
# shellcheck source=scripts/packages.sh
. "$top/scripts/packages.sh"

install_packages "${BUILD_PACKAGES[@]}" sqlite3

reconfigure=()
[ ! -f "$build/build.ninja" ] || reconfigure=(--reconfigure)
meson setup "${reconfigure[@]}" --buildtype=release "$build" "$top"
ninja -C "$build"

cat <<'END'

tenure is built.  A first profile, of sqlite3 filling a table in memory:

  build/tenure run sqlite3 :memory: "CREATE TABLE ...; INSERT ...; CREATE INDEX ..."

END
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(
    cd "$work"
    "$build/tenure" run --no-output sqlite3 :memory: "
        CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
        INSERT INTO t SELECT i, 'name ' || i FROM n;
        CREATE INDEX t_name ON t(name);
        SELECT count(*), sum(length(name)) FROM t;"
)

cat <<END

To profile a program of your own:

  $build/tenure run PROGRAM [ARG]...

To install it (then 'tenure' is found in the PATH):

  sudo ninja -C $build install
END
