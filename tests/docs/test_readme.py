"""The README's code runs: every block of Python and of C, in its order, against the simulator.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
import artifacts  # noqa: E402
from wazo_auth import Simulator  # noqa: E402

README = (ROOT / 'README.md').read_text(encoding='utf-8')
BLOCKS = re.findall(r'^```(python|c)( program)?\n(.*?)^```$', README, re.DOTALL | re.MULTILINE)

# The walk's client is logged in from the start, for what the README shows of errors before it comes to tokens.
C_HEAD = r'''
#include <stdio.h>
#include <stdlib.h>
#include <wazo_auth_client.h>

static void settled(int block, wazo_auth_error *error)
{
    if (!error)
        return;
    fprintf(stderr, "block %d of C in README.md: %s\n", block, wazo_auth_error_message(error));
    exit(1);
}

int main(void)
{
    wazo_auth_error *error = NULL;
    wazo_auth_options *options = wazo_auth_options_new();
    wazo_auth_options_set_from_environment(options, &error);
    wazo_auth_client *client = error ? NULL : wazo_auth_client_new(options, &error);
    settled(0, error);
    char *login = wazo_auth_token_new(client, NULL, NULL, NULL, &error);
    char *login_token = wazo_auth_json_get(login, "/token", &error);
    wazo_auth_client_set_token(client, login_token, &error);
    wazo_auth_string_free(login);
    wazo_auth_string_free(login_token);
    settled(0, error);
'''
C_TAIL = '''
    wazo_auth_client_free(client);
    wazo_auth_options_free(options);
    return 0;
}
'''


def blocks(language, is_program):
    return [text for kind, program, text in BLOCKS if kind == language and bool(program) == is_program]


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
        (program,) = blocks('c', True)
        settings = self.simulator.settings()
        url = f'{settings["WAZO_AUTH_URL"]}?ca_file={settings["WAZO_AUTH_CA_FILE"]}'
        good, unknown = self.simulator.log_in('admin', 'secret'), '5a0b12f8-6a3c-4f58-9d0e-0c9f1f6b7a11'
        self.assertEqual(self.compile_and_run('first', program, url, good), 'yes\n')
        self.assertEqual(self.compile_and_run('first', program, url, unknown, status=1), 'no\n')
        self.assertIn('expected https://', self.compile_and_run('first', program, 'nowhere', good, status=1))

    def test_the_first_screens_python_program_lists_users(self):
        (program,) = blocks('python', True)
        self.assertIn('admin', self.succeed([sys.executable, '-c', program]))

    def test_every_block_of_c_does_what_it_shows(self):
        parts = blocks('c', False)
        self.assertGreaterEqual(len(parts), 15)
        indented = [textwrap.indent(part, '    ') for part in parts]
        body = ''.join(f'    /* {n} */\n{part}    settled({n}, error);\n' for n, part in enumerate(indented, 1))
        output = self.compile_and_run('walk', C_HEAD + body + C_TAIL)
        for expected in ('it has the access', 'the queue says yes', 'there is no such user', 'wazo-auth is ready'):
            self.assertIn(expected, output)

    def test_every_block_of_python_does_what_it_shows(self):
        parts = blocks('python', False)
        self.assertGreaterEqual(len(parts), 12)
        connect = blocks('python', True)[0].partition('token =')[0]
        script = connect + '\n'.join(f'# block {n}\n{part}' for n, part in enumerate(parts, 1))
        self.succeed([sys.executable, '-c', script])

    def test_every_picture_is_what_its_source_draws(self):
        sources = sorted((ROOT / 'docs' / 'pictures').glob('*.py'))
        self.assertTrue(sources)
        for source in sources:
            self.succeed([sys.executable, str(source), '--check'])

    def test_no_link_of_the_documentation_leads_nowhere(self):
        for page in [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted((ROOT / 'docs').glob('*.md'))]:
            text = page.read_text(encoding='utf-8')
            for target in re.findall(r'\]\((?!https?://|#|mailto:)([^)#\s]+)', text):
                self.assertTrue((page.parent / target).exists(), f'{page.name} links to {target}')


if __name__ == '__main__':
    unittest.main()
