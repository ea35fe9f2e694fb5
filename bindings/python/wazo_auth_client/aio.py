"""The asynchronous client, for asyncio: the methods of the client, to be awaited.

    from wazo_auth_client import AsyncClient

    async with AsyncClient('wazo.example.com', username='alice', password='secret') as client:
        token = await client.token.new(expiration=3600)
        client.set_token(token['token'])
        async for user in client.pages(client.users.list, search='bob'):
            print(user['username'])

No thread waits for a call, and a task that is cancelled ends its call at once. Works with every event loop that has
`add_reader` (asyncio's on Unix, uvloop), with several loops in several threads, and in a child process with a loop of
its own. On Windows, the library wakes the loop from its own thread.
"""
from __future__ import annotations

import asyncio
import os
from time import perf_counter

from . import _errors, _log, _operations
from ._base import BaseClient
from ._calls import Calls
from ._native import NativeError
from ._session import Answer, BaseSession, arguments_json, request_json, to_answer
from .exceptions import WazoAuthError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from typing import Any, Optional

    from ._native import Queue
else:
    # For typing.get_type_hints().
    from collections.abc import AsyncIterator

    from ._typing import Any, Callable, Mapping, Optional

__all__ = ['AsyncClient']


def _calls(loop: Any) -> Calls:
    """The calls of an event loop, which watches their queue from now on.

    They are an attribute of the loop. Calls in progress refer to the loop: if anything else referred to the calls, a loop
    that was closed in the middle of one would never be freed.
    """
    found: Optional[Calls] = getattr(loop, '_wazo_auth_client', None)
    if found is None or found.process != os.getpid():
        found = loop._wazo_auth_client = Calls()
        descriptor = found.queue.descriptor()
        try:
            if descriptor < 0:
                raise NotImplementedError
            loop.add_reader(descriptor, found.drain)
        except NotImplementedError:
            # The queue's wake-up function runs on the library's thread.
            drain = found.drain
            found.queue.set_wake_up(lambda: _wake(loop, drain))
    return found


def _wake(loop: asyncio.AbstractEventLoop, drain: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(drain)
    except RuntimeError:
        pass  # the loop was closed: nobody waits any more


class AsyncSession(BaseSession):
    """The session of a client whose calls are awaited."""

    async def perform(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        finish: Optional[Callable[[Any], Any]] = None,
        whole: bool = False,
        forgive: bool = False,
    ) -> Any:
        """Calls an operation, as `Session.perform`."""
        text = arguments_json(operation, arguments)
        log = _log.debugging()
        begun = perf_counter() if log is not None else 0.0
        try:
            handle = self._handle or self.handle()
            answer = await _ended(lambda queue: queue.submit(handle, operation, text), whole or log is not None)
        except NativeError as error:
            raised = self.failed(error, operation, arguments, log, begun)
            if forgive and _errors.is_refusal(raised):
                return None
            raise raised from None
        if log is not None:
            self.log_end(log, operation, arguments, answer['status'], begun)
            answer = answer if whole else answer['result']
        if whole:
            answer = to_answer(answer)
        return finish(answer) if finish is not None else answer

    async def request(
        self, method: str, path: str, query: Optional[Mapping[str, Any]] = None, body: Any = None
    ) -> Answer:
        """Sends a request for which there is no operation."""
        query_text, body_text = request_json(path, query, body)
        log = _log.debugging()
        begun = perf_counter() if log is not None else 0.0
        try:
            given = (self._handle or self.handle(), method, path, query_text, body_text)
            answer = await _ended(lambda queue: queue.submit_request(*given), True)
        except NativeError as error:
            raise self.failed(error, f'{method} {path}', {}, log, begun) from None
        if log is not None:
            self.log_end(log, f'{method} {path}', {}, answer['status'], begun)
        return to_answer(answer)


async def _ended(submit: Callable[[Queue], int], whole: bool) -> Any:
    """Submits a call to the queue of the running event loop, and waits until it has ended. A task that is cancelled
    meanwhile ends the call."""
    loop = asyncio.get_running_loop()
    calls = _calls(loop)
    ended = loop.create_future()

    def deliver(result: Any, error: Optional[BaseException]) -> None:
        if not ended.done():
            ended.set_result(result) if error is None else ended.set_exception(error)

    number = calls.submit(submit, whole, deliver)
    try:
        return await ended
    except BaseException:
        calls.cancel(number)
        raise


class AsyncClient(BaseClient, _operations.AsyncResources):
    """A client of a wazo-auth server, whose methods are awaited. The constructor, the attributes and the resources are
    those of `wazo_auth_client.Client`.

    A client can be used in several event loops and threads at once.
    """

    _session: AsyncSession
    _session_type = AsyncSession

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *exception: Any) -> None:
        self.close()

    async def aclose(self) -> None:
        """Closes the connections as soon as no call uses them, as `close`."""
        self.close()

    async def is_server_reachable(self) -> bool:
        """Whether the server responds, even if it returns an error."""
        try:
            await self.status.check()
        except WazoAuthError as error:
            return self._is_reachable(error)
        return True

    async def call(self, operation: str, arguments: Optional[Mapping[str, Any]] = None) -> Answer:
        """Calls an operation by its name (`users.get`). Returns its status, headers and result.

        `arguments` are the parameters of the operation by name. Pass further query keys in `query`, and further fields
        of the body in `body`.
        """
        answer: Answer = await self._session.perform(operation, arguments or {}, whole=True)
        return answer

    async def request(
        self, method: str, path: str, query: Optional[Mapping[str, Any]] = None, body: Any = None
    ) -> Answer:
        """Sends a request for which there is no operation. `path` is percent-encoded, such as `/users/{uuid}`."""
        return await self._session.request(method, path, query, body)

    async def pages(
        self,
        method: Callable[..., Any],
        *arguments: Any,
        page_size: int = 100,
        max_items: int = 0,
        **keywords: Any,
    ) -> AsyncIterator[dict[str, Any]]:
        """Yields every item of a listing. `method` is a method of this client that takes `limit` and `offset`, such as
        `client.users.list`; the arguments are its.

        It pages as `wazo_auth_client.paging.pages`, in a thread of the event loop's executor. If the task is cancelled,
        the request of the page ends in that thread.
        """
        from .paging import pages

        items = pages(method, *arguments, page_size=page_size, max_items=max_items, **keywords)
        has_ended = False
        while not has_ended:
            batch, has_ended = await asyncio.get_running_loop().run_in_executor(None, _batch, items, page_size)
            for item in batch:
                yield item


def _batch(items: Iterator[dict[str, Any]], size: int) -> tuple[list[dict[str, Any]], bool]:
    """The next items, and whether they are the last ones. An exception that comes after some is raised next time."""
    batch: list[dict[str, Any]] = []
    try:
        while len(batch) < size:
            batch.append(next(items))
    except StopIteration:
        return batch, True
    except WazoAuthError:
        if not batch:
            raise
    return batch, False
