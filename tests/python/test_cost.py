"""What a call and the import cost, counted: functions of the library, readings of JSON, modules."""
import unittest
from types import SimpleNamespace
from unittest import mock

from support import TOKEN, USER, ServerTest, refused, run_python

from wazo_auth_client import _library, _masked, _native, exceptions
from wazo_auth_client._response import Headers


def answering(text):
    """A server's answer: this text, and yes to a question."""
    return lambda request: (204 if request.method == 'HEAD' else 200, {'X-Extra': 'yes'}, text)


class Calls(ServerTest):
    def setUp(self):
        super().setUp()
        self.called, self.decoded = [], []

        def noted(name, function):
            if not callable(function) or name in ('releasing', 'keeping'):
                return function

            def call(*arguments):
                self.called.append(name)
                return function(*arguments)

            return call

        functions = {name: noted(name, function) for name, function in vars(_native.library()).items()}
        decode = _native._decode
        for module, name, value in [
            (_library, '_loaded', SimpleNamespace(**functions)),
            (_native, '_decode', lambda text: self.decoded.append(text) or decode(text)),
        ]:
            patch = mock.patch.object(module, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        self.client.status.check()  # makes the handle
        _masked.described('status.check')  # the first error of a program reads the table
        self.forget()

    def forget(self):
        self.called.clear()
        self.decoded.clear()

    def test_a_call_is_one_function_of_the_library_and_its_result_is_freed_and_read_once(self):
        for answer, call, result in [
            ('{"uuid": "u"}', lambda: self.client.users.get(USER), {'uuid': 'u'}),
            ('{"items": []}', lambda: self.client.users.list(search='a', limit=1, new=[True]), {'items': []}),
            ('{"data": {"token": "t"}}', lambda: self.client.token.get(TOKEN), {'token': 't'}),
            ('{"data": {"token": "t"}}', lambda: self.client.token.new(expiration=60), {'token': 't'}),
            ('', lambda: self.client.token.is_valid(TOKEN), True),
        ]:
            self.server.answer = answering(answer)
            self.forget()
            self.assertEqual(call(), result)
            self.assertEqual(self.called, ['wazo_auth_call', 'wazo_auth_string_free'])
            self.assertEqual(len(self.decoded), 1)

    def test_the_answer_no_is_one_function_of_the_library_alone(self):
        self.server.answer = (404, {}, '')
        self.assertIs(self.client.token.is_valid(TOKEN), False)
        self.assertEqual((self.called, self.decoded), (['wazo_auth_call'], []))

    def test_the_status_and_the_headers_are_fetched_only_where_they_are_shown(self):
        self.server.answer = answering('{"data": {}}')
        self.assertEqual(self.client.call('token.get', {'token': TOKEN}).headers['x-extra'], 'yes')
        self.client.token.check(TOKEN)
        self.assertEqual(self.called, ['wazo_auth_call_response', 'wazo_auth_string_free'] * 2)
        self.assertEqual(len(self.decoded), 2)

    def test_an_error_is_fetched_once_and_freed(self):
        self.server.answer = refused(404, 'No such user')
        with self.assertRaises(exceptions.HTTPError):
            self.client.users.get(USER)
        self.assertEqual(
            self.called,
            ['wazo_auth_call', 'wazo_auth_error_json', 'wazo_auth_error_response', 'wazo_auth_error_free'],
        )

    def test_headers_are_not_looked_at_until_one_is_read(self):
        class Given(dict):
            looked_at = 0

            def items(self):
                self.looked_at += 1
                return super().items()

        given = Given({'X-Extra': 'yes'})
        headers = Headers(given)
        self.assertEqual(given.looked_at, 0)
        self.assertEqual((headers['x-extra'], dict(headers), given.looked_at), ('yes', {'X-Extra': 'yes'}, 1))


class Import(ServerTest):
    # What every call needs, and what these load themselves.
    NEEDED = 'import __future__, collections.abc, ctypes, json, math, sys, threading\nbefore = set(sys.modules)\n'
    MORE = 'print(*sorted(name for name in set(sys.modules) - before if not name.startswith("wazo_auth_client")))\n'

    def run_bare(self, code):
        """Runs a program without the module `site`, which loads what is installed beside the package."""
        return run_python(self.NEEDED + code + self.MORE, '-S').strip()

    def test_the_import_and_a_first_call_load_no_module_that_they_do_not_need(self):
        self.server.answer = answering('{"items": []}')
        loaded = self.run_bare(
            'from wazo_auth_client import Client\n'
            f'client = Client("127.0.0.1", {self.server.port}, None, https=False)\n'
            'client.users.list(search="bob", limit=3)\n'
            'assert client.token.is_valid("t")\n'
        )
        self.assertEqual(loaded, '')

    def test_what_is_rarely_used_is_loaded_when_it_is_used(self):
        for code, module in [
            ('Client.from_url("http://h")', 'urllib.parse'),
            ('hasattr(Client("h"), "command")', 'importlib.metadata'),
        ]:
            self.assertIn(module, self.run_bare(f'from wazo_auth_client import Client\n{code}\n').split())


if __name__ == '__main__':
    unittest.main()
