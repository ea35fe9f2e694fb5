"""The types: what type checkers find in programs that use the package, and what the package has at runtime.

`make setup` installs mypy and pyright, for the latter a node if there is none, into build/venv.
"""
import importlib.util
import inspect
import os
import pydoc
import re
import subprocess
import sys
import tempfile
import typing
import unittest
from collections import abc
from pathlib import Path

import call_forms
from support import PACKAGE, ROOT, TOKEN, USER, ServerTest, run_python
from type_checkers import Project

import wazo_auth_client
from wazo_auth_client import _compat, _operations, _resource, _typing, types

sys.path.append(str(ROOT / 'simulator' / 'python'))
from wazo_auth_simulator import Simulator  # noqa: E402

PROGRAMS = ROOT / 'tests' / 'python' / 'typed'
HAS_CHECKERS = all(importlib.util.find_spec(name) for name in ('mypy', 'pyright', 'requests'))
REFUSED = re.compile(r'# refused: ([\w-]+), (\w+)$')


def read(path):
    return path.read_text(encoding='utf-8')


def programs(*more):
    """What has to pass, and `more`."""
    names = ['accepted.py', *more]
    calls, _ = call_forms.program()
    return {
        **{name: read(PROGRAMS / name) for name in names},
        'call_forms.py': calls,
        'example.py': read(PACKAGE / 'examples' / 'typed.py'),
    }


