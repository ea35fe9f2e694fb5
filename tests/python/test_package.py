"""The package as a whole: it has every operation of the library, and what its documentation shows works."""
import ast
import contextlib
import inspect
import json
import os
import re
import subprocess
import sys
import unittest
from unittest import mock

from support import PACKAGE, PASSWORD, TOKEN, USER, ServerTest

import wazo_auth_client
from wazo_auth_client import AsyncClient, Client, _compat, _native, _operations, _resource

OPERATIONS = {operation['name']: operation for operation in _native.operations()}
# What the reference client does not have.
NEW = {
    'api.spec', 'emails.get_confirmation_page', 'external.get_mobile_sender_id', 'saml.sls', 'tenants.update_parent'
}


class Completeness(unittest.TestCase):
    def test_every_operation_of_the_library_is_a_method_and_no_method_is_anything_else(self):
        client = Client('localhost')
        methods = {
            f'{resource}.{name}'
            for resource in _compat.RESOURCES
            for name, method in inspect.getmembers(getattr(client, resource), callable)
            if not name.startswith('_') and name not in vars(_resource.Resource)
        }
        self.assertEqual(methods - set(OPERATIONS), {'external.list_'})
        self.assertEqual(set(OPERATIONS) - methods, set())
        self.assertEqual(set(_operations.OPERATIONS), set(OPERATIONS))
        self.assertTrue(NEW <= methods)
        self.assertGreaterEqual(len(set(OPERATIONS) - NEW), 86, "the reference client's methods")

    def test_the_reference_s_17_resources_and_the_new_one_are_attributes(self):
        reference = (
            'admin backends config emails external groups idp ldap_config policies refresh_tokens saml saml_config '
            'sessions status tenants token users'
        ).split()
        self.assertEqual(len(reference), 17)
        client = Client('localhost')
        for name in [*reference, 'api']:
            self.assertIsInstance(getattr(client, name), _compat.RESOURCES[name])

    def test_every_method_takes_the_operation_s_parameters_and_documents_them(self):
        for name, operation in OPERATIONS.items():
            resource, _, verb = name.partition('.')
            method = getattr(_operations.RESOURCES[resource], verb)
            taken = inspect.signature(method).parameters
            for parameter in operation['parameters']:
                self.assertIn(parameter['name'], taken, name)
                self.assertIn(f':param {parameter["name"]}:', method.__doc__, name)
                default = taken[parameter['name']].default
                # A required field of a body may be left out where the reference client lets the server refuse.
                is_needed = parameter['required'] and not (operation['open'] and parameter['place'] == 'field')
                self.assertEqual(default is inspect.Parameter.empty, is_needed, name)

    def test_the_stub_has_the_methods_and_parameters_of_the_module(self):
        def shape(path):
            tree = ast.parse(path.read_text(encoding='utf-8'))
            return {
                (part.name, method.name): ast.unparse(method.args).count(',')
                for part in tree.body
                if isinstance(part, ast.ClassDef) and not part.name.startswith('_')
                for method in part.body
                if isinstance(method, ast.FunctionDef)
            }

        folder = PACKAGE / 'wazo_auth_client'
        module = shape(folder / '_operations.py')
        self.assertEqual({key for key in module}, {key for key in shape(folder / '_operations.pyi')})
        self.assertEqual(len(module), len(OPERATIONS))

    def test_the_stub_of_the_exceptions_has_the_exceptions(self):
        from wazo_auth_client import exceptions

        tree = ast.parse((PACKAGE / 'wazo_auth_client' / 'exceptions.pyi').read_text(encoding='utf-8'))
        stubs = {part.name: part for part in tree.body if isinstance(part, ast.ClassDef)}
        self.assertEqual(set(stubs), set(exceptions.__all__))
        for name, stub in stubs.items():
            ancestors = [ancestor.__name__ for ancestor in getattr(exceptions, name).__mro__]
            for base in stub.bases:
                self.assertIn(base.id.lstrip('_'), ancestors, name)

    def test_the_package_needs_the_standard_library_only(self):
        # What it would take if it were there (requests) is imported inside a function, where it may be missing.
        for path in (PACKAGE / 'wazo_auth_client').glob('*.py'):
            for part in ast.parse(path.read_text(encoding='utf-8')).body:
                names = []
                if isinstance(part, ast.Import):
                    names = [alias.name for alias in part.names]
                elif isinstance(part, ast.ImportFrom) and not part.level:
                    names = [part.module]
                for name in names:
                    if hasattr(sys, 'stdlib_module_names'):
                        self.assertIn(name.partition('.')[0], {*sys.stdlib_module_names, '__future__'}, path.name)

    def test_the_public_names_are_there(self):
        for name in wazo_auth_client.__all__:
            self.assertTrue(hasattr(wazo_auth_client, name), name)


