#!/bin/sh
# Installs what the benchmarks need and is missing, and says so: Debian packages by apt-get, where this is root or sudo
# asks nothing; Python's requests and httpx into build/bench-venv.
#
#     bench/setup.sh            all of it
#     bench/setup.sh counts     what `make test-budget` needs: valgrind and strace
#
# What cannot be installed is named with the way to do it; what needs it is skipped, and counted as skipped.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "bench: $*"; }
has() { command -v "$1" >/dev/null 2>&1; }

packages=
# need COMMAND PACKAGE: a package, and the command that shows that it is there.
need() { has "$1" || packages="$packages $2"; }
need valgrind valgrind
need strace strace
if [ "${1:-all}" != counts ]; then
    # nginx stands in /usr/sbin, which is not on every user's path.
    [ -x /usr/sbin/nginx ] || need nginx nginx-light
    need openssl openssl
    need taskset util-linux
    # The headers of a libcurl, whichever TLS it has; the plain client below is what is measured.
    if ! echo '#include <curl/curl.h>' | "${CC:-cc}" -E -x c - >/dev/null 2>&1; then
        packages="$packages libcurl4-openssl-dev"
    fi
    python3 -c 'import ensurepip, venv' 2>/dev/null || packages="$packages python3-venv"
fi

if [ -n "$packages" ]; then
    as_root=
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    if has apt-get && { [ -z "$as_root" ] || { has sudo && sudo -n true 2>/dev/null; }; }; then
        say "installing Debian packages:$packages"
        # $packages and $as_root are lists of words.
        # shellcheck disable=SC2086
        { $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq \
            --no-install-recommends $packages; } || say "apt-get failed"
        # The package starts nginx as a service on port 80. The benchmarks start their own, on ports of loopback.
        case $packages in *nginx*)
            if has systemctl && $as_root systemctl is-active --quiet nginx 2>/dev/null; then
                say "stopping the nginx service that the package started"
                $as_root systemctl disable --now nginx || say "it could not be stopped; the benchmarks do not need it"
            fi
            ;;
        esac
    else
        say "missing:$packages; what needs them is skipped; to install them, as root: apt-get install$packages"
    fi
fi

if [ "${1:-all}" != counts ] && ! build/bench-venv/bin/python -c 'import requests, httpx' 2>/dev/null; then
    say "installing Python's requests and httpx into build/bench-venv"
    { python3 -m venv build/bench-venv && build/bench-venv/bin/python -m pip install --quiet requests httpx; } ||
        say "requests and httpx could not be installed: what needs them is skipped"
fi
say "done"
