"""The asynchronous verifier: one request for any number of tasks, none for what is known, and nothing left by a cancelled
task."""
import asyncio
import json
import os
import threading
import time
import unittest
from unittest import mock

from support import ServerTest
from test_aio import LOOPS, Silent, run
from test_verifier import ACCESS, UNKNOWN, SimulatorTest

from wazo_auth_client import AsyncClient, Client, _native_decisions, aio, exceptions
from wazo_auth_client.verifier import AsyncVerifier, Verifier

TOKEN_ANSWER = json.dumps({'data': {
    'token': 't', 'auth_id': 'u', 'session_uuid': 's', 'acl': ['any.access'], 'metadata': {'uuid': 'u'},
    'utc_expires_at': '2099-01-01T00:00:00.000000', 'utc_issued_at': '2020-01-01T00:00:00.000000',
}})


async def until(condition):
    """Lets the loop run until something is true."""
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError('it did not become true')
        await asyncio.sleep(0.005)


def waiting(loop):
    """How many calls of a loop somebody waits for."""
    return len(aio._calls(loop)._waiting)


class Decisions(SimulatorTest):
    def setUp(self):
        super().setUp()
        self.blocking, self.verifier = self.verifier, AsyncVerifier(self.client)

    def test_a_decision_is_the_one_of_the_blocking_verifier_on_every_loop(self):
        for name, new_loop in LOOPS:
            for token, access, tenant in [
                (self.token, ACCESS, None), (self.token, 'auth.other.read', None), (self.token, ACCESS, UNKNOWN),
                (UNKNOWN, ACCESS, None), ('', None, None), (f'{self.token}\0', None, None), ('\udc80', None, None),
            ]:
                self.verifier.invalidate('all')
                with self.subTest(name, token=token, access=access):
                    expected = self.blocking.decide(token, access, tenant)
                    for _ in range(2):  # asked, and then known
                        found = run(self.verifier.decide(token, access, tenant), new_loop)
                        self.assertEqual((found.is_allowed, found._read()), (expected.is_allowed, expected._read()))
                    self.assertIs(run(self.verifier.check(token, access, tenant), new_loop), bool(expected))

    def test_what_is_known_is_decided_without_a_request_and_without_the_queue(self):
        run(self.verifier.decide(self.token))
        run(self.verifier.decide(UNKNOWN))
        self.requests()
        with mock.patch.object(_native_decisions, 'submit_question', side_effect=AssertionError('a submission')):
            self.assertTrue(run(self.verifier.decide(self.token, ACCESS)))
            self.assertIs(run(self.verifier.check(self.token, ACCESS)), True)
            self.assertEqual(run(self.verifier.decide(self.token, 'auth.other.read')).reason, 'missing_access')
            self.assertIs(run(self.verifier.check(UNKNOWN)), False)
            self.assertTrue(self.verifier.peek(self.token, ACCESS))
        self.assertEqual(self.requests(), [])
        self.assertEqual(self.verifier.stats()['misses'], 2)

    def test_mistakes_and_a_closed_verifier_are_errors_and_never_a_yes(self):
        self.assertTrue(run(self.verifier.decide(self.token)))
        for ask in (self.verifier.decide, self.verifier.check):
            for arguments in [('',), (ACCESS, ''), ('a\0b',)]:
                with self.assertRaises(exceptions.InvalidArgument):
                    run(ask(self.token, *arguments))

        async def work():
            async with self.verifier:
                await self.verifier.decide(self.token)
            await self.verifier.aclose()

        run(work())
        for ask in (self.verifier.decide, self.verifier.check):
            with self.assertRaises(exceptions.RequestException) as raised:
                run(ask(self.token))
            self.assertEqual(raised.exception.kind, 'closed')

    def test_both_kinds_of_client_will_do_and_an_event_of_the_bus_revokes(self):
        client = AsyncClient('127.0.0.1', self.simulator.port, None, https=False)
        verifier = AsyncVerifier(client, ttl=60)
        self.assertIs(verifier.client, client)
        session = run(verifier.decide(self.token)).session_uuid
        self.assertTrue(verifier.apply_event({'name': 'auth_session_deleted', 'data': {'uuid': session}}))
        self.assertIsNone(verifier.peek(self.token))

    def test_one_memory_serves_both_verifiers_and_each_is_closed_on_its_own(self):
        other = AsyncVerifier.of(self.blocking)
        self.assertIs(AsyncVerifier.of(other), other)
        self.requests()
        self.assertTrue(run(other.decide(self.token, ACCESS)))
        self.assertTrue(self.blocking.decide(self.token, ACCESS))
        self.assertEqual(len(self.requests()), 1)
        self.blocking.close()
        self.assertTrue(run(other.decide(self.token, ACCESS)))


class Outage(SimulatorTest):
    def test_what_was_known_is_used_and_marked_and_what_was_not_is_an_error(self):
        verifier = AsyncVerifier(self.client, ttl=0.001, stale=3600)
        self.assertTrue(run(verifier.decide(self.token, ACCESS)))
        self.simulator.stop()

        async def stale():
            decision = await verifier.decide(self.token, ACCESS)
            while not decision.is_stale:  # within the millisecond that the answer is fresh
                decision = await verifier.decide(self.token, ACCESS)
            return decision

        self.assertTrue(run(stale()))
        for ask in (verifier.decide, verifier.check):
            with self.assertRaises(exceptions.RequestException) as raised:
                run(ask(UNKNOWN, ACCESS))
            self.assertIn(raised.exception.kind, ('connect', 'unavailable'))
            self.assertNotIn(UNKNOWN, str(raised.exception))

    def test_a_server_that_does_not_answer_in_time_is_an_error(self):
        client = Client('127.0.0.1', Silent(self).port, None, https=False, timeout=0.2)
        with self.assertRaises(exceptions.Timeout):
            run(AsyncVerifier(client).decide(UNKNOWN))


