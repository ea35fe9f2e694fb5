"""The page at /_simulator/, in a headless Chromium: what it shows, and what its buttons and the keyboard do.

Run: WAZO_AUTH_SIMULATOR=.../wazo-auth-simulator python3 -m unittest
With $PAGE_PICTURES, the name of a folder, pictures of the page are left there.
"""

import base64
import json
import os
import unittest
import urllib.error
import urllib.request

import chromium
from wazo_auth_simulator import Simulator

TAB, ENTER = ("Tab", 9), ("Enter", 13, "\r")


def call(simulator, method, path, body=None, **headers):
    """The JSON of an answer, None where it is refused or empty."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(
        simulator.url + path,
        method=method,
        headers={"Content-Type": "application/json", **headers},
        data=None if body is None else json.dumps(body).encode(),
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            content = answer.read()
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return None
    return json.loads(content) if content else None


def log_in(simulator, password="secret"):
    basic = "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()
    answer = call(simulator, "POST", "/0.1/token", {"expiration": 7200}, Authorization=basic)
    return answer and answer["data"]


class Files(unittest.TestCase):
    """What needs no browser."""

    def test_the_page_allows_no_other_host_and_no_inline_script(self):
        with Simulator(admin=None, tls=False) as simulator:
            for name in ("", "page.css", "page.js", "elements.js", "tabs.js"):
                with urllib.request.urlopen(f"{simulator.url}/_simulator/{name}", timeout=10) as answer:
                    self.assertIn("default-src 'none'; script-src 'self'", answer.headers["Content-Security-Policy"])
                    content = answer.read().decode()
                self.assertNotIn("https://", content, name)
                self.assertNotIn("innerHTML", content, name)

    def test_the_page_is_found_without_the_slash_and_strikes_no_fault(self):
        with Simulator(admin=None, tls=False, arguments=["--fault", "bad_gateway"]) as simulator:
            with urllib.request.urlopen(f"{simulator.url}/_simulator", timeout=10) as answer:
                self.assertEqual(answer.url, f"{simulator.url}/_simulator/")


@unittest.skipUnless(chromium.find(), "Chromium is missing: apt-get install chromium-headless-shell, or name it in $CHROMIUM")
class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        browser = chromium.Chromium()
        try:
            cls.browser = browser.__enter__()
        except (AssertionError, OSError) as problem:
            # A browser that does not even open an empty page is broken on this machine; nothing is said of ours by that.
            raise unittest.SkipTest(f"{chromium.find()} does not start here: {problem}") from None
        cls.addClassCleanup(browser.__exit__)

    def start(self, view="", **options):
        simulator = Simulator(tls=False, **options).start()
        self.addCleanup(simulator.stop)
        self.browser.logged.clear()
        self.expected = ["the server responded with a status of"]
        self.browser.open(f"{simulator.url}/_simulator/#{view}")
        self.browser.until("document.querySelector('#connection')?.textContent === 'live'")
        self.addCleanup(self.no_complaint)
        return simulator

    def no_complaint(self):
        # The page is left before its simulator stops, so that it does not ask one that is gone.
        self.browser.open("about:blank")
        # An answer that refuses is logged by the browser; scripts that fail and files that are blocked must not be.
        logged = [json.dumps(entry) for entry in self.browser.logged]
        self.assertEqual([text for text in logged if not any(known in text for known in self.expected)], [])

    def shows(self, text):
        self.browser.until(f"document.body.innerText.includes({json.dumps(text)})")

    def click(self, selector, text=""):
        """Clicks the first element that the selector finds and that contains the text."""
        found = f"[...document.querySelectorAll({json.dumps(selector)})].find(e => e.textContent.includes({json.dumps(text)}))"
        self.browser.until(f"!!{found}")
        self.browser.evaluate(f"{found}.click()")

    def write(self, selector, text):
        self.browser.evaluate(
            f"(e => {{ e.value = {json.dumps(text)}; e.dispatchEvent(new Event('input', {{bubbles: true}})); }})"
            f"(document.querySelector({json.dumps(selector)}))"
        )

    def picture(self, name):
        folder = os.environ.get("PAGE_PICTURES")
        if folder:
            self.browser.screenshot(os.path.join(folder, f"{name}.png"))

    def test_requests_appear_while_one_looks_and_what_is_open_stays_open(self):
        simulator = self.start("requests")
        self.shows("No request has come yet")
        log_in(simulator, "wrong")
        self.browser.until("document.querySelectorAll('.log li').length === 1")
        self.click(".log summary", "/0.1/token")
        self.shows('"expiration": 7200')
        log_in(simulator)
        self.browser.until("document.querySelectorAll('.log li').length === 2")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('.log li details[open]').length"), 1)
        statuses = self.browser.evaluate("[...document.querySelectorAll('.log summary')].map(e => e.lastChild.textContent)")
        self.assertEqual(statuses, ["200", "401"])
        self.picture("requests")
        self.write("input[type=search]", '"status": 401')
        self.browser.until("document.querySelectorAll('.log li:not([hidden])').length === 1")
        self.write("input[type=search]", "")
        self.click("button", "Clear")
        self.shows("No request has come yet")
        self.assertEqual(simulator.control("GET", "requests"), {"items": []})

    def test_what_a_request_contains_is_text_and_never_a_part_of_the_page(self):
        simulator = self.start("requests")
        call(simulator, "GET", "/0.1/%3Cimg%20src=x%20onerror=alert(1)%3E", User_Agent="<script>alert(1)</script>")
        self.shows("<img src=x onerror=alert(1)>")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#view img, #view script').length"), 0)

    def test_a_token_is_deleted_and_the_event_is_seen(self):
        simulator = self.start("tokens")
        self.shows("There is no token")
        token = log_in(simulator)["token"]
        other = log_in(simulator)["token"]
        self.shows(token)
        self.shows("2 h")
        self.picture("tokens")
        self.browser.evaluate(f"document.querySelector('[aria-label=\"Delete token {token}\"]').click()")
        self.browser.until(f"!document.body.innerText.includes({json.dumps(token)})")
        self.shows(other)
        self.assertIsNone(call(simulator, "GET", f"/0.1/token/{token}"))
        self.assertIsNotNone(call(simulator, "GET", f"/0.1/token/{other}"))
        self.click("nav a", "Events")
        self.shows("auth_session_deleted")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('.log li').length"), 3)
        self.picture("events")

    def test_each_kind_of_fault_is_added_removed_and_cleared(self):
        simulator = self.start("faults")
        kinds = self.browser.until("[...document.querySelectorAll('form option')].map(o => o.textContent)")
        for kind in kinds:
            self.browser.evaluate(
                f"(s => {{ s.value = {json.dumps(kind)}; s.dispatchEvent(new Event('change')); }})"
                "(document.querySelector('form select'))"
            )
            # So that none of them disturbs the test itself.
            self.write("form [name=times]", "0")
            self.click("form button", "Add")
            self.browser.until(f"document.querySelectorAll('tbody tr').length === {kinds.index(kind) + 1}")
        faults = simulator.control("GET", "faults")["faults"]
        self.assertEqual([fault["fault"] for fault in faults], kinds)
        # The simulator knows these kinds and no others: a kind that is new belongs into the form too.
        try:
            simulator.control("PUT", "faults", [{"fault": "unknown"}])
        except urllib.error.HTTPError as refusal:
            with refusal:
                known = json.load(refusal)["message"].partition("one of ")[2].partition(", got")[0].split(", ")
        self.assertEqual(known, kinds)
        self.picture("faults")
        self.click("tbody button", "Remove")
        self.browser.until(f"document.querySelectorAll('tbody tr').length === {len(kinds) - 1}")
        self.click("button", "Clear all")
        self.shows("No fault is set")
        self.assertEqual(simulator.control("GET", "faults"), {"faults": []})

    def test_a_fault_that_is_added_strikes_and_a_wrong_one_is_told(self):
        simulator = self.start("faults")
        self.browser.until("!!document.querySelector('form select')")
        self.browser.evaluate(
            "(s => { s.value = 'bad_gateway'; s.dispatchEvent(new Event('change')); })(document.querySelector('form select'))"
        )
        self.write("form [name=status]", "200")
        self.click("form button", "Add")
        self.shows("`status` is one of [502, 503, 504], got 200")
        self.write("form [name=status]", "503")
        self.write("form [name=path]", "/0.1/token*")
        self.write("form [name=times]", "1")
        self.click("form button", "Add")
        self.shows("path=/0.1/token* times=1")
        self.assertIsNone(log_in(simulator))
        self.browser.until("document.querySelector('tbody td.number').textContent === '1'")
        self.assertIsNotNone(log_in(simulator))

    def test_settings_are_changed(self):
        simulator = self.start("settings")
        self.browser.until("!!document.querySelector('#user_registration')")
        self.browser.evaluate("document.querySelector('#user_registration').click()")
        self.write("#default_token_lifetime", "60")
        self.picture("settings")
        self.click("button:not([hidden])", "Save")
        self.browser.until("!document.querySelector('[data-dirty]')")
        settings = simulator.control("GET", "settings")
        self.assertEqual((settings["user_registration"], settings["default_token_lifetime"]), (True, 60))
        self.write("#default_token_lifetime", "soon")
        self.click("button:not([hidden])", "Save")
        self.shows("default_token_lifetime: expected JSON")
        self.assertEqual(simulator.control("GET", "settings")["default_token_lifetime"], 60)

    def test_tables_of_the_state_are_looked_at(self):
        simulator = self.start("state")
        self.shows("users 1")
        self.shows("admin")
        token = log_in(simulator)
        self.click("button", "sessions 1")
        self.shows(token["session_uuid"])
        self.click(".log summary", token["session_uuid"])
        self.shows('"mobile": false')
        self.picture("state")

    def test_it_is_used_with_the_keyboard_alone(self):
        simulator = self.start("requests")
        log_in(simulator)
        self.shows("/0.1/token")
        # Not the view or the page as a whole, which contain everything.
        focused = "document.activeElement.matches('a, button, summary, input') ? document.activeElement.textContent : ''"

        def tab_to(text):
            for _ in range(20):
                self.browser.key(*TAB)
                if text in self.browser.evaluate(focused):
                    return
            self.fail(f"{text} is not reached with the tab key; the focus is on {self.browser.evaluate(focused)}")

        tab_to("/0.1/token")
        self.browser.key(*ENTER)
        self.browser.until("!!document.querySelector('.log details[open]')")
        self.browser.evaluate("document.activeElement.blur()")
        tab_to("Tokens")
        self.browser.key(*ENTER)
        self.shows("1 token, the newest first")
        tab_to("Delete")
        self.browser.key(*ENTER)
        self.shows("There is no token")
        self.assertEqual(simulator.control("GET", "state")["tokens"], [])

    def test_the_mock_shows_its_own_content(self):
        simulator = self.start("tokens", admin=None, arguments=["--mock"])
        call(simulator, "POST", "/_set_token", {"token": "my token/1", "auth_id": "me", "acl": ["a.b"]})
        self.shows("my token/1")
        self.assertEqual(
            self.browser.evaluate("[...document.querySelectorAll('nav a')].map(a => a.firstChild.textContent.trim())"),
            ["Requests", "Tokens", "State", "Faults"],
        )
        call(simulator, "POST", "/_set_token", {"token": "mine", "auth_id": "me", "acl": ["a.b"]})
        self.shows("mine")
        self.browser.evaluate("document.querySelector('[aria-label=\"Delete token mine\"]').click()")
        self.browser.until("!document.querySelector('[aria-label=\"Delete token mine\"]')")
        self.click("nav a", "State")
        self.shows("master-tenant")
        self.picture("mock")

    def test_the_mock_shows_when_its_tokens_expire(self):
        simulator = self.start("tokens", admin=None, arguments=["--mock"])
        times = {"long-ago": "2000-01-01T00:00:00", "a-text": "2000-01-01 00:00:00.5", "always": None}
        for token, time in times.items():
            call(simulator, "POST", "/_set_token", {"token": token, "auth_id": "me", "acl": [], "utc_expires_at": time})
        self.browser.until("!!document.querySelector('[aria-label=\"Delete token always\"]')")
        for token, due in {"long-ago": "expired", "a-text": "expired", "always": "never"}.items():
            row = f"document.querySelector('[aria-label=\"Delete token {token}\"]').closest('tr')"
            self.assertEqual(self.browser.evaluate(f"{row}.cells[2].textContent"), due, token)

    def test_a_simulator_that_has_gone_is_told(self):
        simulator = self.start("requests")
        self.expected.append("ERR_CONNECTION_REFUSED")
        simulator.stop()
        self.browser.until("document.querySelector('#connection').textContent === 'no connection'")

    def test_dark_and_narrow_pages_can_be_read(self):
        simulator = self.start("requests")
        log_in(simulator)
        self.shows("/0.1/token")
        self.browser.colours("dark")
        self.addCleanup(self.browser.colours, "light")
        light = "(([r, g, b]) => (r * 2 + g * 5 + b) / 8)(getComputedStyle(document.body)[{}].match(/\\d+/g).map(Number))"
        self.assertLess(self.browser.evaluate(light.format("'backgroundColor'")), 60)
        self.assertGreater(self.browser.evaluate(light.format("'color'")), 200)
        self.picture("dark")
        self.browser.width(420)
        self.addCleanup(self.browser.width, 1200)
        for view, content in (
            ("requests", ".log.requests li"),
            ("events", ".log.events li"),
            ("tokens", "tbody tr"),
            ("state", ".log.rows li"),
            ("faults", "form label"),
            ("settings", "table.settings tbody tr"),
        ):
            self.browser.evaluate(f"location.hash = '{view}'")
            self.browser.until(f"!!document.querySelector('{content}')")
            self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), 420, view)
        self.picture("narrow")


if __name__ == "__main__":
    unittest.main()
