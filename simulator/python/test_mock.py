"""The simulator in its mock mode takes the place of the wazo-auth mock of Wazo's test helpers: every call that the helpers
make, and what a daemon's test relies on after it.

Run: WAZO_AUTH_SIMULATOR=.../wazo-auth-simulator python3 -m unittest
"""

import subprocess
import unittest
import uuid

from mock_case import MockTest

TOP = "eeeeeeee-eeee-eeee-eeee-eeeeeeeeee10"
BELOW = "eeeeeeee-eeee-eeee-eeee-eeeeeeeeee11"
ELSEWHERE = "ffffffff-ffff-ffff-ffff-ffffffffffff"


class Tokens(MockTest):
    def test_it_is_up_where_the_root_is_not_found(self):
        self.assertEqual(self.status("GET", "/"), 404)

    def test_a_token_may_have_any_identifier_and_has_every_access_unless_told(self):
        token = self.set_token(token="my-token")
        self.assertEqual(self.status("HEAD", "/0.1/token/my-token"), 204)
        self.assertEqual(self.status("HEAD", "/0.1/token/my-token?scope=calld.calls.read"), 204)
        status, content = self.call("GET", "/0.1/token/my-token?scope=calld.calls.read")
        self.assertEqual(status, 200)
        data = content["data"]
        self.assertEqual((data["token"], data["auth_id"]), (token, "some-user"))
        self.assertEqual(data["metadata"], {"uuid": "some-user", "pbx_user_uuid": "some-user"})
        self.assertEqual(data["session_uuid"], None)

    def test_the_access_list_of_a_token_is_taken_word_by_word(self):
        token = self.set_token(acl=["calld.calls.read", "dird.#"])
        self.assertEqual(self.status("HEAD", f"/0.1/token/{token}?scope=calld.calls.read"), 204)
        self.assertEqual(self.status("HEAD", f"/0.1/token/{token}?scope=dird.any"), 403)
        self.assertEqual(self.status("GET", f"/0.1/token/{token}?scope=dird.any"), 403)
        self.assertEqual(self.status("HEAD", f"/0.1/token/{token}"), 204)
        nothing = self.set_token(acl=[])
        self.assertEqual(self.status("HEAD", f"/0.1/token/{nothing}?scope=calld.calls.read"), 403)

    def test_members_of_a_token_come_back_as_they_were_set(self):
        token = self.set_token(
            metadata={"uuid": "u", "tenant_uuid": TOP, "pbx_user_uuid": "p", "mine": [1]},
            utc_expires_at="2099-01-01T00:00:00",
            session_uuid="s",
        )
        data = self.call("GET", f"/0.1/token/{token}")[1]["data"]
        self.assertEqual(data["metadata"], {"uuid": "u", "tenant_uuid": TOP, "pbx_user_uuid": "p", "mine": [1]})
        self.assertEqual((data["utc_expires_at"], data["session_uuid"]), ("2099-01-01T00:00:00", "s"))

    def test_a_removed_token_is_unknown(self):
        token = self.set_token()
        self.assertEqual(self.status("DELETE", f"/_remove_token/{token}"), 204)
        self.assertEqual(self.status("HEAD", f"/0.1/token/{token}"), 404)
        self.assertEqual(self.status("GET", f"/0.1/token/{token}"), 404)
        self.assertEqual(self.status("DELETE", f"/_remove_token/{token}"), 404)

    def test_the_tokens_that_tests_take_for_granted_are_there(self):
        for token in ("valid-token", "valid-token-multitenant", "valid-token-master-tenant", "valid-token-sub-tenant"):
            self.assertEqual(self.status("HEAD", f"/0.1/token/{token}?scope=any.thing"), 204)
        data = self.call("GET", "/0.1/token/non-user-token")[1]["data"]
        self.assertEqual((data["auth_id"], data["metadata"]["uuid"]), ("uuid-non-user", None))
        self.assertEqual(self.status("HEAD", "/0.1/token/invalid-acl-token?scope=any.thing"), 403)
        self.assertEqual(self.status("HEAD", "/0.1/token/invalid-acl-token"), 204)
        self.assertEqual(self.status("HEAD", "/0.1/token/expired"), 404)

    def test_a_token_is_checked_for_a_tenant(self):
        def check(token, tenant):
            return self.status("HEAD", f"/0.1/token/{token}?tenant={tenant}")

        self.assertEqual(check("valid-token-master-tenant", TOP), 204)
        self.assertEqual(check("valid-token-master-tenant", BELOW), 204)
        self.assertEqual(check("valid-token-sub-tenant", TOP), 403)
        self.assertEqual(check("valid-token-master-tenant", ELSEWHERE), 403)
        self.assertEqual(check("non-user-token", TOP), 403)
        self.assertEqual(check("no-such-token", TOP), 404)
        # The token of the helpers has no tenant unless it is given one.
        self.assertEqual(check(self.set_token(), TOP), 403)


