#!/usr/bin/env python3
"""The package with types: a small program that passes `mypy --strict` and `pyright --strict`.

    typed.py --url https://wazo.example.com/api/auth --username alice

It logs in with a refresh token, prints who may do what in the tenant, and ends its session. The password is taken from
WAZO_AUTH_PASSWORD.
"""
from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Optional

from wazo_auth_client import AuthClient, Client
from wazo_auth_client.exceptions import HTTPError, InvalidTokenException, RequestException

if TYPE_CHECKING:
    # Types only: at runtime, the program need not load them.
    from wazo_auth_client.types import OfflineTokenDict, PolicyDict, TokenDict, UserDict

APPLICATION = 'typed.py'


def log_in(client: AuthClient) -> OfflineTokenDict:
    """A token that can be renewed without the password."""
    return client.token.new(expiration=300, access_type='offline', client_id=APPLICATION)


def renew(client: AuthClient, refresh_token: str) -> TokenDict:
    return client.token.new(expiration=300, refresh_token=refresh_token, client_id=APPLICATION)


def is_administrator(client: AuthClient, token: TokenDict) -> bool:
    scopes = client.token.check_scopes(token['token'], ['auth.users.create', 'auth.policies.create'])['scopes']
    return all(scopes.values())


def users(client: AuthClient, page: int = 50) -> Iterator[UserDict]:
    """All users of the tenant, page by page."""
    offset = 0
    while items := client.users.list(order='username', limit=page, offset=offset)['items']:
        yield from items
        offset += len(items)


def main_address(user: UserDict) -> Optional[str]:
    return next((email['address'] for email in user['emails'] if email['main']), None)


def accesses(policies: list[PolicyDict]) -> set[str]:
    return {access for policy in policies for access in policy['acl']}


def is_known(client: AuthClient, token: str) -> bool:
    try:
        return client.token.check(token)
    except InvalidTokenException:
        return False


def show(client: AuthClient) -> None:
    for user in users(client):
        policies = client.users.get_policies(user['uuid'])['items']
        names = ', '.join(sorted(group['name'] for group in client.users.get_groups(user['uuid'])['items']))
        print(f'{user["username"] or user["uuid"]} <{main_address(user) or ""}>: {len(accesses(policies))} accesses; {names}')


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or '').partition('\n\n')[0])
    parser.add_argument('--url', required=True)
    parser.add_argument('--username', required=True)
    arguments = parser.parse_args()
    password = os.environ['WAZO_AUTH_PASSWORD']
    with Client.from_url(arguments.url, username=arguments.username, password=password, timeout=(2, 10)) as client:
        first = log_in(client)
        client.set_token(first['token'])
        try:
            token = renew(client, first['refresh_token'])
            client.token.revoke(first['token'])
            client.set_token(token['token'])
            tenant = client.tenants.get(token['metadata']['tenant_uuid'])
            print(f'{tenant["name"]}: {"administrator" if is_administrator(client, token) else "user"}')
            show(client)
            client.token.delete(token['auth_id'], APPLICATION)
            client.token.revoke(token['token'])
            print(f'the token is {"still" if is_known(client, token["token"]) else "no longer"} valid')
        except HTTPError as error:
            print(f'{error.kind} {error.response.status_code}: {error.response.reason}', file=sys.stderr)
            return 1
        return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except RequestException as error:
        sys.exit(f'typed.py: {type(error).__name__}: {error}')
