#!/usr/bin/env python3
"""Where the library and the simulator are: the one way in which tests, demo and Makefile find them.

    tests/support/artifacts.py library      the shared library
    tests/support/artifacts.py simulator    the program wazo-auth-simulator
    tests/support/artifacts.py --build library

WAZO_AUTH_CLIENT_LIBRARY and WAZO_AUTH_SIMULATOR name others than those that cargo builds. Cargo itself is asked where it
put them, so that CARGO_TARGET_DIR and every other setting of cargo are honoured. Each is built on its own: built
together with the simulator, the library would get features of its dependencies that it is not shipped with. On Linux, the
shared library is linked as it is installed (tools/link.py), into the folder `installed` beside what cargo built; cargo's own
shared library is what the Python package carries. RELEASE=1 builds what is shipped, which takes minutes; --build builds
whatever the variables say.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import link  # noqa: E402

PACKAGES = {'library': 'wazo-auth-client', 'simulator': 'wazo-auth-simulator'}
VARIABLES = {'library': 'WAZO_AUTH_CLIENT_LIBRARY', 'simulator': 'WAZO_AUTH_SIMULATOR'}


def library():
    """The path of the shared library."""
    return find('library')


def simulator():
    """The path of the program wazo-auth-simulator."""
    return find('simulator')


def find(what):
    """The path that the environment names; else that of what cargo builds, which the environment names from then on."""
    if not os.environ.get(VARIABLES[what]):
        os.environ[VARIABLES[what]] = str(build(what))
    return Path(os.environ[VARIABLES[what]]).resolve()


def without_build_paths():
    """The environment in which cargo writes no folder of this machine into what it builds.

    Panics name the source file that they come from, so that the folder of the builder's home would be in the library some
    hundred times. What is shipped says nothing of who built it, and is the same wherever it was built.
    """
    home = Path(os.environ.get('CARGO_HOME', Path.home() / '.cargo')).resolve()
    sysroot = subprocess.run(
        [os.environ.get('RUSTC', 'rustc'), '--print', 'sysroot'], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    # The last one that fits counts.
    renamed = [(home, 'cargo'), *((index, 'crates') for index in sorted(home.glob('registry/src/*')))]
    renamed += [(Path(sysroot) / 'lib' / 'rustlib' / 'src' / 'rust', 'rust'), (ROOT, 'wazo-auth-client')]
    flags = [flag for flag in os.environ.get('CARGO_ENCODED_RUSTFLAGS', '').split('\x1f') if flag]
    flags = flags or os.environ.get('RUSTFLAGS', '').split()
    flags += [f'--remap-path-prefix={folder}={name}' for folder, name in renamed]
    return {**os.environ, 'CARGO_ENCODED_RUSTFLAGS': '\x1f'.join(flags)}


def build(what):
    """The path of the library or the program, built. Cargo's progress goes to standard error."""
    command = [os.environ.get('CARGO', 'cargo'), 'build', '--locked', '--package', PACKAGES[what]]
    command += ['--lib'] if what == 'library' else ['--bins']
    is_release = os.environ.get('RELEASE') == '1'
    command += ['--release'] if is_release else []
    try:
        done = subprocess.run(
            command + ['--message-format', 'json-render-diagnostics'], cwd=ROOT, stdout=subprocess.PIPE, text=True,
            env=without_build_paths() if is_release else None,
        )
    except FileNotFoundError:
        sys.exit('cargo is not here: install a Rust toolchain, see https://rustup.rs')
    if done.returncode:
        sys.exit(f'{" ".join(command)} failed')
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get('reason') != 'compiler-artifact':
            continue
        if what == 'simulator' and message.get('executable') and message['target']['name'] == PACKAGES[what]:
            return Path(message['executable'])
        if what == 'library' and message['target']['name'] == 'wazo_auth_client':
            files = {path.suffix: path for path in map(Path, message['filenames'])}
            # The Rust crate has a library of this name as well.
            if '.rlib' in files:
                continue
            if sys.platform == 'linux':
                return link.link(files['.a'], files['.a'].parent / 'installed', strip=is_release)
            return next(files[suffix] for suffix in ('.dylib', '.dll') if suffix in files)
    sys.exit(f'{" ".join(command)} made no {what}')


def main(arguments):
    wanted = [argument for argument in arguments if argument != '--build']
    if len(wanted) != 1 or wanted[0] not in PACKAGES:
        sys.exit(__doc__)
    print(build(wanted[0]) if '--build' in arguments else find(wanted[0]))


if __name__ == '__main__':
    main(sys.argv[1:])