class Logins(MockTest):
    def log_in(self, username, password):
        return self.call("POST", "/0.1/token", {"expiration": 60}, login=(username, password))

    def test_unknown_credentials_succeed(self):
        status, content = self.log_in("who", "ever")
        self.assertEqual(status, 200)
        data = content["data"]
        self.assertEqual((data["token"], data["auth_id"]), ("valid-token-multitenant", "uuid-multitenant"))
        self.assertEqual(data["metadata"]["tenant_uuid"], "eeeeeeee-eeee-eeee-eeee-eeeeeeeeeee1")

    def test_a_service_must_be_set_to_log_in(self):
        self.assertEqual(self.log_in("wazo-calld-service", "secret")[0], 401)
        body = {"username": "wazo-calld-service", "password": "secret", "token": "valid-token"}
        self.assertEqual(self.call("POST", "/_add_valid_credentials", body), (204, ""))
        self.assertEqual(self.log_in("wazo-calld-service", "secret")[1]["data"]["token"], "valid-token")

    def test_valid_credentials_give_their_token_and_no_other_password_does(self):
        token = self.set_token(acl=["a.b"])
        body = {"username": "alice", "password": "secret", "token": token}
        self.assertEqual(self.status("POST", "/_add_valid_credentials", body), 204)
        data = self.log_in("alice", "secret")[1]["data"]
        self.assertEqual((data["token"], data["acl"]), (token, ["a.b"]))
        self.assertEqual(self.log_in("alice", "wrong")[0], 401)
        self.call("DELETE", f"/_remove_token/{token}")
        self.assertEqual(self.log_in("alice", "secret")[0], 401)

    def test_invalid_credentials_are_refused(self):
        self.assertEqual(self.log_in("test", "foobar")[0], 401)
        self.assertEqual(self.log_in("bob", "secret")[0], 200)
        body = {"username": "bob", "password": "secret"}
        self.assertEqual(self.call("POST", "/_add_invalid_credentials", body), (204, ""))
        self.assertEqual(self.log_in("bob", "secret")[0], 401)
        self.assertEqual(self.log_in("bob", "other")[0], 200)

    def test_credentials_for_an_invalid_token_give_one_that_is_unknown(self):
        self.assertEqual(self.log_in("test", "iddqd")[1], {"data": {"auth_id": "uuid", "token": "expired"}})
        body = {"username": "carol", "password": "secret"}
        self.assertEqual(self.call("POST", "/_add_credentials_for_invalid_token", body), (204, ""))
        token = self.log_in("carol", "secret")[1]["data"]["token"]
        self.assertEqual(self.status("HEAD", f"/0.1/token/{token}"), 404)

    def test_a_login_without_credentials_is_refused(self):
        self.assertEqual(self.call("POST", "/0.1/token", {}), (401, "Unauthorized"))


