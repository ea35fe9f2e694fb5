"""An HTTP server that answers what a test tells it to, and keeps the requests as they came."""
import http.server
import json
import ssl
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

# A certificate for 127.0.0.1 with its key (loopback.pem), and the authority that vouches for it (loopback-ca.pem).
DATA = Path(__file__).resolve().parent / 'data'


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

    def read_body(self):
        if (self.headers.get('Transfer-Encoding') or '').lower() != 'chunked':
            return self.rfile.read(int(self.headers.get('Content-Length') or 0))
        body = b''
        while size := int(self.rfile.readline().split(b';')[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def respond(self):
        request = Seen(self, self.read_body())
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
    """A server on a free port of this machine; `answer` is what it answers, as status, headers and text, or a function of
    the request that gives it. It serves as a context manager."""

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
