#!/bin/sh
# `make docs`: the documentation site, into build/docs. Open build/docs/index.html; no server is needed.
#
#     tools/docs.sh                 builds it
#     tools/docs.sh --browser       only installs the browser that `make test-site` opens it with
#
# Installs Doxygen where it is missing and this is root, or sudo asks nothing; and the generator of the site, pinned in
# tools/site/requirements.txt, into build/site/venv. tools/site/build.py does the rest. Warnings are failures.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "docs: $*"; }
has() { command -v "$1" >/dev/null 2>&1; }

case "${1:-}" in
'' | --browser) ;;
--help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;;
*) say "expected nothing, --browser or --help, got $1" >&2; exit 2 ;;
esac

packages=
if [ "${1:-}" = --browser ]; then
    has chromium || has chromium-browser || has google-chrome || packages="$packages chromium fonts-dejavu-core"
else
    has doxygen || packages="$packages doxygen"
fi
has python3 || packages="$packages python3"
if has python3 && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    packages="$packages python3-venv"
fi
if [ -n "$packages" ]; then
    as_root=
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    if has apt-get && { [ -z "$as_root" ] || { has sudo && sudo -n true 2>/dev/null; }; }; then
        say "installing the Debian packages$packages"
        # $packages and $as_root are lists of words.
        # shellcheck disable=SC2086
        $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq \
            --no-install-recommends $packages
    else
        say "missing:$packages; to install them, as root: apt-get install$packages" >&2
        exit 1
    fi
fi

[ "${1:-}" != --browser ] || exit 0

# Anew when the list has changed.
list=build/site/venv/requirements.txt
if ! cmp -s tools/site/requirements.txt "$list"; then
    say "installing the generator of the site into build/site/venv"
    rm -rf build/site/venv
    mkdir -p build/site
    python3 -m venv build/site/venv
    build/site/venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --requirement tools/site/requirements.txt || {
        say "it could not be installed: see what pip says above" >&2
        exit 1
    }
    cp tools/site/requirements.txt "$list"
fi

build/site/venv/bin/python tools/site/build.py
