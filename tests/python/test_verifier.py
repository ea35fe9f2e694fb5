"""What a verifier promises in Python: few requests, threads, forks, outages, and answers that are never an accident."""
import json
import os
import threading
import unittest

from support import ServerTest, run_python
from wazo_auth import Simulator

from wazo_auth_client import Client, exceptions
from wazo_auth_client.verifier import Verifier

UNKNOWN = '11111111-1111-4111-8111-111111111111'
ACCESS = 'auth.users.read'


class SimulatorTest(unittest.TestCase):
    options = {}

    def setUp(self):
        self.simulator = Simulator(tls=False).start()
        self.addCleanup(self.simulator.stop)
        self.client = Client('127.0.0.1', self.simulator.port, None, https=False, timeout=5)
        self.simulator.user('alice', [ACCESS, 'auth.tenants.read'])
        self.token = self.simulator.log_in('alice', 'password')
        self.verifier = Verifier(self.client, **self.options)

    def requests(self):
        """The paths of the requests about tokens since the last call."""
        items = self.simulator.control('GET', 'requests')['items']
        self.simulator.control('DELETE', 'requests')
        return [item['path'] for item in items if item['method'] == 'GET' and '/token/' in item['path']]


class Decisions(SimulatorTest):
    def test_a_decision_says_yes_or_why_not_and_whose_the_token_is(self):
        known = self.client.token.get(self.token)
        decision = self.verifier.decide(self.token, ACCESS, known['metadata']['tenant_uuid'])
        self.assertIs(decision.is_allowed, True)
        self.assertTrue(decision)
        self.assertEqual(decision.reason, 'allowed')
        self.assertEqual(decision.user_uuid, known['metadata']['uuid'])
        self.assertEqual(decision.tenant_uuid, known['metadata']['tenant_uuid'])
        self.assertEqual(decision.session_uuid, known['session_uuid'])
        self.assertEqual(decision.auth_id, known['auth_id'])
        self.assertEqual(decision.metadata, known['metadata'])
        self.assertIs(decision.is_stale, False)
        self.assertNotIn(self.token, repr(decision))

        for token, access, tenant, reason in [
            (self.token, 'auth.other.read', None, 'missing_access'),
            (self.token, ACCESS, UNKNOWN, 'wrong_tenant'),
            (UNKNOWN, ACCESS, None, 'invalid_token'),
        ]:
            decision = self.verifier.decide(token, access, tenant)
            self.assertEqual((bool(decision), decision.reason), (False, reason))
            self.assertIs(self.verifier.check(token, access, tenant), False)
        self.assertEqual((decision.user_uuid, decision.metadata), (None, {}))

    def test_one_request_answers_all_later_questions(self):
        self.requests()
        self.assertIsNone(self.verifier.peek(self.token))
        self.assertEqual(self.requests(), [])
        for _ in range(3):
            self.assertTrue(self.verifier.decide(self.token, ACCESS))
            self.assertTrue(self.verifier.check(self.token, 'auth.tenants.read'))
            self.assertTrue(self.verifier.peek(self.token, ACCESS))
        self.assertEqual(len(self.requests()), 1)
        self.assertEqual(self.verifier.stats()['misses'], 1)

    def test_a_token_from_the_network_may_be_any_text_and_is_no_accident(self):
        self.assertTrue(self.verifier.decide(self.token))
        self.requests()
        for token in ['', '..', f'{self.token}\0', f'{self.token}\0more', '\udc80', 'x' * 100_000, 'a\nb', '\0']:
            self.assertEqual(self.verifier.decide(token).reason, 'invalid_token')
            self.assertIs(self.verifier.check(token), False)
            self.assertFalse(self.verifier.peek(token))
        self.assertEqual(self.requests(), [])

    def test_an_empty_access_or_tenant_is_an_error_and_never_a_yes(self):
        self.assertTrue(self.verifier.decide(self.token))
        for ask in (self.verifier.decide, self.verifier.check, self.verifier.peek):
            for arguments in [('',), (ACCESS, ''), ('a\0b',), (ACCESS, 'a\0b')]:
                with self.assertRaises(exceptions.InvalidArgument):
                    ask(self.token, *arguments)

    def test_what_was_invalidated_is_asked_about_again(self):
        known = self.verifier.decide(self.token)
        self.requests()
        for kind, identifier in [
            ('token', self.token), ('session', known.session_uuid), ('user', known.user_uuid),
            ('tenant', known.tenant_uuid), ('all', None),
        ]:
            self.verifier.invalidate(kind, identifier)
            self.assertIsNone(self.verifier.peek(self.token), kind)
            self.assertTrue(self.verifier.decide(self.token))
            self.assertEqual(len(self.requests()), 1, kind)
        for wrong in [('token', None), ('nonsense', 'x')]:
            with self.assertRaises(exceptions.InvalidArgument):
                self.verifier.invalidate(*wrong)

    def test_an_event_of_the_bus_revokes_in_each_form_that_it_may_come_in(self):
        event = {'name': 'auth_session_deleted', 'data': {'uuid': self.verifier.decide(self.token).session_uuid}}
        for form in (event, json.dumps(event), json.dumps(event).encode()):
            self.assertTrue(self.verifier.decide(self.token))
            self.assertIs(self.verifier.apply_event(form), True)
            self.assertIsNone(self.verifier.peek(self.token))
        self.assertIs(self.verifier.apply_event({'name': 'call_created', 'data': {}}), False)
        for wrong in ('', b'\xff', {}):
            with self.assertRaises(exceptions.InvalidArgument):
                self.verifier.apply_event(wrong)

    def test_options_that_make_no_sense_are_refused(self):
        for options in [{'ttl': -1}, {'ttl': '60'}, {'stale': float('inf')}, {'ttl': float('nan')}, {'max_tokens': 0}]:
            with self.assertRaises(exceptions.InvalidArgument, msg=options):
                Verifier(self.client, **options)
        with self.assertRaises(TypeError):
            Verifier('wazo.example.com')

    def test_a_verifier_outlives_the_changes_of_its_client_and_says_so_when_it_is_closed(self):
        self.client.port = 1
        self.client.close()
        with self.verifier:
            self.assertTrue(self.verifier.decide(self.token))
        for call in (self.verifier.decide, self.verifier.check, self.verifier.peek):
            with self.assertRaises(exceptions.RequestException) as raised:
                call(self.token)
            self.assertEqual(raised.exception.kind, 'closed')


