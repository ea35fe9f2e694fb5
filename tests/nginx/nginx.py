"""nginx with the module, for a test: its configuration, its processes, and requests to it.

All ports are free ones on loopback. The `with` ends nginx, with its whole process group; the kernel ends it if the test
itself is killed. Started by root, nginx has its workers run as nobody, as it does in service.
"""
import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import artifacts  # noqa: E402

MODULE = 'ngx_http_wazo_auth_module.so'
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)

CONFIGURATION = '''
load_module {module};
daemon off;
worker_processes {workers};
pid {folder}/pid;
error_log {folder}/error.log {log_level};
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    log_format statuses '$status $wazo_auth_status{logged}';
    access_log {folder}/statuses.log statuses;
    keepalive_requests 1000000;
    add_header X-Worker $pid always;
    add_header X-Status $wazo_auth_status always;
    {http}
    server {{
        listen 127.0.0.1:{port} reuseport {listen};
        {server}
    }}
    # The service behind: it says what it is told of the user.
    server {{
        listen unix:{folder}/backend;
        return 200 "user=$http_x_user_uuid tenant=$http_x_tenant_uuid session=$http_x_session_uuid\\n";
    }}
}}
'''


def _end_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def environment():
    """Where nginx finds the library."""
    return {**os.environ, 'LD_LIBRARY_PATH': str(artifacts.library().parent)}


class Nginx:
    """The real one, in the foreground. `server` and `http` are lines of the configuration, `listen` is more of that
    directive, `logged` more of the log's format, `under` is a command to run it under, such as valgrind."""

    def __init__(self, module_dir, server='', http='', workers=4, log_level='info', text=None, under=(), listen='', logged=''):
        self._folder = tempfile.TemporaryDirectory(prefix='wazo-auth-nginx-')
        self.folder = Path(self._folder.name)
        os.chmod(self.folder, 0o711)  # for the workers, who must reach the socket in it
        self.values = {'module': Path(module_dir).resolve() / MODULE, 'workers': workers, 'folder': self.folder,
                       'log_level': log_level, 'http': http, 'server': server, 'listen': listen, 'logged': logged}
        self.text, self.under = text or CONFIGURATION, list(under)
        self.process = self.port = None

    def __enter__(self):
        # Another program may take the port between the look for a free one and nginx.
        for _ in range(5):
            self.port = free_port()
            self.configure()
            with open(self.folder / 'stderr', 'w') as output:
                self.process = subprocess.Popen(
                    [*self.under, 'nginx', '-e', self.folder / 'stderr', '-p', self.folder, '-c', self.folder / 'nginx.conf'],
                    stdout=output, stderr=output, env=environment(), start_new_session=True,
                    preexec_fn=_end_with_parent,
                )
            # Under valgrind, the processes have its name.
            if self.listens() and (self.under or wait_until(lambda: len(self.workers()) == self.values['workers'])):
                return self
            self.end()
            if 'ddress already in use' not in (self.folder / 'stderr').read_text():
                break
        said = (self.folder / 'stderr').read_text()
        self._folder.cleanup()
        raise RuntimeError(f'nginx did not start: {said}')

    def __exit__(self, *_):
        self.end()
        self._folder.cleanup()

    def configure(self, **changed):
        """Writes the configuration file; the values that are given replace those before."""
        self.values.update(changed)
        (self.folder / 'nginx.conf').write_text(self.text.format(**self.values, port=self.port))

    def listens(self, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', self.port), 1):
                return True
            time.sleep(0.02)
        return False

    def end(self, number=signal.SIGTERM, seconds=10):
        """Ends nginx; gives its exit status, None where it had to be killed."""
        if not self.process:
            return None
        try:
            self.process.send_signal(number)
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def workers(self):
        """The process numbers of the workers that do not shut down."""
        children = Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children').read_text().split()
        found = []
        for number in children:
            with contextlib.suppress(OSError):
                title = Path(f'/proc/{number}/cmdline').read_text()
                if 'worker process' in title and 'shutting down' not in title:
                    found.append(int(number))
        return sorted(found)

    def reload(self, seconds=20):
        """As `nginx -s reload`; comes back when other workers serve. False if they do not come."""
        before = set(self.workers())
        self.process.send_signal(signal.SIGHUP)
        return wait_until(lambda: len(now := self.workers()) == self.values['workers'] and not before & set(now), seconds)

    def log(self, name='error.log'):
        return (self.folder / name).read_text(errors='replace')

    def problems(self):
        """The lines of its log that should not be there."""
        return [line for line in self.log().splitlines() if re.search(r'\[(alert|emerg|crit)\]|panicked', line)]

    def get(self, path='/', token=None, headers=(), method='GET', body=b'', seconds=10):
        """A request over a connection of its own."""
        with Client(self.port, seconds) as client:
            return client.ask(path, token, headers, method, body)

    def control(self, body=None):
        """Calls the location /control; gives its status and JSON."""
        if body is None:
            answer = self.get('/control')
        else:
            answer = self.get('/control', method='POST', body=body if isinstance(body, bytes) else json.dumps(body).encode())
        return answer.status, json.loads(answer.body)


def wait_until(holds, seconds=10):
    """Whether it comes to hold in that time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Answer:
    """An HTTP response: `status`, `headers` with names in lower case, `body`."""

    def __init__(self, head, body):
        lines = head.decode('latin-1').split('\r\n')
        self.status = int(lines[0].split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(':') for line in lines[1:])}
        self.body = body.decode('latin-1')

    @property
    def worker(self):
        return int(self.headers['x-worker'])

    def __repr__(self):
        return f'{self.status} {self.headers.get("x-status", "")} {self.body.strip()[:80]!r}'


class Client:
    """One connection, over which requests are sent as they are written, and without waiting where that is wanted."""

    def __init__(self, port, seconds=10):
        self.socket = socket.create_connection(('127.0.0.1', port), seconds)
        self.file = self.socket.makefile('rb')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    @staticmethod
    def request(path, token=None, headers=(), method='GET', body=b''):
        lines = [f'{method} {path} HTTP/1.1', 'Host: localhost', *headers]
        lines += [f'X-Auth-Token: {token}'] if token is not None else []
        lines += [f'Content-Length: {len(body)}'] if body or method == 'POST' else []
        return '\r\n'.join([*lines, '', '']).encode('latin-1') + body

    def send(self, *arguments):
        self.socket.sendall(self.request(*arguments))

    def answer(self):
        head = b''
        while not head.endswith(b'\r\n\r\n'):
            line = self.file.readline()
            if not line:
                raise ConnectionError(f'closed after {head!r}')
            head += line
        match = re.search(rb'(?i)\r\ncontent-length: *(\d+)', head)
        return Answer(head[:-4], self.file.read(int(match[1])) if match else b'')

    def ask(self, *arguments):
        self.send(*arguments)
        return self.answer()

    def is_silent(self, seconds=0.05):
        """Whether nothing has come."""
        self.socket.settimeout(seconds)
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(10)
