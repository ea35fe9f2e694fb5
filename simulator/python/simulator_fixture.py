"""Starts a wazo-auth-simulator for a test, and stops it after.

Standard library only. As a context manager, in any test framework:

    with Simulator(admin="admin:secret") as simulator:
        client = Client("localhost", port=simulator.port, prefix=None, username="admin", password="secret",
                        verify_certificate=simulator.ca_file)

or with pytest, whose fixture is defined below when pytest is there: `from simulator_fixture import wazo_auth_simulator`,
then take `wazo_auth_simulator` as a parameter of a test.

The program is looked for in $WAZO_AUTH_SIMULATOR, then on the PATH.
"""

import contextlib
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
import urllib.request


class Simulator:
    """A running simulator. `url`, `port` and `ca_file` say where it is and how it is trusted.

    It speaks HTTPS, or plain HTTP with `tls=False`; with `both=True` the other one too: `urls` has both by their scheme.
    """

    def __init__(self, admin="admin:secret", tls=True, arguments=(), program=None, start_timeout=10, both=False):
        self.admin = admin
        self.tls = tls
        self.both = both
        self.arguments = list(arguments)
        self.program = program or os.environ.get("WAZO_AUTH_SIMULATOR") or shutil.which("wazo-auth-simulator")
        self.start_timeout = start_timeout
        self.url = self.port = self.ca_file = None
        self.urls = {}
        self._process = self._folder = None

    def start(self):
        """Starts it, and comes back when it listens."""
        if not self.program:
            raise FileNotFoundError(
                "wazo-auth-simulator is not on the PATH and $WAZO_AUTH_SIMULATOR is not set; "
                "`cargo install --path simulator` installs it"
            )
        self._folder = tempfile.TemporaryDirectory(prefix="wazo-auth-simulator-")
        self.ca_file = os.path.join(self._folder.name, "ca.pem")
        command = [self.program, "--port", "0", "--exit-with-stdin", "--certificate-file", self.ca_file]
        if self.admin:
            command += ["--admin", self.admin]
        if self.both:
            command += ["--tls-port", "0"]
        elif self.tls:
            command.append("--tls")
        # Its standard input is a pipe that nobody writes to: it ends with this process, however that ends.
        self._process = subprocess.Popen(
            command + self.arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        # A simulator that does not come up is ended, and the lines below are then empty.
        watchdog = threading.Timer(self.start_timeout, self._process.kill)
        watchdog.start()
        try:
            lines = [self._process.stdout.readline() for _ in range(2 if self.both else 1)]
        finally:
            watchdog.cancel()
        if not all(line.startswith("listening on ") for line in lines):
            self._process.kill()
            status = self._process.wait()
            self.stop()
            raise RuntimeError(f"{self.program} did not start (exit status {status})")
        for line in lines:
            scheme, _, host = line.split()[-1].partition("://")
            self.urls[scheme] = f"{scheme}://localhost:{host.rpartition(':')[2]}"
        self.url = self.urls["https" if self.tls else "http"]
        self.port = int(self.url.rpartition(":")[2])
        return self

    def stop(self):
        """Stops it. May be called more than once."""
        if self._process:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    def control(self, method, route, body=None):
        """Calls a control route, such as `control("GET", "mails")`; gives its JSON, None where there is none."""
        request = urllib.request.Request(
            f"{self.url}/_simulator/{route}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, context=self.trust(), timeout=10) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def trust(self):
        """What Python's own clients take as `context`, to trust its certificate and no other; None for plain HTTP."""
        return ssl.create_default_context(cafile=self.ca_file) if self.tls else None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


with contextlib.suppress(ImportError):
    import pytest

    @pytest.fixture
    def wazo_auth_simulator():
        """A simulator of its own for one test, over HTTPS, with the administrator `admin`, `secret`."""
        with Simulator() as simulator:
            yield simulator
