#!/usr/bin/env python3
"""Builds the library for another platform, on Linux, into build/platforms/PLATFORM.

    tools/cross.py windows      x86_64 Windows: wazo_auth_client.dll, and what MinGW and MSVC link with it
    tools/cross.py aarch64      aarch64 Linux with glibc: libwazo_auth_client.so and .a
    tools/cross.py musl         x86_64 Linux with musl (Alpine): libwazo_auth_client.a, and a .so

    --release         as it is shipped (minutes); without it, the build of the tests
    --setup           only installs what is missing

What is missing is installed first: compilers and emulators by apt-get (as root), the Rust target by rustup. The folder has
include/, lib/ (Windows: bin/ too) and lib/static-libraries.txt, with what a program has to link beside the static
library. docs/platforms.md says how to use them, and what has been tested.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import artifacts  # noqa: E402
import link  # noqa: E402

SYMBOLS = ROOT / 'tests' / 'data' / 'abi-symbols.txt'


@dataclass(frozen=True)
class Platform:
    """How a platform is built for on this machine, and how its programs run here."""

    name: str
    about: str
    target: str
    #: The compilers, and the prefix of the binutils.
    cc: str
    cxx: str
    binutils: str
    shared: str
    #: What a program of the platform is started with here.
    emulator: tuple = ()
    #: Debian's packages by a command that each one brings.
    packages: dict = field(default_factory=dict)

    @property
    def folder(self):
        return ROOT / 'build' / 'platforms' / self.name

    @property
    def library(self):
        """What programs find when they run."""
        return self.folder / ('bin' if self.name == 'windows' else 'lib') / self.shared

    def missing(self):
        """The packages to install."""
        return sorted({package for command, package in self.packages.items() if not shutil.which(command)})


PLATFORMS = {
    platform.name: platform
    for platform in (
        Platform(
            'windows', 'x86_64 Windows', 'x86_64-pc-windows-gnu', 'x86_64-w64-mingw32-gcc-posix',
            'x86_64-w64-mingw32-g++-posix', 'x86_64-w64-mingw32-', 'wazo_auth_client.dll', ('wine',),
            {
                'x86_64-w64-mingw32-gcc-posix': 'gcc-mingw-w64-x86-64-posix',
                'x86_64-w64-mingw32-g++-posix': 'g++-mingw-w64-x86-64-posix',
                'wine': 'wine wine64',
            },
        ),
        Platform(
            'aarch64', 'aarch64 Linux', 'aarch64-unknown-linux-gnu', 'aarch64-linux-gnu-gcc', 'aarch64-linux-gnu-g++',
            'aarch64-linux-gnu-', 'libwazo_auth_client.so', ('qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'),
            {
                'aarch64-linux-gnu-gcc': 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross',
                'aarch64-linux-gnu-g++': 'g++-aarch64-linux-gnu',
                'qemu-aarch64-static': 'qemu-user-static',
            },
        ),
        # Its programs run on any Linux. There is no C++ compiler for musl in Debian.
        Platform(
            'musl', 'x86_64 Linux with musl', 'x86_64-unknown-linux-musl', 'musl-gcc', '', '', 'libwazo_auth_client.so', (),
            {'musl-gcc': 'musl-tools'},
        ),
    )
}


def say(text):
    print(f'cross: {text}', file=sys.stderr, flush=True)


def set_up(platform):
    """Installs what is missing. Gives what still is, with the way to install it; empty if nothing is."""
    missing = ' '.join(platform.missing())
    if missing:
        command = ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', *missing.split()]
        if os.geteuid() or not shutil.which('apt-get'):
            return f'missing: {missing}; as root: apt-get install {missing}'
        say(f'installing Debian packages: {missing}')
        environment = {**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'}
        for step in (['apt-get', 'update', '-qq'], command):
            subprocess.run(step, env=environment, stdout=sys.stderr, check=False)
        if still := ' '.join(platform.missing()):
            return f'{still} could not be installed: see what apt-get says above'
    sysroot = Path(said('rustc', '--print', 'sysroot').strip())
    if not (sysroot / 'lib' / 'rustlib' / platform.target / 'lib').is_dir():
        if not shutil.which('rustup'):
            return f'missing: the Rust standard library for {platform.target}; with rustup: rustup target add {platform.target}'
        say(f'installing the Rust target {platform.target}')
        if subprocess.run(['rustup', 'target', 'add', platform.target], stdout=sys.stderr).returncode:
            return f'rustup target add {platform.target} failed: see above'
    return ''


def said(*command):
    """What a command prints."""
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT).stdout


def build(platform, is_release=False):
    """Builds the library, and fills the platform's folder."""
    if problem := set_up(platform):
        sys.exit(f'cross: {problem}')
    environment = artifacts.without_build_paths() if is_release else dict(os.environ)
    if platform.name == 'aarch64':
        # Rust has no compiler in mind for this target, as it has for the others. (ring's C code finds its compiler itself.)
        environment.setdefault('CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER', platform.cc)
    files, notes = cargo(platform, environment, ['--release'] if is_release else [])
    folder = platform.folder
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / 'include', folder / 'include')
    (folder / 'include' / 'preamble.h').unlink(missing_ok=True)
    for name in ('lib', 'bin') if platform.name == 'windows' else ('lib',):
        (folder / name).mkdir()
    if platform.name == 'aarch64':
        # As on x86_64, with the tools of the cross compiler.
        os.environ.update({name.upper(): platform.binutils + name for name in ('ld', 'objcopy', 'nm', 'ar')})
        (archive,) = [path for path in files if path.suffix == '.a']
        link.link(archive, folder / 'lib', [platform.cc], is_release)
        files = []
    for path in files:
        shutil.copy2(path, folder / ('bin' if path.suffix == '.dll' else 'lib') / path.name)
    (folder / 'lib' / 'static-libraries.txt').write_text(notes + '\n')
    if platform.name == 'windows':
        for_msvc(folder / 'lib')
    elif platform.name == 'musl':
        # Rust's own unwinder for this target: that of Debian's compiler is made for glibc.
        unwinder = Path(said('rustc', '--print', 'sysroot').strip()) / 'lib' / 'rustlib' / platform.target
        shutil.copy2(unwinder / 'lib' / 'self-contained' / 'libunwind.a', folder / 'lib')
        shared_of_static(platform)
    return folder


