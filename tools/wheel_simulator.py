#!/usr/bin/env python3
"""`make wheel-simulator`: builds the wheel of the simulator as it is published, into build/dist.

    tools/wheel_simulator.py [--glibc 2.17] [--output build/dist]
    tools/wheel_simulator.py --program PATH [--output build/dist]

The wheel installs the program, the Python package `wazo_auth_simulator` and its pytest plugin, for every Python 3 on x86_64
Linux with that glibc or a newer one. It carries the licences of the crates that are inside the program. tools/wheels.py
says how the program is linked and what is checked.

--program packs a program that is there, such as the debug build that the tests have, for this machine: it is named after
no other, and nothing is compiled. It needs setuptools 77 or newer, and is not for publishing.
"""
import argparse
import shutil
import sys
from pathlib import Path

import wheels
from wheels import ROOT, run, say

PACKAGE = ROOT / 'simulator' / 'python'
# What setup.py and pyproject.toml name. The tests beside it are not for the wheel.
PARTS = ('wazo_auth_simulator', 'pyproject.toml', 'setup.py', 'README.md', 'LICENSE-APACHE', 'LICENSE-MIT')
WORK = ROOT / 'build' / 'wheel-simulator'
CRATE = 'wazo-auth-simulator'


def sources(work):
    """A copy of what the wheel is made of: building leaves files beside it."""
    folder = work / 'sources'
    shutil.rmtree(work, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in PARTS:
        if (PACKAGE / name).is_dir():
            shutil.copytree(PACKAGE / name, folder / name, ignore=shutil.ignore_patterns('__pycache__'))
        else:
            shutil.copyfile(PACKAGE / name, folder / name)
    return folder


def build_wheel(folder, program, *settings):
    """The wheel of that program. By pip, which every Python has, and with the setuptools that is here."""
    settings = [f'--config-settings=--build-option={setting}' for setting in settings]
    run(
        sys.executable, '-m', 'pip', 'wheel', '--quiet', '--disable-pip-version-check', '--no-build-isolation', '--no-deps',
        '--no-index', '--wheel-dir', folder.parent, folder, *settings,
        WAZO_AUTH_SIMULATOR_BUILD_PROGRAM=str(program.resolve()), SOURCE_DATE_EPOCH=wheels.commit_time(),
    )
    (wheel,) = folder.parent.glob('*.whl')
    return wheel


def release(glibc):
    """The wheel that is published."""
    wheels.enter_venv()
    say(f'building the program for glibc {glibc} (some minutes, the first time)')
    program = wheels.build(glibc, '--package', CRATE, '--bins') / 'wazo-auth-simulator'
    found = wheels.check_elf(program, glibc)
    say(
        f'the program: {program.stat().st_size:,} bytes, GLIBC_{".".join(map(str, found["glibc"]))} at most, needs '
        f'{", ".join(found["needed"])}'
    )
    folder = sources(WORK / 'release')
    wheels.write_licenses(folder, CRATE)
    platform = wheels.platform_tag(glibc)
    wheel = build_wheel(folder, program, f'--plat-name={platform}')
    # wazo_auth_simulator-0.1.0-py3-none-manylinux_2_17_x86_64.whl
    name, version = wheel.name.split('-')[:2]
    wheels.check_wheel(wheel, platform, f'{name}-{version}.data/scripts/wazo-auth-simulator', program)
    return wheel


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--glibc', default=wheels.GLIBC, help='the oldest glibc to serve (default: %(default)s)')
    parser.add_argument('--program', type=Path, help='a program that is packed as it is, for this machine')
    parser.add_argument('--output', type=Path, default=wheels.DIST, help='where to (default: build/dist)')
    given = parser.parse_args()
    wheel = build_wheel(sources(WORK / 'packed'), given.program) if given.program else release(given.glibc)
    wheels.publish(given.output, 'wazo_auth_simulator-*.whl', wheel)


if __name__ == '__main__':
    main()
