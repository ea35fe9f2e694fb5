"""The code of the guides runs, against the simulator; every link and anchor of the documentation leads somewhere.

Every page of docs/ is looked at: tests/docs/blocks.py says what the words after a block's language mean. A page without parts
or programs needs no word here, so that a new page is tested from its first day.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import artifacts  # noqa: E402
from blocks import blocks_of, joined  # noqa: E402
from wazo_auth import Simulator  # noqa: E402

PAGES = sorted((ROOT / 'docs').glob('*.md'))
# Their blocks are written by the generator from the table of operations, and say no more than a signature; or show other
# programs than guides are for. test_simulator_pages.py runs those of the simulator.
NOT_GUIDES = {'operations.md', 'simulator.md', 'simulator-reference.md'}
GUIDES = [ROOT / 'README.md', *(page for page in PAGES if page.name not in NOT_GUIDES)]
LINKED = [*PAGES, ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', ROOT / 'SECURITY.md', ROOT / 'CHANGELOG.md',
          *sorted((ROOT / 'bindings').glob('**/README.md')), ROOT / 'simulator' / 'README.md']

# What the output of the parts and programs of a page says, so that a block that does nothing is noticed.
SAYS = {
    ('start-c.md', 'c'): ['0 users have this name', 'there is no such user', 'the queue brings'],
    ('start-cpp.md', 'cpp'): ['there is no such user', '10 of 10 lines may be read', 'allowed for user',
                              'with the renewer\'s token'],
    ('start-python.md', 'python'): ['unknown or expired', 'allowed for user'],
    ('handling-errors.md', 'c'): ['there is no such user', '403 Forbidden'],
    ('handling-errors.md', 'cpp'): ['there is no such user'],
    ('handling-errors.md', 'python'): ['there is no such user'],
    ('admission.md', 'c'): ['decided without blocking: {"verdict":"allowed"', 'what was known of this session'],
    ('index.md', 'c'): ['yes'],
    ('index.md', 'cpp'): ['yes'],
    ('walk.md', 'c'): ['it has the access', 'the queue says yes', 'wazo-auth is ready'],
}
# Of the parts of a page that are written for a variable of their own.
BEFORE = {
    ('index.md', 'python'): 'token = token["token"]\n',
    ('index.md', 'c'): 'char *token = wazo_auth_json_get(login, "/token", &error);\n',
}
AFTER = {('index.md', 'c'): 'wazo_auth_string_free(token);\n'}


class GuidesRun(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.library = artifacts.library()
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        # A simulator for each: pages make users of the same names.
        self.simulator = Simulator().start()
        self.addCleanup(self.simulator.stop)
        self.environment = {
            **os.environ, **self.simulator.settings(), 'PYTHONPATH': str(ROOT / 'bindings' / 'python'),
            'LD_LIBRARY_PATH': str(self.library.parent),
        }

    def succeed(self, command, status=0, **options):
        done = subprocess.run(list(map(str, command)), env=self.environment, capture_output=True, text=True,
                              timeout=300, **options)
        self.assertEqual(done.returncode, status, f'{command}\n{done.stdout}\n{done.stderr}')
        return done.stdout

    def compiled(self, language, name, source):
        """A program of C or C++, without a warning."""
        path, program = self.path / f'{name}.{language}', self.path / name
        path.write_text(source, encoding='utf-8')
        compiler = {'c': ['gcc', '-std=c99', '-Wpedantic'], 'cpp': ['g++', '-std=c++17']}[language]
        self.succeed([*compiler, '-Wall', '-Wextra', '-Werror', f'-I{ROOT / "include"}', path, f'-L{self.library.parent}',
                      '-lwazo_auth_client', '-pthread', '-o', program])
        return program

    def run_program(self, language, name, source, **options):
        if language == 'python':
            return self.succeed([sys.executable, '-c', source], **options)
        return self.succeed([self.compiled(language, name, source)], **options)

    def programs(self, page, language, kind):
        blocks = blocks_of((ROOT / 'docs' / page).read_text(encoding='utf-8'))
        return [block.text for block in blocks if block.language == language and block.kind == kind]

    def test_the_parts_of_every_guide_run_in_their_order(self):
        seen = set()
        for page in GUIDES:
            blocks = blocks_of(page.read_text(encoding='utf-8'))
            for language in ('c', 'cpp', 'python'):
                parts = [block.text for block in blocks if block.language == language and block.kind == 'part']
                if not parts:
                    continue
                key = (page.name, language)
                seen.add(key)
                with self.subTest(page=page.name, language=language):
                    # Each part of a page on its own simulator, as pages make users of the same names.
                    self.setUp()
                    parts = [BEFORE.get(key, '') + parts[0], *parts[1:]]
                    parts[-1] += AFTER.get(key, '')
                    output = self.run_program(language, f'{page.stem}_{language}', joined(language, parts))
                    for expected in SAYS.get(key, []):
                        self.assertIn(expected, output)
        self.assertLessEqual(set(SAYS), seen, 'a page of the list has no parts any more')
        self.assertLessEqual({('walk.md', 'python'), ('admission.md', 'python'), ('index.md', 'python')}, seen)

    def test_every_rust_block_of_a_guide_is_an_example_of_the_crate(self):
        found = []
        for page in GUIDES:
            for block in blocks_of(page.read_text(encoding='utf-8')):
                if block.language != 'rust' or block.kind == 'fragment':
                    continue
                self.assertEqual(block.kind, 'example', f'{page.name}: a block of Rust is `rust example NAME`')
                example = ROOT / 'examples' / f'{block.words[1]}.rs'
                self.assertEqual(block.text, example.read_text(encoding='utf-8'), f'{page.name} and {example.name} differ')
                found.append(block.words[1])
        self.assertGreaterEqual(len(found), 3)

    def test_the_first_programs_print_the_users(self):
        for page, language in (('start-c.md', 'c'), ('start-cpp.md', 'cpp'), ('start-python.md', 'python')):
            with self.subTest(page=page):
                (program,) = self.programs(page, language, 'program')
                self.assertIn('admin', self.run_program(language, f'first_{language}', program))

    def test_the_registrar_of_the_guide_admits_only_the_owner_of_a_token(self):
        (program,) = self.programs('admission.md', 'c', 'program')
        self.simulator.user('alice', ['sip.me.register'])
        self.simulator.user('mallory', ['sip.me.register'])
        self.simulator.user('guest', ['sip.call'])
        tokens = {name: self.simulator.log_in(name, 'password') for name in ('alice', 'mallory', 'guest')}
        uuids = {user['username']: user['uuid'] for user in self.simulator.ask('GET', '/users')['items']}
        asked = [('alice', tokens['alice']), ('alice', tokens['mallory']), ('mallory', tokens['mallory']),
                 ('guest', tokens['guest']), ('alice', 'nonsense')]
        lines = ''.join(f'{uuids[name]} {token}\n' for name, token in asked)
        registrar = self.compiled('c', 'registrar', program)
        replies = self.succeed([registrar], input=lines).splitlines()
        self.assertEqual(replies, ['200 OK', '403 Forbidden', '200 OK', '403 Forbidden', '403 Forbidden'])
        # If the server fails, nothing is known, and that is neither yes nor no.
        self.simulator.faults({'fault': 'bad_gateway', 'status': 503, 'path': '*/token/*'})
        self.assertEqual(self.succeed([registrar], input=f'{uuids["alice"]} {tokens["alice"]}\n'),
                         '503 Service Unavailable\n')


class ExamplesRun(unittest.TestCase):
    """The examples of the Rust crate, which the guide shows."""

    def run_example(self, name, settings, **options):
        command = [os.environ.get('CARGO', 'cargo'), 'run', '--quiet', '--locked', '-p', 'wazo-auth-client-rust', '--example',
                   name]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True,
                              timeout=900, **options)
        self.assertEqual(done.returncode, 0, f'{name}\n{done.stdout}\n{done.stderr}')
        return done.stdout

    def test_the_examples_do_what_the_guide_says(self):
        with Simulator() as simulator:
            settings = simulator.settings()
            first = self.run_example('first', settings)
            self.assertIn('this token may read users', first)
            self.assertIn('admin', first)
            good = simulator.log_in()
            decided = self.run_example('decide', settings, input=f'{good}\nnonsense\n').splitlines()
            self.assertIn('allowed: {', decided[0])
            self.assertEqual(decided[1], 'refused: invalid_token')
            self.assertEqual(len(self.run_example('futures', settings).splitlines()), 10)


def anchors_of(text):
    """The anchors that a forge gives to the headings of a page."""
    found, inside = set(), False
    for line in text.splitlines():
        inside ^= line.startswith('```')
        heading = re.match(r'#+ +(.*)', line)
        if not inside and heading:
            title = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading[1]).strip().lower()
            anchor = re.sub(r'[^\w\- ]', '', title).replace(' ', '-')
            number, first = 0, anchor
            while anchor in found:
                number += 1
                anchor = f'{first}-{number}'
            found.add(anchor)
        found.update(re.findall(r'<a (?:name|id)="([^"]+)"', line))
    return found


class LinksLead(unittest.TestCase):
    def test_every_link_and_anchor_leads_somewhere(self):
        wrong, followed = [], 0
        for page in LINKED:
            text = re.sub(r'^```.*?^```', '', page.read_text(encoding='utf-8'), flags=re.DOTALL | re.MULTILINE)
            for target in re.findall(r'\]\((?!https?://|mailto:)([^)\s]+)\)', text):
                followed += 1
                path, _, anchor = target.partition('#')
                there = (page.parent / urllib.parse.unquote(path)) if path else page
                if not there.exists():
                    wrong.append(f'{page.relative_to(ROOT)} links to {target}, which does not exist')
                elif anchor and there.suffix == '.md' and anchor not in anchors_of(there.read_text(encoding='utf-8')):
                    wrong.append(f'{page.relative_to(ROOT)} links to {target}: there is no such heading')
        self.assertFalse(wrong, '\n'.join(wrong))
        self.assertGreater(followed, 200)

    def test_every_page_is_reached_from_the_first_page_or_the_navigation(self):
        navigation = (ROOT / 'tools' / 'site' / 'mkdocs.yml').read_text(encoding='utf-8')
        for page in PAGES:
            self.assertRegex(navigation, rf': {re.escape(page.name)}\n', f'{page.name} is not in the navigation of the site')


if __name__ == '__main__':
    unittest.main()
