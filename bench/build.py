"""Builds what the benchmarks run: the library, the C clients, the Rust clients; and finds the Python ones."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / 'bench'
BUILD = ROOT / 'build' / 'bench'
C_PROGRAMS = {'wazo': ['-lwazo_auth_client'], 'curl_easy': ['-lcurl'], 'curl_multi': ['-lcurl'], 'load': ['-ldl']}
C_FLAGS = ['-std=gnu11', '-O2', '-g', '-Wall', '-Wextra', '-Wshadow', '-Wno-unused-function', f'-I{ROOT}/include', f'-I{HERE}/c']


FOREIGN = re.compile('_proxy$|^(REQUESTS|CURL)_CA_BUNDLE$|^SSL_CERT_|^WAZO_AUTH_', re.IGNORECASE)


def cargo(*words, folder, wanted):
    """Runs cargo build; the path of the artifact of this name. Cargo itself is asked where it is."""
    command = [os.environ.get('CARGO', 'cargo'), 'build', '--locked', *words]
    done = subprocess.run(
        [*command, '--message-format', 'json-render-diagnostics'], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        sys.exit(f'{" ".join(command)} failed')
    for message in map(json.loads, done.stdout.splitlines()):
        if message.get('reason') == 'compiler-artifact' and message['target']['name'] == wanted:
            paths = [message['executable']] if message.get('executable') else message['filenames']
            # The Rust crate that the library is made of has its name.
            for path in map(Path, paths):
                if path.suffix in ('', '.so'):
                    return path
    sys.exit(f'{" ".join(command)} made no {wanted}')


def library(profile):
    return cargo('--package', 'wazo-auth-client', '--lib', '--profile', profile, folder=ROOT, wanted='wazo_auth_client')


def compile_c(name, library_path, folder=BUILD):
    """Compiles bench/c/NAME.c; None where the compiler cannot, which it then has said."""
    program = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    command = [os.environ.get('CC', 'cc'), *C_FLAGS, str(HERE / 'c' / f'{name}.c'), '-o', str(program)]
    command += [f'-L{library_path.parent}', *C_PROGRAMS[name], '-lpthread']
    return program if subprocess.run(command).returncode == 0 else None


def allocation_counter(folder=BUILD):
    program = folder / 'allocations.so'
    folder.mkdir(parents=True, exist_ok=True)
    command = [os.environ.get('CC', 'cc'), '-std=gnu11', '-O2', '-fPIC', '-shared', str(HERE / 'c' / 'allocations.c')]
    subprocess.run([*command, '-o', str(program)], check=True)
    return program


class Programs:
    """Paths of everything that is run; None for what could not be built."""

    def __init__(self, profile='release'):
        print(f'bench: building the library and the clients (profile {profile})', flush=True)
        self.library = library(profile)
        self.profile = profile
        # In a folder of its own: the criterion benchmarks build the library too, with other features, and a shared
        # library has one name in all builds.
        target = Path(os.environ.get('CARGO_TARGET_DIR', ROOT / 'target')).resolve() / 'bench'
        words = ('--profile', profile, '--target-dir', str(target))
        self.rust = cargo(*words, folder=HERE / 'rust', wanted='wazo-auth-bench')
        for name in C_PROGRAMS:
            setattr(self, name, compile_c(name, self.library))
        self.allocations = allocation_counter()
        python = ROOT / 'build' / 'bench-venv' / 'bin' / 'python'
        self.python = python if python.exists() else Path(sys.executable)
        # Nothing of the caller's proxies and certificates: requests and httpx would take them before the programs' own.
        own = {name: value for name, value in os.environ.items() if not FOREIGN.search(name)}
        self.environment = {
            **own,
            'LD_LIBRARY_PATH': str(self.library.parent),
            'WAZO_AUTH_CLIENT_LIBRARY': str(self.library),
            'PYTHONPATH': str(ROOT / 'bindings' / 'python'),
            'PYTHONDONTWRITEBYTECODE': '1',
        }

    def stripped_size(self):
        """Bytes of the shared library without symbols, as distributions ship it."""
        copy = BUILD / 'stripped.so'
        shutil.copyfile(self.library, copy)
        subprocess.run(['strip', '--strip-unneeded', str(copy)], check=False)
        return copy.stat().st_size

    def libcurl(self):
        """The path of the libcurl that the C clients are linked with."""
        done = subprocess.run(['ldd', str(self.curl_easy)], capture_output=True, text=True)
        return next((line.split()[2] for line in done.stdout.splitlines() if 'libcurl' in line), None)
