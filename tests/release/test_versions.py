"""One version and one address of the repository, wherever they stand. Cargo.toml has them; everything else follows."""
import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The reference client, which is another project.
REFERENCE = re.compile(r'github\.com/wazo-platform/wazo-auth-client(?![-\w])')


def text(path):
    return (ROOT / path).read_text(encoding='utf-8')


def workspace(key):
    """A value of [workspace.package]."""
    package = re.search(r'^\[workspace\.package\]\n(.*?)(?=^\[)', text('Cargo.toml'), re.DOTALL | re.MULTILINE).group(1)
    return re.search(rf'^{key} = "(.*)"$', package, re.MULTILINE).group(1)


VERSION = workspace('version')
# Where the version stands; the group is what has to be it. `{number}` stands for the version as one number.
PLACES = {
    'bindings/python/wazo_auth_client/_version.py': r"^__version__ = '(.*)'$",
    'include/wazo_auth_client.h': r'^#define WAZO_AUTH_VERSION_NUMBER (\d+)$',
    'src/ffi/text.rs': r'^pub const WAZO_AUTH_VERSION_NUMBER: u32 = (\d+);$',
    # `## Unreleased (0.1.0)` until the release, `## 0.1.0 (2027-01-31)` from then on: the first heading.
    'CHANGELOG.md': r'\A(?:(?!^## ).)*^## (?:Unreleased \()?(\d[^ )]*)',
    'debian/changelog': r'\A\S+ \((?:\d+:)?([^-)~]+)',
    'packaging/vcpkg/wazo-auth-client/vcpkg.json': r'"version(?:-semver|-string)?": "(.*?)"',
    'packaging/conan/conanfile.py': r'^\s*version = ["\'](.*?)["\']',
}
# Places that a checkout must have; the others are looked at where they are.
NECESSARY = ('bindings/python/wazo_auth_client/_version.py', 'include/wazo_auth_client.h', 'src/ffi/text.rs', 'CHANGELOG.md')


def places():
    found = {path: pattern for path, pattern in PLACES.items() if path in NECESSARY or (ROOT / path).is_file()}
    specs = {str(path.relative_to(ROOT)): r'^Version:\s*(\S+)$' for path in (ROOT / 'packaging').rglob('*.spec')}
    return {**found, **specs}


class OneVersion(unittest.TestCase):
    def test_every_place_has_the_version_of_cargo_toml(self):
        major, minor, patch = VERSION.split('-')[0].split('.')
        number = str(int(major) * 10_000 + int(minor) * 100 + int(patch))
        for path, pattern in places().items():
            with self.subTest(path):
                match = re.search(pattern, text(path), re.MULTILINE | re.DOTALL if path == 'CHANGELOG.md' else re.MULTILINE)
                self.assertIsNotNone(match, f'{path}: no version is found by {pattern}')
                expected = number if 'NUMBER' in pattern else VERSION
                self.assertEqual(match.group(1), expected, f'{path} has another version than Cargo.toml ({VERSION})')

    def test_the_three_numbers_of_the_header_are_those_of_the_version(self):
        header = text('include/wazo_auth_client.h')
        numbers = [re.search(rf'^#define WAZO_AUTH_VERSION_{name} (\d+)$', header, re.M).group(1)
                   for name in ('MAJOR', 'MINOR', 'PATCH')]
        self.assertEqual('.'.join(numbers), VERSION.split('-')[0])

    def test_every_lock_file_has_our_packages_in_this_version(self):
        locks = [ROOT / path / 'Cargo.lock' for path in ('', 'fuzz', 'bench/rust')]
        for lock in locks:
            with self.subTest(lock=str(lock.relative_to(ROOT))):
                found = dict(re.findall(r'^name = "(wazo-auth-[\w-]+)"\nversion = "(.*)"$', lock.read_text(), re.M))
                ours = {name: version for name, version in found.items()
                        if name in ('wazo-auth-client', 'wazo-auth-client-rust', 'wazo-auth-simulator')}
                self.assertTrue(ours)
                self.assertEqual(set(ours.values()), {VERSION}, ours)

    def test_no_package_of_the_workspace_has_a_version_of_its_own(self):
        for path in ('Cargo.toml', 'library/Cargo.toml', 'simulator/Cargo.toml', 'xtask/Cargo.toml'):
            with self.subTest(path):
                package = re.search(r'^\[package\]\n(.*?)(?=^\[|\Z)', text(path), re.DOTALL | re.M).group(1)
                self.assertIn('version.workspace = true\n', package)


class OneAddress(unittest.TestCase):
    def test_no_file_calls_the_reference_s_repository_ours(self):
        done = subprocess.run(['git', 'ls-files', '-z'], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if done.returncode:
            self.skipTest('this is no git checkout: clone the repository')
        found = []
        for name in filter(None, done.stdout.decode().split('\0')):
            path = ROOT / name
            # The comparison with the reference says where that is to be had; this test names what it looks for.
            if name == 'bench/python_compare.py' or path == Path(__file__).resolve() or not path.is_file():
                continue
            try:
                lines = path.read_text(encoding='utf-8').splitlines()
            except UnicodeDecodeError:
                continue
            found += [f'{name}:{at}' for at, line in enumerate(lines, 1) if REFERENCE.search(line)]
        self.assertEqual(found, [])

    def test_the_python_package_names_the_same_repository(self):
        self.assertIn(f'\nRepository = "{workspace("repository")}"\n', text('bindings/python/pyproject.toml'))


if __name__ == '__main__':
    unittest.main()
