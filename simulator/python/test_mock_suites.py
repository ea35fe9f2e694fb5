"""What the integration tests of Wazo's daemons do with the mock, beyond its plain calls: the simulator in its mock mode
bears it.

Run: WAZO_AUTH_SIMULATOR=.../wazo-auth-simulator python3 -m unittest
"""

import datetime
import json
import socket
import unittest
import uuid

from mock_case import MockTest

MASTER = "00000000-0000-4000-8000-000000000201"
BELOW = "00000000-0000-4000-8000-000000000202"


def in_seconds(seconds):
    """A time as Python's `str` writes it, which the tests of wazo-websocketd send."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    return str(now + datetime.timedelta(seconds=seconds))


class Service(MockTest):
    """Every suite: the daemon logs in as a service, and takes the tenant of its token as the master tenant."""

    def setUp(self):
        super().setUp()
        self.token = self.set_token(metadata={"uuid": "service", "tenant_uuid": MASTER})
        credentials = {"username": "dird-service", "password": "dird-password"}
        self.call("POST", "/_add_valid_credentials", {**credentials, "token": self.token})
        self.call("POST", "/_set_tenants", [{"uuid": MASTER}, {"uuid": BELOW, "parent_uuid": MASTER}])

    def log_in(self):
        return self.call("POST", "/0.1/token", {"expiration": 7200}, login=("dird-service", "dird-password"))

    def test_the_login_of_a_service_tells_the_master_tenant(self):
        status, content = self.log_in()
        self.assertEqual((status, content["data"]["metadata"]["tenant_uuid"]), (200, MASTER))
        tenants = self.call("GET", "/0.1/tenants", X_Auth_Token=content["data"]["token"])[1]["items"]
        self.assertEqual([tenant["uuid"] for tenant in tenants], [MASTER, BELOW])

    def test_credentials_that_are_refused_later_are_refused(self):
        self.call("POST", "/_add_invalid_credentials", {"username": "dird-service", "password": "dird-password"})
        self.assertEqual(self.log_in()[0], 401)

    def test_what_one_call_of_the_daemon_costs_can_be_counted(self):
        before = len(self.call("GET", "/0.1/_requests")[1]["requests"])
        self.call("HEAD", f"/0.1/token/{self.token}?scope=dird.personal.read")
        self.call("GET", f"/0.1/token/{self.token}")
        new = self.call("GET", "/0.1/_requests")[1]["requests"][before:]
        tokens = [request["method"] for request in new if request["path"].startswith("/0.1/token")]
        self.assertEqual(tokens, ["HEAD", "GET"])


class Expiry(MockTest):
    """wazo-websocketd: tokens that end."""

    def test_a_token_that_has_expired_cannot_be_fetched_but_its_check_goes_on(self):
        for ended in (in_seconds(-1), in_seconds(-1).replace(" ", "T"), "2020-01-31T12:00:00.5Z", "2020-01-31"):
            token = self.set_token(utc_expires_at=ended)
            self.assertEqual(self.status("GET", f"/0.1/token/{token}"), 404, ended)
            self.assertEqual(self.status("HEAD", f"/0.1/token/{token}"), 204, ended)

    def test_a_token_that_has_not_expired_can_be_fetched(self):
        for ends in (in_seconds(60), in_seconds(60).replace(" ", "T"), "2999-01-31T12:00:00", None, ""):
            token = self.set_token(utc_expires_at=ends)
            status, content = self.call("GET", f"/0.1/token/{token}")
            self.assertEqual((status, content["data"]["utc_expires_at"]), (200, ends))

    def test_a_time_that_cannot_be_read_is_told_when_the_token_is_fetched(self):
        token = self.set_token(utc_expires_at="tomorrow")
        self.assertEqual(self.status("HEAD", f"/0.1/token/{token}"), 204)
        status, content = self.call("GET", f"/0.1/token/{token}")
        self.assertEqual(status, 500)
        self.assertIn("utc_expires_at: expected a time such as", content["message"])


class Content(MockTest):
    def test_users_that_were_set_have_a_first_name(self):
        """wazo-webhookd and wazo-chatd set users with nothing but a UUID."""
        users = [{"uuid": "u1"}, {"uuid": "u2", "firstname": "B", "tenant_uuid": MASTER}]
        self.assertEqual(self.status("POST", "/_set_users", users), 204)
        self.assertEqual(self.call("GET", "/0.1/users/u1"), (200, {"uuid": "u1", "firstname": "u1"}))
        self.assertEqual(self.call("GET", "/0.1/users/u2"), (200, users[1]))

    def test_a_reset_forgets_the_users_and_leaves_the_tenants_and_the_tokens(self):
        """wazo-confd resets between its tests."""
        token = self.set_token(metadata={"uuid": "u", "tenant_uuid": MASTER})
        self.call("POST", "/_set_tenants", [{"uuid": MASTER}])
        self.call("POST", "/_set_users", [{"uuid": "u1"}])
        self.call("POST", "/0.1/users", {"uuid": "u2"})
        self.assertEqual(self.status("POST", "/0.1/_reset"), 204)
        self.assertEqual(self.call("GET", "/0.1/users")[1]["items"], [])
        self.assertEqual(self.call("GET", "/0.1/tenants", X_Auth_Token=token)[1]["total"], 1)

    def test_refresh_tokens_may_come_as_a_list_within_the_list(self):
        """wazo-calld gives a list to a helper that takes the items one by one."""
        path = "/0.1/users/u/tokens?mobile=True"
        row = {"user_uuid": "u", "mobile": True}
        self.assertEqual(self.call("POST", "/_set_refresh_tokens", [[row]]), (204, ""))
        self.assertEqual(self.call("GET", path), (200, {"items": [row], "total": 1, "filtered": 1}))
        self.assertEqual(self.call("POST", "/_set_refresh_tokens", [[]]), (204, ""))
        self.assertEqual(self.call("GET", path), (200, {"items": [], "total": 0, "filtered": 0}))

    def test_a_tenant_may_be_without_uuid_and_nobody_sees_it(self):
        tenants = [{"uuid": MASTER}, {"uuid": None, "name": "odd", "parent_uuid": MASTER}]
        self.assertEqual(self.call("POST", "/_set_tenants", tenants), (204, ""))
        token = self.set_token(metadata={"uuid": "u", "tenant_uuid": MASTER})
        seen = self.call("GET", "/0.1/tenants", X_Auth_Token=token)[1]["items"]
        self.assertEqual([tenant["uuid"] for tenant in seen], [MASTER])
        without = self.set_token(metadata={"uuid": "u", "tenant_uuid": None})
        self.assertEqual(self.status("GET", "/0.1/tenants", X_Auth_Token=without), 500)

    def test_the_access_list_may_have_its_old_name(self):
        """Older helpers call it `acls`, and read `xivo_user_uuid`."""
        token = self.set_token(acls=["ctid-ng.calls.read"])
        self.assertEqual(self.status("HEAD", f"/0.1/token/{token}?scope=ctid-ng.calls.read"), 204)
        self.assertEqual(self.status("HEAD", f"/0.1/token/{token}?scope=ctid-ng.other"), 403)
        self.assertEqual(self.call("GET", f"/0.1/token/{token}")[1]["data"]["xivo_user_uuid"], "some-user")
        program = self.call("GET", "/0.1/token/non-user-token")[1]["data"]
        self.assertEqual(program["xivo_user_uuid"], None)


class Proxy(MockTest):
    """wazo-setupd reaches its second mock through nginx, which speaks HTTP/1.0 to it."""

    def test_a_login_over_http_1_0_succeeds_and_the_connection_ends(self):
        body = json.dumps({"expiration": 60})
        request = (
            "POST /0.1/token HTTP/1.0\r\nHost: nestbox:443\r\nX-Script-Name: /api/auth\r\nConnection: close\r\n"
            "Authorization: Basic bmVzdGJveC11c2VyOnNlY3JldA==\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        with socket.create_connection(("127.0.0.1", self.simulator.port), timeout=10) as connection:
            connection.sendall(request.encode())
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
        head, _, content = answer.partition(b"\r\n\r\n")
        self.assertEqual(head.split(b" ")[1], b"200")
        self.assertNotIn(b"chunked", head)
        self.assertEqual(json.loads(content)["data"]["token"], "valid-token-multitenant")


class Requests(MockTest):
    """wazo-confd looks at what it asked of wazo-auth."""

    def test_a_request_is_found_by_its_path_method_query_and_json(self):
        user = str(uuid.uuid4())
        self.call("POST", "/0.1/users", {"uuid": user, "firstname": "A"}, Wazo_Tenant=MASTER)
        self.call("GET", "/0.1/users?recurse=True", X_Auth_Token="valid-token")
        self.call("GET", "/0.1/no/such/route")
        created, listed, unknown, _ = self.call("GET", "/0.1/_requests")[1]["requests"]
        self.assertEqual((created["method"], created["json"]["uuid"]), ("POST", user))
        self.assertEqual((listed["path"], listed["query"]), ("/0.1/users", {"recurse": "True"}))
        self.assertEqual(unknown["path"], "/0.1/no/such/route")


if __name__ == "__main__":
    unittest.main()
