"""The asynchronous client: the same calls, awaited on asyncio and uvloop, with nothing left behind by a cancelled task."""
import asyncio
import contextlib
import gc
import os
import socket
import sys
import threading
import unittest
from unittest import mock

from support import TENANT, TOKEN, USER, Server, ServerTest, refused

from wazo_auth_client import _native, exceptions
from wazo_auth_client.aio import AsyncClient

LOOPS = [('asyncio', asyncio.new_event_loop)]
if sys.version_info >= (3, 10):  # uvloop's versions for older ones are not installed
    import uvloop

    LOOPS.append(('uvloop', uvloop.new_event_loop))


def run(work, new_loop=asyncio.new_event_loop):
    """Runs a coroutine to its end, in a loop of its own."""
    loop = new_loop()
    try:
        return loop.run_until_complete(asyncio.wait_for(work, 60))
    finally:
        loop.close()


class Silent:
    """A server that accepts connections, reads, and never answers. It notices who hangs up."""

    def __init__(self, test):
        self.listening = socket.create_server(('127.0.0.1', 0), backlog=128)
        test.addCleanup(self.listening.close)
        self.port = self.listening.getsockname()[1]
        self.asked, self.hung_up = threading.Event(), threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        connection, _ = self.listening.accept()
        with connection:
            while connection.recv(65536):
                self.asked.set()
            self.hung_up.set()


class Async(ServerTest):
    def setUp(self):
        super().setUp()
        self.client = self.make()

    def make(self, server=None, **keywords):
        given = {'prefix': None, 'https': False, 'token': TOKEN, 'timeout': 30}
        return AsyncClient('127.0.0.1', (server or self.server).port, **{**given, **keywords})


class Calls(Async):
    def test_each_method_is_awaited_and_returns_what_the_blocking_one_returns(self):
        async def calls(client):
            results = []
            for answer, call in [
                ((200, {}, '{"uuid": "u"}'), lambda: client.users.get(USER)),
                ((200, {}, '{"data": {"token": "t"}}'), lambda: client.token.new(expiration=60)),
                ((204, {}, ''), lambda: client.token.is_valid(TOKEN)),
                ((404, {}, ''), lambda: client.token.is_valid(TOKEN)),
                ((204, {}, ''), lambda: client.token.check(TOKEN)),
                ((204, {}, ''), lambda: client.users.delete(USER)),
                ((500, {}, ''), lambda: client.token.revoke(TOKEN)),
                ((200, {}, '<xml/>'), lambda: client.saml_config.get_metadata()),
                ((200, {}, '{"location": "https://idp"}'), lambda: client.saml.logout()),
                ((200, {}, '{}'), lambda: client.saml_config.update(data={'entity_id': 'e'})),
                ((200, {}, '{"items": []}'), lambda: client.external.list_(USER)),
            ]:
                self.server.answer = answer
                results.append(await call())
            return results

        for name, new_loop in LOOPS:
            with self.subTest(name):
                self.assertEqual(
                    run(calls(self.client), new_loop),
                    [{'uuid': 'u'}, {'token': 't'}, True, False, True, None, None, b'<xml/>', 'https://idp', None, {'items': []}],
                )

    def test_errors_are_those_of_the_blocking_client(self):
        async def error_of(answer, call):
            self.server.answer = answer
            with self.assertRaises(exceptions.WazoAuthError) as raised:
                await call()
            return raised.exception

        client = self.client
        error = run(error_of(refused(404, 'No such user'), lambda: client.users.get(USER)))
        self.assertIsInstance(error, exceptions.HTTPError)
        self.assertEqual((error.kind, error.response.status_code), ('not_found', 404))
        error = run(error_of((404, {}, ''), lambda: client.token.check(TOKEN)))
        self.assertIsInstance(error, exceptions.InvalidTokenException)
        error = run(error_of((403, {}, ''), lambda: client.token.check(TOKEN)))
        self.assertIsInstance(error, exceptions.MissingPermissionsTokenException)
        error = run(error_of((200, {}, ''), lambda: client.users.get('..')))
        self.assertIsInstance(error, exceptions.InvalidPath)
        error = run(error_of((200, {}, ''), lambda: self.make(timeout=0.2, server=Silent(self)).users.list()))
        self.assertIsInstance(error, exceptions.ReadTimeout)

    def test_calls_by_name_and_other_requests_show_status_and_headers(self):
        self.server.answer = (200, {'X-Extra': 'yes'}, '{"data": {"token": "t"}}')

        async def work():
            async with self.client as client:
                answer = await client.call('token.get', {'token': TOKEN})
                other = await client.request('POST', '/new/thing', query={'a': [1, 2]}, body={'b': None})
                self.assertTrue(await client.is_server_reachable())
                return answer, other

        answer, other = run(work())
        self.assertEqual((answer.status, answer.headers['x-extra'], answer.result), (200, 'yes', {'token': 't'}))
        self.assertEqual((other.status, other.result), (200, {'data': {'token': 't'}}))
        posted = next(seen for seen in self.server.seen if seen.method == 'POST')
        self.assertEqual((posted.path, posted.query, posted.json()), ('/0.1/new/thing', {'a': ['1', '2']}, {'b': None}))

    def test_a_closed_client_says_so(self):
        async def work():
            async with self.client as client:
                await client.users.list()
            with self.assertRaises(exceptions.RequestException) as raised:
                await client.users.list()
            return raised.exception.kind

        self.assertEqual(run(work()), 'closed')

    def test_pages_are_fetched_one_after_the_other(self):
        def listing(request):
            offset, limit = int(request.query['offset'][0]), int(request.query['limit'][0])
            items = [{'uuid': str(n)} for n in range(7)][offset:offset + limit]
            return 200, {}, '{"items": %s, "total": 7}' % str(items).replace("'", '"')

        self.server.answer = listing

        async def work():
            return [user['uuid'] async for user in self.client.pages(self.client.users.list, page_size=3, tenant_uuid=TENANT)]

        self.assertEqual(run(work()), [str(n) for n in range(7)])
        # Pages overlap by one item, so that one which moves forward is not missed.
        self.assertEqual([seen.query['offset'] for seen in self.server.seen], [['0'], ['2'], ['5']])
        self.assertEqual(self.server.last.headers['wazo-tenant'], TENANT)


