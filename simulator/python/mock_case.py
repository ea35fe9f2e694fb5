"""What the tests of the mock mode have in common: a simulator of their own, and calls of it."""

import base64
import contextlib
import json
import unittest
import urllib.error
import urllib.request
import uuid

from wazo_auth_simulator import Simulator


class MockTest(unittest.TestCase):
    """Each test has a simulator of its own; `call` gives the status and the JSON (or the text) of an answer."""

    def setUp(self):
        self.simulator = Simulator(mock=True, tls=False).start()
        self.addCleanup(self.simulator.stop)

    def call(self, method, path, body=None, login=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if login:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(login).encode()).decode()
        request = urllib.request.Request(
            self.simulator.url + path,
            method=method,
            headers=headers,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status, content = answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                status, content = refusal.code, refusal.read().decode()
        with contextlib.suppress(ValueError):
            content = json.loads(content)
        return status, content

    def status(self, *arguments, **named):
        return self.call(*arguments, **named)[0]

    def set_token(self, **members):
        """As the helpers' `set_token` sends one: `acl` only where it is given."""
        token = {
            "token": str(uuid.uuid4()),
            "auth_id": "some-user",
            "xivo_uuid": str(uuid.uuid4()),
            "session_uuid": None,
            "metadata": {"uuid": "some-user"},
            "utc_expires_at": None,
            **members,
        }
        self.assertEqual(self.call("POST", "/_set_token", token), (204, ""))
        return token["token"]