class Tasks(ServerTest):
    def setUp(self):
        super().setUp()
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self.addCleanup(self.may_answer.set)

        def answer(request):
            self.asked.set()
            self.may_answer.wait(30)
            return 200, {}, TOKEN_ANSWER

        self.server.answer = answer
        self.verifier = AsyncVerifier(self.client)

    def test_a_thousand_tasks_that_ask_about_one_cold_token_cost_one_request(self):
        for name, new_loop in LOOPS:
            with self.subTest(name):
                self.server.seen.clear()
                self.may_answer.clear()
                verifier = AsyncVerifier(self.client)

                async def work():
                    tasks = [asyncio.ensure_future(verifier.decide('t', 'any.access')) for _ in range(1000)]
                    # The server answers when all of them wait.
                    await until(lambda: verifier.stats()['coalesced'] == 999)
                    self.may_answer.set()
                    return await asyncio.gather(*tasks), waiting(asyncio.get_running_loop())

                decisions, left = run(work(), new_loop)
                self.assertEqual([decision.user_uuid for decision in decisions if decision], ['u'] * 1000)
                self.assertEqual((left, len(self.server.seen), verifier.stats()['misses']), (0, 1, 1))

    def cancelled(self, which):
        """The answer that one of two tasks gets when the other is cancelled: the one whose request is on its way (0), or
        the one that waits for it (1); and how many requests that took."""

        async def work():
            tasks = [asyncio.ensure_future(self.verifier.decide('t', 'any.access'))]
            await until(self.asked.is_set)
            tasks.append(asyncio.ensure_future(self.verifier.decide('t', 'any.access')))
            await until(lambda: self.verifier.stats()['coalesced'] == 1)
            task = tasks.pop(which)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertEqual(waiting(asyncio.get_running_loop()), 1)
            self.may_answer.set()
            decision = await tasks[0]
            self.assertEqual(waiting(asyncio.get_running_loop()), 0)
            return decision

        return run(work()), len(self.server.seen)

    def test_a_task_that_is_cancelled_while_it_waits_for_another_s_request_does_not_disturb_it(self):
        decision, requests = self.cancelled(1)
        self.assertEqual((bool(decision), requests), (True, 1))

    def test_if_the_task_whose_request_it_is_is_cancelled_the_others_get_an_answer_all_the_same(self):
        decision, requests = self.cancelled(0)
        self.assertTrue(decision)
        self.assertLessEqual(requests, 2)  # the request ends with its task, and the next one asks anew

    def test_after_a_cancellation_the_token_can_be_asked_about_again(self):
        async def work():
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(self.verifier.check('t', 'any.access'), 0.1)
            self.assertEqual(waiting(asyncio.get_running_loop()), 0)
            self.may_answer.set()
            return await self.verifier.check('t', 'any.access')

        self.assertIs(run(work()), True)

    def test_other_tasks_run_while_the_server_is_asked_and_no_thread_of_python_waits(self):
        async def work():
            threads = threading.active_count()
            task = asyncio.ensure_future(self.verifier.decide('t'))
            await until(self.asked.is_set)
            # One more: the server's own, of this test.
            self.assertLessEqual(threading.active_count(), threads + 1)
            self.assertFalse(task.done())
            self.may_answer.set()
            return await task

        self.assertTrue(run(work()))

    def test_loops_of_several_threads_ask_at_once_with_one_request(self):
        answers = []

        def ask(new_loop):
            answers.append(run(self.verifier.check('t', 'any.access'), new_loop))

        threads = [threading.Thread(target=ask, args=(new_loop,)) for _, new_loop in LOOPS * 4]
        for thread in threads:
            thread.start()
        run(until(lambda: self.verifier.stats()['coalesced'] == len(threads) - 1))
        self.may_answer.set()
        for thread in threads:
            thread.join()
        self.assertEqual((answers, len(self.server.seen)), ([True] * len(threads), 1))

    def test_a_verifier_that_is_closed_while_it_asks_still_answers(self):
        async def work():
            task = asyncio.ensure_future(self.verifier.decide('t'))
            await until(self.asked.is_set)
            self.verifier.close()
            self.may_answer.set()
            return await task

        self.assertTrue(run(work()))


@unittest.skipUnless(hasattr(os, 'fork'), 'this system has no fork')
class Fork(SimulatorTest):
    def asked_by_children(self, verifier, count=4):
        """How often the server was asked by children that all decide about one token, each in a loop of its own."""
        self.requests()
        pids = []
        for _ in range(count):
            pid = os.fork()
            if not pid:
                status = 1
                try:
                    status = 0 if run(verifier.check(self.token, ACCESS)) and not run(verifier.check('..')) else 1
                finally:
                    os._exit(status)
            pids.append(pid)
        self.assertEqual([os.waitpid(pid, 0)[1] for pid in pids], [0] * count)
        return len(self.requests())

    def test_a_verifier_that_has_asked_works_in_every_child(self):
        verifier = AsyncVerifier(self.client)
        run(verifier.decide(UNKNOWN))  # the library's thread runs, and a loop has had its queue
        self.assertEqual(self.asked_by_children(verifier), 4)
        self.assertTrue(run(verifier.decide(self.token)))
        self.assertEqual(self.asked_by_children(verifier), 0)

    def test_forked_workers_share_what_one_of_them_has_asked(self):
        shared = AsyncVerifier.of(Verifier(self.client, shared=True))
        self.assertEqual(self.asked_by_children(shared), 1)
        self.assertTrue(shared.peek(self.token, ACCESS))


del SimulatorTest

if __name__ == '__main__':
    unittest.main()
