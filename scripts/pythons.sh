#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Says which Python interpreters the tests find, and which they must skip:
# those in TENURE_TEST_PYTHONS (separated by colons), else python3 and all of
# pyenv's ($PYENV_ROOT, ~/.pyenv).  With --list only the usable ones are
# printed, one per line.
set -euo pipefail

list_only=
[ "${1:-}" != --list ] || list_only=yes
pyenv=${PYENV_ROOT:-${HOME:-}/.pyenv}

candidates=()
if [ -n "${TENURE_TEST_PYTHONS:-}" ]; then
    IFS=: read -ra candidates <<<"$TENURE_TEST_PYTHONS"
else
    # pyenv's own python3 is a script that runs one of those listed below.
    python3=$(PATH=${PATH//"$pyenv/shims:"/} command -v python3 || true)
    [ -z "$python3" ] || candidates+=("$python3")
    for python in "$pyenv"/versions/*/bin/python; do
        [ ! -e "$python" ] || candidates+=("$python")
    done
fi

say() {
    [ -n "$list_only" ] || echo "$@"
}

for python in "${candidates[@]}"; do
    version=$("$python" -c 'import platform as p
print(p.python_implementation() + " " + p.python_version())' 2>/dev/null) || version=
    case $version in
    CPython\ 3.*)
        if [ -n "$list_only" ]; then
            echo "$python"
        else
            echo "python: $python ($version)"
        fi
        ;;
    "") say "python: skipped: $python: does not run" ;;
    *) say "python: skipped: $python: $version is not CPython 3" ;;
    esac
done
[ ${#candidates[@]} -gt 0 ] || say "python: skipped: no interpreter found"
