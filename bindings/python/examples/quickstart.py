#!/usr/bin/env python3
"""Logs in to a wazo-auth server, checks the token, creates a policy, lists users, and prints each call and its result.

    quickstart.py --url https://wazo.example.com/api/auth --username alice

Environment variables are used for omitted options: WAZO_AUTH_URL, WAZO_AUTH_USERNAME, WAZO_AUTH_PASSWORD,
WAZO_AUTH_CA_FILE.
"""
import argparse
import getpass
import json
import os
import sys

from wazo_auth_client import Client, __version__
from wazo_auth_client.exceptions import HTTPError, InvalidTokenException, RequestException

# The members of a result that must not be shown.
SECRETS = {'token', 'refresh_token'}


def parse_arguments():
    environment = os.environ.get
    parser = argparse.ArgumentParser(description=__doc__.partition('\n\n')[0])
    where = parser.add_mutually_exclusive_group()
    where.add_argument('--url', default=environment('WAZO_AUTH_URL'), help='https://[user:password@]host[:port]/...')
    where.add_argument('--host', help='short for --url https://HOST/api/auth')
    parser.add_argument('--username', default=environment('WAZO_AUTH_USERNAME'))
    parser.add_argument('--password', default=environment('WAZO_AUTH_PASSWORD'), help='prefer WAZO_AUTH_PASSWORD')
    parser.add_argument('--ca-file', default=environment('WAZO_AUTH_CA_FILE'), help='trusted authorities, a PEM file')
    arguments = parser.parse_args()
    if arguments.host:
        arguments.url = f'https://{arguments.host}/api/auth'
    if not arguments.url:
        parser.error('the URL of wazo-auth is missing: give --url or --host, or set WAZO_AUTH_URL')
    return arguments


def connect(arguments):
    """Creates the client. Options of the command line override those in the URL."""
    given = {'username': arguments.username, 'password': arguments.password}
    client = Client.from_url(
        arguments.url,
        timeout=10,
        verify_certificate=arguments.ca_file or True,
        **{name: value for name, value in given.items() if value},
    )
    if not client.username:
        sys.exit('quickstart.py: the user name is missing: give --username, or set WAZO_AUTH_USERNAME')
    if client.password is None:
        client.password = getpass.getpass(f'Password of {client.username}: ')
    return client


def concealed(value):
    """The value, with its secrets shortened."""
    if isinstance(value, dict):
        return {
            name: f'{part[:8]}...' if name in SECRETS and isinstance(part, str) else concealed(part)
            for name, part in value.items()
        }
    return [concealed(part) for part in value] if isinstance(value, list) else value


def show(call, result=None):
    """Prints a call as it is written in Python, and its result."""
    print(f'\n>>> client.{call}')
    if result is not None:
        print(json.dumps(concealed(result), indent=2, ensure_ascii=False))


def main():
    arguments = parse_arguments()
    client = connect(arguments)
    print(f'wazo-auth-client {__version__} from Python, to {client.url()}')

    # Use a token until it expires: a login for every call is slow, and the server limits the number of sessions.
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
        show(f"users.get('{nobody}')   # an error, and its attributes")
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
        # No connection, a timeout, a certificate that is not trusted, an error of the server: the message says which.
        sys.exit(f'quickstart.py: {type(error).__name__}: {error}')
