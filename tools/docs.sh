#!/bin/sh
# `make docs`: the documentation of the C and C++ headers, by Doxygen, into build/docs. Installs Doxygen where it is
# missing and this is root, or sudo asks nothing; else it says what to install. A warning of Doxygen's is a failure.
set -eu
cd "$(dirname "$0")/.."

if ! command -v doxygen >/dev/null 2>&1; then
    as_root=
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    if command -v apt-get >/dev/null 2>&1 &&
        { [ -z "$as_root" ] || { command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; }; }; then
        echo 'docs: installing the Debian package doxygen'
        # $as_root is a list of words.
        # shellcheck disable=SC2086
        $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq \
            --no-install-recommends doxygen
    else
        echo 'docs: doxygen is missing; to install it, as root: apt-get install doxygen' >&2
        exit 1
    fi
fi

rm -rf build/docs
mkdir -p build/docs
doxygen Doxyfile
echo "docs: build/docs/index.html"
