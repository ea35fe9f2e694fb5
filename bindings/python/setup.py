"""Builds the native library into the package, and names the wheel after it: any Python 3, one platform.

A wheel holds the library in wazo_auth_client/_native/, or is not made. The library comes from

1. the file that WAZO_AUTH_CLIENT_BUILD_LIBRARY names (tools/wheel.py does so), else
2. cargo, from the Rust sources: the checkout around this folder, or the folder rust/ of an sdist.

It is not the variable that names the library of a running program: who tests with a debug build must not ship it.
pyproject.toml says why this is our own code.
"""
import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist
from setuptools.dist import Distribution
from setuptools.errors import SetupError

HERE = Path(__file__).resolve().parent
VARIABLE = 'WAZO_AUTH_CLIENT_BUILD_LIBRARY'
# By these names wazo_auth_client/_native.py looks for it.
FILE_NAME = {'darwin': 'libwazo_auth_client.dylib', 'win32': 'wazo_auth_client.dll'}.get(
    sys.platform, 'libwazo_auth_client.so'
)
# All members of the workspace, though the library alone is built: without one of them, Cargo.lock would not be the file
# that the tests ran with, and --locked would refuse it.
RUST_SOURCES = [
    'Cargo.toml', 'Cargo.lock', 'src', 'library', 'simulator/Cargo.toml', 'simulator/src', 'xtask/Cargo.toml', 'xtask/src'
]


def rust_root():
    """The folder of the Rust workspace, or None. An sdist's own comes first: it may lie in a checkout of something."""
    for folder in (HERE / 'rust', HERE.parent.parent):
        if (folder / 'library' / 'Cargo.toml').is_file() and (folder / 'Cargo.lock').is_file():
            return folder
    return None


def native_library():
    """The path of the library that goes into the wheel."""
    named = os.environ.get(VARIABLE)
    if named:
        path = Path(named)
        if not path.is_file():
            raise SetupError(f'{VARIABLE} names {named}, which is not a file')
    else:
        path = built_by_cargo()
    check(path)
    return path


def built_by_cargo():
    """Builds the library as it is shipped; its path."""
    cargo, root = os.environ.get('CARGO', 'cargo'), rust_root()
    if root is None or shutil.which(cargo) is None:
        missing = 'cargo is not on PATH' if root else 'the Rust sources are not beside this package'
        raise SetupError(
            f'wazo-auth-client needs its native library, and {missing}: install a wheel of this platform, '
            f'or install Rust (https://rustup.rs), or name a built library in {VARIABLE}.'
        )
    # The package of the library alone: with others, Cargo would build it with what they want of its dependencies.
    command = [cargo, 'build', '--release', '--locked', '--package', 'wazo-auth-client', '--lib']
    print('building the native library (some minutes):', *command, flush=True)
    done = subprocess.run(
        [*command, '--message-format', 'json-render-diagnostics'], cwd=root, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise SetupError(f'cargo could not build the native library (exit status {done.returncode}): it says why above')
    # Cargo is asked where the file is: CARGO_TARGET_DIR and its settings may put it anywhere.
    for message in map(json.loads, done.stdout.splitlines()):
        if message.get('reason') == 'compiler-artifact' and message['target']['name'] == 'wazo_auth_client':
            for name in message['filenames']:
                if Path(name).name == FILE_NAME:
                    return Path(name)
    raise SetupError(f'cargo made no {FILE_NAME}')


def check(path):
    """Refuses a library that this platform, which the wheel is named after, cannot load, or of another version."""
    text = (HERE / 'wazo_auth_client' / '_version.py').read_text(encoding='utf-8')
    version = re.search(r"^__version__ = '(.*)'$", text, re.MULTILINE).group(1)
    try:
        ask = ctypes.CDLL(str(path.resolve())).wazo_auth_version
    except (OSError, AttributeError) as error:
        raise SetupError(f'{path} is not a library of wazo-auth-client for this platform: {error}') from None
    ask.restype = ctypes.c_char_p
    found = ask().decode()
    if found != version:
        raise SetupError(f'{path} is version {found} of the library, the package is version {version}')


class NativeDistribution(Distribution):
    def has_ext_modules(self):
        """The wheel belongs to one platform, and is installed among what does."""
        return True


class BuildWithLibrary(build_py):
    def run(self):
        super().run()
        library = native_library()
        # An editable installation is used from the source folder.
        package = HERE / 'wazo_auth_client' if self.editable_mode else Path(self.build_lib, 'wazo_auth_client')
        # Anything older there (of another build, of another name) must not be packed too.
        shutil.rmtree(package / '_native', ignore_errors=True)
        (package / '_native').mkdir(parents=True)
        shutil.copyfile(library, package / '_native' / FILE_NAME)


class SourcesWithRust(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        root = rust_root()
        if root is None:
            raise SetupError('the Rust sources, which an sdist has to hold, are not beside this package')
        for name in RUST_SOURCES:
            source, target = root / name, Path(base_dir, 'rust', name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns('target', '.*', '__pycache__'))
            else:
                shutil.copyfile(source, target)


class NativeWheel(bdist_wheel):
    def get_tag(self):
        """ctypes needs nothing of one Python's ABI."""
        return ('py3', 'none', super().get_tag()[2])


setup(
    distclass=NativeDistribution,
    cmdclass={'bdist_wheel': NativeWheel, 'build_py': BuildWithLibrary, 'sdist': SourcesWithRust},
)
