#!/usr/bin/env python3
"""Links the shared library as it is installed, from the static one: with a versioned SONAME and versioned symbols.

    tools/link.py STATIC_LIBRARY FOLDER [--linker 'gcc'] [--strip]

Cargo's own shared library has neither: rustc gives the linker a version script without a name, and GNU ld takes no second
one beside it. So the static library is linked once more, with library/wazo_auth_client.map, into FOLDER:

    libwazo_auth_client.so.0.1.0      the library; its SONAME is libwazo_auth_client.so.0
    libwazo_auth_client.so.0          what programs look for when they start
    libwazo_auth_client.so            what `-lwazo_auth_client` looks for

`tests/support/artifacts.py library` calls this on Linux, so that the tests use what is installed. docs/abi.md tells what the
versions mean.
"""
import argparse
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSION_SCRIPT = ROOT / 'library' / 'wazo_auth_client.map'
NAME = 'libwazo_auth_client.so'


def version():
    """The version of the library, such as 0.1.0: that of the workspace."""
    text = (ROOT / 'Cargo.toml').read_text(encoding='utf-8')
    return re.search(r'\[workspace\.package\]\nversion = "(.+?)"', text).group(1)


def soname():
    """The name that programs look for when they start: it changes with the first number of the version (docs/abi.md)."""
    return f'{NAME}.{version().split(".")[0]}'


def file_name():
    """The name of the library's file."""
    return f'{NAME}.{version().split("-")[0]}'


def exported():
    """The functions of the version script."""
    return re.findall(r'^    (wazo_auth_\w+);$', VERSION_SCRIPT.read_text(encoding='utf-8'), re.M)


def command(linker, static_library, output, strip):
    """How the linker is called."""
    return [
        *linker, '-shared', '-o', output,
        f'-Wl,-soname,{soname()}',
        f'-Wl,--version-script={VERSION_SCRIPT}',
        # What is exported is what is taken out of the archive, with what it needs.
        *(f'-Wl,-u,{name}' for name in exported()),
        '-Wl,--gc-sections',
        # As library/build.rs says of cargo's own: dlclose() leaves the code where it is.
        '-Wl,-z,nodelete', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,noexecstack', '-Wl,-z,defs', '-Wl,-O1',
        *(['-Wl,--strip-all'] if strip else []),
        # Named by its content, so that two builds of the same sources are the same bytes, and debuggers find its symbols.
        '-Wl,--build-id=sha1', '-Wl,--hash-style=gnu',
        static_library, '-Wl,--as-needed', '-lgcc_s', '-lpthread', '-lm', '-ldl', '-lc',
    ]


def link(static_library, folder, linker=None, strip=False):
    """Links, where the library is missing or older than what it is made of; the path that ends with `.so`."""
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / file_name()
    made_of = [static_library, VERSION_SCRIPT, Path(__file__), ROOT / 'Cargo.toml']
    if not output.exists() or output.stat().st_mtime <= max(path.stat().st_mtime for path in made_of):
        # Two that link at once must not see half a file of each other's.
        half = folder / f'.{output.name}.{os.getpid()}'
        words = command(linker or shlex.split(os.environ.get('CC', 'cc')), static_library, half, strip)
        done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            half.unlink(missing_ok=True)
            sys.exit(f'{done.stdout}link.py: {words[0]} could not link {output.name}')
        os.replace(half, output)
    for name, target in ((soname(), output.name), (NAME, soname())):
        link_path = folder / name
        if not link_path.is_symlink() or os.readlink(link_path) != target:
            new = folder / f'.{name}.{os.getpid()}'
            new.symlink_to(target)
            os.replace(new, link_path)
    return folder / NAME


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('static_library', type=Path)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--linker', type=shlex.split, help='the command that links; $CC, or cc')
    parser.add_argument('--strip', action='store_true', help='without symbols that only a debugger wants')
    chosen = parser.parse_args()
    print(link(chosen.static_library, chosen.folder, chosen.linker, chosen.strip))


if __name__ == '__main__':
    main()
