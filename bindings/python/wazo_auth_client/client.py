"""The client: constructor and attributes as in the reference client, and an attribute for each resource."""
from __future__ import annotations

import math
import os
import sys

from . import _compat, _operations
from ._session import Session
from .exceptions import WazoAuthError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Optional, Union

    from ._session import Answer

    Number = Union[int, float]
    Timeout = Union[None, Number, tuple[Optional[Number], Optional[Number]]]


class AuthClient(_operations.Resources):
    """A client of a wazo-auth server.

    Thread-safe. The first call loads the library and connects. A change of an attribute applies to the calls that begin
    afterwards.

    `timeout` is in seconds: a number for the whole call, a pair (connect, rest of the call), or None for no limit.
    `verify_certificate` is True for the system's certificate authorities, the path of a PEM file, or False.
    `native_options` passes further options to the library (`{'retries': 2, 'proxy': ...}`). Other keywords are ignored,
    so that a program can pass its whole configuration.
    """

    saml_config: _compat.SamlConfig
    external: _compat.External

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
        self._https = bool(https)
        self._prefix = _prefix(prefix)
        self._version = str(version or '')
        self._host, self._port, self._timeout = host, port, timeout
        self._username, self._password, self._tenant_uuid = username, password, tenant
        self._session = Session(
            {
                'host': _host(host),
                'port': _port(port),
                'prefix': self._prefix,
                'version': self._version,
                'https': _boolean(self._https),
                'username': _text(username),
                'password': _text(password),
                'token': _text(token),
                'tenant_uuid': _text(tenant),
                'user_agent': user_agent or _program(),
                **_timeouts(timeout),
                **_verification(verify_certificate),
                **{key: _option(value) for key, value in (native_options or {}).items()},
            },
            _operations.OPERATIONS,
        )
        for name, resource in _compat.RESOURCES.items():
            setattr(self, name, resource(self._session))

    if not TYPE_CHECKING:  # for a type checker, a client has no other attributes than its own

        def __getattr__(self, name: str) -> Any:
            """A command of another package, which is created when it is first used."""
            from . import _commands

            command = None if name.startswith('_') else _commands.create(name, self)
            if command is None:
                raise AttributeError(f'{type(self).__name__!r} object has no attribute {name!r}')
            # If two threads come here at once, both get the same one.
            return self.__dict__.setdefault(name, command)

    @classmethod
    def from_url(cls, url: str, **keywords: Any) -> AuthClient:
        """Creates a client from `https://[user:password@]host[:port][/prefix][?option=value&...]`.

        The query sets options of the library, like `native_options`. `keywords` are those of the constructor, and take
        precedence.
        """
        from . import _url  # loads urllib

        return cls(**{**_url.keywords(url), **keywords})

    def __repr__(self) -> str:
        return f'<wazo_auth_client.Client of {self.url()}>'

    def __enter__(self) -> AuthClient:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections as soon as no call uses them. Later calls raise an exception of the kind `closed`."""
        self._session.close()

    # Attributes that programs read and change.

    @property
    def host(self) -> str:
        """The server's host name or IP address."""
        return self._host

    @host.setter
    def host(self, host: str) -> None:
        self._session.change({'host': _host(host)})
        self._host = host

    @property
    def port(self) -> Union[int, str, None]:
        """The server's port; omitted from the URL if it is 0 or None."""
        return self._port

    @port.setter
    def port(self, port: Union[int, str, None]) -> None:
        self._session.change({'port': _port(port)})
        self._port = port

    @property
    def timeout(self) -> Timeout:
        """The timeout of a call, in seconds."""
        return self._timeout

    @timeout.setter
    def timeout(self, timeout: Timeout) -> None:
        self._session.change(_timeouts(timeout))
        self._timeout = timeout

    @property
    def username(self) -> Optional[str]:
        """The user name that `token.new` logs in with."""
        return self._username

    @username.setter
    def username(self, username: Optional[str]) -> None:
        self._session.change({'username': _text(username)})
        self._username = username

    @property
    def password(self) -> Optional[str]:
        """The password that `token.new` logs in with."""
        return self._password

    @password.setter
    def password(self, password: Optional[str]) -> None:
        self._session.change({'password': _text(password)})
        self._password = password

    @property
    def tenant_uuid(self) -> Any:
        """The tenant of calls that do not name one."""
        return self._tenant_uuid

    @tenant_uuid.setter
    def tenant_uuid(self, tenant_uuid: Any) -> None:
        self._session.change({'tenant_uuid': _text(tenant_uuid)})
        self._tenant_uuid = tenant_uuid

    def set_token(self, token: Optional[str]) -> None:
        """Sets the token of the calls that begin afterwards; None unsets it."""
        self._session.change({'token': _text(token)})

    def set_tenant(self, tenant_uuid: Any) -> None:
        """Sets the tenant of calls that do not name one; None for the token's own tenant."""
        self.tenant_uuid = tenant_uuid

    def tenant(self) -> Any:
        """The tenant of calls that do not name one."""
        return self._tenant_uuid

    def url(self, *parts: Any) -> str:
        """The URL of the API, followed by `parts`, which are not encoded."""
        host = f'[{self._host}]' if ':' in str(self._host) and not str(self._host).startswith('[') else self._host
        port = '' if _port(self._port) == '0' else f':{self._port}'
        version = f'/{self._version}' if self._version else ''
        base = f'{"https" if self._https else "http"}://{host}{port}{self._prefix}{version}'
        return '/'.join([base, *(str(part) for part in parts)])

    def is_server_reachable(self) -> bool:
        """Whether the server responds, even if it returns an error."""
        try:
            self.status.check()
        except WazoAuthError as error:
            if error.kind in ('invalid_argument', 'closed'):
                raise  # no request was sent
            return error.response is not None
        return True

    # Calls by name, and other requests.

    def call(self, operation: str, arguments: Optional[Mapping[str, Any]] = None) -> Answer:
        """Calls an operation by its name (`users.get`). Returns its status, headers and result.

        `arguments` are the parameters of the operation by name. Pass further query keys in `query`, and further fields
        of the body in `body`.
        """
        return self._session.call(operation, arguments or {})

    def request(self, method: str, path: str, query: Optional[Mapping[str, Any]] = None, body: Any = None) -> Answer:
        """Sends a request for which there is no operation. `path` is percent-encoded, such as `/users/{uuid}`."""
        return self._session.request(method, path, query, body)


