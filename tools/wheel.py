#!/usr/bin/env python3
"""`make wheel`: builds the Python package as it is published, into build/dist: one wheel and one sdist.

    tools/wheel.py [--glibc 2.17] [--output build/dist]

The wheel serves every Python 3 on x86_64 Linux with that glibc or a newer one. Its library is the release build, linked by
zig, which knows the symbols of every glibc: so no old system is needed to build on. It is made from the sdist, which
proves that the sdist is complete, and carries the licences of the crates that are inside the library.

Nothing is believed: the symbols of the library are read, and auditwheel, which looks at the wheel and not at its name,
has to come to the tag that was wanted. What this needs beside cargo and Python is installed into build/venv by pip, as
pinned in tools/wheel-requirements.txt (zig is 400 MB).
"""
import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
import artifacts  # noqa: E402

PACKAGE = ROOT / 'bindings' / 'python'
WORK = ROOT / 'build' / 'wheel'
VENV = ROOT / 'build' / 'venv'
REQUIREMENTS = Path(__file__).with_name('wheel-requirements.txt')
SYMBOLS = ROOT / 'tests' / 'data' / 'abi-symbols.txt'
TARGET = 'x86_64-unknown-linux-gnu'
STARTED = time.monotonic()


def say(text):
    """A line of progress, with the seconds since the beginning."""
    print(f'wheel: {time.monotonic() - STARTED:4.0f} s  {text}', flush=True)


def give_up(reason):
    """Ends this in one sentence."""
    sys.exit(f'wheel: {reason}')


def run(*command, quiet=True, **variables):
    """Runs a command, with the programs of build/venv first; what it printed. Its output is shown where it fails."""
    path = os.pathsep.join([str(VENV / 'bin'), os.environ.get('PATH', os.defpath)])
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, env={**os.environ, 'PATH': path, **variables}, text=True,
        stdout=subprocess.PIPE if quiet else None, stderr=subprocess.STDOUT if quiet else None,
    )
    if done.returncode:
        give_up(f'{done.stdout or ""}\nwheel: {" ".join(map(str, command))} failed with status {done.returncode}')
    return done.stdout


def install_tools():
    """Installs what is pinned into build/venv, where it is not there yet, and says so."""
    if not (VENV / 'bin' / 'python').exists():
        say(f'making {VENV.relative_to(ROOT)}')
        run(sys.executable, '-m', 'venv', VENV)
        # Where this folder is, the tests use its Python, and some of them compare with requests.
        run(VENV / 'bin' / 'python', '-m', 'pip', 'install', '--quiet', 'requests')
    wanted = [line for line in REQUIREMENTS.read_text().split('\n') if line and not line.startswith('#')]
    python = VENV / 'bin' / 'python'
    if not set(wanted) <= set(run(python, '-m', 'pip', 'freeze', '--all', '--disable-pip-version-check').split()):
        say(f'installing {", ".join(wanted)} into {VENV.relative_to(ROOT)}')
        run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS)
    return python


def build_library(glibc):
    """The release build, linked for that glibc; its path."""
    # The library's package alone: with others, Cargo would give it the features that they want of its dependencies.
    run(
        'cargo-zigbuild', 'zigbuild', '--release', '--locked', '--package', 'wazo-auth-client', '--lib',
        '--target', f'{TARGET}.{glibc}', quiet=False, **artifacts.without_build_paths(),
    )
    directory = re.search(
        r'"target_directory":"([^"]+)"', run('cargo', 'metadata', '--locked', '--no-deps', '--format-version', '1')
    )
    return Path(directory.group(1), TARGET, 'release', 'libwazo_auth_client.so')


def read_library(path):
    """What the dynamic section and the symbols of a library say: exported names, imported ones, the greatest GLIBC."""
    from elftools.elf.elffile import ELFFile

    with open(path, 'rb') as file:
        elf = ELFFile(file)
        needed = elf.get_section_by_name('.gnu.version_r')
        versions = {auxiliary.name for _, names in needed.iter_versions() for auxiliary in names}
        symbols = list(elf.get_section_by_name('.dynsym').iter_symbols())
        dynamic = list(elf.get_section_by_name('.dynamic').iter_tags())
        return {
            'exported': {s.name for s in symbols if s['st_shndx'] != 'SHN_UNDEF' and s.name},
            'imported': {s.name for s in symbols if s['st_shndx'] == 'SHN_UNDEF' and s.name},
            'glibc': max(tuple(map(int, v[6:].split('.'))) for v in versions if re.fullmatch(r'GLIBC_[\d.]+', v)),
            'needed': [tag.needed for tag in dynamic if tag.entry.d_tag == 'DT_NEEDED'],
            # DF_1_NODELETE
            'nodelete': any(tag.entry.d_tag == 'DT_FLAGS_1' and tag.entry.d_val & 0x8 for tag in dynamic),
            'is_stripped': elf.get_section_by_name('.symtab') is None,
        }