class ManyCalls(Async):
    def test_ten_thousand_calls_are_in_flight_on_one_thread(self):
        self.server.answer = (200, {}, '{"items": []}')

        async def work():
            tasks = [asyncio.ensure_future(self.client.users.list()) for _ in range(10_000)]
            await asyncio.sleep(0)  # each task runs to its `await`, and none further: the loop has not polled yet
            in_flight = sum(not task.done() for task in tasks)
            results = await asyncio.gather(*tasks)
            return in_flight, threading.active_count() - before, results

        before = threading.active_count()
        in_flight, more_threads, results = run(work())
        self.assertEqual((in_flight, len(results)), (10_000, 10_000))
        self.assertEqual(results[0], {'items': []})
        # The server of the test has a thread for each connection; the client has none.
        self.assertLess(more_threads, 300)


class Cancelling(Async):
    def test_a_task_that_is_cancelled_ends_its_call_at_once(self):
        for name, new_loop in LOOPS:
            with self.subTest(name):
                silent = Silent(self)

                async def work():
                    task = asyncio.ensure_future(self.make(silent).users.list())
                    await asyncio.get_running_loop().run_in_executor(None, silent.asked.wait, 30)
                    task.cancel()
                    with self.assertRaises(asyncio.CancelledError):
                        await task
                    # The connection is closed long before the timeout of the call.
                    return await asyncio.get_running_loop().run_in_executor(None, silent.hung_up.wait, 10)

                self.assertTrue(run(work(), new_loop))

    def test_wait_for_ends_a_call_when_its_time_is_over(self):
        silent = Silent(self)

        async def work():
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(self.make(silent).users.list(), 0.2)
            return await asyncio.get_running_loop().run_in_executor(None, silent.hung_up.wait, 10)

        self.assertTrue(run(work()))

    def test_a_loop_that_is_closed_in_the_middle_of_a_call_does_no_harm(self):
        silent = Silent(self)
        loop = asyncio.new_event_loop()
        client = self.make(silent)
        task = loop.create_task(client.users.list())
        loop.run_until_complete(asyncio.sleep(0.05))
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()
        self.server.answer = (200, {}, '{"items": []}')
        self.assertEqual(run(self.client.users.list()), {'items': []})


class Leftovers(Async):
    def test_a_loop_that_is_closed_in_the_middle_of_a_call_is_freed_with_its_queue(self):
        def queues():
            gc.collect()
            return sum(isinstance(found, _native.Queue) for found in gc.get_objects())

        client = self.make(Silent(self))
        before = queues()
        for way in ('descriptor', 'wake-up function'):
            for name, new_loop in LOOPS:
                with self.subTest(name, way=way), contextlib.ExitStack() as stack:
                    if way != 'descriptor':
                        stack.enter_context(mock.patch.object(_native.Queue, 'descriptor', return_value=-1))
                    loop = new_loop()
                    loop.set_exception_handler(lambda loop, context: None)  # a task is destroyed that is pending
                    task = loop.create_task(client.users.list())
                    loop.run_until_complete(asyncio.sleep(0))
                    self.assertEqual(queues(), before + 1)
                    loop.close()
                    del loop, task
                    self.assertEqual(queues(), before)

    def test_a_result_that_python_cannot_read_is_an_exception_and_not_a_call_without_end(self):
        self.server.answer = lambda request: (200, {}, '{"items": %s}' % ('[' * 100_000 + ']' * 100_000))

        async def work():
            return await asyncio.wait_for(self.client.users.list(), 20)

        with self.assertRaises(RecursionError):
            run(work())

    def test_a_loop_costs_a_few_megabytes_at_most(self):
        def megabytes():
            with open('/proc/self/statm') as file:
                return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 1e6

        before = megabytes()
        queues = [_native.Queue() for _ in range(4)]
        self.assertLess((megabytes() - before) / len(queues), 8)


class Loops(Async):
    def setUp(self):
        super().setUp()
        self.server.answer = (200, {}, '{"items": []}')

    def test_one_client_serves_several_loops_in_several_threads(self):
        failed = []

        def work():
            try:
                for _ in range(20):
                    self.assertEqual(run(self.client.users.list()), {'items': []})
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])

    def test_a_loop_without_readers_is_woken_from_the_library_s_thread(self):
        # As on Windows, where a queue has no descriptor.
        with mock.patch.object(_native.Queue, 'descriptor', return_value=-1):
            async def work():
                return await asyncio.gather(*(self.client.users.list() for _ in range(50)))

            self.assertEqual(run(work()), [{'items': []}] * 50)

    def test_a_child_process_has_loops_of_its_own(self):
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        self.assertEqual(loop.run_until_complete(self.client.users.list()), {'items': []})
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if run(self.client.users.list()) == {'items': []} else 2
            finally:
                os._exit(code)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        self.assertEqual(loop.run_until_complete(self.client.users.list()), {'items': []})


if __name__ == '__main__':
    unittest.main()
