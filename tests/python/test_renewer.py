"""What a token renewer promises in Python: who hears which token, on which thread, and how it ends."""
import logging
import os
import threading
import time
import unittest
from queue import Queue

from support import PASSWORD, run_python
from test_verifier import SimulatorTest
from wazo_auth import USERNAME as ADMIN
from wazo_auth import PASSWORD as ADMIN_PASSWORD

from wazo_auth_client import Client
from wazo_auth_client.renewer import TokenRenewer


class RenewerTest(SimulatorTest):
    def setUp(self):
        super().setUp()
        self.client.username, self.client.password = ADMIN, ADMIN_PASSWORD
        self.heard = Queue()
        self.renewer = TokenRenewer(self.client)
        self.addCleanup(self.renewer.stop)

    def next(self):
        return self.heard.get(timeout=30)

    def works(self, token):
        return self.client.token.is_valid(token, 'auth.users.read')


class Subscribers(RenewerTest):
    def test_start_comes_back_when_the_subscribers_have_heard_the_first_token(self):
        heard = []
        self.renewer.subscribe_to_token_change(lambda token: heard.append(token))
        self.renewer.start()
        self.assertEqual(heard, [self.renewer.token()])
        self.assertTrue(self.works(heard[0]))

    def test_each_new_token_is_heard_once_and_the_next_one_only_by_who_asked_for_the_next(self):
        self.renewer.subscribe_to_token_change(lambda token: self.heard.put(('each', token)))
        self.renewer.subscribe_to_next_token_change(lambda token: self.heard.put(('next', token)))
        self.renewer.start()
        first = self.renewer.token()
        self.assertEqual([self.next(), self.next()], [('each', first), ('next', first)])
        self.renewer.renew()
        kind, second = self.next()
        self.assertEqual(kind, 'each')
        self.assertNotEqual(second, first)
        self.renewer.stop()
        self.assertTrue(self.heard.empty())

    def test_a_late_subscriber_hears_the_current_token_at_once(self):
        self.renewer.start()
        token = self.renewer.token()
        self.renewer.subscribe_to_token_change(lambda token: self.heard.put(('each', token)))
        self.assertEqual(self.next(), ('each', token))
        self.renewer.subscribe_to_next_token_change(lambda token: self.heard.put(('next', token)))
        self.assertEqual(self.next(), ('next', token))
        self.renewer.renew()
        kind, new = self.next()
        self.assertEqual(kind, 'each')
        self.assertNotEqual(new, token)
        self.renewer.stop()
        self.assertTrue(self.heard.empty())

    def test_the_details_are_those_of_the_token(self):
        self.renewer.subscribe_to_next_token_details_change(self.heard.put)
        self.renewer.start()
        details = self.next()
        self.assertEqual(details, self.client.token.get(self.renewer.token()))
        self.assertEqual(details['metadata']['tenant_uuid'], self.renewer.snapshot()['tenant_uuid'])

    def test_the_details_have_what_the_login_brought_if_the_server_does_not_tell_them(self):
        self.simulator.faults({'fault': 'bad_gateway', 'method': 'GET', 'path': '/0.1/token/*'})
        self.renewer.subscribe_to_next_token_details_change(self.heard.put)
        self.renewer.start()
        details, known = self.next(), self.renewer.snapshot()
        self.assertEqual(details, {
            'token': self.renewer.token(),
            'session_uuid': known['session_uuid'],
            'metadata': {'uuid': known['user_uuid'], 'tenant_uuid': known['tenant_uuid']},
        })
        self.assertTrue(known['tenant_uuid'])

    def test_callbacks_run_on_one_thread_and_may_fail_make_calls_and_subscribe(self):
        names = set()

        def fail(token):
            names.add(threading.current_thread().name)
            raise ValueError('on purpose')

        def work(token):
            names.add(threading.current_thread().name)
            self.client.set_token(token)
            self.client.users.list()
            self.renewer.subscribe_to_next_token_change(self.heard.put)

        self.renewer.subscribe_to_token_change(fail)
        self.renewer.subscribe_to_token_change(work)
        with self.assertLogs('wazo_auth_client.renewer', logging.WARNING) as logs:
            self.renewer.start()
        self.assertIn('on purpose', logs.output[0])
        self.assertEqual(self.next(), self.renewer.token())
        self.assertEqual(names, {'token-renewer'})


