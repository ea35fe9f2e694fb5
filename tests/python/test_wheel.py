"""How a wheel is made: what is in it, how it is named, and that there is none without a library.

setuptools is run as pip runs it, on copies of the package's folder, and cargo builds nothing: tests/install does that.
"""
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

from support import PACKAGE, ROOT

VARIABLE = 'WAZO_AUTH_CLIENT_BUILD_LIBRARY'
VENV = ROOT / 'build' / 'venv' / 'bin' / 'python'
BUILD = 'import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))'


def python_with_setuptools():
    """An interpreter that has the setuptools of pyproject.toml."""
    code = 'import setuptools, sys; sys.exit(int(setuptools.__version__.split(".")[0]) < 77)'
    for python in (sys.executable, str(VENV)):
        if shutil.which(python) and not subprocess.run([python, '-c', code], stderr=subprocess.DEVNULL).returncode:
            return python
    raise AssertionError('no setuptools from 77 on is here: make setup installs it into build/venv')


class Wheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.python = python_with_setuptools()
        cls.library = os.environ['WAZO_AUTH_CLIENT_LIBRARY']

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        # Where it is in a checkout, which has no Rust sources yet.
        self.package = self.folder / 'bindings' / 'python'
        shutil.copytree(PACKAGE, self.package, ignore=shutil.ignore_patterns('build', '*.egg-info', '_native', '__pycache__'))
        self.out = self.folder / 'out'
        self.out.mkdir()
        self.empty = self.folder / 'empty'
        self.empty.mkdir()

    def with_rust(self):
        """Puts the Rust workspace of this checkout around the package."""
        for name in ('Cargo.toml', 'Cargo.lock', 'src', 'library', 'simulator', 'xtask'):
            (self.folder / name).symlink_to(ROOT / name)

    def host(self):
        """What Rust calls this platform."""
        said = subprocess.run(['rustc', '-vV'], capture_output=True, text=True, check=True).stdout
        return re.search('^host: (.*)$', said, re.MULTILINE).group(1)

    def build(self, what='build_wheel', **environment):
        """Builds a wheel or an sdist without a compiler or cargo on PATH."""
        cleared = {name: value for name, value in os.environ.items() if name not in (VARIABLE, 'CARGO', 'PYTHONPATH')}
        return subprocess.run(
            [self.python, '-c', BUILD, what, str(self.out)],
            cwd=self.package, env={**cleared, 'PATH': str(self.empty), **environment},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
        )

    def built(self, what='build_wheel', **environment):
        """The path of what was built."""
        done = self.build(what, **environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return self.out / done.stdout.split()[-1]

    def refused(self, *words, **environment):
        """Building ends in one line with these words, shows no traceback and makes no wheel."""
        done = self.build(**environment)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertNotIn('Traceback', done.stderr)
        sentence = done.stderr.strip().splitlines()[-1]
        self.assertTrue(sentence.startswith('error: '), done.stderr)
        for word in words:
            self.assertIn(word, sentence)
        self.assertEqual(list(self.out.iterdir()), [])

    def test_a_wheel_is_for_any_python_3_and_for_the_platform_of_its_library(self):
        wheel = self.built(**{VARIABLE: self.library})
        platform = re.sub(r'\W', '_', sysconfig.get_platform())
        self.assertTrue(wheel.name.endswith(f'-py3-none-{platform}.whl'), wheel.name)
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            (described,) = [name for name in names if name.endswith('.dist-info/WHEEL')]
            self.assertIn('Root-Is-Purelib: false', archive.read(described).decode())
            native = [name for name in names if '/_native/' in name]
            self.assertEqual(native, [f'wazo_auth_client/_native/{Path(self.library).name}'])
            self.assertEqual(archive.read(native[0]), Path(self.library).read_bytes())

    def test_a_wheel_has_the_version_the_licences_and_the_types_and_needs_no_other_package(self):
        wheel = self.built(**{VARIABLE: self.library})
        version = re.search(r'\[workspace\.package\]\nversion = "(.*)"', (ROOT / 'Cargo.toml').read_text()).group(1)
        about = f'wazo_auth_client-{version}.dist-info'
        with zipfile.ZipFile(wheel) as archive:
            metadata = archive.read(f'{about}/METADATA').decode()
            self.assertIn(f'\nVersion: {version}\n', metadata)
            self.assertIn('\nLicense-Expression: MIT OR Apache-2.0\n', metadata)
            self.assertIn('\nRequires-Python: >=3.9\n', metadata)
            self.assertNotIn('Requires-Dist', metadata)
            for name in ('LICENSE-MIT', 'LICENSE-APACHE'):
                self.assertEqual(archive.read(f'{about}/licenses/{name}'), (ROOT / name).read_bytes())
            sources = {path.name for path in (PACKAGE / 'wazo_auth_client').iterdir() if path.is_file()}
            packed = {name.partition('/')[2] for name in archive.namelist() if name.startswith('wazo_auth_client/')}
            self.assertEqual({name for name in packed if '/' not in name}, sources)

    def test_there_is_no_wheel_without_a_library_and_the_reason_is_one_sentence(self):
        self.refused('needs its native library', 'Rust sources are not beside', VARIABLE)
        self.with_rust()
        self.refused('needs its native library', 'cargo is not on PATH', 'https://rustup.rs', VARIABLE)
        self.refused(f'{VARIABLE} names /nowhere', **{VARIABLE: '/nowhere'})
        self.refused('cargo could not build the native library (exit status 1)', CARGO=shutil.which('false'))
        # It says nothing, and has made nothing.
        self.refused('cargo made no', CARGO=shutil.which('true'))

    def test_a_library_left_by_an_earlier_build_is_not_taken(self):
        for place in ('wazo_auth_client/_native', 'build/lib/wazo_auth_client/_native'):
            (self.package / place).mkdir(parents=True)
            (self.package / place / 'libold.so').write_bytes(b'old')
            shutil.copy(self.library, self.package / place)
        self.refused('needs its native library')
        with zipfile.ZipFile(self.built(**{VARIABLE: self.library})) as archive:
            self.assertFalse([name for name in archive.namelist() if 'libold' in name])

    def test_a_file_that_is_no_library_of_this_version_and_platform_is_refused(self):
        other = self.folder / 'other.so'
        other.write_bytes(b'\x7fELF of another machine')
        self.refused('not a library of wazo-auth-client for this platform', **{VARIABLE: str(other)})
        version = self.package / 'wazo_auth_client' / '_version.py'
        version.write_text("__version__ = '99.0.1'\n")
        self.refused('of the library, the package is version 99.0.1', **{VARIABLE: self.library})

    def test_the_variable_of_a_running_program_puts_no_library_into_a_wheel(self):
        self.refused('needs its native library', WAZO_AUTH_CLIENT_LIBRARY=self.library)

    def test_an_sdist_holds_the_workspace_that_its_lock_file_is_for(self):
        self.with_rust()
        sdist = self.built('build_sdist')
        with tarfile.open(sdist) as archive:
            names = {name.partition('/')[2] for name in archive.getnames()}
            top = archive.getnames()[0].partition('/')[0]
            lock = archive.extractfile(f'{top}/rust/Cargo.lock').read()
        self.assertEqual(lock, (ROOT / 'Cargo.lock').read_bytes())
        self.assertTrue({'setup.py', 'pyproject.toml', 'LICENSE-MIT', 'LICENSE-APACHE', 'README.md'} <= names)
        for folder in ('src', 'library', 'simulator/src', 'xtask/src'):
            wanted = {f'rust/{path.relative_to(ROOT)}' for path in (ROOT / folder).rglob('*.rs')}
            self.assertTrue(wanted and wanted <= names, folder)
        self.assertFalse([name for name in names if 'target/' in name or '_native/' in name])
        members = re.search(r'members = \[(.*)\]', (ROOT / 'Cargo.toml').read_text()).group(1)
        for member in re.findall(r'"(.*?)"', members):
            self.assertIn(f'rust/{member}/Cargo.toml', names)
        # Cargo reads it: no target of Cargo.toml needs a file that is left out, and the lock file is of these members.
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(sdist) as archive:
                archive.extractall(folder)
            read = subprocess.run(
                [os.environ.get('CARGO', 'cargo'), 'fetch', '--locked', '--target', self.host()],
                cwd=Path(folder, top, 'rust'), capture_output=True, text=True, check=False,
            )
        self.assertEqual(read.returncode, 0, read.stderr)


if __name__ == '__main__':
    unittest.main()
