"""`--smtp` with a real mail server (aiosmtpd): the mails of the list are sent too.

Run: WAZO_AUTH_SIMULATOR=.../wazo-auth-simulator python3 -m unittest
"""

import base64
import email
import email.policy
import json
import os
import queue
import socket
import subprocess
import unittest
import urllib.request

from aiosmtpd.controller import Controller
from wazo_auth_simulator import Simulator

LONG = 60


class Inbox:
    """What the mail server has received."""

    def __init__(self):
        self.mails = queue.Queue()
        self.to_refuse = 0
        self.last = b""

    async def handle_DATA(self, server, session, envelope):
        if self.to_refuse:
            self.to_refuse -= 1
            return "554 no"
        self.last = envelope.content
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.put((envelope.mail_from, envelope.rcpt_tos, message))
        return "250 OK"


class FreePort(Controller):
    """On a free port: Controller itself connects to the port that it was told, once it listens."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Mail(unittest.TestCase):
    def setUp(self):
        self.inbox = Inbox()
        self.server = FreePort(self.inbox, hostname="127.0.0.1", port=0)
        self.server.start()
        self.addCleanup(self.server.stop)
        self.simulator = Simulator(
            admin="admin:secret", tls=False, arguments=["--smtp", f"127.0.0.1:{self.server.port}"],
        ).start()
        self.addCleanup(self.simulator.stop)

    def call(self, method, path, body=None, **headers):
        request = urllib.request.Request(
            f"{self.simulator.url}/0.1/{path}", method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}},
        )
        with urllib.request.urlopen(request, timeout=LONG) as answer:
            return json.loads(answer.read() or b"null")

    def create_user(self, name, address):
        basic = "Basic " + base64.b64encode(b"admin:secret").decode()
        token = self.call("POST", "token", {}, Authorization=basic)["data"]["token"]
        return self.call("POST", "users", {"username": name, "password": "x", "email_address": address}, X_Auth_Token=token)

    def test_a_password_reset_is_mailed(self):
        self.create_user("Zoë Müller", "zoe@example.com")
        self.call("GET", "users/password/reset?email=zoe@example.com")
        sender, receivers, message = self.inbox.mails.get(timeout=LONG)
        (listed,) = self.simulator.control("GET", "mails")["items"]
        self.assertEqual((sender, receivers), ("noreply@wazo.community", ["zoe@example.com"]))
        self.assertEqual(str(message["From"]), "wazo-auth <noreply@wazo.community>")
        self.assertEqual(message["To"].addresses[0].display_name, "Zoë Müller")
        self.assertEqual(message["Subject"], listed["subject"])
        self.assertEqual(message.get_content().replace("\r\n", "\n").strip(), listed["body"].strip())
        self.assertIn(listed["token"], message.get_content())

    def test_programs_find_lines_and_addresses_as_in_the_mails_of_the_real_server(self):
        self.create_user('z"o@example.com', "zoe@example.com")
        self.call("GET", "users/password/reset?email=zoe@example.com")
        self.inbox.mails.get(timeout=LONG)
        (listed,) = self.simulator.control("GET", "mails")["items"]
        lines = self.inbox.last.decode().splitlines()
        self.assertIn(r'To: "z\"o@example.com" <zoe@example.com>', lines)
        self.assertIn("From: wazo-auth <noreply@wazo.community>", lines)
        # A long line is one line, and no character of it is encoded.
        for line in listed["body"].splitlines():
            self.assertIn(line, lines)
        self.create_user("Plain Name", "plain@example.com")
        self.call("GET", "users/password/reset?email=plain@example.com")
        self.inbox.mails.get(timeout=LONG)
        self.assertIn("To: Plain Name <plain@example.com>", self.inbox.last.decode().splitlines())

    def test_a_mail_server_that_refuses_fails_no_request(self):
        self.create_user("zoe", "zoe@example.com")
        self.inbox.to_refuse = 1
        self.call("GET", "users/password/reset?email=zoe@example.com")
        self.call("GET", "users/password/reset?username=zoe")
        # Mails are sent in their order, so the first one was given up.
        self.assertEqual(self.inbox.mails.get(timeout=LONG)[1], ["zoe@example.com"])
        self.simulator.stop()
        self.assertTrue(self.inbox.mails.empty())

    def test_a_simulator_that_stops_sends_what_it_still_has(self):
        self.create_user("zoe", "zoe@example.com")
        for _ in range(5):
            self.call("GET", "users/password/reset?username=zoe")
        self.simulator.stop()
        for _ in range(5):
            self.inbox.mails.get(block=False)

    def test_a_mail_server_that_is_not_there_is_told_at_the_start(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        program = os.environ.get("WAZO_AUTH_SIMULATOR", "wazo-auth-simulator")
        ended = subprocess.run(
            [program, "--port", "0", "--smtp", f"127.0.0.1:{port}"], capture_output=True, text=True, timeout=LONG,
            check=False,
        )
        self.assertEqual(ended.returncode, 1)
        self.assertIn(f"--smtp: the mail server at 127.0.0.1:{port}: ", ended.stderr)


if __name__ == "__main__":
    unittest.main()
