"""The crates of crates.io hold what they need and nothing else; the tools that build a release do what they say."""
import io
import os
import shutil
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import dist  # noqa: E402
import same_bytes  # noqa: E402

CARGO = os.environ.get('CARGO', 'cargo')


def run(*command, status=0):
    """What a command prints."""
    done = subprocess.run(list(map(str, command)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != status:
        raise AssertionError(f'{" ".join(map(str, command))} ended with {done.returncode}:\n{done.stdout}')
    return done.stdout


class TheCrates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # A copy of what git knows, with its changes: cargo walks through everything that lies in a checkout, also through
        # the roots of other systems that tests of installing leave in build/.
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.checkout = Path(folder.name)
        for name in run('git', 'ls-files').splitlines():
            if (ROOT / name).is_file():
                (cls.checkout / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, cls.checkout / name)

    def listed(self, package):
        manifest = self.checkout / 'Cargo.toml'
        lines = run(
            CARGO, 'package', '--list', '--locked', '--allow-dirty', '--manifest-path', manifest, '--package', package
        ).splitlines()
        return {line for line in lines if not line.startswith(('warning:', ' ')) and line}

    def test_they_hold_sources_licences_and_a_readme_and_no_tests_and_no_recordings(self):
        for package, folder in (('wazo-auth-client-rust', ROOT), ('wazo-auth-simulator', ROOT / 'simulator')):
            with self.subTest(package):
                found = self.listed(package)
                for name in ('Cargo.toml', 'Cargo.lock', 'README.md', 'LICENSE-APACHE', 'LICENSE-MIT', 'src/lib.rs'):
                    self.assertIn(name, found)
                others = {name for name in found if not name.startswith('src/') and '/' in name}
                self.assertEqual(others, set())
                # Pages of the simulator's as well: what is committed.
                sources = {name for name in run('git', '-C', folder, 'ls-files', 'src').splitlines() if name}
                self.assertEqual({name for name in found if name.startswith('src/')}, sources)
                sizes = [(folder / name).stat().st_size for name in found if (folder / name).is_file()]
                self.assertLess(sum(sizes), 3_000_000)

    def test_no_source_outside_of_tests_reads_a_file_that_the_crate_has_not(self):
        for path in [*(ROOT / 'src').rglob('*.rs'), *(ROOT / 'simulator' / 'src').rglob('*.rs')]:
            if path.stem.endswith('tests'):
                continue
            code = path.read_text(encoding='utf-8').partition('\n#[cfg(test)]')[0]
            self.assertNotRegex(code, r'include_(str|bytes)!\("\.\./\.\./', str(path.relative_to(ROOT)))


class Comparing(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def tree(self, name, order, when, mode):
        """A folder whose files are made in this order, at that time."""
        for file in order:
            path = self.folder / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'content of {file}')
            path.chmod(mode)
            os.utime(path, (when, when))
        (self.folder / name / 'link').symlink_to('lib/a.so.1')
        return self.folder / name

    def packed(self, tree, seconds=1_700_000_000):
        output = self.folder / f'{tree.name}-{seconds}.tar.gz'
        dist.pack(tree, output, 'product', seconds)
        return output

    def test_an_archive_does_not_depend_on_when_and_in_which_order_and_with_which_umask_its_files_were_made(self):
        one = self.packed(self.tree('one', ['lib/a.so.1', 'b.h', 'a.h'], 10**9, 0o664))
        two = self.packed(self.tree('another', ['a.h', 'lib/a.so.1', 'b.h'], 10**9 + 77, 0o600))
        self.assertEqual(one.read_bytes(), two.read_bytes())
        self.assertEqual(same_bytes.compare(one, two), [])
        with tarfile.open(one) as archive:
            self.assertEqual(
                archive.getnames(), ['product/a.h', 'product/b.h', 'product/lib', 'product/lib/a.so.1', 'product/link']
            )
            self.assertEqual(archive.getmember('product/link').linkname, 'lib/a.so.1')
        self.assertNotEqual(self.packed(self.folder / 'one', 1_700_000_001).read_bytes(), one.read_bytes())

    def test_what_differs_is_named_by_member_and_place(self):
        def archive(name, members, mtime=0):
            path = self.folder / name / 'x.tar.gz'
            path.parent.mkdir()
            with tarfile.open(path, 'w:gz') as file:
                for member, content in members.items():
                    info = tarfile.TarInfo(member)
                    info.size, info.mtime = len(content), mtime
                    file.addfile(info, io.BytesIO(content))
            return path

        base = archive('base', {'a': b'same', 'b': b'one and two'})
        other = archive('other', {'a': b'same', 'b': b'one or two'})
        (found,) = same_bytes.compare(base, other)
        self.assertRegex(found, r"^b: 11 and 10 bytes, which differ from 4 on: b'one and two' and b'one or two'$")
        self.assertEqual(
            same_bytes.compare(base, archive('more', {'a': b'same', 'b': b'one and two', 'c': b''})),
            ['c: only the second has it'],
        )
        (found, _) = same_bytes.compare(base, archive('later', {'a': b'same', 'b': b'one and two'}, 5))
        self.assertRegex(found, r"^a: .* 0, .* and .* 5, ")
        self.assertEqual(len(same_bytes.compare(base, self.folder / 'missing.tar.gz')), 1)
        self.assertEqual(run(sys.executable, ROOT / 'tools' / 'same_bytes.py', base, other, status=1).count('\n'), 1)


class TheTool(unittest.TestCase):
    def test_the_source_archive_is_the_commit_and_the_same_from_two_builds(self):
        if not (ROOT / '.git').exists():
            self.skipTest('this is no git checkout: clone the repository')
        with tempfile.TemporaryDirectory() as folder:
            said = run(sys.executable, 'tools/dist.py', '--only', 'source', '--twice', '--output', folder)
            self.assertRegex(said, r'(?m)^ok - wazo-auth-client-.*\.tar\.gz: both builds are the same bytes$')
            (archive,) = Path(folder).glob('*.tar.gz')
            sums = (Path(folder) / 'SHA256SUMS').read_text()
            self.assertRegex(sums, rf'^[0-9a-f]{{64}}  {re.escape(archive.name)}\n$')
            done = subprocess.run(['sha256sum', '--check', '--quiet', 'SHA256SUMS'], cwd=folder)
            self.assertEqual(done.returncode, 0)
            committed = set(run('git', 'ls-tree', '-r', '--name-only', 'HEAD').splitlines())
            with tarfile.open(archive) as packed:
                names = {member.name.partition('/')[2] for member in packed if not member.isdir()}
            self.assertEqual(names, committed)

    def test_a_part_that_does_not_exist_is_refused_and_the_help_names_those_that_do(self):
        said = run(sys.executable, 'tools/dist.py', '--only', 'floppy', status=2)
        self.assertIn("'floppy' (choose from 'source', 'crate', 'linux', 'python', 'deb', 'sbom')", said)
        help_text = run(sys.executable, 'tools/dist.py', '--help')
        for part in dist.PARTS:
            self.assertRegex(help_text, rf'(?m)^    {part} ')


if __name__ == '__main__':
    unittest.main()