def wazo_auth(request):
    """As much of a wazo-auth as the examples need."""
    user = {'uuid': USER, 'username': 'alice'}
    policy = {'uuid': 'p-uuid', 'name': 'quickstart', 'acl': ['dird.users.me.#']}
    asked, _, _ = request.target.partition('?')
    answers = {
        ('POST', '/0.1/token'): (200, {'data': {'token': TOKEN, 'auth_id': USER}}),
        ('HEAD', f'/0.1/token/{TOKEN}'): (204 if not wazo_auth.revoked else 404, None),
        ('POST', f'/0.1/token/{TOKEN}/scopes/check'): (200, {'scopes': {'auth.users.read': True}}),
        ('DELETE', f'/0.1/token/{TOKEN}'): (200, {}),
        ('POST', '/0.1/policies'): (200, policy),
        ('GET', '/0.1/policies'): (200, {'items': [policy], 'total': 1}),
        ('DELETE', '/0.1/policies/p-uuid'): (204, None),
        ('GET', '/0.1/users'): (200, {'items': [user], 'total': 1, 'filtered': 1}),
        ('GET', f'/0.1/users/{USER}'): (200, user),
    }
    unknown = {'message': 'No such user', 'error_id': 'unknown-user', 'details': {}}
    status, body = answers.get((request.method, asked), (404, unknown))
    wazo_auth.revoked = wazo_auth.revoked or request.method == 'DELETE' and asked == f'/0.1/token/{TOKEN}'
    return status, {}, '' if body is None else json.dumps(body)


class Examples(ServerTest):
    def setUp(self):
        super().setUp()
        wazo_auth.revoked = False
        self.server.answer = wazo_auth

    def quickstart(self, *arguments, **environment):
        cleared = {name: value for name, value in os.environ.items() if not name.startswith('WAZO_AUTH_')}
        library = os.environ['WAZO_AUTH_CLIENT_LIBRARY']
        return subprocess.run(
            [sys.executable, str(PACKAGE / 'examples' / 'quickstart.py'), *arguments],
            env={**cleared, 'WAZO_AUTH_CLIENT_LIBRARY': library, 'PYTHONPATH': str(PACKAGE), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )

    def test_the_quickstart_shows_each_call_and_its_answer_and_no_token(self):
        done = self.quickstart(
            WAZO_AUTH_URL=f'http://127.0.0.1:{self.server.port}',
            WAZO_AUTH_USERNAME='alice',
            WAZO_AUTH_PASSWORD=PASSWORD,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        for shown in ['token.new', 'token.check', 'policies.new', 'policies.delete', 'users.list', 'token.revoke']:
            self.assertIn(f'>>> client.{shown}(', done.stdout)
        self.assertIn('"username": "alice"', done.stdout)
        self.assertIn('404 Client Error: No such user', done.stdout)
        self.assertIn('InvalidTokenException', done.stdout)
        self.assertNotIn(TOKEN, done.stdout)
        self.assertEqual(
            {(seen.method, seen.path) for seen in self.server.seen if seen.method == 'DELETE'},
            {('DELETE', '/0.1/policies/p-uuid'), ('DELETE', f'/0.1/token/{TOKEN}')},
        )

    def test_the_quickstart_says_what_is_missing_or_wrong(self):
        for arguments, words in [
            ([], 'WAZO_AUTH_URL'),
            (['--url', 'http://127.0.0.1:1'], 'WAZO_AUTH_USERNAME'),
            (['--url', 'http://127.0.0.1:1', '--username', 'a', '--password', 'b'], 'ConnectionError'),
            (['--url', 'nonsense', '--username', 'a', '--password', 'b'], 'expected https://'),
        ]:
            done = self.quickstart(*arguments)
            self.assertNotEqual(done.returncode, 0, arguments)
            self.assertIn(words, done.stderr, arguments)
            self.assertNotIn('Traceback', done.stderr, arguments)

    def here(self):
        """Whatever host an example names, its client is one of this test's server."""
        stack = contextlib.ExitStack()
        for name, made in [('Client', Client), ('AsyncClient', AsyncClient)]:
            def make(host, made=made, **keywords):
                return made('127.0.0.1', self.server.port, None, https=False, **keywords)

            stack.enter_context(mock.patch.object(wazo_auth_client, name, make, create=True))
        return stack

    def test_the_readme_s_blocks_run(self):
        # The blocks about decisions run in test_frameworks.py: they need more of a wazo-auth.
        text = (PACKAGE / 'README.md').read_text(encoding='utf-8').partition('\n## Decisions\n')[0]
        blocks = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
        self.assertGreaterEqual(len(blocks), 2)
        names = {'uuid': USER}
        with self.here(), mock.patch('builtins.print') as printed:
            for block in blocks:
                exec(compile(block, 'README.md', 'exec'), names)
        printed.assert_called_with(USER, 'alice')

    def test_the_package_s_own_example_runs(self):
        example = re.search(r'\n\n((?:    .*\n|\n)+)', wazo_auth_client.__doc__).group(1)
        with self.here(), mock.patch('builtins.print') as printed:
            exec(inspect.cleandoc('\n' + example), {})
        self.assertEqual(printed.call_args.args[0]['total'], 1)


if __name__ == '__main__':
    unittest.main()
