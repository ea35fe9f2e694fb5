"""What a program that uses `logging` sees of its calls. No record holds a secret; without `logging`, nothing is done.

The logger is `wazo_auth_client`. Each call is one record of the level DEBUG:

    GET /0.1/users 200 in 3.2 ms
    GET /0.1/users timeout in 500.1 ms      the kind of the error, where the call failed
"""
import logging
import re
import sys
import threading
import time
import unittest

from support import GROUP, PASSWORD, TENANT, TOKEN, USER, ServerTest, refused, run_python

from wazo_auth_client import Client, events, exceptions

LOGGER = 'wazo_auth_client'
#: Each stands in one call of `calls_with_secrets`.
SECRETS = (
    TOKEN, PASSWORD, 'an0ther-t0ken', 'r3fresh-t0ken', 'n3w-pa55', '0ld-pa55', '0ther-pa55', 'b1nd-pa55', 's3arched',
)
#: A program that writes what `logging` told it.
PROGRAM = """
import sys
from wazo_auth_client import Client
client = Client('127.0.0.1', port={port}, prefix=None, https=False, key_file='/var/lib/key.yml')
client.users.list()
client.token.is_valid('{token}')
print('logging' in sys.modules)
import logging
logging.basicConfig(stream=sys.stdout, level=logging.DEBUG, format='%(name)s %(levelname)s %(message)s')
client.users.list()
"""


#: A program that ends while its threads make calls that are logged.
ENDS = """
import logging, threading
from wazo_auth_client import Client, events
logging.basicConfig(level=logging.DEBUG, handlers=[logging.NullHandler()])
events.log(logging.DEBUG)
client = Client('127.0.0.1', port={port}, prefix=None, https=False)
def call():
    while True:
        client.users.list()
for _ in range(3):
    threading.Thread(target=call, daemon=True).start()
for _ in range(20):
    client.users.list()
print('ends')
"""


class LoggingTest(ServerTest):
    def setUp(self):
        super().setUp()
        self.records = []
        logger = logging.getLogger(LOGGER)
        handler = logging.Handler()
        handler.emit = self.records.append
        level = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        self.addCleanup(logger.setLevel, level)
        self.addCleanup(logger.removeHandler, handler)

    def record_of(self, call, *arguments, raises=None, **keywords):
        """The record that a call leaves; it must be the only one."""
        self.records.clear()
        if raises is None:
            call(*arguments, **keywords)
        else:
            with self.assertRaises(raises):
                call(*arguments, **keywords)
        self.assertEqual(len(self.records), 1, [record.getMessage() for record in self.records])
        record = self.records[0]
        self.assertEqual((record.name, record.levelno), (LOGGER, logging.DEBUG))
        return record

    def assert_says(self, record, pattern):
        """The text is `pattern` and the duration, which is that of the attribute."""
        found = re.fullmatch(pattern + r' in (\d+\.\d) ms', record.getMessage())
        self.assertIsNotNone(found, record.getMessage())
        self.assertIsInstance(record.duration_ms, float)
        self.assertAlmostEqual(record.duration_ms, float(found.group(1)), delta=0.06)


