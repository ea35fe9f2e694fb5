"""The class `Simulator` does what it promises."""

import base64
import contextlib
import io
import json
import os
import ssl
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from unittest import mock

from wazo_auth_simulator import Simulator


class TheSimulator(unittest.TestCase):
    def script(self, code):
        """A program in the place of the simulator's."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "program")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!{sys.executable}\n{code}\n")
        os.chmod(path, 0o755)
        return path

    def test_a_login_over_https_is_checked_against_its_certificate(self):
        with Simulator(admin="admin:secret") as simulator:
            request = urllib.request.Request(
                f"{simulator.url}/0.1/token",
                data=b"{}",
                headers={
                    "Authorization": "Basic " + base64.b64encode(b"admin:secret").decode(),
                    "Content-Type": "application/json",
                },
            )
            context = ssl.create_default_context(cafile=simulator.ca_file)
            with urllib.request.urlopen(request, context=context) as answer:
                self.assertEqual(answer.headers["Wazo-Sessions-Revoked"], "0")
                self.assertIn("token", json.load(answer)["data"])
            # Without its certificate it is not trusted.
            with self.assertRaises(urllib.error.URLError):
                urllib.request.urlopen(request, context=ssl.create_default_context())

    def test_control_routes_are_reached(self):
        with Simulator(tls=False) as simulator:
            self.assertEqual(simulator.control("GET", "mails"), {"items": []})
            simulator.control("PUT", "status", {"ok": False})
            with self.assertRaises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(urllib.request.Request(f"{simulator.url}/0.1/status", method="HEAD"))
            self.assertEqual(caught.exception.code, 503)

    def test_both_schemes_are_served_where_they_are_wanted(self):
        for tls in (False, True):
            with Simulator(tls=tls, both=True) as simulator:
                self.assertEqual(sorted(simulator.urls), ["http", "https"])
                self.assertEqual(simulator.url, simulator.urls["https" if tls else "http"])
                self.assertEqual(simulator.control("GET", "mails"), {"items": []})
                for scheme, url in simulator.urls.items():
                    context = ssl.create_default_context(cafile=simulator.ca_file) if scheme == "https" else None
                    with urllib.request.urlopen(f"{url}/0.1/backends", context=context) as answer:
                        self.assertEqual(answer.status, 200)

    def test_it_is_gone_after(self):
        with Simulator(tls=False) as simulator:
            url = simulator.url
        with self.assertRaises(urllib.error.URLError):
            urllib.request.urlopen(f"{url}/0.1/backends")

    def test_it_does_not_outlive_its_parent(self):
        simulator = Simulator(tls=False).start()
        process = simulator._process
        process.stdin.close()
        self.assertEqual(process.wait(timeout=10), 0)
        process.stdin = subprocess.DEVNULL
        process.stdout.close()
        simulator._process = None
        simulator.stop()

    def test_a_wrong_option_is_told_in_the_exception(self):
        with self.assertRaisesRegex(RuntimeError, "--no-such-option: no such option; .* [(]exit status 2[)]"):
            Simulator(arguments=["--no-such-option"]).start()

    def test_a_program_that_does_not_listen_is_ended_after_the_timeout(self):
        with self.assertRaisesRegex(RuntimeError, "did not start"):
            Simulator(program=self.script("input()"), start_timeout=0.2).start()

    def test_state_settings_and_faults_are_there_at_the_start(self):
        state = {"users": [{"uuid": "0d99961d-cdf9-434b-8473-c5b7905ad3c2", "username": "alice"}]}
        faults = [{"fault": "delay", "ms": 1}]
        with Simulator(tls=False, state=state, settings={"password_rounds": 1}, faults=faults) as simulator:
            found = simulator.control("GET", "state")
            self.assertEqual({user["username"] for user in found["users"]}, {"alice", simulator.username})
            self.assertEqual(simulator.control("GET", "settings")["password_rounds"], 1)
            self.assertEqual(simulator.control("GET", "faults")["faults"][0]["fault"], "delay")

    def test_the_mock_has_no_administrator(self):
        with Simulator(mock=True, tls=False) as simulator:
            self.assertEqual((simulator.admin, simulator.username, simulator.password), (None, None, None))
            self.assertIn("tokens", simulator.control("GET", "mock"))

    def test_without_a_program_it_says_how_to_get_one(self):
        with mock.patch.dict(os.environ, {"PATH": "/nowhere"}), self.assertRaisesRegex(FileNotFoundError, "pip install"):
            del os.environ["WAZO_AUTH_SIMULATOR"]
            Simulator().start()

    def test_what_it_says_while_it_runs_is_not_lost(self):
        script = "import sys; print('listening on http://127.0.0.1:1', flush=True); print('oh', file=sys.stderr); input()"
        simulator = Simulator(program=self.script(script), tls=False).start()
        # It has said all when it ends.
        simulator._process.stdin.close()
        simulator._process.wait(timeout=10)
        with contextlib.redirect_stderr(io.StringIO()) as said:
            simulator.stop()
        self.assertIn("oh\n", said.getvalue())


if __name__ == "__main__":
    unittest.main()