Client = AuthClient


def _prefix(prefix: Optional[str]) -> str:
    prefix = (prefix or '').rstrip('/')
    return prefix if not prefix or prefix.startswith('/') else f'/{prefix}'


def _host(host: str) -> str:
    if not host:
        raise ValueError('host: the name or the address of the server is expected, not an empty text')
    return str(host)


def _port(port: Union[int, str, None]) -> str:
    return str(port or 0)


def _boolean(value: bool) -> str:
    return 'true' if value else 'false'


def _text(value: Any) -> Optional[str]:
    return None if value is None else str(value)


def _option(value: Any) -> Optional[str]:
    return _boolean(value) if isinstance(value, bool) else _text(value)


def _program() -> Optional[str]:
    """The name of the running program; None, for the library's default, if it has none."""
    name = os.path.basename((getattr(sys, 'argv', None) or [''])[0])
    return name.encode('ascii', 'ignore').decode() or None


def _timeouts(timeout: Timeout) -> dict[str, Optional[str]]:
    """The options of the library for `timeout`.

    The library's timeout is for the whole call. For a pair, it is the sum; if the second one is None, there is none.
    """
    connect, rest = timeout if isinstance(timeout, (tuple, list)) else (None, timeout)
    connect_ms, rest_ms = _milliseconds(connect), _milliseconds(rest)
    whole_ms = 0 if not rest_ms else rest_ms + connect_ms
    return {'timeout_ms': str(whole_ms), 'connect_timeout_ms': str(connect_ms)}


def _milliseconds(seconds: Optional[Number]) -> int:
    """Milliseconds, rounded up; 0 for no limit."""
    if seconds is None or seconds == math.inf:
        return 0
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f'timeout: seconds, a pair of them, or None are expected, not {seconds!r}')
    if not seconds > 0:
        raise ValueError(f'timeout: more than 0 seconds are expected, or None for no limit, not {seconds!r}')
    return math.ceil(seconds * 1000)


def _verification(verify: Union[bool, str, os.PathLike[str], None]) -> dict[str, Optional[str]]:
    if verify is None:
        verify = True  # the safe default
    if isinstance(verify, bool):
        return {'verify_certificate': _boolean(verify)}
    path = os.fspath(verify)
    if not path:
        raise ValueError('verify_certificate: True, False or the path of a file is expected, not an empty text')
    return {'verify_certificate': 'true', 'ca_file': path if isinstance(path, str) else os.fsdecode(path)}