class Calls(LoggingTest):
    def test_a_call_is_one_record_with_method_path_status_and_milliseconds(self):
        record = self.record_of(self.client.users.list)
        self.assert_says(record, r'GET /0\.1/users 200')
        self.assertEqual((record.operation, record.method, record.status), ('users.list', 'GET', 200))

    def test_the_status_is_that_of_the_response(self):
        self.server.answer = (204, {}, '')
        record = self.record_of(self.client.groups.add_user, GROUP, USER)
        self.assert_says(record, rf'PUT /0\.1/groups/{GROUP}/users/{USER} 204')
        self.assertEqual((record.operation, record.method, record.status), ('groups.add_user', 'PUT', 204))

    def test_the_path_has_the_prefix_of_the_client_and_no_query(self):
        client = self.server.client(prefix='/api/auth')
        record = self.record_of(client.users.list, search='bob', tenant_uuid=TENANT)
        self.assert_says(record, r'GET /api/auth/0\.1/users 200')

    def test_the_answer_no_is_no_error(self):
        for status in (403, 404):
            self.server.answer = (status, {}, '')
            record = self.record_of(self.client.token.is_valid, TOKEN)
            self.assert_says(record, rf'HEAD /0\.1/token/\S+ {status}')
            self.assertEqual((record.operation, record.status), ('token.is_valid', status))

    def test_an_error_of_the_server_is_named_by_its_kind(self):
        for status, kind in ((404, 'not_found'), (409, 'conflict'), (503, 'unavailable')):
            self.server.answer = refused(status, 'no')
            record = self.record_of(self.client.users.get, USER, raises=exceptions.HTTPError)
            self.assert_says(record, rf'GET /0\.1/users/{USER} {kind}')
            self.assertEqual((record.operation, record.method, record.status), ('users.get', 'GET', status))

    def test_a_call_without_a_response_is_named_by_its_kind_and_has_no_status(self):
        record = self.record_of(self.server.client(port=1).users.list, raises=exceptions.ConnectionError)
        self.assert_says(record, r'GET /0\.1/users connect')
        self.assertIsNone(record.status)

    def test_a_timeout_is_a_record_with_the_time_that_the_call_took(self):
        release = threading.Event()
        self.addCleanup(release.set)
        self.server.answer = lambda request: release.wait(30) and (200, {}, '{}')
        began = time.monotonic()
        record = self.record_of(self.server.client(timeout=0.3).users.list, raises=exceptions.Timeout)
        took_ms = (time.monotonic() - began) * 1000
        self.assert_says(record, r'GET /0\.1/users timeout')
        self.assertIsNone(record.status)
        self.assertGreaterEqual(record.duration_ms, 240)
        self.assertLessEqual(record.duration_ms, took_ms)

    def test_a_call_by_name_and_a_request_by_hand_are_records_as_well(self):
        record = self.record_of(self.client.call, 'users.list')
        self.assert_says(record, r'GET /0\.1/users 200')
        self.assertEqual((record.operation, record.method, record.status), ('users.list', 'GET', 200))
        record = self.record_of(self.client.request, 'GET', f'/users/{USER}/devices', {'limit': 1})
        self.assert_says(record, rf'GET /0\.1/users/{USER}/devices 200')
        self.assertEqual((record.method, record.status), ('GET', 200))

    def test_a_path_of_the_program_writes_no_line_of_its_own(self):
        path = '/users/\r\n2026-11-29 forged\x1b[31m\u2028'
        record = self.record_of(self.client.request, 'GET', path, raises=exceptions.InvalidArgument)
        self.assert_says(record, r'GET /0\.1/users/\\r\\n2026-11-29 forged\\u\{1b\}\[31m\\u\{2028\} invalid_argument')

    def test_nothing_is_logged_above_debug(self):
        logging.getLogger(LOGGER).setLevel(logging.INFO)
        self.client.users.list()
        self.server.answer = refused(500, 'no')
        with self.assertRaises(exceptions.HTTPError):
            self.client.users.list()
        Client('host', key_file='/var/lib/key.yml')
        self.assertEqual(self.records, [])


class Constructor(LoggingTest):
    def test_unknown_keywords_are_named_without_their_values(self):
        record = self.record_of(Client, 'host', key_file='/var/lib/key.yml', service_key='v4lue', timeout=3)
        text = record.getMessage()
        self.assertIn('key_file', text)
        self.assertIn('service_key', text)
        self.assertNotIn('timeout', text)
        for value in ('/var/lib/key.yml', 'v4lue'):
            self.assertNotIn(value, text + repr(vars(record)))

    def test_known_keywords_are_not_worth_a_record(self):
        Client('host', 443, username='alice', password=PASSWORD, token=TOKEN, native_options={'retries': 1})
        self.assertEqual(self.records, [])


class Secrets(LoggingTest):
    def calls_with_secrets(self):
        client, token = self.client, 'an0ther-t0ken'
        yield lambda: client.token.new(expiration=60)
        yield lambda: client.token.new(username='bob', password='0ther-pa55')
        yield lambda: client.token.new(client_id='softphone', refresh_token='r3fresh-t0ken')
        for asked in (token, token.encode(), TOKEN):
            yield lambda: client.token.get(asked)
            yield lambda: client.token.is_valid(asked, 'dird.read', TENANT)
            yield lambda: client.token.check(asked)
            yield lambda: client.token.check_scopes(asked, ['dird.read'])
            yield lambda: client.token.revoke(asked)
            yield lambda: client.call('token.get', {'token': asked if isinstance(asked, str) else asked.decode()})
        yield lambda: client.request('GET', f'/token/{token}', {'scope': 'dird.read'})
        yield lambda: client.users.change_password(USER, old_password='0ld-pa55', new_password='n3w-pa55')
        yield lambda: client.users.set_password(USER, 'n3w-pa55', token=token)
        yield lambda: client.users.list(search='s3arched')
        yield lambda: client.ldap_config.update({'host': 'ldap', 'bind_password': 'b1nd-pa55'})

    def test_no_record_holds_a_secret_whatever_the_server_answers(self):
        echo = ' '.join(SECRETS)
        for answer in ((200, {}, '{"data": {"token": "an0ther-t0ken"}}'), refused(404, echo), refused(500, echo)):
            self.server.answer = answer
            self.records.clear()
            calls = 0
            for call in self.calls_with_secrets():
                calls += 1
                try:
                    call()
                except exceptions.WazoAuthError:
                    pass
            self.assertEqual(len(self.records), calls)
            for record in self.records:
                # repr() shows its arguments and the attributes that a formatter for JSON would write.
                shown = f'{record.getMessage()} {vars(record)!r}'
                for secret in SECRETS:
                    self.assertNotIn(secret, shown)

    def test_a_token_in_a_path_is_masked_and_the_rest_of_the_path_is_not(self):
        self.server.answer = (200, {}, '{"data": {}}')
        self.assert_says(self.record_of(self.client.token.get, TOKEN), r'GET /0\.1/token/[^/\s]+ 200')
        record = self.record_of(self.client.token.check_scopes, TOKEN, ['dird.read'])
        self.assert_says(record, r'POST /0\.1/token/[^/\s]+/scopes/check 200')
        self.assertEqual(record.operation, 'token.check_scopes')
        self.assertNotIn(TOKEN, record.getMessage())

    def test_a_token_in_a_path_is_masked_however_the_path_is_written(self):
        self.server.answer = refused(404, 'no')
        paths = [f'//token/{TOKEN}', f'/token//{TOKEN}', f'/%74oken/{TOKEN}', f'token/{TOKEN}', f'/token/{TOKEN}/']
        paths += [f'/%2574oken/{TOKEN}', f'/TOKEN/{TOKEN}', f'/token%2F{TOKEN}', f'/token;v=1/{TOKEN}', f'/x/token/{TOKEN}']
        for path in paths:
            self.records.clear()
            with self.assertRaises(exceptions.WazoAuthError):
                self.client.request('GET', path)
            self.assertEqual([TOKEN in record.getMessage() for record in self.records], [False], path)


