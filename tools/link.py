#!/usr/bin/env python3
"""Links the libraries as they are installed on Linux, from the static library that cargo has built.

    tools/link.py STATIC_LIBRARY FOLDER [--linker 'gcc'] [--strip]

Into FOLDER:

    libwazo_auth_client.a             one object, in which no name is global but the functions of the header
    libwazo_auth_client.so.0.1.0      the shared library, made of it; its SONAME is libwazo_auth_client.so.0
    libwazo_auth_client.so.0          what programs look for when they start
    libwazo_auth_client.so            what `-lwazo_auth_client` looks for

Why cargo's own are not installed: its static library has names of Rust's runtime, such as rust_eh_personality, which a
program that links another Rust library would have twice. Its shared library has no versions: rustc gives the linker a
version script without a name, and GNU ld takes no second one beside it.

$LINKER names the command that links the shared library (default: $CC, or cc). $LD, $OBJCOPY, $NM and $AR name other tools than GNU's `ld`, `objcopy`, `nm` and `ar`: those of a cross compiler.

`tests/support/artifacts.py library` calls this on Linux, so that the tests use what is installed. docs/abi.md tells what the
versions mean.
"""
import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSION_SCRIPT = ROOT / 'library' / 'wazo_auth_client.map'
NAME = 'libwazo_auth_client.so'

# What a program is linked with besides the static library, on Linux: what Rust's standard library names. rustc's own
# list (`--print native-static-libs`) has more or less of it with what else is built: the crate `libc` names these too,
# unless another package of the same build wants its feature `std`. The C compiler adds -lc and the unwinder of libgcc
# by itself; to name them would break `-static`.
STATIC_LIBRARIES = ['-lutil', '-lrt', '-lpthread', '-lm', '-ldl']


def version():
    """The version of the library, such as 0.1.0: that of the workspace."""
    return manifest_value('version')


def manifest_value(key):
    """What Cargo.toml says of all packages of the workspace."""
    text = (ROOT / 'Cargo.toml').read_text(encoding='utf-8')
    return re.search(rf'^\[workspace\.package\]\n(?:[^\[].*\n)*?{key} = "(.+?)"$', text, re.M).group(1)


def soname():
    """The name that programs look for when they start: it changes with the first number of the version (docs/abi.md)."""
    return f'{NAME}.{version().split(".")[0]}'


def file_name():
    """The name of the library's file."""
    return f'{NAME}.{version().split("-")[0]}'


def exported():
    """The functions of the version script."""
    return re.findall(r'^    (wazo_auth_\w+);$', VERSION_SCRIPT.read_text(encoding='utf-8'), re.M)


# Bitcode that Rust's standard library carries; tools that have a plugin of LLVM's would read it in place of the machine code.
DISCARD = 'SECTIONS { /DISCARD/ : { *(.llvmbc) *(.llvmcmd) } } INSERT AFTER .text;\n'


def run(command, output):
    """Runs a command that makes a file; what it said. Ends this where it fails."""
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f'{done.stdout}link.py: {command[0]} could not make {output.name}')
    return done.stdout


def link_static(static_library, output, strip):
    """The static library that is installed."""
    tool = {name: shlex.split(os.environ.get(name.upper(), name)) for name in ('ld', 'objcopy', 'nm', 'ar')}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        script, names, defined = (folder / name for name in ('discard.ld', 'names', 'defined'))
        whole, one = folder / 'whole.o', folder / 'wazo_auth_client.o'
        script.write_text(DISCARD)
        names.write_text('\n'.join(exported()) + '\n')
        roots = [word for name in exported() for word in ('-u', name)]
        # Groups are for objects that share code by its name, which is a local one from now on.
        run([*tool['ld'], '-r', '--force-group-allocation', '--gc-sections', *roots, '-T', script, '-o', whole, static_library], output)
        run([*tool['objcopy'], f'--keep-global-symbols={names}', whole, one], output)
        # ld leaves names of what it has dropped, undefined and no longer weak: they would ask for functions of a newer
        # glibc. Debuggers and valgrind want the names of functions.
        defined.write_text(run([*tool['nm'], '--defined-only', '--format=just-symbols', one], output))
        kept = [] if strip else [f'--keep-symbols={defined}']
        run([*tool['objcopy'], '--strip-unneeded', *kept, one], output)
        half = folder / 'half.a'
        # D: no time and no user in it.
        run([*tool['ar'], 'rcsD', half, one], output)
        shutil.copyfile(half, output)


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
        static_library, '-Wl,--as-needed', '-lgcc_s', *STATIC_LIBRARIES, '-lc',
    ]


def link(static_library, folder, linker=None, strip=False):
    """Links what is missing or older than what it is made of; the path of the shared library that ends with `.so`."""
    folder.mkdir(parents=True, exist_ok=True)
    archive, shared = folder / static_library.name, folder / file_name()
    made_of = [static_library, VERSION_SCRIPT, Path(__file__), ROOT / 'Cargo.toml']
    newest = max(path.stat().st_mtime for path in made_of)
    if not all(path.exists() and path.stat().st_mtime > newest for path in (archive, shared)):
        # Two that link at once must not see half a file of each other's.
        half = [path.with_name(f'.{os.getpid()}-{path.name}') for path in (archive, shared)]
        link_static(static_library, half[0], strip)
        run(command(linker or shlex.split(os.environ.get('LINKER') or os.environ.get('CC', 'cc')), half[0], half[1], strip), shared)
        os.replace(half[0], archive)
        os.replace(half[1], shared)
    for name, target in ((soname(), shared.name), (NAME, soname())):
        link_path = folder / name
        if not link_path.is_symlink() or os.readlink(link_path) != target:
            new = folder / f'.{os.getpid()}-{name}'
            new.symlink_to(target)
            os.replace(new, link_path)
    return folder / NAME


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('static_library', type=Path)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--linker', type=shlex.split, help='the command that links; $LINKER, $CC, or cc')
    parser.add_argument('--strip', action='store_true', help='without symbols that only a debugger wants')
    chosen = parser.parse_args()
    print(link(chosen.static_library, chosen.folder, chosen.linker, chosen.strip))


if __name__ == '__main__':
    main()