class Tenants(MockTest):
    def names(self, path="/0.1/tenants", **headers):
        status, content = self.call("GET", path, **headers)
        self.assertEqual(status, 200, content)
        return [tenant["name"] for tenant in content["items"]], content["filtered"], content["total"]

    def test_a_token_sees_its_tenant_and_those_below(self):
        names, filtered, total = self.names(X_Auth_Token="valid-token-multitenant")
        self.assertEqual(names, ["valid-tenant1", "valid-tenant2", "valid-tenant3"])
        self.assertEqual((filtered, total), (3, 3))
        below = self.names(X_Auth_Token="valid-token-master-tenant", Wazo_Tenant=BELOW)
        self.assertEqual(below, (["sub-tenant"], 1, 1))
        named = self.names("/0.1/tenants?name=valid-tenant2", X_Auth_Token="valid-token-multitenant")
        self.assertEqual(named, (["valid-tenant2"], 1, 3))

    def test_a_tenant_that_the_token_does_not_see_is_refused(self):
        for tenant in (TOP, str(uuid.uuid4())):
            headers = {"X_Auth_Token": "valid-token-sub-tenant", "Wazo_Tenant": tenant}
            self.assertEqual(self.status("GET", "/0.1/tenants", **headers), 401)
        self.assertEqual(self.status("GET", "/0.1/tenants", X_Auth_Token="unknown"), 401)

    def test_tenants_are_those_that_were_set(self):
        tenants = [{"uuid": "t1"}, {"uuid": "t2", "parent_uuid": "t1", "name": "two"}]
        self.assertEqual(self.call("POST", "/_set_tenants", tenants), (204, ""))
        token = self.set_token(metadata={"uuid": "u", "tenant_uuid": "t1"})
        self.assertEqual(self.names(X_Auth_Token=token), (["t1", "two"], 2, 2))
        self.assertEqual(self.call("GET", "/0.1/tenants/t2"), (200, {"uuid": "t2", "parent_uuid": "t1"}))
        self.assertEqual(self.call("GET", "/0.1/tenants/t9"), (200, {"uuid": "t9", "parent_uuid": "t9"}))
        self.assertEqual(self.status("HEAD", f"/0.1/token/{token}?tenant=t2"), 204)
        # Those of the beginning are gone, and with them the tenant of this token.
        self.assertEqual(self.status("GET", "/0.1/tenants", X_Auth_Token="valid-token"), 500)

    def test_a_ring_of_parents_has_an_end(self):
        self.call("POST", "/_set_tenants", [{"uuid": "a", "parent_uuid": "b"}, {"uuid": "b", "parent_uuid": "a"}])
        token = self.set_token(metadata={"uuid": "u", "tenant_uuid": "a"})
        self.assertEqual(self.names(X_Auth_Token=token)[0], ["a", "b"])

    def test_a_created_tenant_is_given_back(self):
        self.assertEqual(self.call("POST", "/0.1/tenants", {"name": "new"}), (200, {"name": "new"}))


