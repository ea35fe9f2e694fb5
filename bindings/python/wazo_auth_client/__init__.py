"""A client of wazo-auth: tokens, users, policies and all other operations, based on a native library.

    from wazo_auth_client import Client

    client = Client('wazo.example.com', username='alice', password='secret')
    token = client.token.new(expiration=3600)
    client.set_token(token['token'])
    print(client.users.list(search='bob'))

A client is thread-safe, and works in child processes after a fork.
"""
# What the import loads is what every call needs. Other modules are imported by the functions that use them. `typing` is
# imported for type checkers only, which take a variable TYPE_CHECKING for true, whatever its value.
from __future__ import annotations

from ._version import __version__
from .client import AuthClient, Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .aio import AsyncClient

__all__ = ['AsyncClient', 'AuthClient', 'Client', '__version__']


def __getattr__(name: str) -> object:
    if name != 'AsyncClient':
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from .aio import AsyncClient  # loads asyncio

    return AsyncClient