class Without(ServerTest):
    def test_a_program_without_logging_does_not_get_it_and_one_that_imports_it_later_is_told(self):
        self.server.answer = lambda request: (204 if request.method == 'HEAD' else 200, {}, '{}')
        output = run_python(PROGRAM.format(port=self.server.port, token=TOKEN)).splitlines()
        self.assertEqual(output[0], 'False')
        self.assertEqual(len(output), 2, output)
        self.assertRegex(output[1], r'^wazo_auth_client DEBUG GET /0\.1/users 200 in \d+\.\d ms$')
        self.assertEqual(len(self.server.seen), 3)


class Events(ServerTest):
    """The records of the library, by `events.log`."""

    def setUp(self):
        super().setUp()
        self.records = []
        handler = logging.Handler()
        handler.emit = self.records.append
        logger = logging.getLogger(events.LOGGER)
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        logger.setLevel(logging.DEBUG)
        self.addCleanup(logger.setLevel, logging.NOTSET)
        self.addCleanup(events.stop)

    def test_a_call_is_a_record_with_the_fields_of_the_library(self):
        events.log(logging.DEBUG)
        self.client.users.list()
        record = self.records[-1]
        self.assertEqual((record.name, record.levelno, record.event), (events.LOGGER, logging.DEBUG, 'call.ended'))
        self.assertEqual((record.operation, record.status, record.kind), ('users.list', 200, None))
        self.assertRegex(record.getMessage(), r'^users\.list: 200 after \d+ ms \(call \d+, attempt 1\)$')
        self.assertIn('connection.opened', [record.event for record in self.records])

    def test_records_of_the_level_and_above_until_it_stops(self):
        self.server.answer = refused(503, 'no')
        for level, expected in ((logging.INFO, 1), (logging.WARNING, 1), (logging.ERROR, 0), (logging.CRITICAL, 0)):
            self.records.clear()
            events.log(level)
            with self.assertRaises(exceptions.HTTPError):
                self.client.users.list()
            self.assertEqual(len(self.records), expected, level)
        events.log(logging.DEBUG)
        events.stop()
        self.records.clear()
        with self.assertRaises(exceptions.HTTPError):
            self.client.users.list()
        self.assertEqual(self.records, [])

    def test_no_record_holds_a_secret(self):
        self.server.answer = refused(500, f'{TOKEN}\r\nforged')
        events.log(logging.DEBUG)
        for call in (
            lambda: self.client.token.get(TOKEN),
            lambda: self.client.request('GET', f'/token/{TOKEN}/x'),
            lambda: self.client.users.list(search='s3arched'),
        ):
            with self.assertRaises(exceptions.WazoAuthError):
                call()
        self.assertGreaterEqual(len(self.records), 3)
        for record in self.records:
            shown = f'{record.getMessage()} {vars(record)!r}'
            self.assertFalse(any(secret in shown for secret in (TOKEN, PASSWORD, 's3arched')), shown)
            self.assertNotIn('\n', record.getMessage())

    def test_a_handler_that_raises_does_not_disturb_the_call(self):
        def fail(record):
            raise RuntimeError('on purpose')

        handler = logging.Handler()
        handler.emit = fail
        logger = logging.getLogger(events.LOGGER)
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        unraisable = []
        self.addCleanup(setattr, sys, 'unraisablehook', sys.unraisablehook)
        sys.unraisablehook = lambda args: unraisable.append(args.exc_value)
        events.log(logging.DEBUG)
        self.client.users.list()
        events.stop()
        self.assertTrue(unraisable)

    def test_a_program_ends_while_threads_log(self):
        self.server.answer = lambda request: (200, {}, '{}')
        self.assertEqual(run_python(ENDS.format(port=self.server.port)).split(), ['ends'])


if __name__ == '__main__':
    unittest.main()
