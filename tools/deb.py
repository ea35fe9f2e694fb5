#!/usr/bin/env python3
"""`make deb`: builds the Debian packages into build/dist, by debian/rules, and has lintian look at them.

    tools/deb.py [--output build/dist] [--no-lintian]

What it needs of Debian is installed where this is root: debhelper, dh-python, fakeroot, lintian, Kamailio and its source.
Without Kamailio's source, its module is left out, which is said. Somebody who builds packages by dpkg-buildpackage or
sbuild needs nothing of this but debian/.
"""
import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import link

ROOT = link.ROOT
PACKAGES = {
    'dh': 'debhelper', 'dh_python3': 'dh-python', 'fakeroot': 'fakeroot', 'lintian': 'lintian', 'dpkg-gensymbols': 'dpkg-dev',
}
# What debian/rules leaves in the folder.
LEFT = ('tmp', 'files', '.debhelper', 'debhelper-build-stamp')


def say(text):
    print(f'deb: {text}', flush=True)


def install_tools():
    missing = sorted({package for command, package in PACKAGES.items() if not shutil.which(command)})
    if not missing:
        return
    if os.getuid() != 0:
        sys.exit(f'deb: missing: apt-get install {" ".join(missing)}')
    say(f'installing {" ".join(missing)}')
    environment = {**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'}
    subprocess.run(['apt-get', 'update', '-qq'], check=True)
    subprocess.run(
        ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', *missing], env=environment, check=True,
        stdout=subprocess.DEVNULL,
    )


def has_kamailio():
    """Whether the source of the installed Kamailio is there."""
    version = subprocess.run(['kamailio', '-v'], stdout=subprocess.PIPE, text=True).stdout if shutil.which('kamailio') else ''
    number = version.partition('kamailio ')[2].split(' ')[0]
    return bool(number) and (Path('/usr/local/src') / f'kamailio-{number}' / 'src' / 'config.mak').exists()


def clean():
    names = [line.split()[1] for line in (ROOT / 'debian' / 'control').read_text().splitlines() if line.startswith('Package:')]
    for name in (*LEFT, *names):
        path = ROOT / 'debian' / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for path in (ROOT / 'debian').glob('*.substvars'):
        path.unlink()
    for path in (ROOT / 'debian').glob('*.debhelper*'):
        path.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--output', type=Path, default=ROOT / 'build' / 'dist')
    parser.add_argument('--no-lintian', action='store_true')
    chosen = parser.parse_args()
    install_tools()
    output = chosen.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob('*.deb'):
        old.unlink()
    environment = {**os.environ, 'DEBS': str(output)}
    if not has_kamailio():
        say('without the Kamailio module: as root, bindings/c/kamailio/setup.sh gets what it needs')
        environment['DEB_BUILD_PROFILES'] = 'pkg.wazo-auth-client.nokamailio'
    clean()
    try:
        # Cargo first, as who calls this, with its progress; the rest is seconds.
        for target in ('build', 'binary'):
            command = ['debian/rules', target] if target == 'build' else ['fakeroot', 'debian/rules', target]
            if subprocess.run(command, cwd=ROOT, env=environment).returncode:
                sys.exit(f'deb: {" ".join(command)} failed')
    finally:
        clean()
    packages = sorted(output.glob('*.deb'))
    for package in packages:
        say(f'{package.name}: {package.stat().st_size:,} bytes')
    if not chosen.no_lintian:
        say('lintian:')
        if subprocess.run(['lintian', '--fail-on', 'error,warning', '--tag-display-limit', '0', *packages]).returncode:
            sys.exit('deb: lintian has found what is above')
        say('lintian has found nothing')


if __name__ == '__main__':
    main()
