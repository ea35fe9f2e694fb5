"""The simulator's two pages: their samples run, and their tables list what the program has, no less and no more.

docs/simulator.md is the guide and docs/simulator-reference.md the reference. Blocks with the word `fragment` need what is not
here (Wazo's test helpers).
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.error

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import artifacts  # noqa: E402
from blocks import blocks_of  # noqa: E402
from wazo_auth import Simulator  # noqa: E402

GUIDE = (ROOT / 'docs' / 'simulator.md').read_text(encoding='utf-8')
REFERENCE = (ROOT / 'docs' / 'simulator-reference.md').read_text(encoding='utf-8')


def samples(page, language):
    """The code of that language which can run here."""
    return [block.text for block in blocks_of(page) if block.language == language and block.kind != 'fragment']


def section(heading):
    """The text below a heading of the reference, up to the next one."""
    (found,) = re.findall(rf'^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)', REFERENCE, re.DOTALL | re.MULTILINE)
    return found


def rows(text):
    """The cells of the rows of a table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith('|')]
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in lines[2:]]


def names(cell):
    """What a cell has between backquotes."""
    return re.findall(r'`([^`]+)`', cell)


def message_of(call):
    """What the program says where it refuses that."""
    try:
        call()
    except urllib.error.HTTPError as refused:
        with refused:
            return json.load(refused)['message']
    raise AssertionError('expected a refusal')


