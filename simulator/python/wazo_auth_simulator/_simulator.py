"""Starts a wazo-auth-simulator for a test, and stops it after. Standard library only."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.request
from types import TracebackType
from typing import Any, Mapping, Optional, Sequence, TypeVar, Union

PROGRAM = "wazo-auth-simulator"
VARIABLE = "WAZO_AUTH_SIMULATOR"

Path = Union[str, "os.PathLike[str]"]
# `Self` of typing is there from Python 3.11 on.
S = TypeVar("S", bound="Simulator")


def find_program() -> str:
    """The path of the program: what $WAZO_AUTH_SIMULATOR names, else the one that came with this package, else the one on
    the PATH."""
    named = os.environ.get(VARIABLE)
    if named:
        return named
    # The environment of this Python need not be activated, so that its programs need not be on the PATH.
    try:
        files = importlib.metadata.files(PROGRAM) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = os.path.realpath(str(file.locate()))
        if file.stem == PROGRAM and os.path.isfile(path):
            return path
    found = shutil.which(PROGRAM)
    if found is None:
        raise FileNotFoundError(
            f"{PROGRAM} did not come with this package, is not on the PATH, and ${VARIABLE} is not set; "
            f"`pip install {PROGRAM}` or `cargo install --path simulator` installs it"
        )
    return found


class Simulator:
    """A running simulator. `url`, `port` and `ca_file` say where it is and how it is trusted.

        with Simulator(admin="admin:secret") as simulator:
            client = Client("localhost", port=simulator.port, prefix=None, username="admin", password="secret",
                            verify_certificate=simulator.ca_file)

    It uses HTTPS, or plain HTTP with `tls=False`; with `both=True` the other one too: `urls` has both by their scheme. With
    `mock=True` it is the mock of Wazo's test helpers, which has no administrator.

    `state`, `settings` and `faults` are what `PUT /_simulator/state`, `.../settings` and `.../faults` take. `arguments` are
    more options of the program (`wazo-auth-simulator --help`), and `program` is the path of another one.
    """

    url: str
    port: int
    ca_file: str

    def __init__(
        self,
        admin: Optional[str] = "admin:secret",
        tls: bool = True,
        arguments: Sequence[str] = (),
        program: Optional[Path] = None,
        start_timeout: float = 10,
        both: bool = False,
        *,
        mock: bool = False,
        state: Optional[Mapping[str, Any]] = None,
        settings: Optional[Mapping[str, Any]] = None,
        faults: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.admin = None if mock else admin
        self.tls = tls
        self.both = both
        self.arguments = list(arguments)
        self.program = program
        self.start_timeout = start_timeout
        self.mock = mock
        self._state = state
        self._settings = settings
        self._faults = list(faults)
        self.urls: dict[str, str] = {}
        self._process: Optional[subprocess.Popen[str]] = None
        self._folder: Optional[tempfile.TemporaryDirectory[str]] = None

    @property
    def username(self) -> Optional[str]:
        """The name of the administrator."""
        return self.admin.partition(":")[0] if self.admin else None

    @property
    def password(self) -> Optional[str]:
        """The password of the administrator."""
        return self.admin.partition(":")[2] if self.admin else None

    def start(self: S) -> S:
        """Starts it, and comes back when it listens."""
        self.program = os.fspath(self.program or find_program())
        self._folder = tempfile.TemporaryDirectory(prefix="wazo-auth-simulator-")
        try:
            lines = self._lines([self.program, *self._options()])
        except BaseException:
            self.stop()
            raise
        for line in lines:
            scheme, _, host = line.split()[-1].partition("://")
            self.urls[scheme] = f"{scheme}://localhost:{host.rpartition(':')[2]}"
        self.url = self.urls["https" if self.tls else "http"]
        self.port = int(self.url.rpartition(":")[2])
        return self

    def _options(self) -> list[str]:
        """The options that it starts with."""
        self.ca_file = self._path("ca.pem")
        options = ["--port", "0", "--exit-with-stdin", "--certificate-file", self.ca_file]
        if self.admin:
            options += ["--admin", self.admin]
        if self.both:
            options += ["--tls-port", "0"]
        elif self.tls:
            options.append("--tls")
        if self.mock:
            options.append("--mock")
        if self._state is not None:
            with open(self._path("state.json"), "w", encoding="utf-8") as file:
                json.dump(self._state, file)
            options += ["--state", file.name]
        if self._settings is not None:
            options += ["--settings", json.dumps(self._settings)]
        for fault in self._faults:
            options += ["--fault", json.dumps(fault)]
        return options + self.arguments

    def _path(self, name: str) -> str:
        assert self._folder is not None
        return os.path.join(self._folder.name, name)

    def _lines(self, command: list[str]) -> list[str]:
        """Starts the program; the lines that it prints when it listens."""
        with open(self._path("errors"), "w", encoding="utf-8") as errors:
            # Its standard input is a pipe that nobody writes to: it ends with this process, however that ends.
            process = self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        assert process.stdout is not None
        # A simulator that does not come up is ended, and the lines below are then empty.
        watchdog = threading.Timer(self.start_timeout, process.kill)
        watchdog.start()
        try:
            lines = [process.stdout.readline() for _ in range(2 if self.both else 1)]
        finally:
            watchdog.cancel()
        if not all(line.startswith("listening on ") for line in lines):
            process.kill()
            status = process.wait()
            said = self._errors().strip() or f"{command[0]} did not start"
            raise RuntimeError(f"{said} (exit status {status})")
        return lines

    def _errors(self) -> str:
        """What it wrote to standard error; emptied."""
        with open(self._path("errors"), "r+", encoding="utf-8", errors="replace") as file:
            said = file.read()
            file.truncate(0)
        return said

    def stop(self) -> None:
        """Stops it. May be called more than once."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise
            finally:
                for pipe in (self._process.stdin, self._process.stdout):
                    if pipe:
                        pipe.close()
                self._process = None
                # Such as a message for the bus that is lost.
                sys.stderr.write(self._errors())
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    def control(self, method: str, route: str, body: Any = None) -> Any:
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

    def trust(self) -> Optional[ssl.SSLContext]:
        """What Python's own clients take as `context`, to trust its certificate and no other; None for plain HTTP."""
        return ssl.create_default_context(cafile=self.ca_file) if self.tls else None

    def __enter__(self: S) -> S:
        return self.start()

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.stop()
