"""httpx.Client: the connection is kept."""

import ssl

import httpx
import measure


def prepare(arguments):
    verify = ssl.create_default_context(cafile=arguments.ca_file) if arguments.https else True
    client = httpx.Client(verify=verify, timeout=60, headers={'Accept': 'application/json'}, trust_env=False)

    def call():
        answer = client.get(arguments.url)
        answer.raise_for_status()
        return answer.json()

    return call


if __name__ == '__main__':
    measure.run(prepare)
