#!/usr/bin/env python3
"""`make wheel`: builds the Python package as it is published, into build/dist: one wheel and one sdist.

    tools/wheel.py [--glibc 2.17] [--output build/dist]

The wheel serves every Python 3 on x86_64 Linux with that glibc or a newer one. Its library is the release build. It is
made from the sdist, which proves that the sdist is complete, and carries the licences of the crates that are inside the
library. tools/wheels.py says how it is linked and what is checked.
"""
import argparse
import shutil
import sys
import tarfile
from pathlib import Path

import wheels
from wheels import ROOT, run, say

PACKAGE = ROOT / 'bindings' / 'python'
WORK = ROOT / 'build' / 'wheel'
SYMBOLS = ROOT / 'tests' / 'data' / 'abi-symbols.txt'
MEMBER = 'wazo_auth_client/_native/libwazo_auth_client.so'


def check_library(path, glibc):
    """Compares a library with what the one that gcc links has; ends this where it differs."""
    found = wheels.check_elf(path, glibc)
    listed = {line for line in SYMBOLS.read_text().splitlines() if line and not line.startswith('#')}
    if found['exported'] != listed:
        wheels.give_up(f'{path} does not export what {SYMBOLS} lists: {sorted(found["exported"] ^ listed)}')
    if not found['nodelete']:
        wheels.give_up(f'{path} is not linked as library/build.rs says (nodelete)')
    say(
        f'the library: {path.stat().st_size:,} bytes, {len(listed)} functions, GLIBC_'
        f'{".".join(map(str, found["glibc"]))} at most, needs {", ".join(found["needed"])}'
    )


def build_sdist():
    """Builds the sdist; its path and the folder that it was unpacked to."""
    run(sys.executable, '-m', 'build', '--sdist', '--no-isolation', '--outdir', WORK, PACKAGE)
    (sdist,) = WORK.glob('*.tar.gz')
    with tarfile.open(sdist) as archive:
        archive.extractall(WORK)
    return sdist, WORK / sdist.name.removesuffix('.tar.gz')


def build_wheel(sources, library, platform):
    """The wheel of that library, named after that platform."""
    wheels.write_licenses(sources, 'wazo-auth-client')
    run(
        sys.executable, '-m', 'build', '--wheel', '--no-isolation', '--outdir', WORK, sources,
        f'--config-setting=--build-option=--plat-name={platform}', WAZO_AUTH_CLIENT_BUILD_LIBRARY=str(library),
        # The same sources make the same wheel. Not for cargo, which would compile all C code again after each commit.
        SOURCE_DATE_EPOCH=wheels.commit_time(),
    )
    (wheel,) = WORK.glob('*.whl')
    return wheel


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--glibc', default=wheels.GLIBC, help='the oldest glibc to serve (default: %(default)s)')
    parser.add_argument('--output', type=Path, default=wheels.DIST, help='where to (default: build/dist)')
    given = parser.parse_args()
    wheels.enter_venv()

    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    say('building the sdist')
    sdist, sources = build_sdist()
    say(f'building the library for glibc {given.glibc} (some minutes, the first time)')
    # The library's package alone: with others, Cargo would give it the features that they want of its dependencies.
    library = wheels.build(given.glibc, '--package', 'wazo-auth-client', '--lib') / 'libwazo_auth_client.so'
    check_library(library, given.glibc)
    say('building the wheel from the sdist')
    platform = wheels.platform_tag(given.glibc)
    wheel = build_wheel(sources, library, platform)
    wheels.check_wheel(wheel, platform, MEMBER, library)
    wheels.publish(given.output, 'wazo_auth_client-*', sdist, wheel)


if __name__ == '__main__':
    main()
