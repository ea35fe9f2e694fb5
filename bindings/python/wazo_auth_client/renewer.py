"""Keeps a token fresh, and tells subscribers each new one.

    from wazo_auth_client.renewer import TokenRenewer

    renewer = TokenRenewer(auth_client)
    renewer.subscribe_to_token_change(confd_client.set_token)
    with renewer:
        ...

A client that is bound to the renewer needs no callback: `renewer.bind(auth_client).users.list()`.

Callbacks run on one thread, `token-renewer`, one after the other and in the order of the tokens. They may take time and
make calls. What they raise is logged.
"""
from __future__ import annotations

import atexit
import ctypes
import json
import logging
import os
import threading
from collections import deque
from queue import SimpleQueue

from . import _errors
from . import _native_decisions as _native
from ._binding import bound
from .exceptions import WazoAuthError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Optional

    from ._base import C
    from ._native_decisions import Handle

__all__ = ['TokenRenewer']

logger = logging.getLogger(__name__)

#: The longest that `start` waits for the end of the first login: the longest time limit that the library gives one.
_LONGEST_LOGIN = 65


class _Subscriber:
    __slots__ = ('callback', 'is_once', 'wants_details')

    def __init__(self, callback: Callable[[Any], Any], is_once: bool, wants_details: bool) -> None:
        self.callback, self.is_once, self.wants_details = callback, is_once, wants_details


class _Run:
    """What belongs to one run of a renewer, in one process."""

    def __init__(self, handle: Handle) -> None:
        self.handle = handle
        self.process = os.getpid()
        self.settled = threading.Event()
        self.items: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self.thread: Optional[threading.Thread] = None
        # They run on the library's thread, where nothing may take time: they only pass on what they hear. SimpleQueue
        # has no lock that a signal handler or a callback could find taken.
        put = self.items.put
        self._on_change = _native.LISTENER(lambda text, data: put(('token', text.decode())))
        self._on_state = _native.LISTENER(lambda text, data: put(('state', text.decode())))

    def listen(self) -> None:
        self._set(self._on_change, self._on_state)

    def fall_silent(self) -> None:
        """When it returns, the library calls no Python function any more."""
        self._set(_native.LISTENER(), _native.LISTENER())

    def _set(self, on_change: Any, on_state: Any) -> None:
        native, error = _native.library(), ctypes.c_void_p()
        for function, listener in (
            (native.wazo_auth_renewer_set_on_change, on_change),
            (native.wazo_auth_renewer_set_on_state, on_state),
        ):
            if not function(self.handle.address, listener, None, ctypes.byref(error)):
                _native.raise_error(error)


# A thread of the library must not enter Python when the interpreter has begun to end.
_running: set[_Run] = set()


@atexit.register
def _fall_silent() -> None:
    for run in list(_running):
        if run.process == os.getpid():
            run.fall_silent()


