"""`--ldap` with a real LDAP server: a login asks the server that the tenant has configured.

Run: WAZO_AUTH_SIMULATOR=.../wazo-auth-simulator python3 -m unittest. It is skipped where slapd is not installed.
"""

import base64
import json
import socket
import unittest
import urllib.error
import urllib.request

import slapd
from wazo_auth_simulator import Simulator

PEOPLE = (
    slapd.person("alice", "Alice Martin", "alice@example.com", "alice secret")
    + slapd.person("b.ob,the*(best)", "Bob", ["Bob@Example.com", "second@example.com"], "bob secret")
    + slapd.person("hidden", "Hidden", "hidden@example.com", "hidden secret")
    + slapd.person("stranger", "Nobody's user", "stranger@example.com", "stranger secret")
    + slapd.person("twin", "Twin", "twin@example.com", "twin secret")
    + slapd.person("twin2", "Twin", "twin2@example.com", "twin secret")
).replace("uid=b.ob,the*(best),ou", r"uid=b.ob\,the*(best),ou")
USERS = ["alice@example.com", "bob@example.com", "hidden@example.com", "twin@example.com"]


def setUpModule():
    global server, simulator, tenant
    if not slapd.is_here():
        raise unittest.SkipTest("slapd is missing: apt-get install slapd")
    server = enter(slapd.Slapd(PEOPLE))
    simulator = enter(Simulator(admin="admin:secret", tls=False, arguments=["--ldap"]))
    state = simulator.control("GET", "state")
    tenant = state["tenants"][0]
    for address in USERS:
        emails = [{"address": address, "main": True, "confirmed": True}]
        state["users"].append({
            "username": address, "tenant_uuid": tenant["uuid"], "emails": emails, "authentication_method": "ldap",
        })
    simulator.control("PUT", "state", state)


def enter(context):
    value = context.__enter__()
    unittest.addModuleCleanup(context.__exit__, None, None, None)
    return value


class Ldap(unittest.TestCase):
    def call(self, method, path, body=None, **headers):
        request = urllib.request.Request(
            f"{simulator.url}/0.1/{path}", method=method, data=json.dumps(body or {}).encode(),
            headers={"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")

    def log_in(self, name, password, **body):
        basic = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
        return self.call("POST", "token", body, Authorization=basic)

    def configure(self, **changes):
        """The tenant's LDAP server; by default with a service that searches."""
        status, token = self.log_in("admin", "secret")
        self.assertEqual(status, 200, token)
        config = {
            "host": "127.0.0.1", "port": server.port, "user_base_dn": f"ou=people,{slapd.SUFFIX}",
            "user_login_attribute": "uid", "user_email_attribute": "mail", "protocol_version": 3,
            "bind_dn": slapd.SERVICE, "bind_password": slapd.SERVICE_PASSWORD, **changes,
        }
        config = {name: value for name, value in config.items() if value is not None}
        status, body = self.call("PUT", "backends/ldap", config, X_Auth_Token=token["data"]["token"])
        self.assertEqual(status, 200, body)

    def status(self, name, password):
        return self.log_in(name, password, tenant_id=tenant["uuid"])[0]

    def address(self, name, password):
        """The user's name of a login that succeeds: this test calls its users by their addresses."""
        status, body = self.log_in(name, password, tenant_id=tenant["uuid"])
        self.assertEqual(status, 200, body)
        uuid = body["data"]["metadata"]["uuid"]
        users = simulator.control("GET", "state?table=users")["items"]
        return next(user["username"] for user in users if user["uuid"] == uuid)

    def test_a_service_finds_the_user_whose_password_is_then_tried(self):
        self.configure()
        self.assertEqual(self.address("alice", "alice secret"), "alice@example.com")
        self.assertEqual(self.address("ALICE", "alice secret"), "alice@example.com")
        self.assertEqual(self.address("b.ob,the*(best)", "bob secret"), "bob@example.com")
        self.assertEqual(self.address("hidden", "hidden secret"), "hidden@example.com")
        for name, password in [("alice", "wrong"), ("al*", "alice secret"), ("unknown", "alice secret"),
                               ("alice)(uid=*", "alice secret"), ("alice", slapd.SERVICE_PASSWORD)]:
            self.assertEqual(self.status(name, password), 401, name)

    def test_a_filter_of_the_tenant_is_asked(self):
        self.configure(search_filters="(&({user_login_attribute}={username})(cn=Alice*))")
        self.assertEqual(self.address("alice", "alice secret"), "alice@example.com")
        self.assertEqual(self.status("hidden", "hidden secret"), 401)
        self.configure(search_filters="(|(uid={username})(mail={username}))")
        self.assertEqual(self.address("alice@example.com", "alice secret"), "alice@example.com")

    def test_a_name_of_two_entries_is_nobodys(self):
        self.configure(user_login_attribute="cn")
        self.assertEqual(self.address("Alice Martin", "alice secret"), "alice@example.com")
        self.assertEqual(self.status("Twin", "twin secret"), 401)

    def test_without_a_service_the_user_binds_and_reads_its_own_address(self):
        self.configure(bind_dn=None, bind_password=None)
        self.assertEqual(self.address("alice", "alice secret"), "alice@example.com")
        self.assertEqual(self.address("b.ob,the*(best)", "bob secret"), "bob@example.com")
        self.assertEqual(self.status("alice", "wrong"), 401)
        # The server lets nobody but the service read this one.
        self.assertEqual(self.status("hidden", "hidden secret"), 401)

    def test_who_is_accepted_but_no_user_of_the_tenant_gets_no_token(self):
        self.configure()
        self.assertEqual(self.status("stranger", "stranger secret"), 401)

    def test_a_server_that_does_not_answer_or_refuses_the_service_refuses_the_login(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        self.configure(port=port)
        self.assertEqual(self.status("alice", "alice secret"), 401)
        self.configure(bind_password="wrong")
        self.assertEqual(self.status("alice", "alice secret"), 401)
        self.configure(protocol_security="ldaps")
        self.assertEqual(self.status("alice", "alice secret"), 401)
        self.configure()
        self.assertEqual(self.status("alice", "alice secret"), 200)

    def test_a_slow_server_keeps_no_other_request_waiting(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.configure(port=silent.getsockname()[1])
            basic = base64.b64encode(b"alice:alice secret").decode()
            body = json.dumps({"tenant_id": tenant["uuid"]})
            with socket.create_connection(("127.0.0.1", simulator.port)) as waiting:
                waiting.sendall(
                    f"POST /0.1/token HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {basic}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
                )
                # The simulator is in the login now, and waits for this server, which says nothing.
                connection = silent.accept()[0]
                self.assertEqual(self.log_in("admin", "secret")[0], 200)
                connection.close()
                self.assertIn(b" 401 ", waiting.recv(100))


if __name__ == "__main__":
    unittest.main()
