"""What the simulator would publish on the bus: one message for each thing that happens, as wazo-auth publishes it.

Run: WAZO_AUTH_SIMULATOR=.../wazo-auth-simulator python3 -m unittest
"""

import base64
import json
import unittest
import urllib.error
import urllib.request

from wazo_auth_simulator import Simulator

ORIGIN = "the-predefined-xivo-uuid"


class Events(unittest.TestCase):
    def setUp(self):
        self.simulator = Simulator(admin="admin:secret", tls=False).start()
        self.addCleanup(self.simulator.stop)
        self.last = 0
        self.token = None
        self.token = self.log_in()
        self.user = self.token["metadata"]["uuid"]
        self.tenant = self.token["metadata"]["tenant_uuid"]
        self.news()

    def call(self, method, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            headers.setdefault("X-Auth-Token", self.token["token"])
        request = urllib.request.Request(
            f"{self.simulator.url}/0.1/{path}",
            method=method,
            headers={"Content-Type": "application/json", **headers},
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def log_in(self, mobile=False, **body):
        headers = {"Authorization": "Basic " + base64.b64encode(b"admin:secret").decode()}
        if mobile:
            headers["Wazo_Session_Type"] = "mobile"
        return self.call("POST", "token", {"expiration": 3600, **body}, **headers)["data"]

    def news(self):
        """Names and data of the messages since the last call."""
        items = self.simulator.control("GET", f"events?after={self.last}")["items"]
        if items:
            self.last = items[-1]["number"]
        self.items = items
        return [(item["body"]["name"], item["body"]["data"]) for item in items]

    def session(self, token, **more):
        return {"uuid": token["session_uuid"], "user_uuid": self.user, "tenant_uuid": self.tenant, **more}

    def test_a_message_has_the_headers_that_listeners_bind_to(self):
        token = self.log_in()
        self.news()
        (item,) = self.items
        headers, body = item["headers"], item["body"]
        session = token["session_uuid"]
        timestamp = headers["timestamp"]
        self.assertEqual(
            headers,
            {
                "name": "auth_session_created",
                "origin_uuid": ORIGIN,
                "tenant_uuid": self.tenant,
                f"user_uuid:{self.user}": True,
                "session_uuid": session,
                "required_access": "event.auth_session_created",
                "required_acl": f"events.auth.sessions.{session}.created",
                "timestamp": timestamp,
            },
        )
        self.assertEqual(body, {**headers, "data": self.session(token, mobile=False)})
        self.assertEqual(item["routing_key"], f"auth.sessions.{session}.created")

    def test_a_session_that_ends_is_told_whatever_ends_it(self):
        for end in (
            lambda token: self.call("DELETE", f"token/{token['token']}"),
            lambda token: self.call("DELETE", f"sessions/{token['session_uuid']}"),
            lambda token: self.call("DELETE", f"users/{self.user}/sessions/{token['session_uuid']}"),
            lambda token: self.simulator.control("DELETE", f"tokens/{token['token']}"),
        ):
            token = self.log_in(mobile=True)
            self.assertEqual(self.news(), [("auth_session_created", self.session(token, mobile=True))])
            end(token)
            self.assertEqual(self.news(), [("auth_session_deleted", self.session(token))])

    def test_a_session_is_about_to_expire_and_then_expires(self):
        token = self.log_in(expiration=600)
        self.news()
        now = self.simulator.control("GET", "overview")["now"]
        for later, expected in (
            (500, []),
            (550, ["auth_session_expire_soon"]),
            (560, []),
            (610, ["auth_session_deleted"]),
        ):
            self.simulator.control("PUT", "settings", {"now": now + later})
            # Another session, so that the tokens are looked at anew.
            other = self.log_in(expiration=3600)
            news = [(name, data) for name, data in self.news() if data["uuid"] != other["session_uuid"]]
            self.assertEqual(news, [(name, self.session(token)) for name in expected], later)

    def test_refresh_tokens_are_told_when_they_come_and_go(self):
        token = self.log_in(access_type="offline", client_id="a.b")
        row = {"client_id": "a.b", "mobile": False, "user_uuid": self.user, "tenant_uuid": self.tenant}
        created = ("auth_refresh_token_created", row)
        self.assertEqual(self.news(), [created, ("auth_session_created", self.session(token, mobile=False))])
        self.assertEqual(self.items[0]["routing_key"], f"auth.users.{self.user}.tokens.a__DOT__b.created")
        # The refresh token is there already: only the session is new.
        self.log_in(access_type="offline", client_id="a.b")
        self.assertEqual([name for name, _ in self.news()], ["auth_session_created"])
        self.call("DELETE", f"users/{self.user}/tokens/a.b")
        self.assertIn(("auth_refresh_token_deleted", row), self.news())

    def test_tenants_are_told_when_they_come_change_and_go(self):
        tenant = self.call("POST", "tenants", {"name": "one", "slug": "uno", "domain_names": ["one.example"]})["uuid"]
        added = {"uuid": tenant, "name": "one", "slug": "uno", "domain_names": ["one.example"]}
        self.assertEqual(self.news(), [("auth_tenant_added", added)])
        (item,) = self.items
        self.assertEqual(item["headers"]["user_uuid:*"], True)
        self.assertEqual(item["headers"]["tenant_uuid"], tenant)
        self.call("PUT", f"tenants/{tenant}", {"name": "two"})
        self.assertEqual(self.news(), [("auth_tenant_updated", {"uuid": tenant, "name": "two", "slug": "uno"})])
        self.call("DELETE", f"tenants/{tenant}")
        self.assertEqual(self.news(), [("auth_tenant_deleted", {"uuid": tenant})])

    def test_external_data_are_told_when_they_come_change_and_go(self):
        path = f"users/{self.user}/external/bar"
        for method, body, what in (
            ("POST", {"secret": 1}, "added"),
            ("PUT", {"secret": 2}, "updated"),
            ("DELETE", None, "deleted"),
        ):
            self.call(method, path, body)
            data = {"user_uuid": self.user, "external_auth_name": "bar"}
            self.assertEqual(self.news(), [(f"auth_user_external_auth_{what}", data)])

    def test_no_message_holds_a_token(self):
        tokens = [self.log_in(access_type="offline", client_id="c") for _ in range(2)]
        self.call("DELETE", f"token/{tokens[0]['token']}")
        text = json.dumps(self.simulator.control("GET", "events"))
        for token in tokens:
            self.assertNotIn(token["token"], text)
            self.assertNotIn(token["refresh_token"], text)

    def test_what_changes_nothing_is_not_told(self):
        self.call("GET", "users")
        self.call("GET", "sessions")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.call("POST", "token", {}, Authorization="Basic " + base64.b64encode(b"admin:wrong").decode())
        self.assertEqual(refused.exception.code, 401)
        refused.exception.close()
        # A state that a test sets is the beginning of what is told, not a message itself.
        state = self.simulator.control("GET", "state")
        self.simulator.control("PUT", "state", {**state, "sessions": [], "tokens": []})
        self.assertEqual(self.news(), [])

    def test_the_list_is_emptied_and_its_numbers_go_on(self):
        self.log_in()
        self.news()
        self.simulator.control("DELETE", "events")
        self.assertEqual(self.simulator.control("GET", "events"), {"items": []})
        self.log_in()
        (item,) = self.simulator.control("GET", "events")["items"]
        self.assertEqual(item["number"], self.last + 1)


if __name__ == "__main__":
    unittest.main()