def check_library(path, glibc):
    """Compares a library with what the one that gcc links has; ends this where it differs."""
    found = read_library(path)
    listed = {line for line in SYMBOLS.read_text().splitlines() if line and not line.startswith('#')}
    if found['exported'] != listed:
        give_up(f'{path} does not export what {SYMBOLS} lists: {sorted(found["exported"] ^ listed)}')
    if found['glibc'] > tuple(map(int, glibc.split('.'))):
        give_up(f'{path} needs GLIBC_{".".join(map(str, found["glibc"]))}, and not {glibc} at most')
    folders = [str(folder).encode() for folder in (ROOT, Path.home())]
    if any(folder in path.read_bytes() for folder in folders):
        give_up(f'{path} has folders of this machine in it: see without_build_paths in tests/support/artifacts.py')
    if not found['nodelete'] or not found['is_stripped']:
        give_up(f'{path} is not linked as library/build.rs says (nodelete, stripped)')
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


def commit_time():
    """When these sources were committed; a fixed time where they are in no repository."""
    command = ['git', 'log', '-1', '--format=%ct']
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip() or '1577836800'


def build_wheel(sources, library, platform):
    """The wheel of that library, named after that platform."""
    import ziglang

    licenses = sources / 'LICENSE-RUST-CRATES.txt'
    say(run(sys.executable, ROOT / 'tools' / 'licenses.py', '--ziglang', Path(ziglang.__file__).parent, licenses).strip())
    run(
        sys.executable, '-m', 'build', '--wheel', '--no-isolation', '--outdir', WORK, sources,
        f'--config-setting=--build-option=--plat-name={platform}', WAZO_AUTH_CLIENT_BUILD_LIBRARY=str(library),
        # The same sources make the same wheel. Not for cargo, which would compile all C code again after each commit.
        SOURCE_DATE_EPOCH=commit_time(),
    )
    (wheel,) = WORK.glob('*.whl')
    return wheel


def check_wheel(wheel, platform, library):
    """Compares the name with what auditwheel finds, and the library inside with the one that was built."""
    if not wheel.name.endswith(f'-py3-none-{platform}.whl'):
        give_up(f'the wheel was named {wheel.name}, and not py3-none-{platform}')
    verdict = run('auditwheel', 'show', wheel)
    # Its lines are broken where they are long.
    if f'consistent with the following platform tag: "{platform}"' not in ' '.join(verdict.split()):
        give_up(f'auditwheel does not come to {platform}:\n{verdict}')
    say(f'auditwheel: {platform}')
    if packed(wheel) != hashlib.sha256(library.read_bytes()).hexdigest():
        give_up('the library in the wheel is not the one that was built')


def packed(wheel):
    """The hash of the library in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return hashlib.sha256(archive.read('wazo_auth_client/_native/libwazo_auth_client.so')).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--glibc', default='2.17', help='the oldest glibc to serve (default: %(default)s)')
    parser.add_argument('--output', type=Path, default=ROOT / 'build' / 'dist', help='where to (default: build/dist)')
    given = parser.parse_args()
    if sys.platform != 'linux' or os.uname().machine != 'x86_64':
        give_up('this builds on x86_64 Linux only')
    if shutil.which('cargo') is None:
        give_up('cargo is not here: install a Rust toolchain, see https://rustup.rs')
    python = install_tools()
    if Path(sys.prefix).resolve() != VENV.resolve():
        # From here on with the packages of build/venv.
        sys.exit(subprocess.run([str(python), *sys.argv]).returncode)

    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    say('building the sdist')
    sdist, sources = build_sdist()
    say(f'building the library for glibc {given.glibc} (some minutes, the first time)')
    library = build_library(given.glibc)
    check_library(library, given.glibc)
    say('building the wheel from the sdist')
    platform = f'manylinux_{given.glibc.replace(".", "_")}_x86_64'
    wheel = build_wheel(sources, library, platform)
    check_wheel(wheel, platform, library)
    shutil.rmtree(given.output, ignore_errors=True)
    given.output.mkdir(parents=True)
    for made in (sdist, wheel):
        say(f'{shutil.copy(made, given.output)}: {made.stat().st_size:,} bytes')


if __name__ == '__main__':
    main()
