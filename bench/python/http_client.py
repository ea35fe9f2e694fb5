"""http.client, one connection kept: the least that Python's standard library can do."""

import http.client
import json
import ssl

import measure


def connection_of(arguments):
    if not arguments.https:
        return http.client.HTTPConnection(arguments.host, arguments.port, timeout=60)
    context = ssl.create_default_context(cafile=arguments.ca_file)
    return http.client.HTTPSConnection(arguments.host, arguments.port, timeout=60, context=context)


def prepare(arguments):
    connection = connection_of(arguments)

    def call():
        connection.request('GET', arguments.path, headers={'Accept': 'application/json'})
        return json.loads(connection.getresponse().read())

    return call


if __name__ == '__main__':
    measure.run(prepare)