class Outage(SimulatorTest):
    options = {'ttl': 0.001, 'stale': 3600}

    def test_what_was_known_is_used_and_marked_and_what_was_not_is_an_error(self):
        self.assertTrue(self.verifier.decide(self.token, ACCESS))
        self.simulator.stop()
        decision = self.verifier.decide(self.token, ACCESS)
        while not decision.is_stale:  # within the millisecond that the answer is fresh
            decision = self.verifier.decide(self.token, ACCESS)
        self.assertTrue(decision)
        self.assertFalse(self.verifier.decide(self.token, 'auth.other.read'))
        for ask in (self.verifier.decide, self.verifier.check):
            with self.assertRaises(exceptions.RequestException) as raised:
                ask(UNKNOWN, ACCESS)
            self.assertIn(raised.exception.kind, ('connect', 'unavailable'))
            self.assertNotIn(UNKNOWN, str(raised.exception))


class Threads(ServerTest):
    def test_many_threads_that_ask_about_one_token_cost_one_request_and_others_run_meanwhile(self):
        # The server answers when all threads have asked: with one request for each, it would answer none of them wrong,
        # and the count would show it.
        asking, may_answer = threading.Semaphore(0), threading.Event()

        def answer(request):
            may_answer.wait(30)
            return 200, {}, json.dumps({'data': {
                'token': 't', 'auth_id': 'u', 'session_uuid': 's', 'acl': ['#'], 'metadata': {'uuid': 'u'},
                'utc_expires_at': '2099-01-01T00:00:00.000000', 'utc_issued_at': '2020-01-01T00:00:00.000000',
            }})

        self.server.answer = answer
        verifier, answers = Verifier(self.client), []

        def ask():
            asking.release()
            answers.append(bool(verifier.decide('t', 'any.access')))

        threads = [threading.Thread(target=ask) for _ in range(32)]
        for thread in threads:
            thread.start()
        for _ in threads:
            self.assertTrue(asking.acquire(timeout=30))
        self.assertEqual(answers, [])
        may_answer.set()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [True] * 32)
        self.assertEqual(len(self.server.seen), 1)

    def test_closing_under_calls_in_flight_is_safe(self):
        asked, may_answer = threading.Event(), threading.Event()
        self.server.answer = lambda request: (asked.set(), may_answer.wait(30), (404, {}, ''))[2]
        verifier, answers = Verifier(self.client), []
        thread = threading.Thread(target=lambda: answers.append(verifier.decide('t').reason))
        thread.start()
        self.assertTrue(asked.wait(30))
        verifier.close()
        may_answer.set()
        thread.join()
        self.assertEqual(answers, ['invalid_token'])


@unittest.skipUnless(hasattr(os, 'fork'), 'this system has no fork')
class Fork(SimulatorTest):
    def children(self, verifier, count=4):
        """How often the server was asked by children that all decide about one token; each must get a yes."""
        self.requests()
        pids = []
        for _ in range(count):
            pid = os.fork()
            if not pid:
                status = 1
                try:
                    status = 0 if verifier.decide(self.token, ACCESS) and not verifier.decide('..') else 1
                finally:
                    os._exit(status)
            pids.append(pid)
        self.assertEqual([os.waitpid(pid, 0)[1] for pid in pids], [0] * count)
        return len(self.requests())

    def test_a_verifier_works_in_every_child_and_the_parent_goes_on(self):
        self.assertEqual(self.children(self.verifier), 4)
        self.assertTrue(self.verifier.decide(self.token))
        self.assertEqual(self.children(self.verifier), 0)  # they inherit what the parent knows

    def test_forked_workers_share_what_one_of_them_has_asked(self):
        shared = Verifier(self.client, shared=True)
        self.assertEqual(self.children(shared), 1)
        self.assertTrue(shared.peek(self.token, ACCESS))
        shared.invalidate('token', self.token)
        self.assertIsNone(shared.peek(self.token))


class Import(unittest.TestCase):
    def test_the_package_imports_none_of_the_modules_for_decisions(self):
        output = run_python(
            'import sys, wazo_auth_client\n'
            'print(*sorted(name.rpartition(".")[2] for name in sys.modules if name.startswith("wazo_auth_client.")))\n'
        )
        self.assertEqual(
            set(output.split())
            & {'access', 'asgi', 'auth_verifier', 'http_exceptions', 'paging', 'readiness', 'renewer', 'verifier', 'wsgi',
               '_asking', '_binding', '_native_decisions'},
            set(),
        )
        self.assertIn('client', output.split())


if __name__ == '__main__':
    unittest.main()
