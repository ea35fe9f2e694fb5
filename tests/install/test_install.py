"""The wheel and the sdist of build/dist, installed and used as by someone who has neither this checkout nor a compiler.

`make test-install` builds them before. An sdist needs setuptools, and one environment requests: pip gets both from PyPI.
"""
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / 'tests' / 'support'), str(ROOT / 'tests' / 'c')]
from wazo_auth import Simulator  # noqa: E402

DIST = ROOT / 'build' / 'dist'
VENV = ROOT / 'build' / 'venv' / 'bin'
REQUESTS = 'requests==2.32.5'
VERSION = re.search(r'\[workspace\.package\]\nversion = "(.*)"', (ROOT / 'Cargo.toml').read_text()).group(1)
LIBRARY = 'wazo_auth_client/_native/libwazo_auth_client.so'


def pythons():
    """Every Python from 3.9 on, of pyenv and on PATH, as {(3, 9): its path}."""
    found = {}
    roots = Path(os.environ.get('PYENV_ROOT', Path.home() / '.pyenv'), 'versions')
    for path in [*map(str, sorted(roots.glob('3.*/bin/python3'))), *(f'python3.{n}' for n in range(9, 30)), sys.executable]:
        code = 'import sys, venv, ensurepip; print(*sys.version_info[:2], sys.executable)'
        try:
            done = subprocess.run([path, '-c', code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        except OSError:
            continue
        if done.returncode == 0:
            major, minor, executable = done.stdout.split()
            if (int(major), int(minor)) >= (3, 9):
                found.setdefault((int(major), int(minor)), executable)
    return found


PYTHONS = pythons()


def one(pattern):
    """The one file of build/dist with such a name."""
    found = list(DIST.glob(pattern))
    assert len(found) == 1, f'{DIST} has not one {pattern} but {found}: make wheel'
    return found[0]


def run(*command, path, status=0, **environment):
    """What a command says that sees only this PATH, and no variable that would change what is installed or loaded."""
    kept = {key: os.environ[key] for key in ('HOME', 'LANG', 'SSL_CERT_FILE', 'PIP_CERT', 'PIP_INDEX_URL') if key in os.environ}
    done = subprocess.run(
        [str(part) for part in command], env={**kept, 'PATH': str(path), **environment}, cwd='/',
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=3600,
    )
    if (done.returncode == 0) != (status == 0):
        raise AssertionError(f'{" ".join(map(str, command))} ended with {done.returncode}:\n{done.stdout}')
    return done.stdout


class Installation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator(both=True).start()
        cls.addClassCleanup(cls.simulator.stop)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()

    def environment(self, python):
        """An empty virtual environment of that Python: its Python, its folder of programs, which is all of PATH."""
        run(python, '-m', 'venv', self.folder / 'venv', path='/nowhere')
        programs = self.folder / 'venv' / 'bin'
        for name in ('cc', 'gcc', 'clang', 'cargo', 'rustc', 'ld'):
            self.assertIsNone(shutil.which(name, path=str(programs)), name)
        return programs / 'python', programs

    def pip(self, python, path, *arguments, **keywords):
        """Runs pip in an environment."""
        return run(python, '-m', 'pip', '--disable-pip-version-check', 'install', *arguments, path=path, **keywords)

    def check(self, python, path):
        """The installed package works over HTTP and HTTPS, with its own library."""
        urls = self.simulator.urls
        said = run(
            python, HERE / 'program.py', VERSION, self.folder, urls['http'], urls['https'], self.simulator.ca_file, path=path
        )
        self.assertEqual(said, 'well\n')

    def wheel_works(self, version):
        """The wheel is installed without a network, a compiler and other packages, and works."""
        python, path = self.environment(PYTHONS[version])
        self.pip(python, path, '--no-index', one('wazo_auth_client-*.whl'))
        listed = run(python, '-m', 'pip', '--disable-pip-version-check', 'freeze', path=path)
        self.assertEqual([line.partition(' @ ')[0] for line in listed.split('\n')[:-1]], ['wazo-auth-client'])
        self.check(python, path)
        return python, path

    def test_the_package_works_where_requests_is_installed_as_well(self):
        version = (3, 11) if (3, 11) in PYTHONS else max(PYTHONS)
        python, path = self.wheel_works(version)
        self.pip(python, path, '--quiet', REQUESTS)
        self.check(python, path)

    def test_pip_without_cargo_and_without_a_library_fails_in_a_sentence_and_installs_nothing(self):
        python, path = self.environment(PYTHONS[max(PYTHONS)])
        for what in (ROOT / 'bindings' / 'python', one('wazo_auth_client-*.tar.gz')):
            said = self.pip(python, path, what, status=1)
            sentence = [line for line in said.splitlines() if 'error: wazo-auth-client needs its native library' in line]
            self.assertEqual(len(sentence), 1, said)
            self.assertIn('cargo is not on PATH', sentence[0])
            self.assertNotIn('Traceback', said)
            self.assertNotIn('wazo', run(python, '-m', 'pip', 'freeze', path=path))

    def test_pip_takes_a_ready_library_from_a_checkout_without_cargo(self):
        python, path = self.environment(PYTHONS[max(PYTHONS)])
        with zipfile.ZipFile(one('wazo_auth_client-*.whl')) as archive:
            library = archive.extract(LIBRARY, self.folder / 'ready')
        self.pip(python, path, ROOT / 'bindings' / 'python', WAZO_AUTH_CLIENT_BUILD_LIBRARY=library)
        self.check(python, path)

    def test_the_sdist_is_built_by_cargo_and_works(self):
        python, path = self.environment(PYTHONS[max(PYTHONS)])
        cargo = Path(shutil.which('cargo')).parent
        target = os.environ.get('CARGO_TARGET_DIR') or ROOT / 'target'
        with_cargo = f'{path}:{cargo}:/usr/bin:/bin'
        self.pip(python, with_cargo, one('wazo_auth_client-*.tar.gz'), CARGO_TARGET_DIR=str(Path(target).resolve()))
        self.check(python, path)


    def test_the_wheel_works_on_an_older_system(self):
        root = os.environ.get('OLD_ROOT')
        if not root:
            self.skipTest('OLD_ROOT names no root of one: see tests/install/targets.mk')
        inside = Path(tempfile.mkdtemp(dir=Path(root, 'tmp')))
        self.addCleanup(shutil.rmtree, inside)
        for path in (one('wazo_auth_client-*.whl'), HERE / 'program.py', self.simulator.ca_file):
            shutil.copy(path, inside)
        # A bare root may not know `localhost`.
        urls = {scheme: url.replace('localhost', '127.0.0.1') for scheme, url in self.simulator.urls.items()}
        venv = f'/tmp/{inside.name}/venv'
        script = f"""set -e
            mount --bind /proc "$1/proc"
            exec chroot "$1" /bin/sh -ec '
                cd /tmp/{inside.name}; python3 -m venv venv; venv/bin/pip -q install --no-index *.whl; ldd --version | head -n 1
                exec venv/bin/python program.py {VERSION} {venv} {urls['http']} {urls['https']} {Path(self.simulator.ca_file).name}'
        """
        # The mount is seen in there only, and gone afterwards.
        said = run('unshare', '--mount', 'sh', '-c', script, 'sh', root, path='/usr/sbin:/usr/bin:/sbin:/bin')
        self.assertEqual(said.splitlines()[-1], 'well')
        older, ours = (re.findall(r'\d+\.\d+', text)[-1] for text in (said.splitlines()[-2], ' '.join(platform.libc_ver())))
        self.assertLess(tuple(map(int, older.split('.'))), tuple(map(int, ours.split('.'))), said)


def of(version):
    """The test of one Python."""
    def test(self):
        self.wheel_works(version)
    return test


for found in PYTHONS:
    setattr(Installation, f'test_the_wheel_works_in_an_empty_environment_of_python_{found[0]}_{found[1]}', of(found))


class TheWheel(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with zipfile.ZipFile(one('wazo_auth_client-*.whl')) as archive:
            self.names = archive.namelist()
            self.library = archive.extract(LIBRARY, folder.name)

    def tool(self, *command):
        return run(*command, path=f'{VENV}:/usr/bin:/bin')

    def test_the_pythons_from_3_9_to_3_13_that_this_is_tested_with_include_the_oldest_and_one_of_the_newest(self):
        self.assertIn((3, 9), PYTHONS, 'pyenv install 3.9')
        self.assertGreaterEqual(max(PYTHONS), (3, 13), 'pyenv install 3.13')

    def test_auditwheel_comes_to_the_tag_in_the_wheel_s_name(self):
        name = one('wazo_auth_client-*.whl').name
        tag = re.fullmatch(rf'wazo_auth_client-{re.escape(VERSION)}-py3-none-(manylinux_2_\d+_x86_64)\.whl', name).group(1)
        verdict = ' '.join(self.tool(VENV / 'auditwheel', 'show', one('wazo_auth_client-*.whl')).split())
        self.assertIn(f'consistent with the following platform tag: "{tag}"', verdict)

    def test_the_library_needs_no_newer_glibc_than_the_wheel_s_name_says(self):
        # By binutils, where tools/wheel.py reads the file by itself.
        table = self.tool('objdump', '-T', self.library)
        versions = {tuple(map(int, found.split('.'))) for found in re.findall(r'GLIBC_(\d[\d.]*)', table)}
        allowed = tuple(map(int, re.search(r'manylinux_(\d+)_(\d+)_', one('wazo_auth_client-*.whl').name).groups()))
        self.assertTrue(versions)
        self.assertLessEqual(max(versions), allowed)
        self.assertEqual(allowed, (2, 17))

    def test_the_library_is_linked_as_the_one_that_gcc_links(self):
        import run as c_tests

        table = self.tool('nm', '-D', self.library).splitlines()
        defined = {line.split()[-1] for line in table if ' U ' not in line and ' w ' not in line}
        listed = {line for line in c_tests.SYMBOLS.read_text().splitlines() if line and not line.startswith('#')}
        self.assertEqual(defined, listed)
        imported = {line.split()[-1].partition('@')[0] for line in table if ' U ' in line}
        self.assertIn('malloc', imported)
        self.assertEqual(imported & c_tests.NOT_OURS, set())
        dynamic = self.tool('readelf', '-dW', self.library)
        self.assertIn('NODELETE', dynamic)
        self.assertIn('soname: [libwazo_auth_client.so]', dynamic)
        needed = set(re.findall(r'\(NEEDED\).*\[(.*)\]', dynamic))
        # glibc's own; neither OpenSSL nor gcc's unwinder.
        self.assertLessEqual(needed, {'libc.so.6', 'ld-linux-x86-64.so.2', 'libpthread.so.0', 'libdl.so.2', 'libm.so.6'})
        self.assertNotIn('.symtab', self.tool('readelf', '-SW', self.library))

    def test_the_licences_of_the_crates_inside_are_in_the_wheel(self):
        (name,) = [name for name in self.names if name.endswith('/licenses/LICENSE-RUST-CRATES.txt')]
        with zipfile.ZipFile(one('wazo_auth_client-*.whl')) as archive:
            text = archive.read(name).decode()
        for crate in ('rustls', 'ring', 'hyper', 'reqwest', 'tokio', 'serde_json'):
            self.assertRegex(text, rf'(?m)^{crate} \d[^ ]*: ')
        self.assertIn('LLVM libunwind', text)
        for words in ('Permission is hereby granted, free of charge', 'Apache License'):
            self.assertIn(words, text)


if __name__ == '__main__':
    unittest.main()
