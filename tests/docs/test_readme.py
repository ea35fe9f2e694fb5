"""The programs of the README's first screen run, against the simulator; the pictures are what their sources draw. All other
code, and every link, is looked at by test_guides.py.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
import artifacts  # noqa: E402
from wazo_auth import Simulator  # noqa: E402

README = (ROOT / 'README.md').read_text(encoding='utf-8')
PROGRAMS = re.findall(r'^```(python|c) program\n(.*?)^```$', README, re.DOTALL | re.MULTILINE)


def programs(language):
    return [text for kind, text in PROGRAMS if kind == language]


class ReadmeRuns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.library = artifacts.library()
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.simulator = Simulator().start()
        cls.environment = {
            **os.environ, **cls.simulator.settings(), 'PYTHONPATH': str(ROOT / 'bindings' / 'python'),
            'LD_LIBRARY_PATH': str(cls.library.parent),
        }

    @classmethod
    def tearDownClass(cls):
        cls.simulator.stop()
        cls.folder.cleanup()

    def succeed(self, command, status=0, **options):
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120, **options)
        self.assertEqual(done.returncode, status, f'{command}\n{done.stdout}\n{done.stderr}')
        return done.stdout

    def compile_and_run(self, name, source, *arguments, status=0):
        path = self.path / f'{name}.c'
        path.write_text(source, encoding='utf-8')
        self.succeed(['gcc', '-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror', f'-I{ROOT / "include"}', str(path),
                      f'-L{self.library.parent}', '-lwazo_auth_client', '-o', str(self.path / name)])
        return self.succeed([str(self.path / name), *arguments], status=status)

    def test_the_first_screens_c_program_checks_a_token(self):
        (program,) = programs('c')
        settings = self.simulator.settings()
        url = f'{settings["WAZO_AUTH_URL"]}?ca_file={settings["WAZO_AUTH_CA_FILE"]}'
        good, unknown = self.simulator.log_in('admin', 'secret'), '5a0b12f8-6a3c-4f58-9d0e-0c9f1f6b7a11'
        self.assertEqual(self.compile_and_run('first', program, url, good), 'yes\n')
        self.assertEqual(self.compile_and_run('first', program, url, unknown, status=1), 'no\n')
        self.assertIn('expected https://', self.compile_and_run('first', program, 'nowhere', good, status=1))

    def test_the_first_screens_python_program_lists_users(self):
        (program,) = programs('python')
        self.assertIn('admin', self.succeed([sys.executable, '-c', program]))

    def test_every_picture_is_what_its_source_draws(self):
        sources = sorted((ROOT / 'docs' / 'pictures').glob('*.py'))
        self.assertTrue(sources)
        for source in sources:
            self.succeed([sys.executable, str(source), '--check'])


if __name__ == '__main__':
    unittest.main()
