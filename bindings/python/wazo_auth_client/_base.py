"""What the blocking and the asynchronous client have in common: the constructor, the settings, the resources."""
from __future__ import annotations

import os
from _weakref import ref  # the module weakref loads more

from . import _commands, _compat, _library, _log, _operations, _settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Optional, TypeVar, Union

    from ._session import BaseSession
    from ._settings import Timeout
    from .exceptions import WazoAuthError

    C = TypeVar('C', bound='BaseClient')
else:
    # For typing.get_type_hints().
    from ._typing import Any, Mapping, Optional, Union
    from .exceptions import WazoAuthError

    Timeout = 'Union[None, int, float, tuple[Union[None, int, float], Union[None, int, float]]]'
    BaseSession = C = Any


def _setting(name: str) -> Any:
    """A property for a setting of the constructor."""

    def read(self: BaseClient) -> Any:
        value = self._session.given[name]
        return _settings.prefix(value) if name == 'prefix' else value

    def write(self: BaseClient, value: Any) -> None:
        self._session.change(name, value)

    return property(read, write)


class BaseClient:
    """A client of a wazo-auth server.

    Thread-safe. The first call connects. A change of an attribute applies to the calls that begin afterwards.

    `timeout` is in seconds: a number for the whole call, a pair (connect, rest of the call), or None for no limit.
    `verify_certificate` is True for the system's certificate authorities, the path of a PEM file or of a directory of
    certificates, or False. `native_options` passes further options to the library (`{'retries': 2, 'proxy': ...}`).
    Other keywords are ignored, so that a program can pass its whole configuration.

    Raises `ImportError` if the native library is missing or has another version.
    """

    #: The group of the entry points that add commands.
    namespace = _commands.GROUP

    _session: BaseSession
    _session_type: type[BaseSession]

    def __init__(
        self,
        host: str,
        port: Union[int, str, None] = 443,
        prefix: Optional[str] = '/api/auth',
        version: str = '0.1',
        username: Optional[str] = None,
        password: Optional[str] = None,
        token: Optional[str] = None,
        tenant: Any = None,
        https: bool = True,
        timeout: Timeout = 10,
        verify_certificate: Union[bool, str, os.PathLike[str], None] = True,
        user_agent: str = '',
        *,
        native_options: Optional[Mapping[str, Any]] = None,
        **kwargs: Any,
    ) -> None:
        _library.library()  # a library that is missing is noticed here, and not in the first call
        given = locals()
        self._set_up({name: given[name] for name in _settings.DEFAULTS})
        if kwargs:
            log = _log.debugging()
            if log is not None:
                log.debug('%s ignores the keywords %s', type(self).__name__, ', '.join(sorted(kwargs)))

    def _set_up(self, given: dict[str, Any]) -> None:
        self._take(self._session_type(given, _operations.OPERATIONS))

    def _take(self, session: BaseSession) -> None:
        self._session = session
        if session.client is None:
            session.client, session.make_client = ref(self), type(self)._of
        replaced = _commands.names()
        for name, resource in _compat.RESOURCES.items():
            if name not in replaced:
                setattr(self, name, resource(self))

    @classmethod
    def _of(cls: type[C], session: BaseSession) -> C:
        """Another client of a session."""
        client = cls.__new__(cls)
        client._take(session)
        return client

    if not TYPE_CHECKING:  # for a type checker, a client has no other attributes than its own

        def __getattr__(self, name: str) -> Any:
            """A command of another package, which is created when it is first used."""
            command = None if name.startswith('_') else _commands.create(name, self)
            if command is None and name in _compat.RESOURCES:
                command = _compat.RESOURCES[name](self)  # the command in its place is broken
            if command is None:
                raise AttributeError(f'{type(self).__name__!r} object has no attribute {name!r}')
            # If two threads come here at once, both get the same one.
            return self.__dict__.setdefault(name, command)

    @classmethod
    def from_url(cls: type[C], url: str, **keywords: Any) -> C:
        """Creates a client from `https://[user:password@]host[:port][/prefix][?option=value&...]`.

        The query sets options of the library, like `native_options`. `keywords` are those of the constructor, and take
        precedence.
        """
        from . import _url  # loads urllib

        return cls(**{**_url.keywords(url), **keywords})

    def __repr__(self) -> str:
        return f'<wazo_auth_client.{type(self).__name__} of {self.url()}>'

    def close(self) -> None:
        """Closes the connections as soon as no call uses them. Later calls raise an exception of the kind `closed`."""
        self._session.close()

    # For copy and pickle: another client with the same settings, and connections of its own.

    def __getstate__(self) -> dict[str, Any]:
        own = {'_session', '_tools', *_compat.RESOURCES, *_commands.names()}
        attributes = {name: value for name, value in self.__dict__.items() if name not in own}
        return {'settings': self._session.given, 'attributes': attributes}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self._set_up(dict(state['settings']))
        self.__dict__.update(state['attributes'])

    # Attributes that programs read and change.

    @property
    def host(self) -> str:
        """The server's host name or IP address."""
        host: str = self._session.given['host']
        return host

    @host.setter
    def host(self, host: str) -> None:
        self._session.change('host', host)

    @property
    def port(self) -> Optional[int]:
        """The server's port; omitted from the URL if it is 0 or None."""
        return _settings.port(self._session.given['port'])

    @port.setter
    def port(self, port: Union[int, str, None]) -> None:
        self._session.change('port', port)

    @property
    def timeout(self) -> Timeout:
        """The timeout of a call, in seconds."""
        timeout: Timeout = self._session.given['timeout']
        return timeout

    @timeout.setter
    def timeout(self, timeout: Timeout) -> None:
        self._session.change('timeout', timeout)

    @property
    def username(self) -> Optional[str]:
        """The user name that `token.new` logs in with."""
        username: Optional[str] = self._session.given['username']
        return username

    @username.setter
    def username(self, username: Optional[str]) -> None:
        self._session.change('username', username)

    @property
    def password(self) -> Optional[str]:
        """The password that `token.new` logs in with."""
        password: Optional[str] = self._session.given['password']
        return password

    @password.setter
    def password(self, password: Optional[str]) -> None:
        self._session.change('password', password)

    @property
    def tenant_uuid(self) -> Any:
        """The tenant of calls that do not name one."""
        return self._session.given['tenant']

    @tenant_uuid.setter
    def tenant_uuid(self, tenant_uuid: Any) -> None:
        self._session.change('tenant', tenant_uuid)

    # Settings by the names of the reference client's attributes.
    _token_id = _setting('token')
    _https = _setting('https')
    _version = _setting('version')
    _prefix = _setting('prefix')
    _user_agent = _setting('user_agent')
    _verify_certificate = _setting('verify_certificate')

    def set_token(self, token: Optional[str]) -> None:
        """Sets the token of the calls that begin afterwards; None unsets it."""
        self._session.change('token', token)

    def set_tenant(self, tenant_uuid: Any) -> None:
        """Sets the tenant of calls that do not name one; None for the token's own tenant."""
        self._session.change('tenant', tenant_uuid)

    def tenant(self) -> Any:
        """The tenant of calls that do not name one."""
        return self._session.given['tenant']

    def url(self, *parts: Any) -> str:
        """The URL of the API, followed by `parts`, which are not encoded."""
        return _settings.url(self._session.given, *parts)

    def session(self) -> Any:
        """A new `requests.Session` with the settings and the identity of this client, for requests of your own and for
        commands of other packages. Needs `requests`.

        The environment (`REQUESTS_CA_BUNDLE`, proxies, `.netrc`) does not change its settings.
        """
        from . import _requests_session

        return _requests_session.make(self._session.given)

    @staticmethod
    def _is_reachable(error: WazoAuthError) -> bool:
        """Whether a failed call shows that the server responds. Raises the error if no request was sent."""
        if error.kind in ('invalid_argument', 'closed'):
            raise error
        log = _log.debugging()
        if log is not None and error.status is None:
            log.debug('the server cannot be reached: %s', error)
        return error.status is not None
