"""requests.Session: the connection is kept."""

import measure
import requests


def prepare(arguments):
    session = requests.Session()
    session.verify = arguments.ca_file if arguments.https else True
    session.headers['Accept'] = 'application/json'

    def call():
        answer = session.get(arguments.url, timeout=60)
        answer.raise_for_status()
        return answer.json()

    return call


if __name__ == '__main__':
    measure.run(prepare)
