"""What the tests of the Python package stand on: the package and the library found, and a server to talk to.

The package is taken from the checkout, the library as tests/support/artifacts.py finds it.
"""
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / 'bindings' / 'python'

sys.path[:0] = [str(PACKAGE), str(ROOT / 'tests' / 'support')]
import artifacts  # noqa: E402
import http_server  # noqa: E402
from http_server import DATA  # noqa: E402, F401 - for the tests

# Named for this process and the ones that it starts.
artifacts.library()

USER = '7c36ef4b-5e2a-4f0c-9a2b-0a51a6d6d2f1'
TENANT = '2c34c282-433e-4bb8-8d56-fec14ff7e1e9'
GROUP = 'b1c5fbd2-24f1-4a44-9d0a-58d1be6bd0c7'
TOKEN = '3d95d849-94e5-4c72-8ff8-93b597e6acf6'
PASSWORD = 'pa55 w/ord'


class Server(http_server.Server):
    """A server on a free port of this machine that makes its clients."""

    def client(self, **keywords):
        """A client of this server."""
        from wazo_auth_client import Client

        given = {'port': self.port, 'prefix': None, 'https': self.tls, 'username': 'alice', 'password': PASSWORD}
        return Client('127.0.0.1', **{**given, 'token': TOKEN, 'timeout': 10, **keywords})


class ServerTest(unittest.TestCase):
    """A test with a server of its own, and a client of it."""

    def setUp(self):
        self.server = self.start(Server())
        self.client = self.server.client()

    def start(self, server):
        """Runs a server until the test ends."""
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server


def refused(status, message, error_id='refused', details=None, headers=None):
    """An error of the server, in the shape that most of them have."""
    body = {'message': message, 'error_id': error_id, 'details': details or {}, 'timestamp': 1.5}
    return status, headers or {}, json.dumps(body)


def run_python(code, *options, **environment):
    """Runs a program in an interpreter of its own; its output. It finds the package, the library and this file.

    `options` are those of the interpreter."""
    paths = os.pathsep.join([str(PACKAGE), str(Path(__file__).parent)])
    done = subprocess.run(
        [sys.executable, *options, '-c', code],
        env={**os.environ, 'PYTHONPATH': paths, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    if done.returncode:
        raise AssertionError(f'the program ended with {done.returncode}:\n{done.stdout}{done.stderr}')
    return done.stdout
