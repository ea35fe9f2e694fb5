"""requests.get: a connection for each call, as the reference client of wazo-auth has it without a session."""

import measure
import requests


def prepare(arguments):
    verify = arguments.ca_file if arguments.https else True

    def call():
        answer = requests.get(arguments.url, headers={'Accept': 'application/json'}, verify=verify, timeout=60)
        answer.raise_for_status()
        return answer.json()

    return call


if __name__ == '__main__':
    measure.run(prepare)