def cargo(platform, environment, profile):
    """Has cargo build it: the files, and what the static library needs beside it."""
    command = [
        os.environ.get('CARGO', 'cargo'), 'rustc', '--locked', '--package', 'wazo-auth-client', '--lib', '--target',
        platform.target, *profile, '--message-format', 'json', '--', '--print', 'native-static-libs',
    ]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        sys.exit(f'cross: {" ".join(command)} failed')
    files, notes = [], ''
    for message in map(json.loads, done.stdout.splitlines()):
        if message.get('reason') == 'compiler-artifact' and message['target']['name'] == 'wazo_auth_client':
            if 'staticlib' in message['target']['crate_types']:
                files = [Path(name) for name in message['filenames']]
        elif message.get('reason') == 'compiler-message':
            text = message['message']['message']
            notes = text.partition('native-static-libs: ')[2] or notes
            print(message['message']['rendered'] or '', end='', file=sys.stderr, flush=True)
    return files, notes


def exported():
    """The functions of the header."""
    return [line for line in SYMBOLS.read_text().splitlines() if line and not line.startswith('#')]


def shared_of_static(platform):
    """The shared library for musl, which cargo does not make for this target: linked from the static one."""
    library = platform.folder / 'lib'
    command = [
        platform.cc, '-shared', '-nodefaultlibs', '-o', platform.library, f'-Wl,-soname,{link.soname()}', '-Wl,-z,nodelete',
        '-Wl,-z,defs', '-Wl,--gc-sections', f'-Wl,--version-script={link.VERSION_SCRIPT}',
        '-Wl,--whole-archive', library / 'libwazo_auth_client.a', '-Wl,--no-whole-archive', library / 'libunwind.a', '-lc',
    ]
    done = subprocess.run(command, stdout=sys.stderr)
    if done.returncode:
        sys.exit(f'cross: the shared library for musl could not be linked: {" ".join(map(str, command))}')
    (library / link.soname()).unlink(missing_ok=True)
    (library / link.soname()).symlink_to(platform.shared)


def for_msvc(folder):
    """The module-definition file from which MSVC's `lib` makes an import library; that library too, if LLVM is here."""
    definition = folder / 'wazo_auth_client.def'
    definition.write_text('LIBRARY wazo_auth_client.dll\nEXPORTS\n' + ''.join(f'    {name}\n' for name in exported()))
    if tool := shutil.which('llvm-dlltool'):
        library = folder / 'wazo_auth_client.lib'
        subprocess.run([tool, '-m', 'i386:x86-64', '-d', definition, '-l', library], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('platform', choices=PLATFORMS, metavar='PLATFORM', help=' or '.join(PLATFORMS))
    parser.add_argument('--release', action='store_true', help='build what is shipped')
    parser.add_argument('--setup', action='store_true', help='only install what is missing')
    options = parser.parse_args()
    platform = PLATFORMS[options.platform]
    if options.setup:
        sys.exit(set_up(platform) or None)
    print(build(platform, options.release))


if __name__ == '__main__':
    main()
