"""What the tests of the Python package stand on: the package and the library found, and a server to talk to.

The package is taken from the checkout. The library is taken from WAZO_AUTH_CLIENT_LIBRARY, else from cargo's folders.
"""
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
import unittest
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / 'bindings' / 'python'
DATA = Path(__file__).resolve().parent / 'data'

sys.path.insert(0, str(PACKAGE))


def _find_library():
    """Names the library that cargo built last, for this process and the ones that it starts."""
    if os.environ.get('WAZO_AUTH_CLIENT_LIBRARY'):
        return
    target = Path(os.environ.get('CARGO_TARGET_DIR') or ROOT / 'target')
    names = ('libwazo_auth_client.so', 'libwazo_auth_client.dylib', 'wazo_auth_client.dll')
    built = [path for profile in ('debug', 'release') for name in names if (path := target / profile / name).exists()]
    if not built:
        raise SystemExit('The tests of the Python package need the native library: run `cargo build` first.')
    os.environ['WAZO_AUTH_CLIENT_LIBRARY'] = str(max(built, key=lambda path: path.stat().st_mtime))


_find_library()

USER = '7c36ef4b-5e2a-4f0c-9a2b-0a51a6d6d2f1'
TENANT = '2c34c282-433e-4bb8-8d56-fec14ff7e1e9'
GROUP = 'b1c5fbd2-24f1-4a44-9d0a-58d1be6bd0c7'
TOKEN = '3d95d849-94e5-4c72-8ff8-93b597e6acf6'
PASSWORD = 'pa55 w/ord'


class Seen:
    """A request as the server saw it."""

    def __init__(self, handler, body):
        self.method, self.target = handler.command, handler.path
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.body = body

    @property
    def path(self):
        return urlsplit(self.target).path

    @property
    def query(self):
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def json(self):
        return json.loads(self.body)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def respond(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        request = Seen(self, body)
        self.server.seen.append(request)
        answer = self.server.answer
        status, headers, text = answer(request) if callable(answer) else answer
        payload = b'' if status == 204 or self.command == 'HEAD' else text.encode()
        self.send_response(status)
        for name, value in {'Content-Type': 'application/json', **headers}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header('Content-Length', str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = respond


class Server(http.server.ThreadingHTTPServer):
    """A server on a free port of this machine; `answer` is what it answers, or a function of the request."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer=(200, {}, '{}'), tls=False):
        super().__init__(('127.0.0.1', 0), _Handler)
        self.answer, self.seen, self.tls = answer, [], tls
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(DATA / 'loopback.pem')
            # The handshake is left to the connection's own thread: a client that refuses must not stop the server.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request, client_address):
        pass  # clients that hang up are part of the tests

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception):
        self.shutdown()
        self.server_close()

    @property
    def port(self):
        return self.server_address[1]

    @property
    def last(self):
        return self.seen[-1]

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


def run_python(code, **environment):
    """Runs a program in an interpreter of its own; its output. It finds the package, the library and this file."""
    paths = os.pathsep.join([str(PACKAGE), str(Path(__file__).parent)])
    done = subprocess.run(
        [sys.executable, '-c', code],
        env={**os.environ, 'PYTHONPATH': paths, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    if done.returncode:
        raise AssertionError(f'the program ended with {done.returncode}:\n{done.stdout}{done.stderr}')
    return done.stdout