class Users(MockTest):
    def test_users_that_were_set_are_there(self):
        users = [{"uuid": "u1", "firstname": "A", "lastname": "B"}, {"uuid": "u2", "firstname": "C"}]
        self.assertEqual(self.call("POST", "/_set_users", users), (204, ""))
        self.assertEqual(self.call("GET", "/0.1/users")[1]["items"], users)
        self.assertEqual(self.call("GET", "/0.1/users/u1"), (200, users[0]))
        self.assertEqual(self.status("GET", "/0.1/users/u3"), 404)

    def test_a_user_is_created_changed_and_deleted(self):
        body = {"uuid": "u", "firstname": "A", "email_address": "a@example.com"}
        user = {
            "uuid": "u",
            "firstname": "A",
            "lastname": None,
            "username": None,
            "emails": [{"address": "a@example.com"}],
            "enabled": True,
            "tenant_uuid": TOP,
        }
        self.assertEqual(self.call("POST", "/0.1/users", body, Wazo_Tenant=TOP), (200, user))
        changed = {"firstname": "Z", "uuid": "u", "emails": user["emails"], "enabled": True}
        self.assertEqual(self.call("PUT", "/0.1/users/u", {"firstname": "Z"}), (200, changed))
        emails = [{"address": "b@example.com", "main": True}]
        self.assertEqual(self.call("PUT", "/0.1/admin/users/u/emails", {"emails": emails}), (200, emails))
        self.assertEqual(self.call("GET", "/0.1/users/u"), (200, {**changed, "emails": emails}))
        self.assertEqual(self.status("POST", "/0.1/users/password/reset?user_uuid=u"), 204)
        self.assertEqual(self.status("PUT", "/0.1/users/u/policies/p"), 204)
        self.assertEqual(self.status("DELETE", "/0.1/users/u"), 204)
        for method, path in (
            ("GET", "/0.1/users/u"),
            ("PUT", "/0.1/users/u"),
            ("DELETE", "/0.1/users/u"),
            ("PUT", "/0.1/admin/users/u/emails"),
            ("POST", "/0.1/users/password/reset?user_uuid=u"),
        ):
            self.assertEqual(self.status(method, path, {}), 404, path)

    def test_a_user_without_uuid_gets_one(self):
        first, second = (self.call("POST", "/0.1/users", {})[1]["uuid"] for _ in range(2))
        self.assertNotEqual(first, second)
        uuid.UUID(first)

    def test_the_default_policies_are_found_by_name(self):
        content = self.call("GET", "/0.1/policies?name=wazo_default_admin_policy")[1]
        policy = {"uuid": "5650b7e8-6de8-4f5f-994c-000000000002", "name": "wazo_default_admin_policy"}
        self.assertEqual(content, {"items": [policy], "total": 1, "filtered": 1})
        self.assertEqual(self.call("GET", "/0.1/policies")[1]["total"], 2)


class Lists(MockTest):
    def test_sessions_and_refresh_tokens_are_those_that_were_set(self):
        empty = {"items": [], "total": 0, "filtered": 0}
        for control, path in (("/_set_sessions", "/0.1/sessions"), ("/_set_refresh_tokens", "/0.1/tokens")):
            self.assertEqual(self.call("GET", path), (200, empty))
            rows = [{"uuid": "1", "user_uuid": "u1"}, {"uuid": "2", "user_uuid": "u2"}]
            self.assertEqual(self.call("POST", control, rows), (204, ""))
            self.assertEqual(self.call("GET", path), (200, {"items": rows, "total": 2, "filtered": 2}))
        one = {"items": [{"uuid": "2", "user_uuid": "u2"}], "total": 1, "filtered": 1}
        self.assertEqual(self.call("GET", "/0.1/users/u2/tokens"), (200, one))
        self.assertEqual(self.call("POST", "/_set_sessions", []), (204, ""))
        self.assertEqual(self.call("GET", "/0.1/sessions"), (200, empty))


class External(MockTest):
    def test_external_data_is_the_same_for_all_users_and_services(self):
        path = "/0.1/users/u/external/microsoft"
        self.assertEqual(self.status("GET", path), 404)
        self.assertEqual(self.call("POST", "/_set_external_auth", {"access_token": "t"}), (201, ""))
        self.assertEqual(self.call("GET", path), (200, {"access_token": "t"}))
        self.assertEqual(self.call("POST", "/_reset_external_auth"), (204, ""))
        self.assertEqual(self.status("GET", path), 404)

    def test_external_configurations_are_found_by_service(self):
        self.assertEqual(self.status("GET", "/0.1/external/mobile/config"), 404)
        self.assertEqual(self.call("POST", "/_set_external_config", {"mobile": {"fcm_api_key": "k"}}), (201, ""))
        self.assertEqual(self.call("GET", "/0.1/external/mobile/config"), (200, {"fcm_api_key": "k"}))
        self.assertEqual(self.status("GET", "/0.1/external/google/config"), 404)
        self.assertEqual(self.call("POST", "/_reset_external_config"), (204, ""))
        self.assertEqual(self.status("GET", "/0.1/external/mobile/config"), 404)

    def test_external_users_are_found_by_service(self):
        users = [{"uuid": "u1"}, {"uuid": "u2"}]
        self.assertEqual(self.call("POST", "/_set_external_users", {"mobile": users}), (201, ""))
        page = {"items": users, "total": 2, "filtered": 2}
        self.assertEqual(self.call("GET", "/0.1/external/mobile/users"), (200, page))
        self.assertEqual(self.call("POST", "/_reset_external_users"), (204, ""))
        empty = {"items": [], "total": 0, "filtered": 0}
        self.assertEqual(self.call("GET", "/0.1/external/mobile/users"), (200, empty))


