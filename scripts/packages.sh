# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# Which Debian and Ubuntu packages tenure needs, and how to get them.
# To be sourced.

# To build it and to run it.
BUILD_PACKAGES=(
    gcc libc6-dev make meson ninja-build pkg-config python3 scdoc
    libdw-dev libelf-dev libiberty-dev libjansson-dev libunwind-dev libxxhash-dev libzstd-dev zlib1g-dev
)

# To run the tests: tools, and real programs to profile.
TEST_PACKAGES=(
    binutils bash-completion elfutils g++ git procps python3-jsonschema sqlite3 valgrind xz-utils
)

# Tests that need one of these are skipped without it.  Some have other names
# in other releases, so those that do not exist are passed over.  redis and
# nginx start a service when they are installed on a machine with an init
# system; so this list is only for machines that exist for tests.
CI_PACKAGES=(
    chromium clang-format-14 cmake fish golang-go libcap2-bin libjemalloc2 libmimalloc2.0 libmimalloc2.1 libpython3.11-testsuite
    libtcmalloc-minimal4 libtcmalloc-minimal4t64 musl-tools nginx-light nodejs
    prometheus python3-dev python3-django python3-greenlet python3-junitparser python3-pandas python3-pytest python3-pytest-xdist python3-yaml redis-server redis-tools
    shellcheck zsh
)

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "tenure: cannot install packages: neither root nor sudo" >&2
        return 1
    fi
}

apt_updated=
apt_update() {
    [ -z "$apt_updated" ] || return 0
    local try
    for try in 1 2 3 4 5; do
        if as_root apt-get -q update; then
            apt_updated=yes
            return 0
        fi
        echo "tenure: apt-get update failed, try $try of 5" >&2
        sleep $((try * 3))
    done
    return 1
}

# install_packages NAME...: those that are not installed yet
install_packages() {
    local missing=() name
    for name in "$@"; do
        is_installed "$name" || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    if ! command -v apt-get >/dev/null; then
        echo "tenure: cannot install packages: this is neither Debian nor Ubuntu" >&2
        echo "tenure: try: install what corresponds to: ${missing[*]}" >&2
        return 1
    fi
    apt_update || return 1
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -o Acquire::Retries=3 install -y --no-install-recommends "${missing[@]}"
}

# install_if_known NAME...: those that this release has
install_if_known() {
    local known=() name
    for name in "$@"; do
        is_installed "$name" || known+=("$name")
    done
    [ ${#known[@]} -gt 0 ] || return 0
    apt_update || return 1
    mapfile -t known < <(apt-cache madison "${known[@]}" 2>/dev/null | awk '{ print $1 }' | sort -u)
    [ ${#known[@]} -eq 0 ] || install_packages "${known[@]}"
}