class TokenRenewer:
    """Logs in with the user name and password of a client, and renews the token before it expires.

    The token is renewed at 80 % of its life, earlier at random by up to a tenth, and after a failure after 1 to 32 s.
    `expiration` is the lifetime to ask for, in seconds; `options` are further options of a renewer, such as
    `renew_at_percent=50` (docs/options.md). Thread-safe. The client's settings are copied at the start.

    A subscriber that comes when there is a token hears it at once. In a forked child nothing is heard until `start` is
    called there: the child then goes on with the token that it inherited.
    """

    DEFAULT_EXPIRATION = 6 * 3600

    def __init__(self, auth_client: Any, expiration: int = DEFAULT_EXPIRATION, **options: Any) -> None:
        self._client = auth_client
        self._options = {'expiration_s': expiration, **options}
        # Those that the thread has not seen yet; a deque is safe to use from several threads.
        self._coming: deque[_Subscriber] = deque()
        self._subscribers: list[_Subscriber] = []
        self._current: Optional[str] = None
        self._run: Optional[_Run] = None

    def __enter__(self) -> TokenRenewer:
        self.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.stop()

    def subscribe_to_token_change(self, callback: Callable[[str], Any]) -> None:
        """Calls a function with each token: the current one, if there is one, and all that follow."""
        self._subscribe(_Subscriber(callback, is_once=False, wants_details=False))

    def subscribe_to_next_token_change(self, callback: Callable[[str], Any]) -> None:
        """Calls a function once: with the current token if there is one, else with the next."""
        self._subscribe(_Subscriber(callback, is_once=True, wants_details=False))

    def subscribe_to_next_token_details_change(self, callback: Callable[[dict[str, Any]], Any]) -> None:
        """The same with the whole token as a dictionary: `token`, `session_uuid`, `metadata` ...

        The server is asked for it. If it cannot be asked, the dictionary has what the login brought: `token`,
        `session_uuid`, and `uuid` and `tenant_uuid` in `metadata`.
        """
        self._subscribe(_Subscriber(callback, is_once=True, wants_details=True))

    def _subscribe(self, subscriber: _Subscriber) -> None:
        self._coming.append(subscriber)
        run = self._run
        if run is not None:
            run.items.put(('subscriber', None))

    def start(self) -> None:
        """Logs in. When it returns, the subscribers have heard the first token, or the first login has failed.

        A failure is logged, and raises nothing: the renewer goes on trying.
        """
        before = self._run
        if before is not None and before.process == os.getpid():
            raise RuntimeError('token renewer already started')
        native = _native.library()
        handle = before.handle if before is not None else _native.made(
            native.wazo_auth_renewer_new,
            native.wazo_auth_renewer_free,
            _native.client_address(self._client),
            json.dumps(self._options).encode(),
        )
        self._run = run = _Run(handle)
        run.thread = threading.Thread(target=self._deliver, args=(run,), name='token-renewer', daemon=True)
        run.thread.start()
        _running.add(run)
        run.listen()
        run.items.put(('subscriber', None))  # of a forked child, where no new token may come for long
        error = ctypes.c_void_p()
        if not native.wazo_auth_renewer_start(handle.address, 0, ctypes.byref(error)):
            _native.raise_error(error)
        run.settled.wait(_LONGEST_LOGIN)

    def stop(self, log_out: bool = False) -> None:
        """Ends the renewals, and waits for the callback that runs.

        The token stays valid until it expires, for those who still use it. `log_out` revokes it, and ends its session.
        """
        run = self._run
        if run is None or run.process != os.getpid():
            return
        run.items.put(('stop', log_out))
        if run.thread is not None and run.thread is not threading.current_thread():
            run.thread.join()

    def emit_stop(self) -> None:
        """Ends the renewals soon. Never waits, and may be called in a signal handler."""
        run = self._run
        if run is not None and run.process == os.getpid():
            run.items.put(('stop', False))

    def bind(self, client: C) -> C:
        """Another client like this `Client` or `AsyncClient`, whose calls use the renewer's token.

        A call that finds no token waits for one, within its own timeout. If the server answers that the token is not
        valid any more, the renewer gets a new one, once for any number of calls, and the call is repeated once.

        The renewer must have been started when the first call is made. After `stop`, the token serves until it is not
        valid any more. A token that is set on the client takes the place of the renewer. A copy is not bound.
        """
        return bound(client, self._started)

    def _started(self) -> Handle:
        run = self._run
        if run is None:
            raise RuntimeError('token renewer not started')
        handle = run.handle
        if not handle.address:
            stopped = _errors.closed()
            stopped.args = ('this token renewer was stopped',)
            raise stopped
        return handle

    def token(self) -> Optional[str]:
        """The current token; None if there is no valid one."""
        run = self._run
        text = _native.library().wazo_auth_renewer_token(run.handle.address) if run is not None else None
        return str(_native.taken(text), 'utf-8') if text else None

    def renew(self) -> None:
        """Renews the token now: for a program that hears that its token is not valid any more. Does not wait."""
        run, error = self._run, ctypes.c_void_p()
        if run is not None and not _native.library().wazo_auth_renewer_renew(run.handle.address, ctypes.byref(error)):
            _native.raise_error(error)

    def snapshot(self) -> dict[str, Any]:
        """How it is doing: `state`, `expires_in_ms`, `last_error` ... and no secrets. Empty before the start."""
        run = self._run
        text = _native.library().wazo_auth_renewer_snapshot(run.handle.address) if run is not None else None
        found: dict[str, Any] = _native.parsed(text) if text else {}
        return found

    # What follows runs on the thread `token-renewer`.

    def _deliver(self, run: _Run) -> None:
        log_out = False
        try:
            while True:
                kind, value = run.items.get()
                if kind == 'stop':
                    log_out = value
                    return
                if kind == 'state':
                    self._report(run, value)
                elif kind == 'token' and value != self._current:
                    self._current = value
                    told, self._subscribers = self._subscribers + self._arrived(), []
                    self._tell(told)
                    run.settled.set()
                elif self._current is not None:
                    self._tell(self._arrived())
                    run.settled.set()
        finally:
            self._end(run, log_out)

    def _arrived(self) -> list[_Subscriber]:
        arrived = []
        while self._coming:
            arrived.append(self._coming.popleft())
        return arrived

    def _tell(self, subscribers: list[_Subscriber]) -> None:
        details: Optional[dict[str, Any]] = None
        for subscriber in subscribers:
            if not subscriber.is_once:
                self._subscribers.append(subscriber)
            if subscriber.wants_details and details is None:
                details = self._details()
            try:
                subscriber.callback(details if subscriber.wants_details else self._current)
            except Exception:
                logger.warning('a callback for a new token failed', exc_info=True)

    def _details(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._client.token.get(self._current)
            return found
        except WazoAuthError as error:
            logger.info('the details of the new token could not be fetched: %s', error)
        known = self.snapshot()
        return {
            'token': self._current,
            'session_uuid': known.get('session_uuid'),
            'metadata': {'uuid': known.get('user_uuid'), 'tenant_uuid': known.get('tenant_uuid')},
        }

    def _report(self, run: _Run, state: str) -> None:
        known = self.snapshot() if state in ('failing', 'stale') else {}
        failure = known.get('last_error')
        if failure:
            logger.warning(
                'logging in to wazo-auth failed (%s), %s; next attempt in %s s',
                failure.get('message'),
                'and there is no valid token' if state == 'failing' else 'the token is still valid',
                round((known.get('renews_in_ms') or 0) / 1000),
            )
        elif state == 'failing':
            logger.info('wazo-auth does not accept the token any more, as a bound client has heard; logging in again')
        if state == 'failing':
            run.settled.set()

    def _end(self, run: _Run, log_out: bool) -> None:
        run.fall_silent()
        _running.discard(run)
        native, error = _native.library(), ctypes.c_void_p()
        try:
            # Without a log-out as well, nothing may be renewed any more.
            if log_out and not native.wazo_auth_renewer_close(run.handle.address, 0, ctypes.byref(error)):
                _native.raise_error(error)
        except WazoAuthError as failure:
            logger.warning('the token could not be revoked, it lives until it expires: %s', failure)
        finally:
            run.handle = _native.Handle(None, native.wazo_auth_renewer_free)
            run.settled.set()