class SamplesRun(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        packages = [ROOT / 'simulator' / 'python', ROOT / 'bindings' / 'python']
        self.environment = {
            **os.environ, 'PYTHONPATH': os.pathsep.join(map(str, packages)), 'WAZO_AUTH_SIMULATOR': str(artifacts.simulator()),
            'WAZO_AUTH_CLIENT_LIBRARY': str(artifacts.library()),
            # Whether or not the package is installed, or was built here: the test names the plugin that it takes.
            'PYTEST_DISABLE_PLUGIN_AUTOLOAD': '1',
            'PATH': f'{artifacts.simulator().parent}{os.pathsep}{os.environ["PATH"]}',
        }

    def succeed(self, *command):
        done = subprocess.run(list(map(str, command)), cwd=self.folder, env=self.environment, capture_output=True, text=True,
                              timeout=300)
        self.assertEqual(done.returncode, 0, f'{command}\n{done.stdout}\n{done.stderr}')
        return done.stdout

    def test_the_python_samples_pass_in_pytest_and_without_it(self):
        tests = [text for text in samples(GUIDE, 'python') if 'def test_' in text]
        programs = [text for text in samples(GUIDE, 'python') if 'def test_' not in text]
        self.assertTrue(tests and programs)
        for number, text in enumerate(tests):
            (self.folder / f'test_sample_{number}.py').write_text(text, encoding='utf-8')
        said = self.succeed(sys.executable, '-m', 'pytest', '-q', '-p', 'wazo_auth_simulator.pytest_plugin')
        self.assertIn(f'{sum(text.count("def test_") for text in tests)} passed', said)
        for text in programs:
            self.succeed(sys.executable, '-c', text)

    def test_the_c_sample_is_strict_c99_and_starts_a_simulator(self):
        (text,) = samples(GUIDE, 'c')
        (self.folder / 'sample.c').write_text(text, encoding='utf-8')
        self.succeed('gcc', '-std=c99', '-Wpedantic', '-Wall', '-Wextra', '-Werror', 'sample.c', '-o', 'sample')
        self.assertIn('a wazo-auth is at https://127.0.0.1:', self.succeed('./sample'))

    def test_the_rust_sample_is_a_test_of_the_simulator(self):
        (text,) = samples(GUIDE, 'rust')
        self.assertIn(text, (ROOT / 'simulator' / 'tests' / 'guide.rs').read_text(encoding='utf-8'))

    def test_every_curl_line_is_answered_with_success(self):
        lines = re.findall(r'^    (curl .*)$', GUIDE + REFERENCE, re.MULTILINE)
        self.assertGreaterEqual(len(lines), 6)
        (self.folder / 'state.json').write_text(samples(section('State'), 'json')[0], encoding='utf-8')
        for line in lines:
            with self.subTest(line), Simulator(tls=False) as simulator:
                if '/STATE' in line:
                    simulator.ask('POST', '/external/google/config', {'client_id': 'id', 'client_secret': 'secret'})
                    (admin,) = simulator.ask('GET', '/users')['items']
                    started = simulator.ask('POST', f'/users/{admin["uuid"]}/external/google', {'scope': ['scope']})
                    line = line.replace('/STATE', f'/{started["state"]}')
                self.assertIn('http://127.0.0.1:9497', line)
                line = line.replace('http://127.0.0.1:9497', simulator.url)
                self.succeed('bash', '-c', line.replace('curl ', 'curl --silent --show-error --fail ', 1))

    def test_the_state_of_the_reference_has_the_token_that_it_shows(self):
        (text,) = samples(section('State'), 'json')
        state = json.loads(text)
        (token,) = state['tokens']
        with Simulator(state=state) as simulator:
            simulator.request('HEAD', f'/0.1/token/{token["uuid"]}?scope={token["acl"][0]}')
            self.assertTrue(simulator.log_in('alice', state['users'][0]['password']))

    def test_the_settings_of_the_reference_are_accepted(self):
        (installation,) = samples(section('Settings'), 'json')
        (directory,) = samples(section('LDAP'), 'json')
        with Simulator() as simulator:
            simulator.control('PUT', 'settings', json.loads(installation))
            simulator.control('PUT', 'settings', {'ldap_users': json.loads(directory)})


class TablesAreComplete(unittest.TestCase):
    def test_the_settings_are_those_of_the_program(self):
        listed = [name for row in rows(section('Settings')) for name in names(row[0])]
        with Simulator() as simulator:
            self.assertCountEqual(listed, simulator.control('GET', 'settings'))

    def test_the_control_routes_are_those_of_the_program(self):
        cells = [row[0] for row in rows(section('Control routes'))]
        listed = {found for cell in cells for found in re.findall(r'/_simulator/(\w+)', cell)}
        with Simulator() as simulator:
            said = message_of(lambda: simulator.control('GET', 'nonsense'))
        self.assertEqual(listed, set(re.search(r'routes are: ([^;]*)', said)[1].split(', ')))

    def test_the_faults_are_those_of_the_program_with_their_keys(self):
        listed = {name: row[1] for row in rows(section('Faults')) for name in names(row[0])}
        with Simulator() as simulator:
            def said(fault):
                return message_of(lambda: simulator.control('PUT', 'faults', [fault]))

            self.assertEqual(list(listed), re.search(r'one of ([^`]*?), got', said({'fault': '?'}))[1].split(', '))
            for kind, cell in listed.items():
                keys = re.search(r'it takes (.*)', said({'fault': kind, '?': 1}))[1].split(', ')
                own = [key for key in keys if key not in ('method', 'path', 'times', 'probability')]
                self.assertEqual(own, [name for name in names(re.sub(r'\([^)]*\)', '', cell))], kind)

    def test_the_routes_of_the_mock_are_there(self):
        cells = [row[1] for row in rows(section('Routes of the mock'))]
        routes = [found for cell in cells for found in re.findall(r'(GET|POST|DELETE) (/[\w./]+)', cell)]
        self.assertGreaterEqual(len(routes), 15)
        with Simulator(mock=True) as simulator:
            for method, path in routes:
                try:
                    simulator.request(method, path)
                except urllib.error.HTTPError as refused:
                    # An identifier that is not there, or a body that is missing.
                    with refused:
                        self.assertNotIn(b'the mock has no', refused.read(), f'{method} {path}')


if __name__ == '__main__':
    unittest.main()
