"""What must pass type checkers where `requests` is installed: the exceptions are its own. Checked and never run."""
from __future__ import annotations

from typing import Optional

import requests

from wazo_auth_client import Client, exceptions

client = Client('localhost')


def report(error: requests.RequestException) -> str:
    return f'{type(error).__name__}: {error}'


def status_of(error: requests.HTTPError) -> Optional[int]:
    return error.response.status_code if error.response is not None else None


try:
    client.users.get('u')
except requests.HTTPError as error:
    report(error)

try:
    client.users.get('u')
except exceptions.HTTPError as error:
    report(error)
    status_of(error)
    number: int = error.response.status_code
except exceptions.RequestException as error:
    report(error)

is_one: requests.ConnectionError = exceptions.SSLError('message')
is_another: requests.Timeout = exceptions.Timeout('message')
