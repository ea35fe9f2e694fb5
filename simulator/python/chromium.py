"""A headless Chromium that a test tells what to do, by the DevTools protocol over two pipes. Standard library only.

    with Chromium() as browser:
        browser.open(url)
        browser.until("document.title === 'Requests'")

It is looked for in $CHROMIUM, then on the PATH. The browser keeps its data in a folder of its own, which is removed after.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1200,800",
    "--remote-debugging-pipe",
]


def find():
    """The program, or None."""
    named = os.environ.get("CHROMIUM")
    programs = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")
    return named or next(filter(None, map(shutil.which, programs)), None)


class Chromium:
    """A browser with one page. `logged` has what the page wrote to its console, and what the browser refused to load."""

    # On a busy machine, a browser takes a while to start.
    def __init__(self, timeout=60):
        self.timeout = timeout
        self.logged = []
        self._number = 0
        self._rest = b""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        their_input, self._to = os.pipe()
        self._from, their_output = os.pipe()
        # The protocol is spoken over the descriptors 3 and 4. Those of the pipes are above, so that moving one leaves the
        # other. (A shell would move them too, but some know descriptors of one digit only.)
        theirs = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 10) for one in (their_input, their_output)]

        def move():
            os.dup2(theirs[0], 3)
            os.dup2(theirs[1], 4)

        self._process = subprocess.Popen(
            [find(), *FLAGS, f"--user-data-dir={self._folder.name}", "about:blank"],
            pass_fds=(3, 4),
            preexec_fn=move,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self._folder.name},
        )
        for one in (their_input, their_output, *theirs):
            os.close(one)
        self._session = None
        try:
            self._open_page()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _open_page(self):
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def __exit__(self, *_):
        os.close(self._to)
        try:
            # The browser ends when its pipe does.
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._from)
        self._folder.cleanup()

    def open(self, url):
        """Goes to the page."""
        self._call("Page.navigate", url=url)

    def evaluate(self, script):
        """The value of a JavaScript expression, promises awaited."""
        result = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise AssertionError(f"{script}: {result['exceptionDetails'].get('exception', {}).get('description')}")
        return result["result"].get("value")

    def until(self, script):
        """Waits until the expression is true, and gives its value."""
        end = time.monotonic() + self.timeout
        while True:
            value = self.evaluate(script)
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"not within {self.timeout} s: {script}; the page shows\n{self.text()}")
            time.sleep(0.05)

    def text(self):
        """What the page shows, as text."""
        return self.evaluate("document.body.innerText")

    def key(self, key, code, text=""):
        """Presses a key of the keyboard, and lets go of it."""
        named = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self._call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **named)
        self._call("Input.dispatchKeyEvent", type="keyUp", **named)

    def colours(self, scheme):
        """Prefers `light` or `dark`."""
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def width(self, pixels):
        """The width of the window."""
        self._call(
            "Emulation.setDeviceMetricsOverride", width=pixels, height=800, deviceScaleFactor=1, mobile=False
        )

    def screenshot(self, path):
        """Writes a picture of the page (PNG)."""
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"]))

    def _call(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive(method)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]
            if answer.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                self.logged.append(answer["params"])

    def _receive(self, method):
        end = time.monotonic() + self.timeout
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._from], [], [], max(0, end - time.monotonic()))
            more = os.read(self._from, 1 << 20) if ready else b""
            if not more:
                raise AssertionError(f"{method}: no answer of {find()}; it has ended or hangs")
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)