class Life(RenewerTest):
    def test_it_is_a_context_manager_whose_token_outlives_it(self):
        with self.renewer as renewer:
            self.assertIs(renewer, self.renewer)
            token = renewer.token()
        self.assertIsNone(self.renewer.token())
        self.assertNotIn('token-renewer', [thread.name for thread in threading.enumerate()])
        self.assertTrue(self.works(token))

    def test_a_log_out_revokes_the_token(self):
        self.renewer.start()
        token = self.renewer.token()
        self.renewer.stop(log_out=True)
        self.assertFalse(self.works(token))

    def test_it_starts_once_and_may_be_stopped_often_and_from_anywhere(self):
        self.renewer.stop()
        self.renewer.emit_stop()
        self.renewer.start()
        with self.assertRaises(RuntimeError):
            self.renewer.start()
        self.renewer.subscribe_to_next_token_change(lambda token: (self.renewer.stop(), self.heard.put(token)))
        self.next()
        self.renewer.stop()
        self.renewer.stop()
        self.renewer.emit_stop()

    def test_emit_stop_does_not_wait_for_a_callback_and_stop_does(self):
        entered, leave = threading.Event(), threading.Event()
        self.renewer.start()
        self.renewer.subscribe_to_next_token_change(lambda token: (entered.set(), leave.wait(30)))
        self.assertTrue(entered.wait(30))
        self.renewer.emit_stop()
        self.assertFalse(leave.is_set())
        stopping = threading.Thread(target=self.renewer.stop)
        stopping.start()
        self.assertTrue(stopping.is_alive())
        leave.set()
        stopping.join(30)
        self.assertFalse(stopping.is_alive())

    def test_the_lifetime_and_further_options_are_those_that_were_given(self):
        self.assertEqual(TokenRenewer.DEFAULT_EXPIRATION, 6 * 3600)
        for renewer, seconds in [(self.renewer, 6 * 3600), (TokenRenewer(self.client, 60), 60),
                                 (TokenRenewer(self.client, expiration=90, renew_at_percent=50), 90)]:
            with renewer:
                known = renewer.snapshot()
                self.assertAlmostEqual(known['expires_in_ms'] / 1000, seconds, delta=20)
        self.assertLess(known['renews_in_ms'], 46_000)

    def test_a_wrong_password_is_logged_and_raises_nothing_and_the_renewer_goes_on(self):
        self.client.password = PASSWORD
        self.renewer.subscribe_to_token_change(self.heard.put)
        with self.assertLogs('wazo_auth_client.renewer', logging.WARNING) as logs:
            self.renewer.start()
        self.assertIn('401', logs.output[0])
        self.assertNotIn(PASSWORD, logs.output[0])
        self.assertIsNone(self.renewer.token())
        self.assertEqual(self.renewer.snapshot()['state'], 'failing')

    def test_a_server_that_comes_back_is_logged_in_to(self):
        self.simulator.faults({'fault': 'bad_gateway', 'status': 503, 'path': '/0.1/token'})
        self.renewer.subscribe_to_token_change(self.heard.put)
        with self.assertLogs('wazo_auth_client.renewer', logging.WARNING):
            self.renewer.start()
        self.assertTrue(self.heard.empty())
        self.simulator.faults()
        self.assertEqual(self.next(), self.renewer.token())

    def test_a_program_ends_while_a_renewer_runs(self):
        started = time.monotonic()
        output = run_python(
            'from wazo_auth_client import Client\n'
            'from wazo_auth_client.renewer import TokenRenewer\n'
            f'client = Client("127.0.0.1", {self.simulator.port}, None, https=False, username="{ADMIN}",'
            f' password="{ADMIN_PASSWORD}")\n'
            'renewers = [TokenRenewer(client, 1) for _ in range(20)]\n'  # they renew while the program ends
            'for renewer in renewers:\n'
            '    renewer.subscribe_to_token_change(lambda token: None)\n'
            '    renewer.start()\n'
            'print(len(renewers))\n'
        )
        self.assertEqual(output, '20\n')
        self.assertLess(time.monotonic() - started, 30)


@unittest.skipUnless(hasattr(os, 'fork'), 'this system has no fork')
class Fork(RenewerTest):
    def test_a_child_goes_on_with_the_inherited_token_when_it_starts(self):
        self.renewer.subscribe_to_token_change(self.heard.put)
        self.renewer.start()
        token = self.next()
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            status = 1
            try:
                heard = Queue()
                self.renewer.subscribe_to_token_change(heard.put)
                inherited = self.renewer.token() == token and heard.empty()
                self.renewer.start()
                inherited = inherited and heard.get(timeout=30) == token
                self.renewer.renew()
                renewed = heard.get(timeout=30)
                self.renewer.stop()
                os.write(writing, renewed.encode())
                status = 0 if inherited and renewed != token else 1
            finally:
                os._exit(status)
        os.close(writing)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        with os.fdopen(reading) as pipe:
            self.assertTrue(self.works(pipe.read()))
        self.assertEqual(self.renewer.token(), token)
        self.assertTrue(self.heard.empty())


del RenewerTest, SimulatorTest

if __name__ == '__main__':
    unittest.main()
