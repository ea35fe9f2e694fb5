"""The servers of the benchmarks, on free ports of loopback: nginx, and the one that answers late.

nginx answers at once with a token as wazo-auth answers it (bench/token.json): keep-alive, TLS 1.3, HTTP/1.1 on one port
and HTTP/2 on another. One worker, whose core the measurements choose.
"""

import os
import re
import resource
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOKEN = '5a0b12f8-6a3c-4f58-9d0e-0c9f1f6b7a11'

CONFIGURATION = """\
daemon off;
worker_processes 1;
worker_rlimit_nofile {descriptors};
pid nginx.pid;
error_log error.log;
events {{ worker_connections {connections}; }}
http {{
    client_body_temp_path temporary; proxy_temp_path temporary; fastcgi_temp_path temporary;
    uwsgi_temp_path temporary; scgi_temp_path temporary;
    access_log off;
    log_format handshakes '$connection $ssl_session_reused';
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
    ssl_protocols TLSv1.3;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    default_type application/json;
    server {{
        listen 127.0.0.1:{plain} backlog=4096;
        listen 127.0.0.1:{tls} ssl backlog=4096;
        listen 127.0.0.1:{h2} ssl http2 backlog=4096;
        location / {{ if ($request_method = HEAD) {{ return 204; }} return 200 '{body}'; }}
    }}
    server {{
        listen 127.0.0.1:{logged} ssl backlog=4096;
        access_log handshakes.log handshakes;
        location / {{ return 200 '{body}'; }}
    }}
    server {{
        listen 127.0.0.1:{status};
        location / {{ stub_status; }}
    }}
}}
"""


def free_ports(count):
    """Ports that nothing listens on. They are reserved together, so that no two are the same."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(('127.0.0.1', 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def make_certificates(folder):
    """An authority (ca.pem) and a certificate of its for the server. rustls takes no certificate that is both."""
    if (folder / 'server.pem').exists():
        return

    def openssl(*words):
        subprocess.run(['openssl', *words], cwd=folder, check=True, capture_output=True)

    curve = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj')
    openssl('req', '-x509', *curve, '/CN=wazo-auth-bench authority', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30')
    openssl('req', *curve, '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr')
    (folder / 'server.ext').write_text('subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n')
    openssl(
        *('x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'),
        *('-out', 'server.pem', '-days', '30', '-extfile', 'server.ext'),
    )


class Nginx:
    def __init__(self, folder):
        self.folder = folder
        self.program = shutil.which('nginx') or '/usr/sbin/nginx'
        self.process = None
        plain, tls, h2, logged, self.status = free_ports(5)
        base = '127.0.0.1:{}/0.1/token/' + TOKEN
        self.urls = {
            'plain': 'http://' + base.format(plain),
            'tls': 'https://' + base.format(tls),
            'h2': 'https://' + base.format(h2),
            'bursts': 'https://' + base.format(logged),
        }
        # A connection may need two descriptors; the limit is that of this process.
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        descriptors = 20000 if descriptors == resource.RLIM_INFINITY else min(descriptors, 20000)
        self.configuration = CONFIGURATION.format(
            folder=folder,
            descriptors=descriptors,
            connections=descriptors - 100,
            body=(HERE / 'token.json').read_text().strip(),
            **dict(plain=plain, tls=tls, h2=h2, logged=logged, status=self.status),
        )

    def __enter__(self):
        (self.folder / 'nginx.conf').write_text(self.configuration)
        (self.folder / 'handshakes.log').write_text('')
        command = [self.program, '-p', str(self.folder), '-c', 'nginx.conf', '-e', 'error.log']
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                self.connections()
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        self.__exit__()
        raise RuntimeError(f'nginx did not start; see {self.folder}/error.log')

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)

    def run_on(self, cores):
        """Moves the worker to these cores."""
        children = Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children').read_text().split()
        for pid in map(int, children):
            os.sched_setaffinity(pid, cores)

    def connections(self):
        """How many it has accepted; asking is one more."""
        with urllib.request.urlopen(f'http://127.0.0.1:{self.status}/', timeout=5) as answer:
            return int(re.search(r'\n\s*(\d+) \d+ \d+', answer.read().decode())[1])

    def handshakes(self):
        """Of the port of the bursts: connections, and how many of them resumed an earlier session."""
        seen = dict(line.split() for line in (self.folder / 'handshakes.log').read_text().splitlines())
        return len(seen), sum(reused == 'r' for reused in seen.values())


class SlowServer:
    """The Rust server (bench/rust/src/server.rs), which answers late."""

    def __init__(self, program, folder, delay_ms=0, permits=None, quiet_ms=0):
        self.command = [str(program), 'server', '--delay-ms', str(delay_ms), '--quiet-ms', str(quiet_ms)]
        self.command += ['--certificate', str(folder / 'server.pem'), '--key', str(folder / 'server.key')]
        self.command += ['--permits', str(permits)] if permits else []

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith('listening on '):
            self.__exit__()
            raise RuntimeError('the slow server did not start')
        plain, tls = line.split()[-2:]
        path = f'/0.1/token/{TOKEN}'
        self.stats_url = f'http://127.0.0.1:{plain}/stats'
        self.urls = {'plain': f'http://127.0.0.1:{plain}{path}', 'tls': f'https://127.0.0.1:{tls}{path}'}
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
