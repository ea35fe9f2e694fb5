"""This library's Python package, one client kept. PYTHONPATH and WAZO_AUTH_CLIENT_LIBRARY say where it is."""

import functools

import measure
from wazo_auth_client import Client


@functools.cache
def client_of(arguments):
    return Client(
        arguments.host,
        port=arguments.port,
        prefix=None,
        https=arguments.https,
        verify_certificate=arguments.ca_file if arguments.https else True,
        timeout=60,
    )


def prepare(arguments):
    # One client for all threads, as programs have it.
    client = client_of(arguments)
    return lambda: {'data': client.token.get(arguments.token)}


if __name__ == '__main__':
    measure.run(prepare)