class Requests(MockTest):
    def test_requests_are_listed_and_forgotten(self):
        self.call("GET", "/0.1/users?a=1&a=2", X_Auth_Token="valid-token", Wazo_Tenant=TOP)
        self.call("POST", "/0.1/users", {"uuid": "u"})
        self.call("POST", "/_set_sessions", [])  # A control route is not listed.
        first, second, _ = self.call("GET", "/0.1/_requests")[1]["requests"]
        self.assertEqual((first["method"], first["path"], first["query"]), ("GET", "/0.1/users", {"a": "2"}))
        self.assertEqual((first["headers"]["X-Auth-Token"], first["headers"]["Wazo-Tenant"]), ("valid-token", TOP))
        self.assertEqual((first["body"], first["json"]), ("", None))
        self.assertEqual((second["body"], second["json"]), ('{"uuid": "u"}', {"uuid": "u"}))
        self.set_token(token="kept")
        self.assertEqual(self.call("POST", "/0.1/_reset"), (204, ""))
        # The request for the list is the one that is left, as with the helpers' mock.
        left = self.call("GET", "/0.1/_requests")[1]["requests"]
        self.assertEqual([request["path"] for request in left], ["/0.1/_requests"])
        self.assertEqual(self.status("HEAD", "/0.1/token/kept"), 204)
        self.assertEqual(self.call("POST", "/_reset"), (204, ""))
        self.assertEqual(self.call("GET", "/_requests"), (200, {"requests": []}))


class Limits(MockTest):
    def test_what_the_mock_lacks_is_told(self):
        status, content = self.call("GET", "/0.1/groups")
        self.assertEqual(status, 404)
        self.assertIn("GET /0.1/groups", content["message"])
        self.assertEqual(self.status("DELETE", "/0.1/sessions"), 405)

    def test_a_body_that_is_wrong_is_told(self):
        for path, body, expected in (
            ("/_set_token", {"acl": []}, '"token"'),
            ("/_set_tenants", {"uuid": "t"}, "a list of objects"),
            ("/_set_tenants", [{"name": "t"}], '"uuid"'),
            ("/_add_valid_credentials", {"username": "u", "password": "p"}, '"token"'),
            ("/_set_external_config", [], "an object"),
        ):
            status, content = self.call("POST", path, body)
            self.assertEqual(status, 400, path)
            self.assertIn(expected, content["message"])
        self.assertEqual(self.status("POST", "/_set_token"), 400)

    def test_paths_may_have_the_prefix_of_the_proxy(self):
        self.assertEqual(self.status("POST", "/api/auth/_set_token", {"token": "t"}), 204)
        self.assertEqual(self.status("HEAD", "/api/auth/0.1/token/t"), 204)

    def test_faults_strike_the_operations_and_not_the_control_routes(self):
        self.simulator.control("PUT", "faults", [{"fault": "bad_gateway", "status": 503}])
        token = self.set_token()
        self.assertEqual(self.status("POST", "/api/auth/_set_sessions", []), 204)
        self.assertEqual(self.status("HEAD", f"/0.1/token/{token}"), 503)

    def test_the_whole_content_can_be_looked_at(self):
        token = self.set_token()
        shown = self.simulator.control("GET", "mock")
        self.assertIn(token, [known["token"] for known in shown["tokens"]])
        self.assertEqual(shown["invalid_credentials"], [{"username": "test", "password": "foobar"}])

    def test_options_that_would_do_nothing_are_refused(self):
        command = [self.simulator.program, "--mock", "--admin", "admin:secret", "--port", "0"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=10)
        self.assertEqual(ended.returncode, 2)
        self.assertIn("--mock: expected neither --admin, --state nor --settings", ended.stderr)


if __name__ == "__main__":
    unittest.main()
