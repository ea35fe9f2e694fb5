#!/usr/bin/env python3
"""Logs in to a wazo-auth, asks about the token, makes a policy, lists users, and shows each call and its answer.

    quickstart.py --url https://wazo.example.com/api/auth --username alice

What is not given comes from the environment: WAZO_AUTH_URL, WAZO_AUTH_USERNAME, WAZO_AUTH_PASSWORD, WAZO_AUTH_CA_FILE.
"""
import argparse
import getpass
import json
import os
import sys

from wazo_auth_client import Client, __version__
from wazo_auth_client.exceptions import HTTPError, InvalidTokenException, RequestException

# What a token's answer holds that nobody should read over a shoulder.
SECRETS = {'token', 'refresh_token'}


def parse_arguments():
    environment = os.environ.get
    parser = argparse.ArgumentParser(description=__doc__.partition('\n\n')[0])
    where = parser.add_mutually_exclusive_group()
    where.add_argument('--url', default=environment('WAZO_AUTH_URL'), help='https://[user:password@]host[:port][/prefix]')
    where.add_argument('--host', help='short for --url https://HOST/api/auth')
    parser.add_argument('--username', default=environment('WAZO_AUTH_USERNAME'))
    parser.add_argument('--password', default=environment('WAZO_AUTH_PASSWORD'), help='better: the environment')
    parser.add_argument('--ca-file', default=environment('WAZO_AUTH_CA_FILE'), help='authorities to trust (PEM)')
    arguments = parser.parse_args()
    if arguments.host:
        arguments.url = f'https://{arguments.host}/api/auth'
    if not arguments.url:
        parser.error('where is wazo-auth? Give --url or --host, or set WAZO_AUTH_URL.')
    return arguments


def connect(arguments):
    """The client; what it is told on the command line wins over what the URL says."""
    given = {'username': arguments.username, 'password': arguments.password}
    client = Client.from_url(
        arguments.url,
        timeout=10,
        verify_certificate=arguments.ca_file or True,
        **{name: value for name, value in given.items() if value},
    )
    if not client.username:
        sys.exit('Who logs in? Give --username or set WAZO_AUTH_USERNAME.')
    if client.password is None:
        client.password = getpass.getpass(f'Password of {client.username}: ')
    return client


def concealed(value):
    """The value with its secrets cut short."""
    if isinstance(value, dict):
        return {
            name: f'{part[:8]}...' if name in SECRETS and isinstance(part, str) else concealed(part)
            for name, part in value.items()
        }
    return [concealed(part) for part in value] if isinstance(value, list) else value


def show(call, result=None):
    """One call as it is written in Python, and what it returned."""
    print(f'\n>>> client.{call}')
    if result is not None:
        print(json.dumps(concealed(result), indent=2, ensure_ascii=False))


def main():
    arguments = parse_arguments()
    client = connect(arguments)
    print(f'wazo-auth-client {__version__} from Python, to {client.url()}')

    # Whoever logs in at every call keeps the server busy: take one token, and use it until it expires.
    token = client.token.new(expiration=300)
    show('token.new(expiration=300)', token)
    client.set_token(token['token'])

    try:
        show("token.check(token, required_acl='auth.users.read')")
        print(client.token.check(token['token'], required_acl='auth.users.read'))
        scopes = ['auth.users.read', 'auth.policies.create']
        show(f'token.check_scopes(token, {scopes})', client.token.check_scopes(token['token'], scopes))

        name = f'quickstart-{os.getpid()}'
        policy = client.policies.new(name, description='Made by quickstart.py', acl=['dird.users.me.#'])
        show(f"policies.new('{name}', description=..., acl=['dird.users.me.#'])", policy)
        try:
            show(f"policies.list(search='{name}')", client.policies.list(search=name))
        finally:
            client.policies.delete(policy['uuid'])
            show(f"policies.delete('{policy['uuid']}')")

        show("users.list(limit=3, order='username')", client.users.list(limit=3, order='username'))

        nobody = '00000000-0000-0000-0000-000000000000'
        show(f"users.get('{nobody}')   # an error, and what it tells")
        try:
            client.users.get(nobody)
        except HTTPError as error:
            print(f'{type(error).__name__}: {error}')
            print(f'kind={error.kind} status={error.response.status_code} error_id={error.error_id}')
    finally:
        client.token.revoke(token['token'])
        show('token.revoke(token)')

    show('token.check(token)')
    try:
        client.token.check(token['token'])
    except InvalidTokenException as error:
        print(f'{type(error).__name__}: {error}')


if __name__ == '__main__':
    try:
        main()
    except ValueError as error:
        sys.exit(f'quickstart.py: {error}')
    except RequestException as error:
        # No connection, no time left, a certificate that is not trusted, a refusal: the text says which.
        sys.exit(f'quickstart.py: {type(error).__name__}: {error}')
