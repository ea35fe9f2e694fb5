#!/usr/bin/env python3
"""Builds what the tests and the demo run, and prints its path.

    tools/artifacts.py library      the shared library
    tools/artifacts.py simulator    the program wazo-auth-simulator

Cargo itself is asked where it put them, so that CARGO_TARGET_DIR and every other setting of cargo are honoured. Each is
built on its own: built together with the simulator, the library would get features of its dependencies that it is not
shipped with. RELEASE=1 builds what is shipped, which takes minutes.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {'library': 'wazo-auth-client', 'simulator': 'wazo-auth-simulator'}


def build(what):
    """The path of the library or the program, built. Cargo's progress goes to standard error."""
    command = [os.environ.get('CARGO', 'cargo'), 'build', '--locked', '--package', PACKAGES[what]]
    command += ['--lib'] if what == 'library' else ['--bins']
    command += ['--release'] if os.environ.get('RELEASE') == '1' else []
    try:
        done = subprocess.run(
            command + ['--message-format', 'json-render-diagnostics'], cwd=ROOT, stdout=subprocess.PIPE, text=True
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
            for path in map(Path, message['filenames']):
                if path.suffix in ('.so', '.dylib', '.dll'):
                    return path
    sys.exit(f'{" ".join(command)} made no {what}')


if __name__ == '__main__':
    if len(sys.argv) != 2 or sys.argv[1] not in PACKAGES:
        sys.exit(__doc__)
    print(build(sys.argv[1]))
