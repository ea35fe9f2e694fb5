"""The fixture does what it promises. Run: WAZO_AUTH_SIMULATOR=.../wazo-auth-simulator python3 -m unittest"""

import base64
import json
import ssl
import subprocess
import unittest
import urllib.error
import urllib.request

from simulator_fixture import Simulator


class SimulatorFixture(unittest.TestCase):
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

    def test_a_wrong_option_is_told(self):
        with self.assertRaises(RuntimeError):
            Simulator(arguments=["--no-such-option"]).start()


if __name__ == "__main__":
    unittest.main()