@unittest.skipUnless(HAS_CHECKERS, 'mypy, pyright or requests is missing; `make setup` installs them')
class Checkers(unittest.TestCase):
    """Each checker runs once with `requests` and once without it."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix='wazo-auth-types-')
        cls.addClassCleanup(folder.cleanup)
        for name in ('with', 'without'):
            (Path(folder.name) / name).mkdir()
        cls.whole = Project(Path(folder.name) / 'with', programs('with_requests.py', 'refused.py'), has_requests=True)
        cls.bare = Project(Path(folder.name) / 'without', programs('refused.py'), has_requests=False)
        package = PACKAGE / 'wazo_auth_client'
        cls.found = {
            'mypy': cls.whole.mypy(package),
            'mypy without requests': cls.bare.mypy(package),
            'pyright': cls.whole.pyright(),
            'pyright without requests': cls.bare.pyright('3.13'),
        }

    def nothing_in(self, *files):
        for checker, found in self.found.items():
            with self.subTest(checker):
                self.assertEqual([finding for finding in found if finding.file in files], [])

    def test_programs_pass_and_have_the_types_that_they_say(self):
        self.nothing_in('accepted.py')

    def test_the_example_passes(self):
        self.nothing_in('example.py')

    def test_every_form_of_call_in_public_programs_passes(self):
        self.nothing_in('call_forms.py')

    def test_the_exceptions_are_those_of_requests(self):
        self.nothing_in('with_requests.py')

    def test_the_package_itself_passes_mypy(self):
        own = {path.name for path in PROGRAMS.glob('*.py')} | {'example.py', 'call_forms.py'}
        for checker in ('mypy', 'mypy without requests'):
            with self.subTest(checker):
                self.assertEqual([finding for finding in self.found[checker] if finding.file not in own], [])

    def test_mistakes_do_not_pass(self):
        expected = {}
        for number, line in enumerate(read(PROGRAMS / 'refused.py').splitlines(), 1):
            if match := REFUSED.search(line):
                expected[number] = match.groups()
        self.assertGreater(len(expected), 30)
        for checker, found in self.found.items():
            codes = {}
            for finding in found:
                if finding.file == 'refused.py':
                    codes.setdefault(finding.line, set()).add(finding.code)
            for number, (by_mypy, by_pyright) in expected.items():
                with self.subTest(checker, line=number):
                    code = by_mypy if checker.startswith('mypy') else by_pyright
                    self.assertIn(code, codes.get(number, ()))
            with self.subTest(checker):
                self.assertEqual(set(codes) - set(expected), set(), 'lines that are right')


@unittest.skipUnless(HAS_CHECKERS, 'mypy, pyright or requests is missing; `make setup` installs them')
class Stub(unittest.TestCase):
    # What stubtest finds and what is right all the same.
    KNOWN = {
        # The stub says of what type an argument is, and the default stands for "not given".
        r'.* runtime parameter "\w+" has a default value of type wazo_auth_client\._arguments\._Unset, .*',
        # Without these fields the server refuses; at runtime it is left to the server to say so.
        r'wazo_auth_client\._operations\.(Groups|Policies|SamlConfig|Users)\.(edit|new|create|change_password|register) is '
        r'inconsistent, runtime parameter "\w+" has a default value but stub parameter does not',
        # Second names of a TypedDict, which stubtest does not know as such.
        r'wazo_auth_client\.types\.(SSOResponseDict|TokenMetadata) is not a recognised type alias',
        # Names for annotations.
        r'wazo_auth_client\.(_compat\.Pairs|_calls\.Deliver|_settings\.(Number|Timeout|Verification)|asgi\.(Application|Scope)'
        r'|_native_decisions\.Question|auth_verifier\.F|wsgi\.Environ|_base\.C) is not (present at runtime|a TypeVar)',
    }

    def test_the_stubs_say_what_the_modules_have(self):
        done = subprocess.run(
            [sys.executable, '-m', 'mypy.stubtest', '--concise', 'wazo_auth_client'],
            env={**os.environ, 'MYPYPATH': str(PACKAGE), 'PYTHONPATH': str(PACKAGE)},
            capture_output=True, text=True, timeout=600, cwd=ROOT,
        )
        self.assertEqual(done.stderr, '')
        lines = done.stdout.splitlines()
        # That it looked at the methods: there are some hundred defaults that it knows.
        self.assertGreater(len([line for line in lines if '_Unset' in line]), 100, done.stdout)
        self.assertEqual([line for line in lines if not any(re.fullmatch(known, line) for known in self.KNOWN)], [])


class Runtime(ServerTest):
    def test_the_types_of_results_can_be_read_at_runtime(self):
        for name in types.__all__:
            kind = getattr(types, name)
            if isinstance(kind, type) and kind is not str:
                with self.subTest(name):
                    hints = typing.get_type_hints(kind)
                    self.assertEqual(set(hints), kind.__required_keys__ | kind.__optional_keys__)
                    self.assertEqual(kind.__required_keys__ & kind.__optional_keys__, set())
                    self.assertTrue(kind.__doc__)
        token = typing.get_type_hints(types.TokenDict)
        self.assertEqual((token['acl'], token['metadata']), (typing.List[str], types.TokenMetadataDict))
        self.assertEqual(types.TokenDict.__optional_keys__, {'refresh_token'})
        self.assertIn('refresh_token', types.OfflineTokenDict.__required_keys__)

    def test_the_names_of_the_reference_client_s_types_are_there(self):
        for name in (
            'TokenDict TokenMetadataDict TokenMetadataStackDict SSOResponseDict ACSRedirectLocation '
            'LogoutRedirectLocation JSON TokenMetadata'
        ).split():
            self.assertIn(name, types.__all__)
            self.assertTrue(hasattr(types, name), name)

    def test_a_type_of_another_program_can_inherit_from_one(self):
        class Renewed(types.TokenDict):
            renewals: int

        self.assertEqual(typing.get_type_hints(Renewed)['metadata'], types.TokenMetadataDict)

    def test_the_import_and_a_call_load_neither_the_types_nor_typing(self):
        self.server.answer = (200, {}, '{"items": []}')
        loaded = run_python(
            'import sys\nfrom wazo_auth_client import Client\n'
            f'Client("127.0.0.1", {self.server.port}, None, https=False).users.list()\n'
            'print(*sorted({"typing", "wazo_auth_client.types"} & set(sys.modules)))',
            '-S',
        )
        self.assertEqual(loaded.strip(), '')

    def test_help_shows_a_method_s_parameters_and_what_they_are(self):
        shown = pydoc.plain(pydoc.render_doc(self.client.token.new))
        for words in ('backend=UNSET,', 'Logs in and creates a token.', ':param expiration:'):
            self.assertIn(words, shown)
        self.assertEqual(list(inspect.signature(self.client.token.get).parameters), ['token', 'required_acl', 'tenant'])

    def test_the_hints_of_every_operation_can_be_read(self):
        for name in _operations.OPERATIONS:
            resource, _, verb = name.partition('.')
            typing.get_type_hints(getattr(getattr(_operations, _operations.RESOURCES[resource].__qualname__), verb))

    def test_the_hints_of_the_clients_can_be_read(self):
        from wazo_auth_client import _base
        from wazo_auth_client.aio import AsyncClient

        read = 0
        for client in (_base.BaseClient, wazo_auth_client.AuthClient, AsyncClient):
            for name, member in vars(client).items():
                parts = [member.fget, member.fset] if isinstance(member, property) else [getattr(member, '__func__', member)]
                for part in filter(inspect.isfunction, parts):
                    with self.subTest(f'{client.__name__}.{name}'):
                        self.assertTrue(typing.get_type_hints(part))
                        read += 1
        self.assertGreater(read, 40)
        hints = typing.get_type_hints(wazo_auth_client.AuthClient.__init__)
        self.assertEqual(hints['username'], typing.Optional[str])
        self.assertEqual(hints['native_options'], typing.Optional[typing.Mapping[str, typing.Any]])

    def test_names_of_typing_in_annotations_become_those_of_typing(self):
        names = dict(vars(_typing))
        exec(
            'from __future__ import annotations\n'
            'def function(a: Any, b: Optional[str], c: Mapping[str, Any], d: Union[int, Sequence[Any]],\n'
            '             *e: Any) -> Iterator[Optional[Any]]: ...',
            names,
        )
        self.assertEqual(typing.get_type_hints(names['function']), {
            'a': typing.Any, 'b': typing.Optional[str], 'c': typing.Mapping[str, typing.Any],
            'd': typing.Union[int, typing.Sequence[typing.Any]], 'e': typing.Any,
            'return': typing.Iterator[typing.Optional[typing.Any]],
        })

    def test_the_asynchronous_stub_has_the_signatures_of_the_classes_at_runtime(self):
        import ast

        tree = ast.parse(read(PACKAGE / 'wazo_auth_client' / '_operations.pyi'))
        classes = {part.name: part.body for part in tree.body if isinstance(part, ast.ClassDef)}
        for resource, kind in _compat.RESOURCES.items():
            methods = {}
            for part in classes['Async' + _operations.RESOURCES[resource].__qualname__]:
                if isinstance(part, ast.AsyncFunctionDef):
                    given = part.args
                    methods[part.name] = [argument.arg for argument in [*given.args, *given.kwonlyargs]]
                    methods[part.name] += [given.kwarg.arg] if given.kwarg else []
                elif isinstance(part, ast.Assign):
                    methods[part.targets[0].id] = methods[part.value.id]
            runtime = {
                name: list(inspect.signature(method).parameters)
                for name, method in inspect.getmembers(kind, inspect.isfunction)
                if not name.startswith('_') and name not in vars(_resource.Resource)
            }
            self.assertEqual(methods, runtime, resource)


class CallForms(unittest.TestCase):
    def test_only_these_calls_of_public_programs_are_left_out(self):
        program, left_out = call_forms.program()
        self.assertGreater(program.count('    client.'), 250)
        self.assertEqual(left_out, {
            # Of the base class of the reference client, and methods that it does not have.
            'external._build_url()', 'external._get_headers()', 'external.raise_from_response()',
            'tenants.add_user()', 'tenants.remove_user()',
            # Another keyword; without the old password the server refuses.
            'token.is_valid(required_access)', 'users.change_password(new_password)',
        })


class Example(unittest.TestCase):
    def test_the_typed_example_runs(self):
        with Simulator(admin='alice:secret', tls=False) as simulator:
            done = subprocess.run(
                [sys.executable, str(PACKAGE / 'examples' / 'typed.py'), '--url', simulator.url, '--username', 'alice'],
                env={**os.environ, 'PYTHONPATH': str(PACKAGE), 'WAZO_AUTH_PASSWORD': 'secret'},
                capture_output=True, text=True, timeout=60,
            )
        self.assertEqual((done.stderr, done.returncode), ('', 0), done.stdout)
        self.assertIn(': administrator\n', done.stdout)
        self.assertIn('\nalice <', done.stdout)
        self.assertIn('the token is no longer valid\n', done.stdout)


if __name__ == '__main__':
    unittest.main()
